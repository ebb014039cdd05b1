"""Compares the whole history with its seals once a night, in pieces; what does not match raises an alarm.

A row remembers how far the night's round has come: a worker that dies goes on where it was. The watch and the board
read two signs of life: the end of the last round, and since when something does not match.
"""

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from clinic.models import Heartbeat, Site
from history.checks import Fault, get_checks

log = logging.getLogger(__name__)

HEARTBEAT_NAME = "history"
BROKEN_NAME = "history_broken"
_BEGINS = timedelta(hours=1)  # after midnight


def continue_nightly_check(seconds: float) -> int:
    """Go on with tonight's round for at most that long (and the piece begun); the number of faults found now."""
    mark, _created = Heartbeat.objects.get_or_create(pk=HEARTBEAT_NAME)
    now, ends = timezone.now(), time.monotonic() + seconds
    night = _night(now)
    begun, first = mark.counts.get("night") == night, next(iter(get_checks()))
    place: dict[str, Any] = {**mark.counts} if begun else {"night": night, "stage": first, "after": 0, "broken": 0}
    found = 0
    for faults in _pieces(place):
        found += len(faults)
        if time.monotonic() > ends:
            break
    place["broken"] += found
    _record(mark, place, now)
    return found


def _night(now: datetime) -> str:
    site = Site.objects.order_by("pk").first()
    return (now.astimezone(site.zone if site else ZoneInfo("UTC")) - _BEGINS).date().isoformat()


def _pieces(place: dict[str, Any]) -> Iterator[Sequence[Fault]]:
    """The faults of one piece after another; the place moves on with each."""
    checks = get_checks()
    following: dict[str, str | None] = dict(zip(checks, [*list(checks)[1:], None], strict=True))
    while place["stage"]:
        kind = place["stage"] if place["stage"] in checks else next(iter(checks))
        for after, _count, faults in checks[kind]().batches(place["after"]):
            if after is None:
                place |= {"stage": following[kind], "after": 0}
            else:
                place["after"] = after
            _report(kind, faults)
            yield faults


def _report(kind: str, faults: Iterable[Fault]) -> None:
    """Numbers of blocks, recalls, messages and rows, no names."""
    for fault in faults:
        log.error("history: %s %s: %s", kind, fault.number, fault.sentence)


def _record(mark: Heartbeat, place: dict[str, Any], now: datetime) -> None:
    is_new_end = place["stage"] is None and mark.counts.get("stage", "") is not None
    fields: dict[str, Any] = {"counts": place} | ({"finished_at": now} if is_new_end else {})
    Heartbeat.objects.filter(pk=HEARTBEAT_NAME).update(**fields)
    if place["broken"]:
        Heartbeat.objects.get_or_create(pk=BROKEN_NAME, defaults={"finished_at": now})
    elif is_new_end:
        Heartbeat.objects.filter(pk=BROKEN_NAME).delete()
