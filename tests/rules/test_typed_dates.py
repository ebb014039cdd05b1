"""Tests that no date typed by hand, a mistyped year for instance, takes a patient off the day's lists."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest
from django.core.exceptions import ValidationError
from time_machine import TimeMachineFixture

from clinic import calendar
from clinic.factories import SiteStaff, get_site_staff
from clinic.models import Site
from recalls import actions
from recalls.actions import ContactAttemptInput, Slot
from recalls.actions.supplemental import advise_supplemental
from recalls.enums import ContactChannel, ContactResult, State, SupplementalTest, VisitKind
from recalls.models import Recall
from recalls.testing.factories import ExamFactory, RecallFactory
from tests.rules.recall_states import (
    complete_ladder,
)
from tests.rules.step_actions import (
    MONDAY,
    today_at,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _on_monday(time_machine: TimeMachineFixture) -> None:
    time_machine.move_to(MONDAY, tick=False)


@pytest.fixture
def staff(shadyside: Site) -> SiteStaff:
    return get_site_staff(shadyside)


@pytest.fixture
def recall(shadyside: Site) -> Recall:
    opened: Recall = RecallFactory.create(site=shadyside)
    return opened


def _call_again_at(recall: Recall, at: datetime, staff: SiteStaff) -> None:
    call = ContactAttemptInput(ContactChannel.PHONE, ContactResult.REACHED_CALLS_BACK, next_try_at=at)
    actions.log_contact(recall, call, by=staff.scheduler)


def test_a_next_try_is_put_off_to_the_target_and_no_further(recall: Recall, staff: SiteStaff) -> None:
    target = recall.target_at
    assert target == calendar.add_days(recall.site, MONDAY, 7)
    with pytest.raises(ValidationError, match=r"latest next try is Mon 23 Mar, 5:00 pm\. To wait longer"):
        _call_again_at(recall, target + timedelta(minutes=1), staff)
    assert not recall.contact_attempts.exists()
    _call_again_at(recall, target, staff)
    assert recall.due_at == target


def test_a_next_try_with_a_mistyped_year_is_refused(recall: Recall, staff: SiteStaff) -> None:
    with pytest.raises(ValidationError, match="latest next try"):
        _call_again_at(recall, MONDAY.replace(year=2062), staff)
    assert recall.due_at == calendar.add_business_days(recall.site, MONDAY, 1)


def test_past_the_target_a_patient_may_still_ask_for_two_business_days(
    recall: Recall, staff: SiteStaff, time_machine: TimeMachineFixture
) -> None:
    complete_ladder(recall, recall.site.contact_ladder.rungs, staff.navigator)
    late = MONDAY + timedelta(days=70)
    time_machine.move_to(late, tick=False)
    latest = calendar.add_business_days(recall.site, late, 2)
    with pytest.raises(ValidationError, match="latest next try"):
        _call_again_at(recall, latest + timedelta(minutes=1), staff)
    _call_again_at(recall, latest, staff)
    assert recall.due_at == latest


def test_with_a_result_to_tell_the_next_try_is_two_business_days_away_at_most(
    shadyside: Site, staff: SiteStaff
) -> None:
    recall = RecallFactory.create(site=shadyside, suspicious_to_tell=True)
    latest = calendar.add_business_days(shadyside, MONDAY, 2)
    with pytest.raises(ValidationError, match="latest next try"):
        _call_again_at(recall, latest + timedelta(minutes=1), staff)
    _call_again_at(recall, latest, staff)
    assert (recall.state, recall.due_at) == (State.RESULT_TO_TELL, latest)


@pytest.mark.parametrize(("days", "held"), [(1, True), (365, True), (366, False), (3653, False)])
def test_a_hold_lasts_a_year_at_most(days: int, held: bool, recall: Recall, staff: SiteStaff) -> None:
    until = today_at(recall) + timedelta(days=days)
    if held:
        actions.hold(recall, until, by=staff.navigator, note="Expects a child.")
        assert (recall.state, recall.hold_until) == (State.ON_HOLD, until)
    else:
        with pytest.raises(ValidationError, match="Check the year"):
            actions.hold(recall, until, by=staff.navigator, note="Expects a child.")
        assert recall.state == State.TO_CONTACT


def _slot(recall: Recall, day: date) -> Slot:
    open_day = calendar.next_open_day(recall.site, day)
    return Slot(recall.site, calendar.instant(recall.site, open_day, time(9)), VisitKind.DIAGNOSTIC)


@pytest.mark.parametrize("days", [186, 365, 12_000])
def test_a_visit_in_a_mistyped_year_is_not_booked(days: int, recall: Recall, staff: SiteStaff) -> None:
    with pytest.raises(ValidationError, match="Check the year"):
        actions.book_appointment(recall, _slot(recall, today_at(recall) + timedelta(days=days)), by=staff.scheduler)
    actions.book_appointment(recall, _slot(recall, today_at(recall) + timedelta(days=60)), by=staff.scheduler)
    with pytest.raises(ValidationError, match="Check the year"):
        actions.reschedule(recall, _slot(recall, today_at(recall) + timedelta(days=days)), by=staff.scheduler)


def test_a_biopsy_in_a_mistyped_year_is_not_booked(shadyside: Site, staff: SiteStaff) -> None:
    recall = RecallFactory.create(site=shadyside, biopsy_to_book=True)
    slot = replace(_slot(recall, today_at(recall) + timedelta(days=367)), kind=VisitKind.BIOPSY)
    with pytest.raises(ValidationError, match="Check the year"):
        actions.book_biopsy(recall, slot, by=staff.scheduler)


def test_a_follow_up_is_booked_for_its_day_however_far_and_not_a_year_later(shadyside: Site, staff: SiteStaff) -> None:
    recall = RecallFactory.create(site=shadyside, probably_benign=True)
    due = recall.follow_up_on
    assert due is not None
    with pytest.raises(ValidationError, match="Check the year"):
        actions.book_appointment(recall, _slot(recall, due + timedelta(days=365)), by=staff.scheduler)
    actions.book_appointment(recall, _slot(recall, due), by=staff.scheduler)


def test_a_supplemental_test_is_not_due_in_a_mistyped_year(shadyside: Site, staff: SiteStaff) -> None:
    exam, today = ExamFactory.create(patient__site=shadyside, negative=True), calendar.today(shadyside)
    with pytest.raises(ValidationError, match="Check the year"):
        advise_supplemental(
            exam, SupplementalTest.ULTRASOUND, by=staff.radiologist, due_on=today + timedelta(days=3650)
        )
