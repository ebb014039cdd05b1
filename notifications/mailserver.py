"""Is the mail server there? One row remembers since when it is not, so that nobody knocks at a closed door.

While it is away no message is touched: nothing is tried, nothing fails, and the oldest one is still first in line when
it is back. The status board reads the same row (`Heartbeat` "mail": `started_at` away since, `finished_at` last took
a message). The service for text messages has a row of its own.
"""

import logging
import random
from datetime import datetime, timedelta

from django.utils import timezone

from clinic.models import Heartbeat

log = logging.getLogger(__name__)

NAME = "mail"
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=5)
_dice = random.SystemRandom()


def may_be_tried(name: str = NAME) -> bool:
    row = Heartbeat.objects.filter(pk=name).first()
    again = row.counts.get("try_again_at") if row else None
    return again is None or datetime.fromisoformat(again) <= timezone.now()


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


def took_messages(name: str = NAME) -> None:
    Heartbeat.objects.update_or_create(
        pk=name, defaults={"started_at": None, "finished_at": timezone.now(), "counts": {}}
    )
