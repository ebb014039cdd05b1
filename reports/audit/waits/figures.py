"""Figures of the waits of a period: median, 90th centile and shares, with those who never got there counted rightly."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db.models import F
from django.utils.translation import gettext as _

from recalls.enums import ClosureReason
from reports.audit.definitions import SMALL_DENOMINATOR
from reports.audit.kept_months import read_months
from reports.audit.scope import EQUITY_BREAKDOWNS, AuditScope, Breakdown, sorted_groups
from reports.audit.waits.counts import RecallCounts, count_recalls, sum_counts
from reports.audit.waits.definitions import WAITS, WaitDefinition
from reports.audit.waits.moments import RecallDays, load_recall_days
from reports.audit.waits.survival import Waits, fit_curve
from reports.models import KeptMonth

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


class WaitFigures(NamedTuple):
    """The group of all together first; `kept_at` is None where they were counted now."""

    groups: list[WaitGroup]
    kept_at: datetime | None = None


def compute_waits(scope: AuditScope, by: Breakdown, today: date) -> WaitFigures:
    """Without a group where no recall was opened."""
    kept = load_kept_counts(scope, by)
    counts = kept.groups if kept else _count_groups(scope, by, today)
    groups = [_describe(label, one) for label, one in labelled_counts(counts, scope, by)]
    return WaitFigures(groups, kept.kept_at if kept else None)


class KeptGroups(NamedTuple):
    groups: dict[Any, RecallCounts]
    kept_at: datetime


def load_kept_counts(scope: AuditScope, by: Breakdown) -> KeptGroups | None:
    """What the workers counted, where all of the period is kept. One query."""
    kept = read_months(scope, KeptMonth.Part.RECALLS, by)
    if kept is None:
        return None
    groups: defaultdict[Any, RecallCounts] = defaultdict(RecallCounts)
    for month in kept.months:
        for key, counts in month:
            groups[key].add(RecallCounts.from_json(counts))
    return KeptGroups(dict(groups), kept.counted_at)


def _count_groups(scope: AuditScope, by: Breakdown, today: date) -> dict[Any, RecallCounts]:
    sites = {site.pk: site for site in scope.sites}
    rows = load_recall_days(scope, [group_expression(by)])
    return {key: count_recalls(some, sites, today) for key, some in group_rows(rows, by, 0).items()}


def group_expression(by: Breakdown) -> Any:
    """What tells recalls apart: where they are worked on, and what their screening and patient are."""
    return F("site_id") if by == Breakdown.SITE else by.expression("exam__")


def group_rows(rows: Iterable[RecallDays], by: Breakdown, number: int) -> dict[Any, list[RecallDays]]:
    """`number`: at which place of a row's groups that of the breakdown stands."""
    groups: defaultdict[Any, list[RecallDays]] = defaultdict(list)
    for row in rows:
        groups[by.key(row.groups[number])].append(row)
    return dict(groups)


def labelled_counts(
    groups: dict[Any, RecallCounts], scope: AuditScope, by: Breakdown
) -> list[tuple[str, RecallCounts]]:
    """All together first, then by label or number; never in the order of the figures."""
    if not groups:
        return []
    found = [(_("All"), sum_counts(groups.values()))]
    if by == Breakdown.ALL:
        return found
    names = {site.pk: site.name for site in scope.sites}
    return found + [(label, groups[key]) for label, key in sorted_groups(by, groups, names)]


def _describe(label: str, counts: RecallCounts) -> WaitGroup:
    ended = counts.endings
    return WaitGroup(
        label, counts.recalls, ended[""], ended[ClosureReason.LOST_TO_FOLLOW_UP], ended[ClosureReason.DECLINED],
        ended[ClosureReason.TRANSFERRED], counts.called_in_time, counts.to_call,
        tuple(_figure(wait, counts.waits.get(wait.name, {})) for wait in WAITS),
    )  # fmt: skip


def _figure(wait: WaitDefinition, waits: Waits) -> WaitFigure:
    curve = fit_curve(waits, (wait.target, *CURVE_DAYS))
    return WaitFigure(
        wait, curve.waiting, curve.reached, curve.median, curve.ninetieth, curve.shares[0], curve.shares[1:]
    )
