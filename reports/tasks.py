"""Periodic tasks of the reports.

The board's figures of past weeks, the months of the audit, the check for recalls without a next step, the sheet for a
day without the system, ends and results of trials.
"""

from celery import shared_task

from reports import downtime_files, stuck_recall_monitor, weekly_figures
from reports.audit import keeping
from reports.trials import results


@shared_task
def store_weekly_figures() -> int:
    """Every five minutes; the number of rows kept."""
    return weekly_figures.store_weekly_figures()


@shared_task
def count_audit_months() -> int:
    """Every five minutes; the number of months counted, none in a small clinic."""
    return keeping.count_due_months()


@shared_task
def check_stuck_recalls() -> int:
    """Every hour; the number of open recalls without a next step."""
    return stuck_recall_monitor.run_stuck_recall_check()


@shared_task
def write_downtime_sheets() -> int:
    """Every fifteen minutes; the number of sheets written."""
    return downtime_files.write_downtime_files()


@shared_task
def review_trials() -> int:
    """Every hour; the number of trials that ended or were counted."""
    return results.review_trials()
