"""Periodic tasks of retention: list each night what fell due, and remove what two people confirmed."""

import logging
import time

from celery import shared_task
from django.utils import timezone

from retention.due_list import refresh_list
from retention.minimise import carry_out
from retention.models import DueRecord

log = logging.getLogger(__name__)
SECONDS = 20.0


@shared_task
def list_due_records() -> int:
    """Each night; how many records stand on the list."""
    return refresh_list(timezone.now().date())


@shared_task
def minimise_confirmed() -> int:
    """Each minute, for at most some seconds; how many persons and exams were minimised."""
    ends, count = time.monotonic() + SECONDS, 0
    for number in DueRecord.objects.filter(confirmed_by__isnull=False).order_by("pk").values_list("pk", flat=True):
        if time.monotonic() > ends:
            break
        try:
            count += carry_out(number, timezone.now().date())
        except Exception as error:  # noqa: BLE001  one record that cannot be minimised must not hold up the others
            log.error("due record %s could not be minimised: %s", number, type(error).__name__)
    return count
