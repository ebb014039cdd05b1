"""Tests that a death is recorded in any state, stops everything, and is taken back where it was an error."""

from datetime import date, time

import pytest
from time_machine import TimeMachineFixture

from clinic import calendar
from clinic.actors import PATIENT, SYSTEM
from clinic.factories import SiteStaff
from clinic.models import Site
from patients.models import Patient
from recalls import actions
from recalls.actions import OutcomeInput, RefusalInput
from recalls.enums import AppointmentStatus, Assessment, ClosureReason, State
from recalls.models import Recall
from recalls.permissions import NotPermitted, StepUnavailable
from recalls.tasks import apply_due_steps
from recalls.testing.factories import ExamFactory, RecallFactory
from tests.rules.step_actions import MONDAY

pytestmark = pytest.mark.django_db
DIED_ON = date(2026, 3, 16)
SCENARIO_BY_STATE = {
    State.AWAITING_PRIORS: "awaiting_priors", State.TO_CONTACT: "to_contact", State.SCHEDULED: "booked",
    State.AWAITING_OUTCOME: "attended", State.RESULT_TO_TELL: "cancer_to_tell", State.FOLLOW_UP: "probably_benign",
    State.BIOPSY_TO_BOOK: "biopsy_to_book", State.BIOPSY_BOOKED: "biopsy_booked",
    State.AWAITING_PATHOLOGY: "awaiting_pathology", State.AWAITING_CONCORDANCE: "awaiting_concordance",
    State.TO_HAND_OVER: "to_hand_over", State.ON_HOLD: "on_hold", State.CLOSED: "closed_benign",
}  # fmt: skip
# What goes on elsewhere than where it stood: an appointment that was cancelled, and a hold, have to be made anew.
GOES_ON_ELSEWHERE = {
    State.SCHEDULED: State.TO_CONTACT,
    State.BIOPSY_BOOKED: State.BIOPSY_TO_BOOK,
    State.ON_HOLD: State.TO_CONTACT,
}


def _die(recall: Recall, staff: SiteStaff) -> None:
    actions.mark_deceased(recall, DIED_ON, by=staff.navigator, note="The family told us.")


def _take_back_death(recall: Recall, staff: SiteStaff) -> None:
    actions.not_deceased(recall, by=staff.manager, note="Another patient of the same name.")
    recall.refresh_from_db()


@pytest.mark.parametrize("state", list(State))
def test_a_death_is_recorded_in_every_state_and_taken_back_to_where_the_results_ask_for(
    state: State, shadyside: Site, staff: SiteStaff
) -> None:
    recall = RecallFactory.create(site=shadyside, **{SCENARIO_BY_STATE[state]: True})
    assert recall.state == state
    reason = recall.closure_reason or ClosureReason.DECEASED
    _die(recall, staff)
    recall.patient.refresh_from_db()
    assert (recall.state, recall.closure_reason, recall.due_at, recall.wake_at) == (State.CLOSED, reason, None, None)
    assert recall.patient.deceased_on == DIED_ON
    assert not recall.appointments.filter(status=AppointmentStatus.BOOKED).exists()
    _take_back_death(recall, staff)
    assert Patient.objects.get().deceased_on is None
    assert recall.state == GOES_ON_ELSEWHERE.get(state, state)
    assert (recall.due_at is None) == (state == State.CLOSED)


def test_a_death_taken_back_opens_every_recall_that_it_closed_also_at_another_site(
    shadyside: Site, foothills: Site, staff: SiteStaff
) -> None:
    recall = RecallFactory.create(site=shadyside)
    other = RecallFactory.create(exam=ExamFactory.create(patient=recall.patient, site=foothills))
    _die(recall, staff)
    other.refresh_from_db()
    assert other.closure_reason == ClosureReason.DECEASED
    _take_back_death(recall, staff)
    other.refresh_from_db()
    assert (recall.state, other.state) == (State.TO_CONTACT, State.TO_CONTACT)


def test_a_form_about_a_death_sent_twice_acts_once(shadyside: Site, staff: SiteStaff) -> None:
    recall = RecallFactory.create(site=shadyside)
    other = RecallFactory.create(exam=ExamFactory.create(patient=recall.patient))
    for _twice in range(2):
        actions.mark_deceased(recall, DIED_ON, by=staff.navigator, note="The family told us.", key="one-form")
    assert [one.events.filter(step="mark_deceased").count() for one in (recall, other)] == [1, 1]


@pytest.mark.parametrize("scenario", ["attended", "awaiting_priors", "on_hold"])
def test_a_recall_reopened_after_another_ending_goes_on_where_it_stood_too(
    scenario: str, shadyside: Site, staff: SiteStaff
) -> None:
    """Images that were taken and not read are read, and no patient is called to have them taken again."""
    recall = RecallFactory.create(site=shadyside, **{scenario: True})
    stood = State(recall.state_before_hold or recall.state)
    for by in (staff.manager, staff.radiologist):
        if recall.is_open:
            actions.void(recall, by=by, note="Thought to be another patient.")
    actions.reopen(recall, by=staff.radiologist, note="It is this patient.")
    assert recall.state == stood


def test_only_a_manager_takes_a_death_back_and_only_one_that_was_recorded(shadyside: Site, staff: SiteStaff) -> None:
    recall = RecallFactory.create(site=shadyside)
    with pytest.raises(StepUnavailable, match="not recorded as deceased"):
        _take_back_death(recall, staff)
    _die(recall, staff)
    for by in (staff.navigator, staff.radiologist):
        with pytest.raises(NotPermitted):
            actions.not_deceased(recall, by=by, note="An error.")


def test_nothing_but_taking_the_death_back_opens_the_recall(shadyside: Site, staff: SiteStaff) -> None:
    recall = RecallFactory.create(site=shadyside)
    _die(recall, staff)
    with pytest.raises(StepUnavailable, match="A manager takes that back first"):
        actions.reopen(recall, by=staff.radiologist, note="Seen on the street.")
    assert recall.state == State.CLOSED


def test_a_patient_who_died_after_declining_is_offered_nothing_again(
    shadyside: Site, staff: SiteStaff, time_machine: TimeMachineFixture
) -> None:
    recall = RecallFactory.create(site=shadyside)
    refusal = RefusalInput("fear", offer_again_on=date(2026, 4, 13))
    actions.decline(recall, refusal=refusal, by=staff.scheduler, note="Not now.")
    offered_at = recall.wake_at
    assert offered_at == calendar.instant(shadyside, date(2026, 4, 13), time(8))
    _die(recall, staff)
    recall.refresh_from_db()
    assert (recall.wake_at, recall.closure_reason) == (None, ClosureReason.DECLINED)
    time_machine.move_to(calendar.closing_time(shadyside, date(2026, 4, 14)), tick=False)
    assert apply_due_steps()["offer_again"] == 0
    for step, by in ((actions.offer_again, SYSTEM), (actions.take_back, PATIENT)):
        with pytest.raises(StepUnavailable, match="recorded as deceased"):
            step(recall, by=by)
    _take_back_death(recall, staff)
    assert recall.wake_at == offered_at


@pytest.mark.parametrize("scenario", ["attended", "closed_benign"])
def test_a_result_amended_while_the_patient_counted_as_dead_is_told_once_they_do_not(
    scenario: str, shadyside: Site, staff: SiteStaff
) -> None:
    recall = RecallFactory.create(site=shadyside, **{scenario: True})
    if recall.is_open:
        actions.record_outcome(recall, OutcomeInput(Assessment.BENIGN, release_at=MONDAY), by=staff.radiologist)
    _die(recall, staff)
    amended = OutcomeInput(Assessment.HIGHLY_SUGGESTIVE)
    actions.amend_outcome(recall, amended, reason="Second look.", by=staff.radiologist)
    assert (recall.state, recall.result_since) == (State.CLOSED, MONDAY)
    _take_back_death(recall, staff)
    assert (recall.state, recall.tell_by) == (State.RESULT_TO_TELL, calendar.end_of_business(shadyside, MONDAY))
    assert recall.due_at == recall.tell_by
