"""What do the workers count and write for those who look over everything?

The board's figures of past weeks, the check for recalls without a next step, the sheet for a day without the system.
"""

from celery import shared_task

from reports import downtime_files, watch, weeks


@shared_task
def keep_weeks() -> int:
    """Every five minutes; the number of rows kept."""
    return weeks.keep_weeks()


@shared_task
def check_loop() -> int:
    """Every hour; the number of open recalls without a next step."""
    return watch.watch_loop()


@shared_task
def write_downtime_sheets() -> int:
    """Every fifteen minutes; the number of sheets written."""
    return downtime_files.write_sheets()
