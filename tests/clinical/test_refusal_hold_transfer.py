"""Cases in which somebody wants to end or park a recall: a 4 or 5 takes two people and an informed refusal."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from clinic.actors import INTAKE
from clinic.factories import UserFactory
from clinic.models import User
from clinic.roles import Role
from notifications.enums import NotificationKind
from recalls import actions
from recalls.enums import (
    Assessment,
    ClosureReason,
    ContactResult,
    State,
    VisitKind,
)
from recalls.permissions import StepRefused
from tests.clinical.pathway import Pathway

pytestmark = pytest.mark.django_db


def _informed(pathway: Pathway) -> dict[str, Any]:
    """What must be written of a refusal after a 4 or 5."""
    return {
        "explained_by": "Dr. Rao",
        "risk_explained": "A cancer may be missed.",
        "offer_again_on": pathway.open_day(20),
    }


def test_a_year_typed_wrongly_never_parks_a_patient(pathway: Pathway) -> None:
    pathway.screen(Assessment.HIGHLY_SUGGESTIVE)
    with pytest.raises(ValidationError, match="Check the year"):
        pathway.hold(date(2029, 3, 20))
    with pytest.raises(ValidationError, match="after today"):
        pathway.hold(date(2025, 3, 20))
    assert pathway.is_open_in(State.TO_CONTACT)


def test_a_5_is_held_for_more_than_two_weeks_by_two_people_only(pathway: Pathway) -> None:
    pathway.screen(Assessment.HIGHLY_SUGGESTIVE)
    until = pathway.today + timedelta(days=15)
    pathway.signed_by_two(lambda user: pathway.hold(until, by=user), signer=pathway.staff.radiologist)
    assert pathway.is_open_in(State.ON_HOLD)


def test_a_5_is_held_for_two_weeks_by_one_person(pathway: Pathway) -> None:
    pathway.screen(Assessment.HIGHLY_SUGGESTIVE)
    pathway.hold(pathway.today + timedelta(days=14))
    assert pathway.is_open_in(State.ON_HOLD)


def test_a_patient_who_declines_a_biopsy_does_so_informed_and_before_two_people(pathway: Pathway) -> None:
    pathway.advise_biopsy_at_visit(Assessment.SUSPICIOUS_C)
    with pytest.raises(ValidationError, match="Name who explained"):
        pathway.decline()
    pathway.signed_by_two(lambda user: pathway.decline(by=user, **_informed(pathway)))
    assert pathway.stands == (State.CLOSED, ClosureReason.DECLINED)


def test_a_declined_biopsy_is_offered_again_on_its_day(pathway: Pathway) -> None:
    pathway.advise_biopsy_at_visit(Assessment.SUSPICIOUS_C)
    pathway.signed_by_two(lambda user: pathway.decline(by=user, **_informed(pathway)))
    pathway.days_pass(20)
    assert pathway.is_open_in(State.BIOPSY_TO_BOOK)
    assert pathway.due_day() == pathway.open_day(1)


def test_a_patient_who_declined_and_rings_is_taken_back_by_a_scheduler(pathway: Pathway) -> None:
    pathway.screen()
    pathway.call(ContactResult.REFUSED)
    pathway.decline()
    assert pathway.stands == (State.CLOSED, ClosureReason.DECLINED)
    pathway.days_pass(4)
    actions.take_back(pathway.recall, by=pathway.staff.scheduler, note="Rang: wants to come.")
    assert pathway.is_open_in(State.TO_CONTACT)
    pathway.book()
    assert NotificationKind.APPOINTMENT_CONFIRMATION in pathway.messages()


def test_a_pregnant_patient_gets_an_ultrasound_and_the_mammogram_waits_for_a_date(pathway: Pathway) -> None:
    pathway.screen()
    pathway.visit(kind=VisitKind.ULTRASOUND)
    pathway.outcome(Assessment.NEED_IMAGING, told=True)
    until = pathway.today + timedelta(days=210)
    pathway.hold(until)
    assert pathway.is_open_in(State.ON_HOLD)
    pathway.move_to(until)
    assert pathway.is_open_in(State.TO_CONTACT)
    assert pathway.due_day() == pathway.open_day(1)


def test_a_hold_stops_neither_the_target_nor_the_tries_so_far(pathway: Pathway) -> None:
    pathway.screen()
    pathway.days_pass(1)
    pathway.call()
    before = pathway.current
    pathway.hold(pathway.today + timedelta(days=10))
    pathway.move_to(pathway.today + timedelta(days=10))
    after = pathway.current
    assert (after.target_at, after.contact_since) == (before.target_at, before.contact_since)


def test_in_a_clinic_with_one_clerk_the_radiologist_signs_what_the_clerk_asks_for(pathway: Pathway) -> None:
    clerk = UserFactory.create(roles=[Role.SCHEDULER, Role.NAVIGATOR, Role.ADMINISTRATOR], sites=[pathway.site])
    pathway.advise_biopsy_at_visit()
    assert pathway.decline(by=clerk, **_informed(pathway)).step == "ask_sign_off"
    assert pathway.decline(by=clerk, **_informed(pathway)).step == "ask_sign_off", "twice the same person is one person"
    pathway.decline(by=pathway.staff.radiologist, **_informed(pathway))
    assert pathway.stands == (State.CLOSED, ClosureReason.DECLINED)


def test_a_radiologist_alone_does_not_end_a_4_either(pathway: Pathway) -> None:
    pathway.advise_biopsy_at_visit()
    radiologist: User = pathway.staff.radiologist
    assert pathway.decline(by=radiologist, **_informed(pathway)).step == "ask_sign_off"
    assert pathway.decline(by=radiologist, **_informed(pathway)).step == "ask_sign_off"
    assert pathway.is_open_in(State.BIOPSY_TO_BOOK)


def test_a_refusal_that_the_second_person_does_not_sign_leaves_the_recall_where_it_is(pathway: Pathway) -> None:
    pathway.advise_biopsy_at_visit()
    pathway.decline(**_informed(pathway))
    due = pathway.current.due_at
    actions.refuse_sign_off(pathway.recall, by=pathway.staff.radiologist, note="I will call the patient myself.")
    assert pathway.is_open_in(State.BIOPSY_TO_BOOK)
    assert pathway.current.due_at == due


def test_a_result_that_is_here_is_told_before_the_patient_may_end_the_recall(pathway: Pathway) -> None:
    pathway.screen()
    pathway.visit()
    pathway.outcome(Assessment.BENIGN)
    for step in (pathway.decline, pathway.transfer):
        with pytest.raises((StepRefused, ValidationError)):
            step()
    with pytest.raises(StepRefused):
        pathway.hold(pathway.open_day(3))
    assert pathway.is_open_in(State.RESULT_TO_TELL)


def test_images_that_nobody_has_read_are_not_put_on_hold(pathway: Pathway) -> None:
    pathway.screen()
    pathway.visit()
    with pytest.raises(StepRefused):
        pathway.hold(pathway.open_day(3))


def test_a_patient_who_dies_on_the_day_of_the_offer_is_not_offered_it_again(pathway: Pathway) -> None:
    pathway.screen()
    pathway.decline(offer_again_on=pathway.open_day(10))
    actions.mark_deceased(pathway.recall, pathway.today, by=INTAKE, note="The family told us.")
    pathway.days_pass(12)
    assert pathway.stands[0] == State.CLOSED
    assert pathway.messages() == set()


def test_a_patient_who_goes_elsewhere_after_the_visit_stays_until_the_images_are_read(pathway: Pathway) -> None:
    pathway.screen()
    pathway.visit()
    with pytest.raises(StepRefused):
        pathway.transfer()
    assert pathway.is_open_in(State.AWAITING_OUTCOME)
