"""Tests that every scenario ends in its state by real steps and that every state has a scenario."""

from datetime import UTC, datetime

import pytest
import time_machine

from clinic.models import Site, User
from patients.channels import get_patient_channels
from patients.factories import PatientFactory
from recalls.enums import AppointmentStatus, ClosureReason, State
from recalls.models import Recall
from recalls.testing.factories import ExamFactory, RecallFactory
from recalls.testing.scenarios import SCENARIOS

MONDAY = datetime(2026, 3, 16, 15, 0, tzinfo=UTC)  # 11 am in Pittsburgh
SUNDAY = datetime(2026, 3, 15, 15, 0, tzinfo=UTC)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shadyside")]


@pytest.mark.parametrize("now", [MONDAY, SUNDAY], ids=["monday", "sunday"])
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_is_in_the_past_in_order_and_on_working_days(name: str, now: datetime) -> None:
    with time_machine.travel(now, tick=False):
        recall = RecallFactory.create(**{name: True})
    times = [event.at for event in recall.events.all()]
    assert times == sorted(times)
    assert times[-1] <= now
    assert all(at.weekday() < 5 for at in times) or not SCENARIOS[name].steps


def test_every_state_and_closure_reason_is_reached_by_a_scenario() -> None:
    recalls = [RecallFactory.create(**{name: True}) for name in SCENARIOS]
    assert {recall.state for recall in recalls} == set(State)
    assert {recall.closure_reason for recall in recalls} - {""} == set(ClosureReason)


@pytest.mark.parametrize(
    ("trait", "state", "why"),
    [
        ("to_contact", State.TO_CONTACT, ""),
        ("three_attempts", State.TO_CONTACT, ""),
        ("booked", State.SCHEDULED, ""),
        ("missed", State.TO_CONTACT, ""),
        ("attended", State.AWAITING_OUTCOME, ""),
        ("awaiting_priors", State.AWAITING_PRIORS, ""),
        ("resolved_by_priors", State.CLOSED, ClosureReason.RESOLVED_BY_PRIORS),
        ("closed_normal", State.CLOSED, ClosureReason.NORMAL),
        ("probably_benign", State.FOLLOW_UP, ""),
        ("next_round", State.TO_CONTACT, ""),
        ("straight_to_biopsy", State.BIOPSY_TO_BOOK, ""),
        ("biopsy_booked", State.BIOPSY_BOOKED, ""),
        ("awaiting_pathology", State.AWAITING_PATHOLOGY, ""),
        ("awaiting_concordance", State.AWAITING_CONCORDANCE, ""),
        ("discordant", State.BIOPSY_TO_BOOK, ""),
        ("benign_to_tell", State.RESULT_TO_TELL, ""),
        ("suspicious_to_tell", State.RESULT_TO_TELL, ""),
        ("cancer_to_tell", State.RESULT_TO_TELL, ""),
        ("to_hand_over", State.TO_HAND_OVER, ""),
        ("high_risk", State.CLOSED, ClosureReason.HIGH_RISK_REFERRED),
        ("benign_concordant", State.CLOSED, ClosureReason.BENIGN_CONCORDANT),
        ("cancer", State.CLOSED, ClosureReason.CANCER_HANDED_OVER),
        ("lost", State.CLOSED, ClosureReason.LOST_TO_FOLLOW_UP),
        ("reopened", State.TO_CONTACT, ""),
        ("on_hold", State.ON_HOLD, ""),
    ],
)
def test_a_scenario_ends_in_the_state_its_name_says(trait: str, state: State, why: str) -> None:
    recall = RecallFactory.create(**{trait: True})
    stored = Recall.objects.get(pk=recall.pk)
    assert (stored.state, stored.closure_reason) == (state, why)
    assert (recall.state, recall.version) == (stored.state, stored.version)


def test_a_recall_without_a_scenario_is_opened_now() -> None:
    with time_machine.travel(MONDAY, tick=False):
        recall = RecallFactory.create()
    assert recall.opened_at == MONDAY
    assert recall.exam.reported_at is not None
    assert recall.exam.reported_at < MONDAY


def test_a_booked_visit_lies_ahead_and_a_missed_one_behind() -> None:
    with time_machine.travel(MONDAY, tick=False):
        ahead = RecallFactory.create(booked=True).appointments.get()
        behind = RecallFactory.create(missed=True).appointments.get()
    assert ahead.starts_at > MONDAY > behind.starts_at
    assert (ahead.status, behind.status) == (AppointmentStatus.BOOKED, AppointmentStatus.MISSED)


def test_the_steps_are_signed_by_the_staff_of_the_site(scheduler_ana: User, shadyside: Site) -> None:
    recall = RecallFactory.create(called_once=True)
    assert recall.site == shadyside
    assert recall.contact_attempts.get().user == scheduler_ana


def test_a_recall_may_be_asked_for_by_site_patient_or_exam(foothills: Site) -> None:
    assert RecallFactory.create(site=foothills).patient.site == foothills
    patient = PatientFactory.create(site=foothills)
    assert RecallFactory.create(patient=patient, booked=True).site == foothills
    exam = ExamFactory.create(patient=patient)
    assert RecallFactory.create(exam=exam).patient == patient


def test_the_traits_of_a_patient_say_what_may_be_used() -> None:
    assert get_patient_channels(PatientFactory.create()).email
    assert get_patient_channels(PatientFactory.create(no_email=True)).email_blocked_reason == "no_address"
    assert get_patient_channels(PatientFactory.create(email_opted_out=True)).email_blocked_reason == "opted_out"
    assert get_patient_channels(PatientFactory.create(bad_email=True)).email_blocked_reason == "address_invalid"
    assert get_patient_channels(PatientFactory.create(detailed_email=True)).health_details_allowed
    assert get_patient_channels(PatientFactory.create(text_messages=True)).sms_allowed
    assert get_patient_channels(PatientFactory.create(no_phone=True)).phones == ()
    assert get_patient_channels(PatientFactory.create(do_not_call=True)).phones == ()
    assert PatientFactory.create(spanish_speaker=True).interpreter_needed
