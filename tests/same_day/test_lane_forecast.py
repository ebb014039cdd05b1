"""Tests of how many times the same-day lane keeps: what raises it, and that a clinic without a past has a usual one."""

from collections import Counter
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from clinic import calendar
from clinic.models import Site
from patients.factories import PatientFactory
from recalls.actions.same_day.upkeep import note_screens, tend_lanes
from recalls.enums import Assessment
from recalls.models import LaneDay, LanePolicy, LaneTime, ScreeningExam
from recalls.scheduling.lane_forecast import (
    LaneHistory,
    ScreenGroup,
    forecast_recalls,
    load_lane_history,
    places_for,
)

pytestmark = pytest.mark.django_db

LAST_MONDAY, MONDAY = date(2026, 11, 2), date(2026, 11, 9)


def screened(site: Site, day: date, assessment: str = Assessment.NEGATIVE, **more: Any) -> ScreeningExam:
    patient = more.pop("patient", None) or PatientFactory.create(site=site)
    fields = {"reported_at": calendar.instant(site, day, datetime.min.time()) + timedelta(hours=12)} | more
    number = f"L{ScreeningExam.objects.count()}"
    return ScreeningExam.objects.create(
        site=site, patient=patient, accession=number, exam_date=day, assessment=assessment, **fields
    )


def test_a_screening_counts_once_as_first_or_after_a_long_gap_or_at_high_risk_by_the_score_that_is_named(
    policy: LanePolicy, shadyside: Site
) -> None:
    policy.risk_source, policy.high_risk_from = "Model A", Decimal(8)
    returning = PatientFactory.create(site=shadyside)
    screened(shadyside, date(2022, 1, 3), patient=returning)
    screened(shadyside, LAST_MONDAY, patient=returning, risk_score=9, risk_source="Model A")
    screened(shadyside, LAST_MONDAY, first_screen=True, risk_score=9, risk_source="Model A")
    screened(shadyside, LAST_MONDAY, risk_score=8, risk_source="Model A")
    screened(shadyside, LAST_MONDAY, risk_score=8, risk_source="Model B")
    found = load_lane_history(shadyside, policy, timezone.now())
    assert found.screens == Counter(
        {
            (0, ScreenGroup.LONG_GAP): 1,
            (0, ScreenGroup.FIRST): 1,
            (0, ScreenGroup.HIGH_RISK): 1,
            (0, ScreenGroup.OTHER): 1,
        }
    )


def test_what_waits_for_prior_images_or_was_read_another_day_needs_no_lane(policy: LanePolicy, shadyside: Site) -> None:
    screened(shadyside, LAST_MONDAY, Assessment.NEED_PRIORS)
    for _number in range(15):
        screened(shadyside, LAST_MONDAY, Assessment.NEED_IMAGING)
        later = calendar.instant(shadyside, LAST_MONDAY + timedelta(days=1), datetime.min.time())
        screened(shadyside, LAST_MONDAY, Assessment.NEED_IMAGING, reported_at=later)
    found = load_lane_history(shadyside, policy, timezone.now())
    assert (found.recalls.total(), found.same_day_share) == (30, 0.5)


def test_more_first_screenings_and_a_weekday_with_more_recalls_are_expected_to_need_more() -> None:
    history = LaneHistory()
    for weekday in (0, 1):
        history.days[weekday] = 50
        history.screens[weekday, ScreenGroup.FIRST], history.recalls[weekday, ScreenGroup.FIRST] = 200, 50
        history.screens[weekday, ScreenGroup.OTHER], history.recalls[weekday, ScreenGroup.OTHER] = 800, 60
    few = LaneDay(day=MONDAY, screens=20, first_screens=1)
    many = LaneDay(day=MONDAY, screens=20, first_screens=10)
    assert forecast_recalls(history, many, {}) > 1.5 * forecast_recalls(history, few, {})
    history.recalls[1, ScreenGroup.OTHER] += 100
    monday, tuesday = (LaneDay(day=MONDAY + timedelta(days=ahead), screens=20) for ahead in (0, 1))
    assert forecast_recalls(history, tuesday, {}) > 1.3 * forecast_recalls(history, monday, {})


def test_a_day_that_nobody_noted_has_the_usual_weekday_and_no_less_than_is_read_already() -> None:
    history = LaneHistory(days=Counter({0: 10}), screens=Counter({(0, ScreenGroup.OTHER): 200}))
    usual = forecast_recalls(history, LaneDay(day=MONDAY), {})
    assert forecast_recalls(history, LaneDay(day=MONDAY, screens=20), {}) == pytest.approx(usual)
    assert forecast_recalls(history, LaneDay(day=MONDAY), {ScreenGroup.OTHER: 40}) == pytest.approx(2 * usual)


def test_a_clinic_without_a_past_expects_one_recall_in_ten() -> None:
    assert forecast_recalls(LaneHistory(), LaneDay(day=MONDAY, screens=30), {}) == pytest.approx(3.0)


def test_the_times_follow_the_forecast_within_the_limits_of_the_site(policy: LanePolicy) -> None:
    policy.least_places, policy.most_places = 1, 4
    assert [places_for(policy, expected) for expected in (0.0, 1.4, 2.5, 9.0)] == [1, 1, 3, 4]


def test_noting_the_days_list_makes_the_forecast_anew_and_keeps_more_or_fewer_times(
    policy: LanePolicy, shadyside: Site
) -> None:
    LanePolicy.objects.update(least_places=0, most_places=6)
    tend_lanes()
    tuesday = MONDAY + timedelta(days=1)
    kept = LaneTime.objects.filter(ended_at=None, starts_at__date=tuesday)
    note_screens(LaneDay(site=shadyside, day=tuesday, screens=40), by="Ana")
    tend_lanes()
    assert kept.count() == 4
    note_screens(LaneDay(site=shadyside, day=tuesday, screens=12), by="Ana")
    tend_lanes()
    assert kept.count() == 1


def test_parts_of_a_list_are_no_more_than_the_whole(policy: LanePolicy, shadyside: Site) -> None:
    with pytest.raises(ValidationError, match="more than all"):
        LaneDay(site=shadyside, day=MONDAY, screens=5, first_screens=4, long_gaps=2).full_clean()
