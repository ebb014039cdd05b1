"""Is the mail server there? One row remembers since when it is not, so that nobody knocks at a closed door.

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

NAME = "mail"
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=5)
LOST = "connection lost"
_dice = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of the server before it is tried."""

    is_away: bool = False
    may_be_tried: bool = True


def standing(name: str = NAME) -> Standing:
    row = Heartbeat.objects.filter(pk=name, started_at__isnull=False).first()
    if row is None:
        return Standing()
    again = datetime.fromisoformat(row.counts["try_again_at"])
    return Standing(is_away=True, may_be_tried=again <= timezone.now())


def is_away(error: str, name: str = NAME) -> None:
    """It could not be reached or would not talk to us; `error` names the kind of failure and no address."""
    now = timezone.now()
    row, _created = Heartbeat.objects.get_or_create(pk=name)
    failures = int(row.counts.get("failures", 0)) + 1
    wait = min(FIRST_WAIT * 2 ** min(failures - 1, 10), LONGEST_WAIT) * _dice.uniform(0.8, 1.2)
    row.started_at = row.started_at or now
    row.counts = {"failures": failures, "error": error, "try_again_at": (now + wait).isoformat()}
    row.save()
    log.warning("the %s server is away: %s", name, error)


def answered(name: str = NAME) -> None:
    """It can be reached again; one that took a connection and lost every message is not back yet."""
    rows = Heartbeat.objects.filter(pk=name).exclude(counts__error=LOST)
    rows.update(started_at=None, counts={})


def took_messages(name: str = NAME) -> None:
    Heartbeat.objects.update_or_create(
        pk=name, defaults={"started_at": None, "finished_at": timezone.now(), "counts": {}}
    )
