"""Figures of the waits of a period: median, 90th centile and shares, with those who never got there counted rightly."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _

from clinic import calendar
from clinic.models import Site
from recalls.enums import ClosureReason
from reports.audit.definitions import SMALL_DENOMINATOR
from reports.audit.scope import EQUITY_BREAKDOWNS, AuditScope, Breakdown, sorted_groups
from reports.audit.waits.definitions import WAITS, Moment, WaitDefinition
from reports.audit.waits.moments import RecallDays, load_recall_days
from reports.audit.waits.survival import Waits, fit_curve

WAIT_BREAKDOWNS = (Breakdown.ALL, *EQUITY_BREAKDOWNS)
CURVE_DAYS = (1, 3, 7, 14, 21, 28, 45, 60, 90)


@dataclass(frozen=True, slots=True)
class WaitFigure:
    """One wait in one group; None where so many have not got there yet."""

    wait: WaitDefinition
    waiting: int
    reached: int
    median: int | None
    ninetieth: int | None
    within_target: float | None
    by_day: tuple[float | None, ...]

    @property
    def is_small(self) -> bool:
        return 0 < self.waiting < SMALL_DENOMINATOR


@dataclass(frozen=True, slots=True)
class WaitGroup:
    """Recalls opened in the period, how they stand, and their waits."""

    label: str
    recalls: int
    still_open: int
    lost: int
    declined: int
    elsewhere: int
    called_in_time: int
    to_call: int
    figures: tuple[WaitFigure, ...]


def compute_waits(scope: AuditScope, by: Breakdown, today: date) -> list[WaitGroup]:
    """The group of all together first; empty where no recall was opened."""
    groups = load_groups(scope, by)
    sites = {site.pk: site for site in scope.sites}
    return [_group(label, rows, sites, today) for label, rows in groups]


def load_groups(scope: AuditScope, by: Breakdown) -> list[tuple[str, list[RecallDays]]]:
    """The recalls of each group with its label, all together first; never in the order of their figures."""
    rows = load_recall_days(scope, F("site_id") if by == Breakdown.SITE else by.expression("exam__"))
    if not rows:
        return []
    found = [(_("All"), rows)]
    if by == Breakdown.ALL:
        return found
    groups: defaultdict[Any, list[RecallDays]] = defaultdict(list)
    for row in rows:
        groups[by.key(row.group)].append(row)
    names = {site.pk: site.name for site in scope.sites}
    return found + [(label, groups[key]) for label, key in sorted_groups(by, groups, names)]


def _group(label: str, rows: Sequence[RecallDays], sites: dict[int, Site], today: date) -> WaitGroup:
    ended = Counter(row.closure_reason for row in rows)
    in_time, to_call = count_calls(rows, sites, today)
    return WaitGroup(
        label, len(rows), ended[""], ended[ClosureReason.LOST_TO_FOLLOW_UP], ended[ClosureReason.DECLINED],
        ended[ClosureReason.TRANSFERRED], in_time, to_call,
        tuple(_figure(wait, collect_waits(wait, rows, today)) for wait in WAITS),
    )  # fmt: skip


def _figure(wait: WaitDefinition, waits: Waits) -> WaitFigure:
    curve = fit_curve(waits, (wait.target, *CURVE_DAYS))
    return WaitFigure(
        wait, curve.waiting, curve.reached, curve.median, curve.ninetieth, curve.shares[0], curve.shares[1:]
    )


def collect_waits(wait: WaitDefinition, rows: Iterable[RecallDays], today: date) -> Waits:
    """How many waited so many days, and whether that was the end of it. Runs once for each recall and wait."""
    start_at, end_at, now = wait.start.position, wait.end.position, today.toordinal()
    passed_by = tuple(moment.position for moment in wait.passed_by)
    found: defaultdict[tuple[int, bool], int] = defaultdict(int)
    for row in rows:
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


def count_calls(rows: Iterable[RecallDays], sites: dict[int, Site], today: date) -> tuple[int, int]:
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
