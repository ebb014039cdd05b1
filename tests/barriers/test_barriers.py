"""Tests of what is in the way of a visit: who may say it, which tasks it opens, and how it ends."""

from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.utils import timezone

from clinic import calendar
from clinic.actors import PATIENT
from clinic.factories import SiteStaff, get_site_staff
from clinic.models import Site
from patients.factories import PatientFactory
from recalls import actions
from recalls.actions import ContactAttemptInput, HelpInput, StatedBarriers
from recalls.enums import (
    AppointmentStatus,
    Assessment,
    CancelReason,
    ContactChannel,
    ContactResult,
    State,
    WorkItemKind,
)
from recalls.enums.barriers import BarrierEnd, BarrierKind, BarrierSource
from recalls.models import Barrier, BarrierHelp, Recall, WorkItem
from recalls.permissions import StepUnavailable
from recalls.testing.factories import RecallFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
CALL = ContactAttemptInput(ContactChannel.PHONE, ContactResult.REACHED_CALLS_BACK)


@pytest.fixture
def recall(clock: time_machine.Traveller, shadyside: Site) -> Recall:
    made: Recall = RecallFactory.create(site=shadyside)
    return made


@pytest.fixture
def staff(shadyside: Site) -> SiteStaff:
    return get_site_staff(shadyside)


def said(*kinds: BarrierKind, words: str = "") -> StatedBarriers:
    return StatedBarriers(kinds, BarrierSource.CALL, words)


def open_tasks(recall: Recall) -> list[str]:
    return sorted(WorkItem.objects.filter(recall=recall, done_at=None).values_list("kind", flat=True))


def test_what_is_said_in_a_call_is_kept_with_who_said_it_and_opens_one_task(recall: Recall, staff: SiteStaff) -> None:
    call = replace(CALL, stated=said(BarrierKind.RIDE, BarrierKind.COST))
    event = actions.log_contact(recall, call, by=staff.scheduler)
    assert event.step == "log_contact"
    rows = Barrier.objects.filter(recall=recall)
    assert [(row.kind, row.source, row.by) for row in rows] == [
        ("cost", "call", staff.scheduler.get_full_name()),
        ("ride", "call", staff.scheduler.get_full_name()),
    ]
    task = recall.work_items.get(done_at=None)
    assert (task.kind, task.reason) == (WorkItemKind.BARRIER, "Cost, No ride (the patient, on the phone)")


@pytest.mark.parametrize(
    ("kind", "also"),
    [
        (BarrierKind.COST, []), (BarrierKind.RIDE, []), (BarrierKind.WORK, []), (BarrierKind.CARE, []),
        (BarrierKind.EXPERIENCE, []), (BarrierKind.FEAR, ["doctor_question"]), (BarrierKind.LANGUAGE, ["interpreter"]),
    ],
)  # fmt: skip
def test_fear_is_the_doctors_too_and_language_books_an_interpreter(
    recall: Recall, staff: SiteStaff, kind: BarrierKind, also: list[str]
) -> None:
    actions.state_barrier(recall, said(kind), by=staff.scheduler)
    assert open_tasks(recall) == sorted(["barrier", *also])
    recall.patient.refresh_from_db()
    assert recall.patient.interpreter_needed == (kind == BarrierKind.LANGUAGE)


def test_the_same_thing_said_again_is_one_barrier_until_it_is_settled(recall: Recall, staff: SiteStaff) -> None:
    for _time in range(2):
        actions.state_barrier(recall, said(BarrierKind.RIDE), by=staff.scheduler)
    barrier = Barrier.objects.get()
    actions.help_with_barrier(recall, HelpInput(barrier.pk, outcome=BarrierEnd.NOT_SOLVED), by=staff.scheduler)
    actions.state_barrier(recall, said(BarrierKind.RIDE), by=staff.scheduler)
    assert Barrier.objects.count() == 2
    assert open_tasks(recall) == ["barrier"]


def test_the_task_is_done_with_the_last_barrier_and_every_offer_is_kept(recall: Recall, staff: SiteStaff) -> None:
    actions.state_barrier(recall, said(BarrierKind.RIDE, BarrierKind.CARE), by=staff.scheduler)
    ride, care = Barrier.objects.order_by("-kind")
    actions.help_with_barrier(recall, HelpInput(ride.pk, offered="A taxi."), by=staff.scheduler)
    assert Barrier.objects.unsettled().count() == 2
    actions.help_with_barrier(recall, HelpInput(ride.pk, outcome=BarrierEnd.SOLVED), by=staff.scheduler)
    assert open_tasks(recall) == ["barrier"]
    actions.help_with_barrier(recall, HelpInput(care.pk, outcome=BarrierEnd.NO_LONGER), by=staff.navigator)
    assert open_tasks(recall) == []
    assert list(BarrierHelp.objects.values_list("offered", "outcome")) == [
        ("A taxi.", ""), ("", "solved"), ("", "no_longer"),
    ]  # fmt: skip
    with pytest.raises(StepUnavailable):
        actions.help_with_barrier(recall, HelpInput(care.pk, offered="Child care."), by=staff.scheduler)


def test_help_says_something(recall: Recall, staff: SiteStaff) -> None:
    actions.state_barrier(recall, said(BarrierKind.RIDE), by=staff.scheduler)
    for nothing in (HelpInput(Barrier.objects.get().pk), HelpInput(Barrier.objects.get().pk, outcome="taken_back")):
        with pytest.raises(ValidationError):
            actions.help_with_barrier(recall, nothing, by=staff.scheduler)
    with pytest.raises(ValidationError):
        actions.state_barrier(recall, said(), by=staff.scheduler)


def test_a_call_undone_takes_back_what_was_noted_with_it(recall: Recall, staff: SiteStaff) -> None:
    actions.log_contact(recall, replace(CALL, stated=said(BarrierKind.WORK)), by=staff.scheduler)
    actions.undo(recall, by=staff.scheduler)
    assert not Barrier.objects.unsettled().exists()
    assert BarrierHelp.objects.get().outcome == BarrierEnd.TAKEN_BACK
    assert open_tasks(recall) == []


def test_a_5_with_a_barrier_stays_on_the_ladder_and_waits_for_nobody(shadyside: Site, staff: SiteStaff) -> None:
    five = RecallFactory.create(site=shadyside, exam__assessment=Assessment.HIGHLY_SUGGESTIVE)
    due, target = five.due_at, five.target_at
    actions.state_barrier(five, said(BarrierKind.FEAR), by=staff.scheduler)
    actions.take_case(five, by=staff.navigator)
    five.refresh_from_db()
    assert (five.state, five.due_at, five.target_at, five.assigned_to) == (State.TO_CONTACT, due, target, None)
    actions.book_appointment(
        five, actions.Slot(shadyside, calendar.add_business_days(shadyside, timezone.now(), 2)), by=staff.scheduler
    )
    assert five.state == State.SCHEDULED
    assert open_tasks(five) == ["barrier", "doctor_question"]


@pytest.mark.parametrize("reason", list(CancelReason))
def test_a_cancelled_visit_says_what_is_in_the_way_by_the_same_rule(
    recall: Recall, staff: SiteStaff, reason: CancelReason
) -> None:
    slot = actions.Slot(recall.site, timezone.now() + timedelta(days=3))
    actions.book_appointment(recall, slot, by=staff.scheduler)
    actions.cancel_for(recall, reason, by=PATIENT)
    assert recall.appointments.get().status == AppointmentStatus.CANCELLED
    is_barrier = reason in BarrierKind.values
    assert [(row.kind, row.source, row.by) for row in Barrier.objects.all()] == (
        [(reason.value, "page", "patient")] if is_barrier else []
    )
    doctor = ["doctor_question"] if reason == CancelReason.FEAR else []
    assert open_tasks(recall) == (["barrier", *doctor] if is_barrier else ["patient_asked"])


def test_a_death_ends_the_task_and_a_mistaken_death_brings_it_back(recall: Recall, staff: SiteStaff) -> None:
    actions.state_barrier(recall, said(BarrierKind.COST), by=staff.scheduler)
    actions.mark_deceased(recall, calendar.today(recall.site), by=staff.scheduler, note="Said by the family.")
    assert open_tasks(recall) == []
    actions.not_deceased(recall, by=staff.manager, note="Another person of the same name.")
    assert recall.is_open
    assert "barrier" in open_tasks(recall)


def test_merged_records_keep_the_barrier_with_its_recall(recall: Recall, staff: SiteStaff) -> None:
    actions.state_barrier(recall, said(BarrierKind.CARE), by=staff.scheduler)
    survivor = PatientFactory.create(site=recall.site)
    actions.merge_patients(recall.patient, survivor, by=staff.manager)
    assert Barrier.objects.unsettled().get().recall.patient == survivor
    assert recall.work_items.get(kind=WorkItemKind.BARRIER).patient == survivor
