"""Tests that nobody alone ends or parks the recall of a 4, a 5 or a result that is not read or told yet."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from time_machine import TimeMachineFixture

from clinic import calendar
from clinic.actors import INTAKE, PATIENT, SYSTEM
from clinic.factories import SiteStaff, UserFactory
from clinic.models import Site, User
from clinic.roles import Role
from recalls import actions
from recalls.enums import Assessment, ClosureReason, State
from recalls.models import Recall
from recalls.permissions import NotPermitted, StepUnavailable
from recalls.tasks import apply_due_steps
from recalls.testing.factories import RecallFactory
from tests.rules.step_actions import MONDAY, informed_refusal, today_at

pytestmark = pytest.mark.django_db
Ending = Callable[[Recall, User], Any]


def _long_hold(recall: Recall, by: User) -> Any:
    return actions.hold(recall, today_at(recall) + timedelta(days=15), by=by, note="Is away for a month.")


def _decline(recall: Recall, by: User) -> Any:
    return actions.decline(recall, refusal=informed_refusal(recall), by=by, note="Wants no biopsy.")


def _transfer(recall: Recall, by: User) -> Any:
    return actions.transfer(recall, facility="Hillside Sample Clinic", by=by, note="Goes there.")


def _void(recall: Recall, by: User) -> Any:
    return actions.void(recall, by=by, note="Read on the wrong record.")


ENDINGS: dict[str, Ending] = {"hold": _long_hold, "decline": _decline, "transfer": _transfer, "void": _void}
ENDED_STATE = {"hold": State.ON_HOLD}


@pytest.fixture
def suspicious(shadyside: Site) -> Recall:
    """A screening result of 4B, still to be called."""
    recall: Recall = RecallFactory.create(site=shadyside, suspicious_screen=True)
    return recall


@pytest.mark.parametrize("step", ENDINGS)
def test_what_would_end_or_park_a_4_waits_for_a_second_person_and_is_done_by_their_signature(
    step: str, suspicious: Recall, staff: SiteStaff
) -> None:
    due_at, asker = suspicious.due_at, staff.manager if step == "void" else staff.navigator
    event = ENDINGS[step](suspicious, asker)
    assert (event.step, event.data["wanted"]) == ("ask_sign_off", step)
    assert (suspicious.state, suspicious.due_at) == (State.TO_CONTACT, due_at)
    request = suspicious.sign_off_requests.get()
    assert (request.step, request.requested_by, request.granted) == (step, asker, None)
    event = ENDINGS[step](suspicious, staff.radiologist)
    assert (event.step, event.data["asked_by"]) == (step, asker.get_full_name())
    assert suspicious.state == ENDED_STATE.get(step, State.CLOSED)
    request.refresh_from_db()
    assert (request.granted, request.decided_by, request.decided_at) == (True, staff.radiologist, MONDAY)


@pytest.mark.parametrize("step", ENDINGS)
def test_nobody_signs_what_they_asked_for_themselves(step: str, suspicious: Recall, shadyside: Site) -> None:
    both = UserFactory.create(roles=[Role.NAVIGATOR, Role.RADIOLOGIST], sites=[shadyside])
    for _twice in range(2):
        assert ENDINGS[step](suspicious, both).step == "ask_sign_off"
    assert suspicious.state == State.TO_CONTACT
    assert suspicious.sign_off_requests.count() == 1


def test_a_second_scheduler_is_no_second_signature(suspicious: Recall, staff: SiteStaff) -> None:
    for by in (staff.scheduler, staff.navigator):
        assert _decline(suspicious, by).step == "ask_sign_off"
    assert suspicious.state == State.TO_CONTACT


def test_a_signature_asked_for_one_step_does_not_sign_another(suspicious: Recall, staff: SiteStaff) -> None:
    _decline(suspicious, staff.navigator)
    assert _transfer(suspicious, staff.radiologist).step == "ask_sign_off"
    assert suspicious.state == State.TO_CONTACT
    assert set(suspicious.sign_off_requests.values_list("step", flat=True)) == {"decline", "transfer"}


def test_what_is_not_signed_leaves_the_recall_open_and_says_why(suspicious: Recall, staff: SiteStaff) -> None:
    _decline(suspicious, staff.navigator)
    with pytest.raises(NotPermitted):
        actions.refuse_sign_off(suspicious, by=staff.scheduler, note="Call once more.")
    event = actions.refuse_sign_off(suspicious, by=staff.manager, note="Call once more.")
    request = suspicious.sign_off_requests.get()
    assert (suspicious.state, event.note, event.data["steps"]) == (State.TO_CONTACT, "Call once more.", ["decline"])
    assert (request.granted, request.decided_by) == (False, staff.manager)
    assert _decline(suspicious, staff.radiologist).step == "ask_sign_off"  # the old request signs nothing any more
    with pytest.raises(StepUnavailable, match="Nothing waits for a second signature"):
        actions.refuse_sign_off(RecallFactory.create(site=suspicious.site), by=staff.manager, note="No.")


@pytest.mark.parametrize("step", ENDINGS)
def test_where_no_4_or_5_and_no_unread_result_stands_one_person_is_enough(
    step: str, shadyside: Site, staff: SiteStaff
) -> None:
    recall = RecallFactory.create(site=shadyside)
    assert ENDINGS[step](recall, staff.manager if step == "void" else staff.navigator).step == step
    assert not recall.sign_off_requests.exists()


def test_a_result_nobody_has_handed_over_takes_two_people_whatever_its_screen(
    shadyside: Site, staff: SiteStaff
) -> None:
    recall = RecallFactory.create(site=shadyside, to_hand_over=True)
    stood = recall.state
    assert _decline(recall, staff.navigator).step == "ask_sign_off"
    assert recall.state == stood


def test_a_patient_does_not_end_a_recall_whose_result_they_have_not_heard(shadyside: Site, staff: SiteStaff) -> None:
    for scenario in ("benign_to_tell", "awaiting_pathology", "awaiting_concordance"):
        recall = RecallFactory.create(site=shadyside, **{scenario: True})
        for ending in (_decline, _transfer):
            with pytest.raises(StepUnavailable):
                ending(recall, staff.radiologist)


def test_the_step_before_a_hold_decides_whether_a_result_is_unread(shadyside: Site, staff: SiteStaff) -> None:
    recall = RecallFactory.create(site=shadyside, to_hand_over=True)
    actions.hold(recall, today_at(recall) + timedelta(days=7), by=staff.navigator, note="Is away.")
    Recall.objects.filter(pk=recall.pk).update(suspicious=False)
    recall.refresh_from_db()
    assert _decline(recall, staff.navigator).step == "ask_sign_off"


@pytest.mark.parametrize(("days", "step"), [(14, "hold"), (15, "ask_sign_off")])
def test_one_person_holds_a_4_for_two_weeks_and_no_longer(
    days: int, step: str, suspicious: Recall, staff: SiteStaff
) -> None:
    until = today_at(suspicious) + timedelta(days=days)
    assert actions.hold(suspicious, until, by=staff.navigator, note="Is away.").step == step


def test_a_corrected_report_withdraws_a_4_without_a_second_person(suspicious: Recall) -> None:
    actions.correct_exam(suspicious.exam, {"assessment": Assessment.NEGATIVE}, None, by=INTAKE)
    suspicious.refresh_from_db()
    assert (suspicious.state, suspicious.closure_reason) == (State.CLOSED, ClosureReason.VOID)


def test_a_role_that_may_never_void_does_not_ask_for_it_either(suspicious: Recall, staff: SiteStaff) -> None:
    with pytest.raises(NotPermitted):
        _void(suspicious, staff.scheduler)
    assert not suspicious.sign_off_requests.exists()


def test_a_refusal_after_a_4_is_an_informed_one_and_is_offered_again(suspicious: Recall, staff: SiteStaff) -> None:
    said = informed_refusal(suspicious)
    today = today_at(suspicious)
    wrong = [
        (replace(said, explained_by=" "), "who explained the risk"),
        (replace(said, risk_explained=""), "what risk was explained"),
        (replace(said, offer_again_on=None), "on which day it is offered again"),
        (replace(said, offer_again_on=today), "after today and within a year"),
        (replace(said, offer_again_on=today + timedelta(days=366)), "after today and within a year"),
    ]
    for refusal, why in wrong:
        with pytest.raises(ValidationError, match=why):
            actions.decline(suspicious, refusal=refusal, by=staff.navigator, note="Afraid.")
    assert not suspicious.sign_off_requests.exists()


def test_a_declined_visit_is_offered_again_on_its_day(
    suspicious: Recall, staff: SiteStaff, time_machine: TimeMachineFixture
) -> None:
    for by in (staff.navigator, staff.radiologist):
        _decline(suspicious, by)
    again = calendar.instant(suspicious.site, today_at(suspicious) + timedelta(days=28), MONDAY.time().replace(hour=8))
    assert (suspicious.wake_at, suspicious.refusals.get().explained_by) == (again, "Dr. Sample")
    time_machine.move_to(again - timedelta(minutes=1), tick=False)
    assert apply_due_steps()["offer_again"] == 0
    time_machine.move_to(again, tick=False)
    assert apply_due_steps()["offer_again"] == 1
    suspicious.refresh_from_db()
    assert (suspicious.state, suspicious.offer_again_on, suspicious.wake_at) == (State.TO_CONTACT, None, None)
    assert suspicious.target_at == calendar.add_days(suspicious.site, again, 7)


@pytest.mark.parametrize("scenario", ["declined", "lost", "transferred"])
def test_a_patient_who_ended_without_an_answer_comes_back_in_one_step(scenario: str, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, **{scenario: True})
    actions.take_back(recall, by=PATIENT)
    assert (recall.state, recall.closure_reason, recall.clock_from) == (State.TO_CONTACT, "", MONDAY)
    assert recall.due_at == calendar.add_business_days(shadyside, MONDAY, 1)


@pytest.mark.parametrize("scenario", ["closed_benign", "void", "deceased"])
def test_a_recall_that_has_its_answer_is_reopened_and_not_taken_back(scenario: str, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, **{scenario: True})
    for step, by in ((actions.take_back, PATIENT), (actions.offer_again, SYSTEM)):
        with pytest.raises(StepUnavailable, match="lost, declined or transferred"):
            step(recall, by=by)


def test_a_patient_who_declined_a_biopsy_comes_back_to_it(shadyside: Site, staff: SiteStaff) -> None:
    recall = RecallFactory.create(site=shadyside, biopsy_to_book=True)
    for by in (staff.navigator, staff.radiologist):
        _decline(recall, by)
    actions.take_back(recall, by=staff.scheduler)
    assert (recall.state, recall.biopsy_since) == (State.BIOPSY_TO_BOOK, MONDAY)
    assert recall.target_at == calendar.add_days(shadyside, MONDAY, 7)
