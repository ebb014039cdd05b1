"""Compares shares between groups of patients with the limits of a funnel: what chance alone would do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext_lazy as _

from clinic.models import Site
from recalls.enums import ClosureReason
from reports.audit.definitions import SMALL_DENOMINATOR
from reports.audit.equity.definitions import (
    CALLED,
    IN_TIME,
    LOST,
    NEVER_REACHED,
    NO_MESSAGE,
    REACH_DAYS,
    SHARES,
    ShareDefinition,
)
from reports.audit.equity.reach import RecallsReached, load_reach
from reports.audit.scope import AuditScope, Breakdown
from reports.audit.waits.definitions import WAITS, Moment
from reports.audit.waits.figures import collect_waits, count_calls, load_groups
from reports.audit.waits.moments import RecallDays
from reports.audit.waits.survival import Waits

# The shares of the area between the limits that chance alone leaves: two and three standard deviations.
WARNING_LIMITS, ALARM_LIMITS = 0.95, 0.998
Counts = dict[str, tuple[int, int]]


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


def compute_equity(scope: AuditScope, by: Breakdown, today: date) -> list[EquityGroup]:
    """All together first, then each group in the order of its label: this is no ranking."""
    groups = load_groups(scope, by)
    if not groups:
        return []
    reach, sites = load_reach(scope), {site.pk: site for site in scope.sites}
    counted = [(label, rows, _count(rows, reach, sites, today)) for label, rows in groups]
    whole = counted[0][2]
    return [
        EquityGroup(
            label,
            len(rows),
            tuple(_share(one, counts[one.name], whole[one.name] if number else None) for one in SHARES),
        )
        for number, (label, rows, counts) in enumerate(counted)
    ]


def _count(rows: Sequence[RecallDays], reach: RecallsReached, sites: dict[int, Site], today: date) -> Counts:
    """Numerator and denominator of every share."""
    waits = {
        definition.name: _in_time(collect_waits(wait, rows, today), wait.target)
        for definition, wait in zip(IN_TIME, WAITS, strict=True)
    }
    result, limit = Moment.RESULT.position, today.toordinal() - REACH_DAYS
    old = [row.pk for row in rows if (day := row.days[result]) is not None and day <= limit]
    written = [row.pk for row in rows if row.pk in reach.with_message]
    return waits | {
        CALLED.name: count_calls(rows, sites, today),
        LOST.name: (sum(row.closure_reason == ClosureReason.LOST_TO_FOLLOW_UP for row in rows), len(rows)),
        NO_MESSAGE.name: (sum(pk not in reach.with_message_in_language for pk in written), len(written)),
        NEVER_REACHED.name: (sum(pk not in reach.reached for pk in old), len(old)),
    }


def _in_time(waits: Waits, target: int) -> tuple[int, int]:
    """Of those of whom it is known: who got there, or has waited longer than the target."""
    in_time = sum(count for (days, ended), count in waits.items() if ended and days <= target)
    late = sum(count for (days, _ended), count in waits.items() if days > target)
    return in_time, in_time + late


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
