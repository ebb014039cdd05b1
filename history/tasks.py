"""Periodic tasks of the history: seal new rows each minute, keep the head outside each hour."""

from celery import shared_task

from history.ledger import seal_new_rows
from history.outside_heads import keep_head

SEAL_SECONDS = 20.0


@shared_task
def seal() -> int:
    """Each minute; the number of rows sealed."""
    return seal_new_rows(SEAL_SECONDS)


@shared_task
def keep_head_outside() -> str:
    """Each hour; the line that was kept."""
    return keep_head()
