"""Compares shares between groups of patients with the limits of a funnel: what chance alone would do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _

from clinic.models import Site
from recalls.enums import ClosureReason
from reports.audit.definitions import SMALL_DENOMINATOR
from reports.audit.equity.definitions import (
    CALLED,
    COMING_DAYS,
    IN_TIME,
    LOST,
    NEVER_CAME,
    NEVER_OFFERED,
    NEVER_REACHED,
    NO_MESSAGE,
    REACH_DAYS,
    SHARES,
    ShareDefinition,
)
from reports.audit.equity.reach import RecallsReached, load_reach
from reports.audit.scope import AuditScope, Breakdown
from reports.audit.waits.counts import RecallCounts, count_recalls
from reports.audit.waits.definitions import WAITS, Moment
from reports.audit.waits.figures import group_expression, group_rows, labelled_counts, load_kept_counts
from reports.audit.waits.moments import RecallDays, load_recall_days
from reports.audit.waits.survival import Waits

# The shares of the area between the limits that chance alone leaves: two and three standard deviations.
WARNING_LIMITS, ALARM_LIMITS = 0.95, 0.998
Shares = dict[str, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class GroupShare:
    """How many of how many, and between which shares it would lie if the group were like all together."""

    definition: ShareDefinition
    count: int
    of: int
    warning: tuple[float, float] | None
    alarm: tuple[float, float] | None

    @property
    def is_small(self) -> bool:
        return 0 < self.of < SMALL_DENOMINATOR

    @property
    def place(self) -> Any:
        """In words: where the share lies. Empty for all together."""
        if self.warning is None or self.alarm is None:
            return ""
        share = self.count / self.of
        if not self.alarm[0] <= share <= self.alarm[1]:
            return _("outside the 99.8 % limits")
        return _("within the limits") if self.warning[0] <= share <= self.warning[1] else _("outside the 95 % limits")


@dataclass(frozen=True, slots=True)
class EquityGroup:
    label: str
    recalls: int
    shares: tuple[GroupShare, ...]


class EquityFigures(NamedTuple):
    """All together first, then each group in the order of its label; `kept_at` is None where it was counted now."""

    groups: list[EquityGroup]
    kept_at: datetime | None = None


def compute_equity(scope: AuditScope, by: Breakdown, today: date) -> EquityFigures:
    """This is no ranking. Without a group where no recall was opened."""
    kept = load_kept_counts(scope, by)
    counts = kept.groups if kept else _count_groups(scope, by, today)
    found = [(label, one.recalls, _shares(one)) for label, one in labelled_counts(counts, scope, by)]
    groups = [
        EquityGroup(
            label,
            recalls,
            tuple(_share(one, shares[one.name], found[0][2][one.name] if number else None) for one in SHARES),
        )
        for number, (label, recalls, shares) in enumerate(found)
    ]
    return EquityFigures(groups, kept.kept_at if kept else None)


def _count_groups(scope: AuditScope, by: Breakdown, today: date) -> dict[Any, RecallCounts]:
    rows = load_recall_days(scope, [group_expression(by)])
    if not rows:
        return {}
    sites, reach = {site.pk: site for site in scope.sites}, load_reach(scope)
    return {key: count_reached(some, reach, sites, today) for key, some in group_rows(rows, by, 0).items()}


def count_reached(
    rows: Sequence[RecallDays], reach: RecallsReached, sites: dict[int, Site], today: date
) -> RecallCounts:
    """The waits of a group, and what is known of its messages, calls and offers."""
    result, limit = Moment.RESULT.position, today.toordinal() - REACH_DAYS
    old = [row.pk for row in rows if (day := row.days[result]) is not None and day <= limit]
    written = [row.pk for row in rows if row.pk in reach.with_message]
    hoping = [row.pk for row in rows if row.pk in reach.wanting_earlier]
    counts = count_recalls(rows, sites, today)
    counts.shares = {
        NO_MESSAGE.name: (sum(pk not in reach.with_message_in_language for pk in written), len(written)),
        NEVER_REACHED.name: (sum(pk not in reach.reached for pk in old), len(old)),
        NEVER_OFFERED.name: (sum(pk not in reach.offered_earlier for pk in hoping), len(hoping)),
    }
    return counts


def _shares(counts: RecallCounts) -> Shares:
    """Numerator and denominator of every share."""
    waits = {
        definition.name: _in_time(counts.waits.get(wait.name, {}), wait.target)
        for definition, wait in zip(IN_TIME, WAITS, strict=True)
    }
    own = {
        CALLED.name: (counts.called_in_time, counts.to_call),
        LOST.name: (counts.endings[ClosureReason.LOST_TO_FOLLOW_UP], counts.recalls),
        NEVER_CAME.name: _never_came(counts.waits.get(Moment.VISIT.value, {})),
    }
    return waits | own | counts.shares


def _in_time(waits: Waits, target: int) -> tuple[int, int]:
    """Of those of whom it is known: who got there, or has waited longer than the target."""
    in_time = sum(count for (days, ended), count in waits.items() if ended and days <= target)
    late = sum(count for (days, _ended), count in waits.items() if days > target)
    return in_time, in_time + late


def _never_came(visits: Waits) -> tuple[int, int]:
    came = sum(count for (_days, ended), count in visits.items() if ended)
    away = sum(count for (days, ended), count in visits.items() if not ended and days > COMING_DAYS)
    return away, came + away


def _share(definition: ShareDefinition, own: tuple[int, int], whole: tuple[int, int] | None) -> GroupShare:
    count, of = own
    if whole is None or not of or not whole[1]:
        return GroupShare(definition, count, of, None, None)
    centre = whole[0] / whole[1]
    return GroupShare(
        definition, count, of, funnel_limits(of, centre, WARNING_LIMITS), funnel_limits(of, centre, ALARM_LIMITS)
    )


@lru_cache(maxsize=4096)
def funnel_limits(of: int, centre: float, inside: float) -> tuple[float, float]:
    """Between which shares `of` recalls lie with that probability where each is like all together (binomial)."""
    from scipy.stats import binom  # half a second: only a process that shows figures needs it

    low, high = binom.interval(inside, of, centre)
    return float(low) / of, float(high) / of
