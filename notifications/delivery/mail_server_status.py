"""Remembers in one row since when the mail server is unavailable, and when it may be tried again.

While it is away no message is touched: nothing is tried, nothing fails, and the oldest one is still first in line when
it is back. The status board reads the same row (`Heartbeat` "mail": `started_at` away since, `finished_at` last took
a message). The service for text messages has a row of its own.
"""

import logging
import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from clinic.models import Heartbeat

log = logging.getLogger(__name__)

MAIL_HEARTBEAT_NAME = "mail"
FIRST_RETRY_DELAY = timedelta(seconds=30)
MAX_RETRY_DELAY = timedelta(minutes=5)
CONNECTION_LOST = "connection lost"
_random = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """What is known of the server before it is tried."""

    is_unavailable: bool = False
    may_retry: bool = True


def get_server_status(name: str = MAIL_HEARTBEAT_NAME) -> ServerStatus:
    row = Heartbeat.objects.filter(pk=name, started_at__isnull=False).first()
    if row is None:
        return ServerStatus()
    again = datetime.fromisoformat(row.counts["try_again_at"])
    return ServerStatus(is_unavailable=True, may_retry=again <= timezone.now())


def mark_unavailable(error: str, name: str = MAIL_HEARTBEAT_NAME) -> None:
    """It could not be reached or would not talk to us; `error` names the kind of failure and no address."""
    now = timezone.now()
    row, _created = Heartbeat.objects.get_or_create(pk=name)
    failures = int(row.counts.get("failures", 0)) + 1
    wait = min(FIRST_RETRY_DELAY * 2 ** min(failures - 1, 10), MAX_RETRY_DELAY) * _random.uniform(0.8, 1.2)
    row.started_at = row.started_at or now
    row.counts = {"failures": failures, "error": error, "try_again_at": (now + wait).isoformat()}
    row.save()
    log.warning("the %s server is away: %s", name, error)


def mark_reachable(name: str = MAIL_HEARTBEAT_NAME) -> None:
    """It can be reached again; one that took a connection and lost every message is not back yet."""
    rows = Heartbeat.objects.filter(pk=name).exclude(counts__error=CONNECTION_LOST)
    rows.update(started_at=None, counts={})


def mark_accepting(name: str = MAIL_HEARTBEAT_NAME) -> None:
    Heartbeat.objects.update_or_create(
        pk=name, defaults={"started_at": None, "finished_at": timezone.now(), "counts": {}}
    )
