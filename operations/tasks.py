"""Periodic tasks of the operators."""

from celery import shared_task
from django.core.management import call_command

from operations.backup.make import make_backup
from patients.contact_plan.number_codes import delete_old_codes

BACKUP_LIMIT_SECONDS = 6 * 60 * 60


@shared_task(acks_late=False, time_limit=BACKUP_LIMIT_SECONDS, soft_time_limit=BACKUP_LIMIT_SECONDS - 60)
def back_up() -> int:
    """Once a day where BACKUP_HOUR is set; the bytes written. Taken once: a killed one is made the next day."""
    return make_backup().size


@shared_task
def clear_expired_rows() -> int:
    """Once a day, what nobody needs: sessions that ended hold what was searched for, old codes hold a phone number.

    Returns the number of codes.
    """
    call_command("clearsessions")
    return delete_old_codes()
