"""Defines what the estimate of missed visits looks at, and nothing else may: the whole list, with its labels.

Race, ethnicity, income, insurance, address and distance are left out, for they would pass on who was failed before;
age, sex and language too. Language is known here only to show whether the estimate holds for each.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

# What is known so long before the visit counts: afterwards nobody can be called any more.
KNOWN_BEFORE = timedelta(hours=24)
_MOST_COUNTED = 3  # missed or kept visits; a fourth says little more
_EARLY, _LATE = 10, 15  # hours of the day at the site


@dataclass(frozen=True, slots=True)
class KnownBefore:
    """What is known of one visit a day before it; `starts_at` is in the site's zone."""

    missed_before: int
    kept_before: int
    confirmed: bool
    reached: bool
    booked_at: datetime
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class Feature:
    name: str
    label: Any


FEATURES: tuple[Feature, ...] = (
    Feature("missed_before", _("Missed visits before, up to three")),
    Feature("kept_before", _("Kept visits before, up to three")),
    Feature("confirmed", _("Visit confirmed")),
    Feature("reached", _("Patient reached by phone")),
    Feature("days_to_visit", _("Days from booking to the visit (natural logarithm of days and one)")),
    Feature("before_ten", _("Begins before 10 am")),
    Feature("from_three", _("Begins at 3 pm or later")),
)
INTERCEPT = "intercept"


def feature_values(visit: KnownBefore) -> tuple[float, ...]:
    """In the order of `FEATURES`."""
    days = max((visit.starts_at - visit.booked_at).total_seconds() / 86400, 0.0)
    return (
        float(min(visit.missed_before, _MOST_COUNTED)),
        float(min(visit.kept_before, _MOST_COUNTED)),
        float(visit.confirmed),
        float(visit.reached),
        math.log1p(days),
        float(visit.starts_at.hour < _EARLY),
        float(visit.starts_at.hour >= _LATE),
    )


def name_coefficients(values: Sequence[float]) -> dict[str, float]:
    """The fitted numbers by name; the intercept comes first."""
    names = (INTERCEPT, *(feature.name for feature in FEATURES))
    return dict(zip(names, values, strict=True))


def list_coefficients(named: dict[str, float]) -> list[float] | None:
    """The intercept and the features in order; None for a fit of other features, as of an earlier version."""
    names = (INTERCEPT, *(feature.name for feature in FEATURES))
    return [named[name] for name in names] if set(named) == set(names) else None
