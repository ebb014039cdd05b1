"""Counts recalls by group: how they ended, who was called in time, how long each wait was; what is kept of a month."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from typing import Any

from clinic import calendar
from clinic.models import Site
from reports.audit.waits.definitions import WAITS, Moment, WaitDefinition
from reports.audit.waits.moments import RecallDays
from reports.audit.waits.survival import Waits


@dataclass(slots=True)
class RecallCounts:
    """Recalls of one group. `endings`: by closing reason, "" while open; `waits` by name of the wait; `shares`: how
    many of how many, by name of the share."""

    recalls: int = 0
    endings: Counter[str] = field(default_factory=Counter)
    called_in_time: int = 0
    to_call: int = 0
    waits: dict[str, Counter[tuple[int, bool]]] = field(default_factory=dict)
    shares: dict[str, tuple[int, int]] = field(default_factory=dict)

    def add(self, other: "RecallCounts") -> None:
        self.recalls += other.recalls
        self.endings += other.endings
        self.called_in_time += other.called_in_time
        self.to_call += other.to_call
        for name, waits in other.waits.items():
            self.waits.setdefault(name, Counter()).update(waits)
        for name, (count, of) in other.shares.items():
            before = self.shares.get(name, (0, 0))
            self.shares[name] = (before[0] + count, before[1] + of)

    def as_json(self) -> list[Any]:
        waits = {
            name: [[days, ended, count] for (days, ended), count in one.items()] for name, one in self.waits.items()
        }
        return [self.recalls, self.endings, self.called_in_time, self.to_call, waits, self.shares]

    @classmethod
    def from_json(cls, kept: list[Any]) -> "RecallCounts":
        recalls, endings, in_time, to_call, waits, shares = kept
        return cls(
            recalls, Counter(endings), in_time, to_call,
            {name: Counter({(days, ended): count for days, ended, count in rows}) for name, rows in waits.items()},
            {name: (count, of) for name, (count, of) in shares.items()},
        )  # fmt: skip


def sum_counts(counts: Iterable[RecallCounts]) -> RecallCounts:
    total = RecallCounts()
    for one in counts:
        total.add(one)
    return total


def count_recalls(rows: Sequence[RecallDays], sites: dict[int, Site], today: date) -> RecallCounts:
    in_time, to_call = _count_calls(rows, sites, today)
    return RecallCounts(
        len(rows), Counter(row.closure_reason for row in rows), in_time, to_call,
        {wait.name: Counter(collect_waits(wait, rows, today)) for wait in WAITS},
    )  # fmt: skip


def collect_waits(wait: WaitDefinition, rows: Iterable[RecallDays], today: date) -> Waits:
    """How many waited so many days, and whether that was the end of it. Runs once for each recall and wait."""
    start_at, end_at, now = wait.start.position, wait.end.position, today.toordinal()
    passed_by = tuple(moment.position for moment in wait.passed_by)
    found: defaultdict[tuple[int, bool], int] = defaultdict(int)
    for row in _rows_of(wait, rows):
        days = row.days
        start, end = days[start_at], days[end_at]
        if start is None or start > now:
            continue
        if end is not None and end <= now:
            found[max(end - start, 0), True] += 1
            continue
        # Answered without this step: who came uncalled is not to be called, what priors settled needs no visit.
        if row.is_answered or any(days[moment] is not None for moment in passed_by):
            continue
        found[max((row.last_seen_on or now) - start, 0), False] += 1
    return found


def _rows_of(wait: WaitDefinition, rows: Iterable[RecallDays]) -> Iterable[RecallDays]:
    """Those that the rule is about."""
    if wait.of_positive:
        rows = [row for row in rows if row.is_positive]
    if wait.ages is not None:
        first, last = wait.ages
        rows = [row for row in rows if first <= row.age <= last]
    return rows


def _count_calls(rows: Iterable[RecallDays], sites: dict[int, Site], today: date) -> tuple[int, int]:
    """Called by the end of the next business day, of those called or whose day is over."""

    @cache
    def last_day(site: int, day: int) -> int:
        return calendar.next_open_day(sites[site], date.fromordinal(day) + timedelta(days=1)).toordinal()

    result, call, now = Moment.RESULT.position, Moment.CALL.position, today.toordinal()
    passed_by = tuple(moment.position for moment in WAITS[0].passed_by)
    in_time = to_call = 0
    for row in rows:
        asked, called = row.days[result], row.days[call]
        if asked is None or asked > now:
            continue
        is_called = called is not None and called <= now
        if not is_called and (row.is_answered or any(row.days[moment] is not None for moment in passed_by)):
            continue
        limit = last_day(row.site_id, asked)
        is_in_time = called is not None and called <= min(limit, now)
        in_time += is_in_time
        to_call += is_in_time or limit < now
    return in_time, to_call
