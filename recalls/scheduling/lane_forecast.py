"""Forecasts how many of a day's screenings will be recalled while the patient is there, from the clinic's own year.

A screening counts as a first one, else as one after a long gap, else as one at high risk, else as an ordinary one. Each
kind has its own share of recalls, and each weekday its own; both are drawn to the share of the whole clinic while few
are known. First screenings are recalled two to three times as often as later ones (docs/same-day-lane.md).
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from dateutil.relativedelta import relativedelta
from django.db.models import OuterRef, Subquery

from clinic import calendar
from clinic.models import Site
from recalls.enums import RECALL_ASSESSMENTS, Assessment, RecallKind
from recalls.models import LaneDay, LanePolicy, ScreeningExam

HISTORY_DAYS = 364  # days, so that each weekday counts as often
# What needs pictures on the day: prior images come from elsewhere and take days.
LANE_ASSESSMENTS = RECALL_ASSESSMENTS - {Assessment.NEED_PRIORS}
# Screenings that the share of the whole clinic weighs beside a group's own; until a clinic has a past, one in ten.
_PRIOR_SCREENS = 50
_PRIOR_SHARE = 0.1
_LEAST_READ = 20  # recalls of which the day of the reading is known, for the share read on the day of the screening


class ScreenGroup(StrEnum):
    """What raises the share of recalls; a screening is of the first that fits."""

    FIRST = "first"
    LONG_GAP = "long_gap"
    HIGH_RISK = "high_risk"
    OTHER = "other"


@dataclass(slots=True)
class LaneHistory:
    """The screenings of a clinic's last year by weekday (Monday 0) and group, and what came of them."""

    screens: Counter[tuple[int, ScreenGroup]] = field(default_factory=Counter)
    recalls: Counter[tuple[int, ScreenGroup]] = field(default_factory=Counter)
    days: Counter[int] = field(default_factory=Counter)  # with any screening
    read_at_all: int = 0
    read_same_day: int = 0

    @property
    def overall_share(self) -> float:
        """Recalls per screening."""
        recalls, screens = self.recalls.total(), self.screens.total()
        return (recalls + _PRIOR_SHARE * _PRIOR_SCREENS) / (screens + _PRIOR_SCREENS)

    @property
    def same_day_share(self) -> float:
        """Which part of the recalls was read on the day of the screening; all of them while too few are known."""
        return self.read_same_day / self.read_at_all if self.read_at_all >= _LEAST_READ else 1.0

    def group_share(self, group: ScreenGroup) -> float:
        return self._drawn_share(lambda key: key[1] == group)

    def weekday_factor(self, weekday: int) -> float:
        """How much more or less than usual is recalled on that weekday."""
        return self._drawn_share(lambda key: key[0] == weekday) / self.overall_share

    def usual_screens(self, weekday: int) -> dict[ScreenGroup, float]:
        """How many of each group come on such a day."""
        days = self.days[weekday] or 1
        return {group: self.screens[weekday, group] / days for group in ScreenGroup}

    def _drawn_share(self, is_counted: Any) -> float:
        screens = sum(count for key, count in self.screens.items() if is_counted(key))
        recalls = sum(count for key, count in self.recalls.items() if is_counted(key))
        return (recalls + self.overall_share * _PRIOR_SCREENS) / (screens + _PRIOR_SCREENS)


def load_lane_history(site: Site, policy: LanePolicy, now: datetime) -> LaneHistory:
    """One query over a year of the site's screenings."""
    history, seen, today = LaneHistory(), set[date](), calendar.local_day(site, now)
    for day, group, is_recalled, reported_at in _read_exams(site, policy, today - timedelta(days=HISTORY_DAYS), today):
        key = (day.weekday(), group)
        history.screens[key] += 1
        if day not in seen:
            seen.add(day)
            history.days[day.weekday()] += 1
        if is_recalled:
            history.recalls[key] += 1
            history.read_at_all += reported_at is not None
            history.read_same_day += reported_at is not None and calendar.local_day(site, reported_at) == day
    return history


def count_read_screens(site: Site, policy: LanePolicy, day: date) -> Counter[ScreenGroup]:
    """The screenings of that day of which a result is here already. One query."""
    return Counter(group for _day, group, *_rest in _read_exams(site, policy, day, day + timedelta(days=1)))


def _read_exams(
    site: Site, policy: LanePolicy, first: date, end: date
) -> Iterator[tuple[date, ScreenGroup, bool, datetime | None]]:
    """Day, group, whether it was recalled, and when it was read."""
    earlier = ScreeningExam.objects.filter(patient=OuterRef("patient"), exam_date__lt=OuterRef("exam_date"))
    rows = ScreeningExam.objects.filter(site=site, exam_date__gte=first, exam_date__lt=end).order_by()
    columns = rows.annotate(last_on=Subquery(earlier.order_by("-exam_date").values("exam_date")[:1])).values_list(
        "exam_date", "first_screen", "last_on", "risk_score", "risk_source", "assessment", "recall_kind", "reported_at"
    )
    for day, is_first, last_on, score, source, assessment, kind, reported_at in columns.iterator(chunk_size=2000):
        is_recalled = assessment in LANE_ASSESSMENTS or kind != RecallKind.FINDING
        yield day, _group(policy, day, is_first, last_on, score, source), is_recalled, reported_at


def _group(
    policy: LanePolicy, day: date, is_first: bool | None, last_on: date | None, score: Decimal | None, source: str
) -> ScreenGroup:
    if is_first:
        return ScreenGroup.FIRST
    if last_on is not None and last_on + relativedelta(months=policy.long_gap_months) <= day:
        return ScreenGroup.LONG_GAP
    limit = policy.high_risk_from
    is_high = limit is not None and score is not None and score >= limit
    return ScreenGroup.HIGH_RISK if is_high and source == policy.risk_source else ScreenGroup.OTHER


def expected_screens(
    history: LaneHistory, lane_day: LaneDay, read: Mapping[ScreenGroup, int]
) -> dict[ScreenGroup, float]:
    """What the desk noted of the day's list; else the usual weekday, and no fewer of a group than are read already."""
    if lane_day.screens is not None:
        noted = {
            ScreenGroup.FIRST: float(lane_day.first_screens),
            ScreenGroup.LONG_GAP: float(lane_day.long_gaps),
            ScreenGroup.HIGH_RISK: float(lane_day.high_risks),
        }
        return noted | {ScreenGroup.OTHER: lane_day.screens - sum(noted.values())}
    usual = history.usual_screens(lane_day.day.weekday())
    return {group: max(count, float(read.get(group, 0))) for group, count in usual.items()}


def forecast_recalls(history: LaneHistory, lane_day: LaneDay, read: Mapping[ScreenGroup, int]) -> float:
    """How many of the day's patients will be recalled while they are likely to be there."""
    screens = expected_screens(history, lane_day, read)
    recalled = sum(count * history.group_share(group) for group, count in screens.items())
    return recalled * history.weekday_factor(lane_day.day.weekday()) * history.same_day_share


def places_for(policy: LanePolicy, expected: float) -> int:
    """The times to keep: as many as are expected, rounded half up, within the site's limits."""
    return min(max(int(expected + 0.5), policy.least_places), policy.most_places)
