"""Limits requests a minute over all processes: one row a client or address, counted in the database."""

from datetime import datetime
from typing import NamedTuple

from django.db.models import F
from django.utils import timezone

from exchange.fhir.models import RateCounter

UNKNOWN_CALLERS_PER_MINUTE = 30  # requests of one address whose token or secret was wrong


class RateUse(NamedTuple):
    """How many requests the minute has had with this one, and after how many seconds the next minute begins."""

    requests: int
    seconds_left: int


def count_request(key: str) -> RateUse:
    """Count this request. Two queries."""
    now = timezone.now()
    minute = now.replace(second=0, microsecond=0)
    seconds_left = 60 - now.second
    if not RateCounter.objects.filter(key=key, minute=minute).update(count=F("count") + 1):
        RateCounter.objects.update_or_create(key=key, defaults={"minute": minute, "count": 1})
        return RateUse(1, seconds_left)
    return RateUse(_get_count(key, minute), seconds_left)


def get_use(key: str) -> RateUse:
    """The use so far, without counting."""
    now = timezone.now()
    return RateUse(_get_count(key, now.replace(second=0, microsecond=0)), 60 - now.second)


def _get_count(key: str, minute: datetime) -> int:
    return RateCounter.objects.filter(key=key, minute=minute).values_list("count", flat=True).first() or 0
