"""Tests of the short-interval follow-up: booked at once or early, cancelled, a symptom before it, and its series."""

from datetime import date, datetime, time, timedelta

import pytest
from django.core.exceptions import ValidationError
from time_machine import TimeMachineFixture

from clinic import calendar
from clinic.factories import SiteStaff
from recalls import actions
from recalls.actions import ContactAttemptInput, OutcomeInput, Slot
from recalls.enums import AppointmentStatus, Assessment, ContactChannel, ContactResult, State, VisitKind
from recalls.models import Recall
from recalls.tasks import apply_due_steps
from tests.rules.recall_states import (
    move_to_visit,
)
from tests.rules.step_actions import (
    MONDAY,
    TOLD_AT_VISIT,
)

pytestmark = pytest.mark.django_db
DUE_ON = date(2026, 9, 16)  # six months after the visit of March 16, a Wednesday


@pytest.fixture
def waiting(visited: Recall, staff: SiteStaff) -> Recall:
    """A 3, told at the visit: to be looked at again in six months."""
    outcome = OutcomeInput(Assessment.PROBABLY_BENIGN, told=TOLD_AT_VISIT)
    actions.record_outcome(visited, outcome, by=staff.radiologist)
    assert (visited.state, visited.round, visited.follow_up_on) == (State.FOLLOW_UP, 0, DUE_ON)
    return visited


def _book(recall: Recall, day: date, staff: SiteStaff) -> datetime:
    at = calendar.instant(recall.site, day, time(9))
    actions.book_appointment(recall, Slot(recall.site, at, VisitKind.FOLLOW_UP), by=staff.scheduler)
    return at


@pytest.mark.parametrize("day", [DUE_ON, date(2026, 6, 15)])
def test_a_follow_up_is_booked_at_once_for_its_day_or_earlier(day: date, waiting: Recall, staff: SiteStaff) -> None:
    _book(waiting, day, staff)
    assert (waiting.state, waiting.round, waiting.wake_at) == (State.SCHEDULED, 1, None)
    assert waiting.due_at == calendar.closing_time(waiting.site, day)
    assert waiting.target_at == calendar.closing_time(waiting.site, DUE_ON)


def test_a_follow_up_nobody_booked_comes_back_45_days_before_it(
    waiting: Recall, time_machine: TimeMachineFixture
) -> None:
    comes_back = calendar.instant(waiting.site, date(2026, 8, 2), time(8))
    time_machine.move_to(comes_back - timedelta(minutes=1), tick=False)
    assert apply_due_steps()["follow_up_due"] == 0
    time_machine.move_to(comes_back, tick=False)
    assert apply_due_steps()["follow_up_due"] == 1
    waiting.refresh_from_db()
    assert (waiting.state, waiting.round) == (State.TO_CONTACT, 1)
    assert waiting.target_at == calendar.closing_time(waiting.site, DUE_ON)


def test_a_cancelled_follow_up_waits_for_its_time_again(waiting: Recall, staff: SiteStaff) -> None:
    _book(waiting, DUE_ON, staff)
    actions.cancel_appointment(waiting, by=staff.scheduler)
    assert (waiting.state, waiting.round) == (State.FOLLOW_UP, 0)
    assert waiting.due_at == calendar.add_business_days(waiting.site, MONDAY, 1)
    assert waiting.wake_at == calendar.instant(waiting.site, date(2026, 8, 2), time(8))


@pytest.mark.parametrize(("day", "state"), [(date(2026, 8, 1), State.FOLLOW_UP), (date(2026, 8, 2), State.TO_CONTACT)])
def test_a_follow_up_cancelled_when_its_time_has_come_is_called_for(
    day: date, state: State, waiting: Recall, staff: SiteStaff, time_machine: TimeMachineFixture
) -> None:
    _book(waiting, DUE_ON, staff)
    time_machine.move_to(calendar.instant(waiting.site, day, time(12)), tick=False)
    actions.cancel_appointment(waiting, by=staff.scheduler)
    assert (waiting.state, waiting.round) == (state, int(state == State.TO_CONTACT))


def test_a_patient_who_asks_for_a_later_call_gets_it_but_not_beyond_the_time_of_the_follow_up(
    waiting: Recall, staff: SiteStaff
) -> None:
    june, october = (calendar.instant(waiting.site, date(2026, month, 15), time(10)) for month in (6, 10))
    for asked, due in ((june, june), (october, calendar.instant(waiting.site, date(2026, 8, 2), time(8)))):
        call = ContactAttemptInput(ContactChannel.PHONE, ContactResult.REACHED_CALLS_BACK, next_try_at=asked)
        actions.log_contact(waiting, call, by=staff.scheduler)
        assert waiting.due_at == due


@pytest.mark.parametrize("booked", [False, True])
def test_a_patient_with_a_new_symptom_is_seen_soon_and_not_on_the_day_of_the_follow_up(
    booked: bool, waiting: Recall, staff: SiteStaff
) -> None:
    if booked:
        _book(waiting, DUE_ON, staff)
    actions.symptom_reported(waiting, by=staff.scheduler, note="A new lump.")
    assert (waiting.state, waiting.symptom_reported, waiting.round) == (State.TO_CONTACT, True, 1)
    assert waiting.due_at == calendar.add_business_days(waiting.site, MONDAY, 1)
    assert waiting.target_at == calendar.add_days(waiting.site, MONDAY, 7)
    assert not waiting.appointments.filter(status=AppointmentStatus.BOOKED).exists()


def test_a_symptom_is_written_down(waiting: Recall, staff: SiteStaff) -> None:
    with pytest.raises(ValidationError, match="Write what the patient noticed"):
        actions.symptom_reported(waiting, by=staff.scheduler, note=" ")
    assert waiting.state == State.FOLLOW_UP


def test_a_visit_cancelled_after_a_symptom_is_called_for_at_once(waiting: Recall, staff: SiteStaff) -> None:
    actions.symptom_reported(waiting, by=staff.scheduler, note="A new lump.")
    _book(waiting, date(2026, 3, 18), staff)
    actions.cancel_appointment(waiting, by=staff.scheduler)
    assert (waiting.state, waiting.symptom_reported) == (State.TO_CONTACT, True)


def test_the_outcome_of_a_follow_up_dates_the_next_round_from_the_first_visit(
    waiting: Recall, staff: SiteStaff, time_machine: TimeMachineFixture
) -> None:
    _book(waiting, DUE_ON, staff)
    move_to_visit(waiting, time_machine)
    actions.mark_attended(waiting, by=staff.scheduler)
    outcome = OutcomeInput(Assessment.PROBABLY_BENIGN, told=TOLD_AT_VISIT)
    actions.record_outcome(waiting, outcome, by=staff.radiologist)
    assert (waiting.state, waiting.round, waiting.follow_up_on) == (State.FOLLOW_UP, 1, date(2027, 3, 16))


@pytest.mark.parametrize(("round_", "due"), [(2, date(2028, 3, 16)), (3, date(2029, 3, 16))])
def test_the_third_round_is_after_24_and_the_fourth_after_36_months(
    round_: int, due: date, visited: Recall, staff: SiteStaff
) -> None:
    Recall.objects.filter(pk=visited.pk).update(round=round_, follow_up_from=date(2026, 3, 16))
    outcome = OutcomeInput(Assessment.PROBABLY_BENIGN, told=TOLD_AT_VISIT)
    actions.record_outcome(visited, outcome, by=staff.radiologist)
    assert visited.follow_up_on == due


def test_after_36_months_the_radiologist_says_when_the_next_visit_is_due(visited: Recall, staff: SiteStaff) -> None:
    Recall.objects.filter(pk=visited.pk).update(round=4, follow_up_from=date(2023, 3, 16))
    with pytest.raises(ValidationError, match="series of 36 months is over"):
        actions.record_outcome(visited, OutcomeInput(Assessment.PROBABLY_BENIGN), by=staff.radiologist)
    visited.refresh_from_db()
    asked = OutcomeInput(Assessment.PROBABLY_BENIGN, follow_up_months=12, told=TOLD_AT_VISIT)
    actions.record_outcome(visited, asked, by=staff.radiologist)
    assert (visited.state, visited.follow_up_on) == (State.FOLLOW_UP, date(2027, 3, 16))
