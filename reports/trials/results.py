"""Ends trials by their rules, and counts each once when the outcome of its last recall can be known.

The program alone looks at the arms before that, for safety: where one arm does clearly worse by the visits kept, the
trial stops. It says which only in the report, since who knows an interim result calls, books and stops by it.
"""

import math
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from clinic import calendar
from recalls.models import Trial, TrialEnd, TrialPlace, TrialResult
from reports.rates import format_rate
from reports.trials.outcomes import DAYS_OF_OUTCOME, DEFINITIONS, recalls_with_outcome

SYSTEM_NAME = "system"
# The safety stop: visits kept within 20 days, of recalls for whom these days are over; Haybittle and Peto's bound.
SAFETY_OUTCOME = Trial.Outcome.VISIT_20
SAFETY_LEAST = 40  # recalls in each arm, before chance alone could look like harm
SAFETY_LEVEL = 0.999
LEVEL = 0.95
COLUMNS: Final = ("arm", "what", "recalls", "with_outcome", "percent", "low_95", "high_95")

Document = dict[str, Any]
Reason = TrialEnd.Reason


def review_trials() -> int:
    """End what is full, over or unsafe, and count what can be counted; how many rows were added. Safe to repeat."""
    now = timezone.now()
    running = Trial.objects.running().select_related("site")
    ended = sum(_end(trial, reason) for trial in running if (reason := _end_reason(trial, now)))
    over = Trial.objects.awaiting_result().select_related("site", "end")
    return ended + sum(_keep_result(trial, now) for trial in over)


def _end_reason(trial: Trial, now: datetime) -> TrialEnd.Reason | None:
    places = list(trial.places.all())
    if len(places) >= trial.size:
        return Reason.FULL
    if calendar.local_day(trial.site, now) > trial.ends_on:
        return Reason.DATE
    return Reason.SAFETY if _is_one_arm_worse(places, now) else None


def _is_one_arm_worse(places: Iterable[TrialPlace], now: datetime) -> bool:
    known_by = now - timedelta(days=DAYS_OF_OUTCOME[SAFETY_OUTCOME])
    known = [place for place in places if place.at <= known_by]
    counts = _count_arms(known, recalls_with_outcome(SAFETY_OUTCOME, known))
    if min(total for _yes, total in counts.values()) < SAFETY_LEAST:
        return False
    low, high = difference_interval(*counts["a"], *counts["b"], level=SAFETY_LEVEL)
    return low > 0 or high < 0


def _end(trial: Trial, reason: TrialEnd.Reason) -> bool:
    try:
        with transaction.atomic():
            TrialEnd.objects.create(trial=trial, reason=reason, by=SYSTEM_NAME)
    except IntegrityError:  # a person or another worker ended it at the same instant
        return False
    return True


def _keep_result(trial: Trial, now: datetime) -> bool:
    """Once the days of the recall that was taken in last are over, or at once where nobody was."""
    places = list(trial.places.order_by("number"))
    days = timedelta(days=DAYS_OF_OUTCOME[trial.outcome])
    if any(place.at + days > now for place in places):
        return False
    try:
        with transaction.atomic():
            TrialResult.objects.create(trial=trial, document=build_result(trial, places))
    except IntegrityError:
        return False
    return True


def result_expected_at(trial: Trial) -> datetime | None:
    """When the outcome of the recall that was taken in last is known (UTC); None before anybody was."""
    last = trial.places.order_by("-number").first()
    return last.at + timedelta(days=DAYS_OF_OUTCOME[trial.outcome]) if last is not None else None


def build_result(trial: Trial, places: list[TrialPlace]) -> Document:
    """The figures of both arms, the difference of their shares with its 95 % interval, and what was counted."""
    counts = _count_arms(places, recalls_with_outcome(trial.outcome, places))
    document: Document = {
        "definition": DEFINITIONS[trial.outcome],
        "planned": trial.size,
        "taken_in": len(places),
        "arms": {arm: _arm_figures(*counts[arm]) for arm in "ab"},
        "difference": None,
    }
    (yes_a, all_a), (yes_b, all_b) = counts["a"], counts["b"]
    if all_a and all_b:
        low, high = difference_interval(yes_a, all_a, yes_b, all_b, level=LEVEL)
        points = 100 * (yes_b / all_b - yes_a / all_a)
        document["difference"] = {
            "points": round(points, 1), "low": round(100 * low, 1), "high": round(100 * high, 1),
            "found": low > 0 or high < 0,
        }  # fmt: skip
    return document


def _count_arms(places: Iterable[TrialPlace], with_outcome: set[int]) -> dict[str, tuple[int, int]]:
    """Of each arm, how many recalls had the outcome and how many were taken in."""
    counts = {"a": [0, 0], "b": [0, 0]}
    for place in places:
        counts[place.arm][0] += place.recall_id in with_outcome
        counts[place.arm][1] += 1
    return {arm: (yes, total) for arm, (yes, total) in counts.items()}


def _arm_figures(yes: int, total: int) -> dict[str, Any]:
    if not total:
        return {"recalls": 0, "with_outcome": 0}
    low, high = _wilson(yes, total, LEVEL)
    return {
        "recalls": total, "with_outcome": yes, "percent": float(format_rate(yes, total, 100)),
        "low": round(100 * low, 1), "high": round(100 * high, 1),
    }  # fmt: skip


def difference_interval(yes_a: int, all_a: int, yes_b: int, all_b: int, *, level: float) -> tuple[float, float]:
    """Of the share in arm b less that in arm a: Newcombe's method 10, from the intervals of Wilson of both.

    Source: Newcombe 1998, Statistics in Medicine 17:873-890.
    """
    share_a, share_b = yes_a / all_a, yes_b / all_b
    (low_a, high_a), (low_b, high_b) = _wilson(yes_a, all_a, level), _wilson(yes_b, all_b, level)
    difference = share_b - share_a
    below = math.hypot(share_b - low_b, high_a - share_a)
    above = math.hypot(high_b - share_b, share_a - low_a)
    return difference - below, difference + above


def _wilson(yes: int, total: int, level: float) -> tuple[float, float]:
    from scipy.stats import binomtest  # half a second: only a process that counts a trial needs it

    found = binomtest(yes, total).proportion_ci(confidence_level=level, method="wilson")
    return float(found.low), float(found.high)


def result_rows(document: Document, labels: dict[str, str]) -> Iterator[list[str]]:
    """The table of the report as a file: both arms, then the difference in percentage points."""
    for arm in "ab":
        one = document["arms"][arm]
        names = ("recalls", "with_outcome", "percent", "low", "high")
        yield [arm.upper(), labels[arm], *(str(one.get(name, "")) for name in names)]
    gap = document["difference"]
    if gap is not None:
        yield ["B-A", "difference, percentage points", "", "", *(str(gap[name]) for name in ("points", "low", "high"))]
