"""Figures of the waits of a period: median, 90th centile and shares, with those who never got there counted rightly."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

from django.utils.translation import gettext as _

from clinic import calendar
from clinic.models import Site
from recalls.enums import ClosureReason
from reports.audit.definitions import SMALL_DENOMINATOR
from reports.audit.scope import AuditScope, Breakdown, group_label
from reports.audit.waits.definitions import WAITS, Moment, WaitDefinition
from reports.audit.waits.moments import RecallDays, group_expression, load_recall_days
from reports.audit.waits.survival import fit_curve

WAIT_BREAKDOWNS = (Breakdown.ALL, Breakdown.SITE, Breakdown.LANGUAGE, Breakdown.AGE, Breakdown.FIRST_SCREEN)
CURVE_DAYS = (1, 3, 7, 14, 21, 28, 45, 60, 90)
# They are owed an answer still: their wait is not over.
_STILL_WAITING = (ClosureReason.LOST_TO_FOLLOW_UP, ClosureReason.DECLINED)
# From then on nobody knows: their wait is known to have lasted until that day.
_OUT_OF_SIGHT = (ClosureReason.TRANSFERRED, ClosureReason.DECEASED)


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
    rows = load_recall_days(scope, group_expression(by))
    sites = {site.pk: site for site in scope.sites}
    if not rows:
        return []
    found = [_group(_("All"), rows, sites, today)]
    if by == Breakdown.ALL:
        return found
    groups: defaultdict[Any, list[RecallDays]] = defaultdict(list)
    for row in rows:
        groups[by.key(row.group)].append(row)
    names = {site.pk: site.name for site in scope.sites}
    labelled = [(group_label(by, key, names), key) for key in groups]
    by_age = by == Breakdown.AGE
    in_order = sorted(labelled, key=lambda one: (one[1] in (None, ""), str(one[1]) if by_age else one[0]))
    return found + [_group(label, groups[key], sites, today) for label, key in in_order]


def _group(label: str, rows: Sequence[RecallDays], sites: dict[int, Site], today: date) -> WaitGroup:
    ended = Counter(row.closure_reason for row in rows)
    in_time, to_call = _count_calls(rows, sites, today)
    return WaitGroup(
        label, len(rows), ended[""], ended[ClosureReason.LOST_TO_FOLLOW_UP], ended[ClosureReason.DECLINED],
        ended[ClosureReason.TRANSFERRED], in_time, to_call, tuple(_figure(wait, rows, today) for wait in WAITS),
    )  # fmt: skip


def _figure(wait: WaitDefinition, rows: Iterable[RecallDays], today: date) -> WaitFigure:
    waits = [found for row in rows if (found := measure_wait(wait, row, today)) is not None]
    curve = fit_curve(waits, (wait.target, *CURVE_DAYS))
    return WaitFigure(
        wait, curve.waiting, curve.reached, curve.median, curve.ninetieth, curve.shares[0], curve.shares[1:]
    )


def measure_wait(wait: WaitDefinition, row: RecallDays, today: date) -> tuple[int, bool] | None:
    """Days, and whether the wait is over; None for a recall that never had this wait."""
    start, end = row.days.get(wait.start), row.days.get(wait.end)
    if start is None or start > today:
        return None
    if end is not None and end <= today:
        return max((end - start).days, 0), True
    if _is_needless(wait, row):
        return None
    last = row.closed_on if row.closure_reason in _OUT_OF_SIGHT and row.closed_on else today
    return max((last - start).days, 0), False


def _is_needless(wait: WaitDefinition, row: RecallDays) -> bool:
    """Answered without this step: who came uncalled is not to be called, what priors settled needs no visit."""
    passed = {Moment.CALL: (Moment.VISIT, Moment.OUTCOME), Moment.VISIT: (Moment.OUTCOME,)}.get(wait.end, ())
    is_answered = bool(row.closure_reason) and row.closure_reason not in (*_STILL_WAITING, *_OUT_OF_SIGHT)
    return is_answered or any(moment in row.days for moment in passed)


def _count_calls(rows: Iterable[RecallDays], sites: dict[int, Site], today: date) -> tuple[int, int]:
    """Called by the end of the next business day, of those called or whose day is over."""

    @cache
    def last_day(site: int, day: date) -> date:
        return calendar.next_open_day(sites[site], day + timedelta(days=1))

    in_time = to_call = 0
    for row in rows:
        if measure_wait(WAITS[0], row, today) is None:
            continue
        limit, called = last_day(row.site_id, row.days[Moment.RESULT]), row.days.get(Moment.CALL)
        is_in_time = called is not None and called <= limit
        in_time += is_in_time
        to_call += is_in_time or limit < today
    return in_time, to_call
