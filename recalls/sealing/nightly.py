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
from history.ledger_check import BlockFault, LedgerCheck
from recalls.sealing.check import HistoryCheck, RecallFault

log = logging.getLogger(__name__)

HEARTBEAT_NAME = "history"
BROKEN_NAME = "history_broken"
_BEGINS = timedelta(hours=1)  # after midnight
_NEXT_STAGE = {"ledger": "recalls", "recalls": None}


def continue_nightly_check(seconds: float) -> int:
    """Go on with tonight's round for at most that long (and the piece begun); the number of faults found now."""
    mark, _created = Heartbeat.objects.get_or_create(pk=HEARTBEAT_NAME)
    now, ends = timezone.now(), time.monotonic() + seconds
    night = _night(now)
    begun = mark.counts.get("night") == night
    place: dict[str, Any] = {**mark.counts} if begun else {"night": night, "stage": "ledger", "after": 0, "broken": 0}
    found = 0
    for faults in _pieces(place):
        found += len(faults)
        _report(faults)
        if time.monotonic() > ends:
            break
    place["broken"] += found
    _record(mark, place, now)
    return found


def _night(now: datetime) -> str:
    site = Site.objects.order_by("pk").first()
    return (now.astimezone(site.zone if site else ZoneInfo("UTC")) - _BEGINS).date().isoformat()


def _pieces(place: dict[str, Any]) -> Iterator[Sequence[BlockFault | RecallFault]]:
    """The faults of one piece after another; the place moves on with each."""
    while place["stage"]:
        check = LedgerCheck() if place["stage"] == "ledger" else HistoryCheck()
        for after, _count, faults in check.batches(place["after"]):
            if after is None:
                place |= {"stage": _NEXT_STAGE[place["stage"]], "after": 0}
            else:
                place["after"] = after
            yield faults


def _report(faults: Iterable[BlockFault | RecallFault]) -> None:
    """Numbers of blocks, recalls and rows, no names."""
    for fault in faults:
        kind = "block" if isinstance(fault, BlockFault) else "recall"
        log.error("history: %s %s: %s", kind, fault[0], fault.sentence)


def _record(mark: Heartbeat, place: dict[str, Any], now: datetime) -> None:
    is_new_end = place["stage"] is None and mark.counts.get("stage", "") is not None
    fields: dict[str, Any] = {"counts": place} | ({"finished_at": now} if is_new_end else {})
    Heartbeat.objects.filter(pk=HEARTBEAT_NAME).update(**fields)
    if place["broken"]:
        Heartbeat.objects.get_or_create(pk=BROKEN_NAME, defaults={"finished_at": now})
    elif is_new_end:
        Heartbeat.objects.filter(pk=BROKEN_NAME).delete()
