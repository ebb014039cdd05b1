"""Tests of the booked visit that a patient moves or cancels by text message, and of what is left to a person."""

from datetime import datetime, timedelta

import pytest
import time_machine
from django.conf import LazySettings
from django.utils import timezone

from clinic.actors import PATIENT
from clinic.factories import get_site_staff
from clinic.models import Site
from notifications.enums import Channel, NotificationState
from notifications.models import Notification
from notifications.planning.snapshot import load_snapshot
from notifications.rendering.sms import build_sms
from patients.actions import record_consent
from patients.channels import get_patient_channels
from patients.models import Consent
from recalls import actions
from recalls.enums import AppointmentStatus, Assessment, OfferAnswer, State, VisitKind, WorkItemKind
from recalls.enums.barriers import BarrierKind, BarrierSource
from recalls.models import Appointment, Barrier, EarlierOffer, Recall, RecallEvent, Room, SlotPolicy, WorkItem
from recalls.tasks import tend_held_slots as tasks_of_the_minute
from recalls.testing.factories import RecallFactory
from tests.notifications.clock import at
from tests.time_offers.texting import reached_by_text, say, tasks

pytestmark = pytest.mark.django_db

BOOKED = at("2026-11-16", "10:00")
FIRST, SECOND, THIRD = at("2026-11-12", "10:00"), at("2026-11-13"), at("2026-11-16")


@pytest.fixture
def policy(clock: time_machine.Traveller, shadyside: Site, settings: LazySettings) -> SlotPolicy:
    settings.SMS_URL = "https://sms.example.org"
    return SlotPolicy.objects.create(site=shadyside, self_booking=True)


def booked(site: Site, room: Room, starts_at: datetime = BOOKED, **traits: object) -> Recall:
    """A visit is booked, and the text that reminds of it has reached the patient."""
    recall: Recall = RecallFactory.create(site=site, **traits)
    record_consent(recall.patient, Consent.Subject.SMS, granted=True, source="staff", by=PATIENT)
    actions.book_appointment(recall, actions.Slot(site, starts_at, room=room), by=get_site_staff(site).scheduler)
    remind(recall)
    return recall


def remind(recall: Recall, kind: str = "appointment_reminder") -> None:
    visit = get_visit(recall)
    reached_by_text(
        recall, kind, f"visit-{visit.pk}-{visit.sequence}-7d", appointment=visit, appointment_sequence=visit.sequence
    )


@pytest.fixture
def recall(policy: SlotPolicy, room: Room, shadyside: Site) -> Recall:
    return booked(shadyside, room)


def get_visit(recall: Recall) -> Appointment:
    return Appointment.objects.filter(recall=recall).latest("pk")


def send_list(recall: Recall, words: str, kind: str = "other_times") -> RecallEvent:
    """The patient asks, and the text with the list reaches them."""
    say(recall, words)
    step, name = {"other_times": ("offer_times", "times"), "cancel_reasons": ("ask_cancel_reason", "reasons")}[kind]
    event: RecallEvent = recall.events.filter(step=step).latest("version")
    reached_by_text(recall, kind, f"{name}-{event.version}")
    return event


def send_reasons(recall: Recall, words: str = "CAN'T COME") -> RecallEvent:
    return send_list(recall, words, "cancel_reasons")


def text_of(recall: Recall, kind: str) -> str:
    row = Notification.objects.get(recall=recall, kind=kind)
    assert (row.channel, row.state) == (Channel.SMS, NotificationState.PLANNED)
    return build_sms(row, load_snapshot(recall), get_patient_channels(recall.patient)).text


def assert_stands(recall: Recall, starts_at: datetime = BOOKED) -> None:
    visit = get_visit(recall)
    assert (visit.starts_at, visit.sequence, visit.status) == (starts_at, 0, AppointmentStatus.BOOKED)


@pytest.mark.parametrize("words", ["MOVE", "move please", "Change", "cambiar", "Otra hora, por favor"])
def test_move_brings_three_times_and_a_number_moves_the_visit_once(recall: Recall, words: str) -> None:
    for _twice in range(2):
        say(recall, words)
    assert_stands(recall)
    assert recall.events.filter(step="offer_times").count() == 1
    text = text_of(recall, "other_times")
    assert "reply 4 for Thu Nov 12 10:00am, 5 for Fri Nov 13 9:00am, 6 for Mon Nov 16 9:00am. (412)" in text
    event = recall.events.get(step="offer_times")
    assert list(actions.listed_times(event.data).values()) == [FIRST, SECOND, THIRD]
    reached_by_text(recall, "other_times", f"times-{event.version}")
    for _twice in range(2):
        say(recall, "5")
    visit = get_visit(recall)
    assert (visit.starts_at, visit.sequence, tasks()) == (SECOND, 1, [])
    moved = recall.events.get(step="reschedule")
    assert (moved.by, moved.note) == ("patient", "Chosen by text message.")


def test_a_late_number_of_a_list_that_was_used_moves_nothing_and_is_a_task(recall: Recall) -> None:
    send_list(recall, "move")
    say(recall, "5")
    say(recall, "4")
    assert get_visit(recall).starts_at == SECOND
    assert ["could not be booked" in reason for reason in tasks()] == [True]


def test_a_moved_visit_can_be_moved_once_more_with_other_numbers_and_then_by_phone(recall: Recall) -> None:
    send_list(recall, "move")
    say(recall, "6")
    remind(recall, "appointment_changed")
    second = send_list(recall, "move")
    assert list(second.data["times"]) == ["7", "8", "9"]
    say(recall, "4")
    assert get_visit(recall).starts_at == THIRD
    say(recall, "8")
    assert get_visit(recall).starts_at == actions.listed_times(second.data)["8"]
    WorkItem.objects.update(done_at=timezone.now())
    remind(recall, "appointment_changed")
    say(recall, "move")
    assert recall.events.filter(step="offer_times").count() == 2
    assert ["to move the visit: call" in reason for reason in tasks()] == [True]


@pytest.mark.parametrize("words", ["CAN'T COME", "Can\u2019t come", "I cannot make it", "No puedo ir"])
def test_who_cannot_come_is_asked_why_and_the_number_cancels_once(recall: Recall, words: str) -> None:
    for _twice in range(2):
        say(recall, words)
    assert_stands(recall)
    text = text_of(recall, "cancel_reasons")
    assert "to cancel, reply 11 fear, 12 cost, 13 ride, 14 work, 15 care for someone, 16 other. (412)" in text
    event = recall.events.get(step="ask_cancel_reason")
    reached_by_text(recall, "cancel_reasons", f"reasons-{event.version}")
    for _twice in range(2):
        say(recall, "13, thanks")
    assert get_visit(recall).status == AppointmentStatus.CANCELLED
    assert recall.events.get(step="cancel_appointment").by == "patient"
    barrier = Barrier.objects.get()
    assert (barrier.kind, barrier.source) == (BarrierKind.RIDE, BarrierSource.TEXT)
    assert list(WorkItem.objects.filter(done_at=None).values_list("kind", flat=True)) == [WorkItemKind.BARRIER]
    recall.refresh_from_db()
    assert recall.state == State.TO_CONTACT


def test_the_word_of_a_reason_is_its_number_and_another_reason_is_a_call(
    recall: Recall, shadyside: Site, room: Room
) -> None:
    send_reasons(recall)
    say(recall, "No ride")
    assert (get_visit(recall).status, Barrier.objects.get().kind) == (AppointmentStatus.CANCELLED, BarrierKind.RIDE)
    other = booked(shadyside, room, patient__mobile="412 555 0177")
    send_reasons(other)
    say(other, "16")
    assert get_visit(other).status == AppointmentStatus.CANCELLED
    assert tasks() == ["Cancelled by the patient: Another reason"]


@pytest.mark.parametrize("words", ["1 1", "1", "4", "17", "21", "11 12", "can't come", "cancel it for me", "maybe"])
def test_anything_but_a_reason_leaves_the_visit_and_is_a_task(recall: Recall, words: str) -> None:
    send_reasons(recall)
    say(recall, words)
    assert_stands(recall)
    assert len(tasks()) == 1


def test_a_number_of_a_reason_says_nothing_before_it_was_sent_after_its_time_and_of_a_moved_visit(
    recall: Recall, room: Room, clock: time_machine.Traveller
) -> None:
    say(recall, "11")
    send_reasons(recall)
    clock.shift(timedelta(hours=3))
    say(recall, "11")
    assert_stands(recall)
    say(recall, "I can't come")  # the last text is the list: no second one is sent
    assert recall.events.filter(step="ask_cancel_reason").count() == 1
    clock.shift(timedelta(minutes=1))
    remind(recall)
    second = send_reasons(recall, "I can't come")
    assert list(second.data["reasons"]) == ["21", "22", "23", "24", "25", "26"]
    ana = get_site_staff(recall.site).scheduler
    actions.reschedule(recall, actions.Slot(recall.site, FIRST, room=room), by=ana)
    say(recall, "21")
    visit = get_visit(recall)
    assert (visit.starts_at, visit.status) == (FIRST, AppointmentStatus.BOOKED)
    assert not recall.events.filter(step="cancel_appointment").exists()
    assert "it was not done: call" in tasks()[0]


@pytest.mark.parametrize("why", ["five", "off", "mri", "soon", "full"])
@pytest.mark.parametrize("words", ["move", "can't come"])
def test_where_the_page_would_ask_for_a_call_and_after_a_5_so_does_a_text(
    policy: SlotPolicy, room: Room, shadyside: Site, clock: time_machine.Traveller, why: str, words: str
) -> None:
    """A 4 or 5 is never let go by a text: the visit stays until a person has spoken with the patient."""
    assessment = Assessment.HIGHLY_SUGGESTIVE if why == "five" else Assessment.NEED_IMAGING
    recall = booked(shadyside, room, exam__assessment=assessment)
    if why == "off":
        SlotPolicy.objects.update(self_booking=False)
    if why == "mri":
        Appointment.objects.update(kind=VisitKind.MRI)
    if why == "soon":
        clock.move_to(BOOKED - timedelta(minutes=90))
        remind(recall)
    if why == "full":
        Room.objects.get().hours.exclude(weekday=0).delete()
        Room.objects.update(grid_minutes=240)
        for day in ("2026-11-23", "2026-11-30", "2026-12-07", "2026-12-14"):
            shadyside.closures.create(day=at(day).date())
        Appointment.objects.update(starts_at=at("2026-11-16", "09:00"))
    say(recall, words)
    assert not recall.events.filter(step="offer_times").exists()
    if (why, words) == ("full", "can't come"):
        assert tasks() == []  # it can be cancelled, though nothing else is free
        return
    assert not recall.events.filter(step="ask_cancel_reason").exists()
    assert get_visit(recall).status == AppointmentStatus.BOOKED
    assert ["Nothing was changed" in reason for reason in tasks()] == [True]


def test_a_recall_that_became_a_4_meanwhile_is_not_cancelled_by_a_number(recall: Recall) -> None:
    send_reasons(recall)
    Recall.objects.update(suspicious=True)
    say(recall, "14")
    assert_stands(recall)
    assert len(tasks()) == 1


def test_words_about_a_visit_answer_only_the_last_text_and_its_own_time(
    recall: Recall, room: Room, shadyside: Site
) -> None:
    ana = get_site_staff(shadyside).scheduler
    actions.reschedule(recall, actions.Slot(shadyside, FIRST, room=room), by=ana)
    say(recall, "move")  # the text told of the time before
    assert ["to move the visit: call" in reason for reason in tasks()] == [True]
    WorkItem.objects.update(done_at=timezone.now())
    reached_by_text(recall, "please_call", "asked-1")
    for words in ("move", "no puedo", "4"):
        say(recall, words)
    assert len(tasks()) == 1
    assert not recall.events.filter(step__in=("offer_times", "ask_cancel_reason")).exists()


def test_move_may_mean_an_earlier_time_that_is_offered_and_is_a_task(recall: Recall) -> None:
    ana = get_site_staff(recall.site).scheduler
    SlotPolicy.objects.update(offers_earlier=True, offers_never_booked=True)
    actions.ask_earlier(recall, by=ana)
    assert actions.offer_earlier_times() == 1
    say(recall, "move")
    assert_stands(recall)
    assert EarlierOffer.objects.get().answer == ""
    assert not recall.events.filter(step="offer_times").exists()
    assert len(tasks()) == 1
    reached_by_text(recall, "earlier_offer", f"offer-{EarlierOffer.objects.get().pk}")
    say(recall, "1")
    assert EarlierOffer.objects.get().answer == OfferAnswer.TAKEN


def test_none_of_the_times_suits_and_the_visit_is_cancelled_with_a_reason(recall: Recall) -> None:
    send_list(recall, "move")
    send_reasons(recall)
    say(recall, "5")  # the last list in hand is another one, and the numbers of the first still mean times
    assert get_visit(recall).starts_at == SECOND
    say(recall, "12")
    assert get_visit(recall).status == AppointmentStatus.BOOKED
    assert len(tasks()) == 1


def test_a_number_that_two_patients_share_moves_nobody(recall: Recall, shadyside: Site) -> None:
    other = RecallFactory.create(site=shadyside)
    other.patient.contact_points.filter(kind="mobile").update(
        value=recall.patient.contact_points.get(kind="mobile").value
    )
    for words in ("move", "can't come"):
        say(recall, words)
    assert_stands(recall)
    assert len(tasks()) == 2
    assert not recall.events.filter(step__in=("offer_times", "ask_cancel_reason")).exists()


@pytest.mark.parametrize("words", ["CANCEL", "Cancelar, por favor"])
def test_the_laws_word_ends_texts_cancels_nothing_and_a_person_asks_about_the_visit(
    recall: Recall, shadyside: Site, words: str
) -> None:
    say(recall, words)
    assert_stands(recall)
    assert not get_patient_channels(recall.patient).sms_allowed
    assert ["Ask about the visit" in reason for reason in tasks()] == [True]
    WorkItem.objects.update(done_at=timezone.now())
    say(recall, "STOP")
    unbooked = RecallFactory.create(site=shadyside, patient__mobile="412 555 0178")
    say(unbooked, words)
    assert tasks() == []


def test_whoever_answers_no_list_is_called_once_and_the_visit_stays(
    recall: Recall, clock: time_machine.Traveller, shadyside: Site, room: Room
) -> None:
    send_reasons(recall)
    other = booked(shadyside, room, at("2026-11-17"), patient__mobile="412 555 0177")
    send_list(other, "move")
    assert tasks_of_the_minute()["to_call"] == 0
    clock.shift(timedelta(hours=3))
    assert tasks_of_the_minute()["to_call"] == 1
    assert ["gave no reason" in reason for reason in tasks()] == [True]
    clock.shift(timedelta(hours=22))
    assert tasks_of_the_minute()["to_call"] == 1
    assert sorted("chose none of the times" in reason for reason in tasks()) == [False, True]
    assert tasks_of_the_minute()["to_call"] == 0
    assert_stands(recall)


def test_whoever_moved_the_visit_after_asking_is_not_called(recall: Recall, clock: time_machine.Traveller) -> None:
    send_reasons(recall)
    send_list(recall, "move")
    say(recall, "4")
    clock.shift(timedelta(hours=30))
    assert tasks_of_the_minute()["to_call"] == 0
    assert tasks() == []


def test_a_list_counts_no_longer_than_the_visit_may_be_changed_and_is_not_sent_too_late(
    recall: Recall, clock: time_machine.Traveller
) -> None:
    clock.move_to(at("2026-11-15", "12:00"))
    remind(recall)
    assert datetime.fromisoformat(send_list(recall, "move").data["until"]) == BOOKED - timedelta(hours=2)
    clock.move_to(at("2026-11-16", "06:30"))  # texts leave at eight, when it is too late
    remind(recall)
    say(recall, "can't come")
    assert not recall.events.filter(step="ask_cancel_reason").exists()
    assert len(tasks()) == 1


def reminder_of(recall: Recall, language: str = "en") -> str:
    row = Notification.objects.get(recall=recall, kind="appointment_reminder", state=NotificationState.ACCEPTED)
    row.language = language
    return build_sms(row, load_snapshot(recall), get_patient_channels(recall.patient)).text


def test_the_reminder_says_how_in_both_languages(recall: Recall) -> None:
    Site.objects.update(reviewed_translations_only=False)
    recall = Recall.objects.get()
    assert "10:00 am. Reply MOVE, CAN'T COME or call (412) 555-0100. Reply STOP" in reminder_of(recall)
    assert "10:00 am. Responda CAMBIAR, NO PUEDO o llame al (412) 555-0100. Responda ALTO" in reminder_of(recall, "es")
    send_reasons(recall, "no puedo")
    row = Notification.objects.get(recall=recall, kind="cancel_reasons")
    row.language = "es"
    text = build_sms(row, load_snapshot(recall), get_patient_channels(recall.patient)).text
    assert "para cancelar: 11 miedo, 12 costo, 13 viaje, 14 trabajo, 15 cuidar, 16 otra. (412)" in text


@pytest.mark.parametrize("why", ["five", "off", "parts"])
def test_the_reminder_asks_for_a_call_where_a_person_must_change_the_visit(
    policy: SlotPolicy, room: Room, shadyside: Site, why: str
) -> None:
    assessment = Assessment.HIGHLY_SUGGESTIVE if why == "five" else Assessment.NEED_IMAGING
    booked(shadyside, room, exam__assessment=assessment)
    if why == "off":
        SlotPolicy.objects.update(self_booking=False)
    if why == "parts":
        Appointment.objects.update(part_count=1)
    assert "To change it, call (412) 555-0100. Reply STOP" in reminder_of(Recall.objects.get())
