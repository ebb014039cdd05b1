"""Sums up what navigators' cases took: how many ended in a window, and their minutes, by the reason for the case."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from django.db.models import Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from clinic.models import Site
from recalls.enums.barriers import CaseReason
from recalls.models import NavigatorCase
from reports.manager.staff_work import Window, within

ALL_REASONS = _("All cases")


@dataclass(frozen=True, slots=True)
class MinutesRow:
    """Cases that ended, by reason: how many, of how many of them minutes were entered, and those minutes."""

    label: Any
    ended: int
    with_minutes: int
    total: int
    # Of the cases with minutes; None where there are none.
    median: float | None


def count_case_minutes(sites: Sequence[Site], window: Window) -> list[MinutesRow]:
    """A row for each reason that occurred, and the sum first; empty where no case ended. One query.

    A case ends when a navigator ends it, or else with its recall.
    """
    if not sites:
        return []
    rows = NavigatorCase.objects.annotate(
        over_at=Coalesce("ended_at", "recall__closed_at"), spent=Sum("minutes__minutes")
    )
    found: defaultdict[str, list[int]] = defaultdict(list)
    for reason, spent in within(rows, sites, window, "over_at", "recall__site").values_list("reason", "spent"):
        found[reason].append(spent or 0)
    if not found:
        return []
    everything = [spent for each in found.values() for spent in each]
    return [_row(ALL_REASONS, everything), *(_row(one.label, found[one]) for one in CaseReason if one in found)]


def _row(label: Any, spent: Sequence[int]) -> MinutesRow:
    entered = [minutes for minutes in spent if minutes]
    return MinutesRow(label, len(spent), len(entered), sum(entered), median(entered) if entered else None)
