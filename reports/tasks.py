"""What do the workers count and write for those who look over everything? The board's figures of past weeks."""

from celery import shared_task

from reports import weeks


@shared_task
def keep_weeks() -> int:
    """Every five minutes; the number of rows kept."""
    return weeks.keep_weeks()
