"""Tests of the limit by which a result is told: the same day, or within two business days."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from time_machine import TimeMachineFixture

from clinic.factories import get_site_staff
from clinic.models import Closure, Site
from recalls import actions
from recalls.actions import OutcomeInput
from recalls.enums import Assessment
from recalls.testing.factories import RecallFactory

NEW_YORK = ZoneInfo("America/New_York")
pytestmark = pytest.mark.django_db


def _new_york(year: int, month: int, day: int, hour: int = 10) -> datetime:
    return datetime(year, month, day, hour, tzinfo=NEW_YORK)


@pytest.mark.parametrize(
    ("at", "assessment", "limit"),
    [
        (_new_york(2026, 3, 17, 11), Assessment.SUSPICIOUS_B, "2026-03-19 17:00"),
        (_new_york(2026, 3, 17, 11), Assessment.SUSPICIOUS_C, "2026-03-17 17:00"),  # more likely cancer than not: today
        (_new_york(2026, 3, 17, 11), Assessment.HIGHLY_SUGGESTIVE, "2026-03-17 17:00"),
        (_new_york(2026, 3, 17, 19), Assessment.HIGHLY_SUGGESTIVE, "2026-03-18 17:00"),  # after hours: tomorrow
        (_new_york(2026, 3, 20, 16), Assessment.HIGHLY_SUGGESTIVE, "2026-03-20 17:00"),  # Friday afternoon: still today
        (_new_york(2026, 3, 20, 18), Assessment.HIGHLY_SUGGESTIVE, "2026-03-23 17:00"),  # Friday evening: Monday
        (_new_york(2026, 3, 20, 16), Assessment.BENIGN, "2026-03-24 17:00"),  # over the weekend
    ],
)
def test_a_result_is_told_the_same_day_or_within_two_business_days(
    at: datetime, assessment: Assessment, limit: str, shadyside: Site, time_machine: TimeMachineFixture
) -> None:
    recall = RecallFactory.create(site=shadyside, ended_at=_new_york(2026, 3, 17), attended=True)
    time_machine.move_to(at, tick=False)
    actions.record_outcome(recall, OutcomeInput(assessment), by=get_site_staff(shadyside).radiologist)
    assert recall.tell_by is not None
    assert f"{recall.tell_by.astimezone(NEW_YORK):%Y-%m-%d %H:%M}" == limit
    assert recall.due_at == recall.target_at == recall.tell_by
    assert recall.to_read_at == recall.state_since == at


def test_a_site_that_is_closed_for_a_month_tells_a_5_within_the_seven_days_of_the_law(
    shadyside: Site, time_machine: TimeMachineFixture
) -> None:
    """Nobody is there on that day: it is late on every list, and whoever covers the clinic is called for it."""
    recall = RecallFactory.create(site=shadyside, ended_at=_new_york(2026, 3, 17), attended=True)
    for day in range(31):
        Closure.objects.create(site=shadyside, day=date(2026, 3, 18) + timedelta(days=day))
    time_machine.move_to(_new_york(2026, 3, 17, 19), tick=False)  # after hours on the last open day
    recall.site = Site.objects.get(pk=shadyside.pk)
    radiologist = get_site_staff(shadyside).radiologist
    actions.record_outcome(recall, OutcomeInput(Assessment.HIGHLY_SUGGESTIVE), by=radiologist)
    assert recall.tell_by == _new_york(2026, 3, 24, 17)
    time_machine.move_to(_new_york(2026, 4, 1, 19), tick=False)
    actions.amend_outcome(recall, OutcomeInput(Assessment.SUSPICIOUS_C), reason="Read again.", by=radiologist)
    assert recall.tell_by == _new_york(2026, 3, 24, 17), "a second word never moves it back"


def test_a_site_may_give_itself_a_day_for_a_5(shadyside: Site, time_machine: TimeMachineFixture) -> None:
    shadyside.policy.urgent_result_told = 1
    shadyside.policy.save()
    recall = RecallFactory.create(site=shadyside, ended_at=_new_york(2026, 3, 17), attended=True)
    time_machine.move_to(_new_york(2026, 3, 17, 11), tick=False)
    recall.site = Site.objects.get(pk=shadyside.pk)
    outcome = OutcomeInput(Assessment.HIGHLY_SUGGESTIVE)
    actions.record_outcome(recall, outcome, by=get_site_staff(shadyside).radiologist)
    assert recall.tell_by == _new_york(2026, 3, 18, 17)


def test_a_second_result_before_the_first_is_told_never_moves_the_limit_back(
    shadyside: Site, time_machine: TimeMachineFixture
) -> None:
    recall = RecallFactory.create(site=shadyside, ended_at=_new_york(2026, 3, 17), suspicious_to_tell=True)
    since, limit = recall.result_since, recall.tell_by
    time_machine.move_to(_new_york(2026, 3, 18), tick=False)
    amended = OutcomeInput(Assessment.SUSPICIOUS_B)
    actions.amend_outcome(recall, amended, reason="Second look.", by=get_site_staff(shadyside).radiologist)
    assert (recall.result_since, recall.tell_by) == (since, limit)
