"""Measures the waits a second time, recall by recall and in plain words, without the product's queries."""

from collections.abc import Iterable
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from recalls.models import (
    Appointment,
    Biopsy,
    ContactAttempt,
    Outcome,
    OutsideReport,
    PathologyResult,
    Recall,
    RecallEvent,
    ResultDisclosure,
)
from tests.audit.slow_audit import FOURS_AND_FIVE

# Name, beginning, end, target, and what makes the step needless.
POSITIVE = ("0-AI", "0-PRIOR", *FOURS_AND_FIVE)
# Of a rule about some recalls alone: the ages, and whether the screening is a positive one of that rule.
RULES = {"nbccedp_60": (0, 200), "ecqm_60": (40, 75), "hedis_90": (40, 74)}
WAITS = (
    ("call", "result", "call", 1, ("visit", "outcome")),
    ("visit", "result", "visit", 7, ("outcome",)),
    ("outcome", "result", "outcome", 30, ()),
    ("told", "outcome", "told", 7, ()),
    ("biopsy", "advised", "biopsy", 7, ()),
    ("pathology", "biopsy", "pathology", 5, ()),
    ("pathology_told", "pathology", "pathology_told", 5, ()),
    ("treatment", "cancer", "treatment", 60, ()),
    ("resolution_60", "result", "resolution", 60, ()),
    ("resolution_90", "result", "resolution", 90, ()),
    ("nbccedp_60", "screening", "resolution", 60, ()),
    ("ecqm_60", "screening", "resolution", 60, ()),
    ("hedis_90", "screening", "resolution", 90, ()),
    ("return_6", "three_0", "read_1", 274, ()),
    ("return_12", "three_1", "read_2", 274, ()),
    ("return_24", "three_2", "read_3", 456, ()),
    ("return_15", "three_0", "read_1", 456, ()),
)
WaitCounts = dict[str, tuple[int, int, int | None, str]]


def _days_of(recall: Recall) -> dict[str, date | None]:
    zone = recall.site.zone

    def first(days: Iterable[Any]) -> date | None:
        local = [one.astimezone(zone).date() if isinstance(one, datetime) else one for one in days]
        return min(local, default=None)

    outcomes = list(Outcome.objects.filter(recall=recall))
    tissue = list(PathologyResult.objects.filter(recall=recall))
    exam, asked = recall.exam, RecallEvent.objects.filter(recall=recall, step="need_imaging")
    began = recall.opened_at if recall.kind == "supplement" else exam.reported_at or recall.opened_at
    phoned = ContactAttempt.objects.filter(recall=recall, channel="phone", retracts=None, retracted_by=None)
    visits = Appointment.objects.filter(recall=recall, status="attended").exclude(kind__in=("biopsy", "follow_up"))
    seen = OutsideReport.objects.filter(recall=recall, kind__in=("first_visit", "surgery"))
    days: dict[str, date | None] = {
        "screening": exam.exam_date,
        "result": first(one.at for one in asked) or (None if exam.assessment == "0-PRIOR" else first([began])),
        "call": first(one.at for one in phoned),
        "visit": first(one.starts_at for one in visits),
        "outcome": first(one.at for one in outcomes if one.assessment != "0-AI"),
        "advised": first(one.at for one in outcomes if one.assessment in FOURS_AND_FIVE),
        "biopsy": first(one.done_on for one in Biopsy.objects.filter(recall=recall)),
        "pathology": first(one.at for one in tissue),
        "cancer": first(one.at for one in tissue if one.result in ("in_situ", "invasive")),
        "treatment": first(one.performed_on for one in seen),
    }
    benign = first(one.at for one in outcomes if one.assessment in ("1", "2", "3"))
    days["resolution"] = first(day for day in (benign, days["biopsy"]) if day)
    for number in range(3):
        three = (one.at for one in outcomes if one.assessment == "3" and one.round == number)
        days[f"three_{number}"] = first(three)
        days[f"read_{number + 1}"] = first(one.at for one in outcomes if one.round == number + 1)
    told = [first([one.told_at]) for one in ResultDisclosure.objects.filter(recall=recall)]
    for name, result in (("told", days["outcome"]), ("pathology_told", days["pathology"])):
        days[name] = first(day for day in told if day and result and day >= result)
    return days


def measure_slowly(recalls: Iterable[Recall], today: date) -> WaitCounts:
    """For each wait: how many waited, how many got there, the median, and the per cent within the target."""
    stories = [(recall, _days_of(recall)) for recall in recalls if recall.closure_reason != "void"]
    found: WaitCounts = {}
    for name, start, end, target, passed in WAITS:
        waits = []
        for recall, days in stories:
            if name in RULES and not _is_of_rule(recall, *RULES[name]):
                continue
            begins, ends, reason = days[start], days[end], recall.closure_reason
            if begins is None or begins > today:
                continue
            if ends is not None and ends <= today:
                waits.append((max((ends - begins).days, 0), True))
                continue
            is_gone = reason in ("transferred", "deceased")
            if (reason and not is_gone and reason not in ("lost_to_follow_up", "declined")) or any(
                days[one] for one in passed
            ):
                continue
            until = recall.closed_at.astimezone(recall.site.zone).date() if is_gone and recall.closed_at else today
            waits.append((max((until - begins).days, 0), False))
        left = _curve(waits)
        median = next((day for day, share in enumerate(left) if share <= Fraction(1, 2)), None) if waits else None
        within = f"{float(100 * (1 - left[min(target, len(left) - 1)])):.1f}" if waits else ""
        found[name] = (len(waits), len([1 for _day, is_over in waits if is_over]), median, within)
    return found


def _is_of_rule(recall: Recall, first: int, last: int) -> bool:
    exam, born = recall.exam, recall.exam.patient.birth_date
    years = exam.exam_date.year - born.year - ((exam.exam_date.month, exam.exam_date.day) < (born.month, born.day))
    return exam.assessment in POSITIVE and first <= years <= last


def _curve(waits: list[tuple[int, bool]]) -> list[Fraction]:
    """The share still waiting after each day, by the product-limit formula."""
    share, left = Fraction(1), []
    for day in range(max((day for day, _over in waits), default=0) + 1):
        at_risk = len([1 for one, _over in waits if one >= day])
        share *= 1 - Fraction(len([1 for one, is_over in waits if is_over and one == day]), at_risk) if at_risk else 1
        left.append(share)
    return left
