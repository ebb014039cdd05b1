"""Looks each minute at what is late or down and tells each receiver what is new, worse or over.

What was told is kept in memory alone, so that the watch works while the database is away; started anew it tells once
more what is still wrong.
"""

import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import structlog
from celery import current_app
from django.conf import settings
from django.db import DatabaseError
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError

from clinic.models import Heartbeat
from reports.health_checks import WATCH_NAME, ComponentHealth
from reports.watch.faults import CLOCK_TOLERANCE, clock_stepped, database_down, find_faults
from reports.watch.receivers import NotTaken, Receiver, iter_receivers

log = structlog.get_logger(__name__)


class Watch:
    """The receivers with what each was told, and the clock as it stood in the last round."""

    def __init__(self) -> None:
        self._receivers = list(iter_receivers())
        self._clock = (timezone.now(), time.monotonic())

    def look(self) -> list[ComponentHealth]:
        """One round; what is wrong now."""
        now = timezone.now()
        faults = [*self._check_own_clock(now), *_find_faults(now)]
        for receiver in self._receivers:
            _tell(receiver, faults, now)
        with suppress(DatabaseError):
            Heartbeat.objects.update_or_create(
                pk=WATCH_NAME, defaults={"finished_at": now, "counts": {"faults": len(faults)}}
            )
        return faults

    def _check_own_clock(self, now: datetime) -> list[ComponentHealth]:
        (then, ticks), self._clock = self._clock, (now, time.monotonic())
        passed = timedelta(seconds=self._clock[1] - ticks)
        return [clock_stepped()] if abs(now - then - passed) > CLOCK_TOLERANCE else []


def _find_faults(now: datetime) -> list[ComponentHealth]:
    try:
        return find_faults(now, broker_answers=_broker_answers())
    except DatabaseError:
        return [database_down()]


def _broker_answers() -> bool:
    try:
        with current_app.connection_for_write() as broker:
            broker.ensure_connection(max_retries=1, interval_start=0)
    except (OperationalError, OSError):
        return False
    return True


def _tell(receiver: Receiver, faults: Sequence[ComponentHealth], now: datetime) -> None:
    """One message for all that is new to the receiver; what it did not take comes again in the next round."""
    new, over = receiver.book.news(faults, now)
    if not new and not over:
        return
    try:
        receiver.push(_subject(new, over), [*_lines(new, over), settings.PUBLIC_URL + reverse("board")])
    except NotTaken as error:
        log.warning("alert_not_taken", receiver=receiver.name, error=str(error))
        return
    receiver.book.record(new, over, now)


def _subject(new: Sequence[ComponentHealth], over: Sequence[str]) -> str:
    if new:
        return f"Recall Desk: {', '.join(f'{part.name} {part.health.label}' for part in new)}"
    return _("Recall Desk: over: %(names)s") % {"names": ", ".join(over)}


def _lines(new: Sequence[ComponentHealth], over: Sequence[str]) -> list[str]:
    return [*(part.sentence for part in new), *(_("%(name)s: well again.") % {"name": name} for name in over)]
