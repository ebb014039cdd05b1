"""Tests of the visit that patients book, move and cancel themselves, on their page and by text message."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from clinic.factories import get_site_staff
from clinic.models import Closure, Site
from notifications.enums import Channel, NotificationState
from notifications.inbound.offer_replies import OfferReply, read_offer_reply
from notifications.inbound.sms_replies import handle_sms_reply
from notifications.models import Notification
from patients.factories import PatientFactory
from patients.models import ContactPoint
from recalls import actions
from recalls.actions.time_offers.upkeep import tend_held_slots
from recalls.enums import AppointmentStatus, Assessment, CancelReason, OfferAnswer, State, VisitKind, WorkItemKind
from recalls.models import Appointment, EarlierOffer, HeldSlot, Recall, Room, SlotPolicy, WorkItem
from recalls.scheduling.self_booking import find_self_booking
from recalls.testing.factories import RecallFactory, RoomFactory
from tests.desk.conftest import page_text
from tests.notifications.clock import at
from tests.portal.conftest import give_birth_date, make_link

pytestmark = pytest.mark.django_db

THURSDAY_NINE, THURSDAY_TEN = at("2026-11-12", "09:00"), at("2026-11-12", "10:00")
OpenAs = Callable[[Recall], Client]


@pytest.fixture
def policy(clock: time_machine.Traveller, shadyside: Site) -> SlotPolicy:
    return SlotPolicy.objects.create(site=shadyside, self_booking=True, holds_slots=True)


@pytest.fixture
def recall(policy: SlotPolicy, room: Room, shadyside: Site) -> Recall:
    made: Recall = RecallFactory.create(site=shadyside)
    return made


@pytest.fixture
def open_as(client: Client) -> OpenAs:
    def open_page(recall: Recall) -> Client:
        assert give_birth_date(client, make_link(recall.patient), recall.patient).status_code == 302
        return client

    return open_page


def form_of(page: Any) -> tuple[dict[str, str], list[str]]:
    """The hidden fields and the times that may be chosen."""
    text = page.content.decode()
    fields = dict(re.findall(r'type="hidden" name="(key|seen)" value="([^"]*)"', text))
    return fields, re.findall(r'name="slot" value="([^"]*)"', text)


def test_a_patient_chooses_among_the_free_times_and_pressed_twice_one_visit_is_booked(
    open_as: OpenAs, recall: Recall
) -> None:
    browser = open_as(recall)
    fields, times = form_of(browser.get("/my/times/"))
    assert [time.partition("@")[2] for time in times[:2]] == ["2026-11-12T09:00-05:00", "2026-11-12T09:30-05:00"]
    assert not Appointment.objects.exists()
    for _press in range(2):
        answer = browser.post("/my/times/", fields | {"slot": times[0]}, follow=True)
        assert "Your visit is booked." in page_text(answer)
    visit = Appointment.objects.get()
    assert (visit.starts_at, visit.sequence) == (THURSDAY_NINE, 0)
    assert recall.events.get(step="book_appointment").by == "patient"


def test_a_patient_moves_the_visit_and_the_old_time_is_free_again(open_as: OpenAs, recall: Recall, room: Room) -> None:
    ana = get_site_staff(recall.site).scheduler
    actions.book_appointment(recall, actions.Slot(recall.site, THURSDAY_NINE, room=room), by=ana)
    browser = open_as(recall)
    fields, times = form_of(browser.get("/my/times/"))
    chosen = next(time for time in times if "T10:00" in time)
    for _press in range(2):
        browser.post("/my/times/", fields | {"slot": chosen})
    visit = Appointment.objects.get()
    assert (visit.starts_at, visit.sequence, visit.status) == (THURSDAY_TEN, 1, AppointmentStatus.BOOKED)


def test_a_visit_that_the_desk_moved_meanwhile_is_shown_anew(open_as: OpenAs, recall: Recall, room: Room) -> None:
    ana = get_site_staff(recall.site).scheduler
    actions.book_appointment(recall, actions.Slot(recall.site, THURSDAY_NINE, room=room), by=ana)
    browser = open_as(recall)
    fields, times = form_of(browser.get("/my/times/"))
    actions.reschedule(recall, actions.Slot(recall.site, THURSDAY_TEN, room=room), by=ana)
    answer = browser.post("/my/times/", fields | {"slot": times[-1]}, follow=True)
    assert "Your visit has changed" in page_text(answer)
    assert Appointment.objects.get().starts_at == THURSDAY_TEN


@pytest.mark.parametrize("chosen", ["", "1@", "0@2026-11-12T09:00-05:00", "{room}@2026-11-12T09:07-05:00",
                                    "{room}@2027-11-12T09:00-05:00", "{room}@2026-11-10T09:00-05:00",
                                    "{room}@2026-11-11T09:00-05:00", "{room}@2026-11-12T07:00-05:00"])  # fmt: skip
def test_only_a_time_that_is_offered_can_be_chosen(open_as: OpenAs, recall: Recall, room: Room, chosen: str) -> None:
    browser = open_as(recall)
    fields, _times = form_of(browser.get("/my/times/"))
    answer = browser.post("/my/times/", fields | {"slot": chosen.format(room=room.pk)}, follow=True)
    assert "not offered any more" in page_text(answer)
    assert not Appointment.objects.exists()


def test_what_is_held_for_others_is_not_offered_and_what_is_held_for_the_patient_is(
    open_as: OpenAs, recall: Recall, shadyside: Site
) -> None:
    other = RecallFactory.create(site=shadyside)
    tend_held_slots()
    held = {one.recall_id: one.starts_at for one in HeldSlot.objects.all()}
    now = timezone.now()
    offered = {
        one.pk: [free.starts_at for free in find_self_booking(one.patient, now).free_times(now)]  # type: ignore[union-attr]
        for one in (recall, other)
    }
    assert held[recall.pk] in offered[recall.pk]
    assert held[recall.pk] not in offered[other.pk]


def test_after_a_5_nothing_beyond_the_target_is_offered(policy: SlotPolicy, room: Room, shadyside: Site) -> None:
    five = RecallFactory.create(site=shadyside, exam__assessment=Assessment.HIGHLY_SUGGESTIVE)
    now = timezone.now()
    booking = find_self_booking(five.patient, now)
    assert booking is not None
    assert five.target_at is not None
    times = list(booking.free_times(now))
    assert times
    assert max(one.starts_at for one in times) <= five.target_at


@pytest.mark.parametrize("why", ["off", "biopsy", "two_recalls", "soon", "mri", "closed", "parts"])
def test_what_a_person_must_agree_is_not_offered(
    open_as: OpenAs, recall: Recall, room: Room, shadyside: Site, policy: SlotPolicy, clock: time_machine.Traveller,
    why: str,
) -> None:  # fmt: skip
    ana = get_site_staff(shadyside).scheduler
    if why == "off":
        SlotPolicy.objects.update(self_booking=False)
    elif why == "biopsy":
        recall = RecallFactory.create(site=shadyside, biopsy_booked=True)
    elif why == "two_recalls":
        RecallFactory.create(site=shadyside, patient=recall.patient)
    elif why == "soon":
        actions.book_appointment(recall, actions.Slot(shadyside, THURSDAY_NINE, room=room), by=ana)
        clock.move_to(THURSDAY_NINE - timedelta(minutes=90))
    elif why == "mri":
        actions.book_appointment(recall, actions.Slot(shadyside, THURSDAY_NINE, VisitKind.MRI), by=ana)
    elif why == "closed":
        actions.void(recall, by=get_site_staff(shadyside).manager, note="Sent in error.")
    else:
        slot = actions.Slot(shadyside, THURSDAY_NINE, room=room, then=(VisitKind.ULTRASOUND,))
        actions.book_appointment(recall, slot, by=ana)
    assert find_self_booking(recall.patient, timezone.now()) is None
    answer = open_as(recall).get("/my/times/", follow=True)
    assert answer.redirect_chain[-1][0] == "/my/"


def test_the_page_of_free_times_asks_six_queries_or_fewer_however_much_is_taken(
    open_as: OpenAs, recall: Recall, shadyside: Site, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _number in range(3):
        RoomFactory.create(site=shadyside)
        RecallFactory.create(site=shadyside)
    tend_held_slots()
    for day in range(3):
        Closure.objects.create(site=shadyside, day=THURSDAY_NINE.date() + timedelta(days=30 + day))
    browser = open_as(recall)
    with django_assert_max_num_queries(6):
        assert browser.get("/my/times/").status_code == 200


@pytest.mark.parametrize(
    ("reason", "tasks"),
    [
        (CancelReason.COST, {WorkItemKind.BARRIER: "Cost (the patient, on their page)"}),
        (CancelReason.ELSEWHERE, {WorkItemKind.PATIENT_REQUEST: "Cancelled by the patient: I go to another clinic"}),
    ],
)
def test_a_cancelled_visit_opens_the_task_that_its_reason_asks_for(
    open_as: OpenAs, recall: Recall, room: Room, reason: CancelReason, tasks: dict[str, str]
) -> None:
    ana = get_site_staff(recall.site).scheduler
    actions.book_appointment(recall, actions.Slot(recall.site, THURSDAY_NINE, room=room), by=ana)
    browser = open_as(recall)
    page = browser.get("/my/cancel/").content.decode()
    key = re.search(r'name="key" value="([^"]+)"', page)
    assert key is not None
    for _press in range(2):
        browser.post("/my/cancel/", {"key": key[1], "reason": reason.value})
    assert Appointment.objects.get().status == AppointmentStatus.CANCELLED
    recall.refresh_from_db()
    assert recall.state == State.TO_CONTACT
    assert {item.kind: item.reason for item in WorkItem.objects.filter(done_at=None)} == tasks


def test_a_cancelled_visit_holds_no_time_again_by_itself(recall: Recall, clock: time_machine.Traveller) -> None:
    tend_held_slots()
    clock.shift(timedelta(minutes=2))
    ana = get_site_staff(recall.site).scheduler
    actions.keep_held_time(recall, 1, by=ana)
    actions.cancel_for(recall, CancelReason.RIDE, by=ana)
    tend_held_slots()
    assert not HeldSlot.objects.standing(timezone.now()).exists()


@pytest.mark.parametrize(
    ("words", "reply"),
    [
        ("1", OfferReply.KEEP), ("Yes please!", OfferReply.KEEP), ("Sí, gracias", OfferReply.KEEP),
        ("2", OfferReply.MOVE), ("otra hora", OfferReply.MOVE), ("call me", OfferReply.CALL), ("3.", OfferReply.CALL),
        ("12", None), ("1 or 2", None), ("no", None), ("yes but later", None), ("", None),
    ],
)  # fmt: skip
def test_only_a_clear_answer_counts(words: str, reply: OfferReply | None) -> None:
    assert read_offer_reply(words) == reply


def text_that_offered(recall: Recall) -> str:
    """The number of the patient, to which the held time was sent by text message."""
    mobile = recall.patient.contact_points.get(kind=ContactPoint.Kind.MOBILE).value
    row = Notification.objects.get(recall=recall, kind="held_time")
    row.channel, row.state, row.accepted_at = Channel.SMS, NotificationState.ACCEPTED, timezone.now()
    row.save()
    return mobile


def test_1_keeps_the_time_that_was_texted(recall: Recall) -> None:
    tend_held_slots()
    handle_sms_reply(text_that_offered(recall), "1")
    handle_sms_reply(recall.patient.contact_points.get(kind=ContactPoint.Kind.MOBILE).value, "1")
    assert Appointment.objects.get().starts_at == HeldSlot.objects.get().starts_at
    assert recall.events.get(step="book_appointment").note == "Kept by text message."


@pytest.mark.parametrize("words", ["3", "what is this", "yes but at noon"])
def test_any_other_answer_is_a_task_and_books_nothing(recall: Recall, words: str) -> None:
    tend_held_slots()
    handle_sms_reply(text_that_offered(recall), words)
    assert not Appointment.objects.exists()
    assert WorkItem.objects.get(done_at=None).kind == WorkItemKind.PATIENT_REQUEST


def test_1_to_a_number_of_two_patients_is_a_task_for_each(recall: Recall, shadyside: Site) -> None:
    tend_held_slots()
    number = text_that_offered(recall)
    other = PatientFactory.create(site=shadyside)
    other.contact_points.filter(kind=ContactPoint.Kind.MOBILE).update(value=number)
    handle_sms_reply(number, "1")
    assert not Appointment.objects.exists()
    assert WorkItem.objects.filter(done_at=None, kind=WorkItemKind.PATIENT_REQUEST).count() == 2


def test_1_to_an_older_offer_books_nothing(recall: Recall) -> None:
    tend_held_slots()
    number = text_that_offered(recall)
    HeldSlot.objects.update(sequence=2)
    handle_sms_reply(number, "1")
    assert not Appointment.objects.exists()
    assert WorkItem.objects.filter(done_at=None).exists()


def texted(recall: Recall, kind: str, occasion: str, *, minutes_ago: int = 0, **more: Any) -> None:
    """A text message that reached the patient."""
    now = timezone.now() - timedelta(minutes=minutes_ago)
    fields = {"state": NotificationState.ACCEPTED, "accepted_at": now, "due_at": now, "not_before": now} | more
    Notification.objects.update_or_create(
        recall=recall, patient=recall.patient, kind=kind, occasion=occasion, defaults=fields | {"channel": Channel.SMS}
    )


def mobile_of(recall: Recall) -> str:
    return str(recall.patient.contact_points.get(kind=ContactPoint.Kind.MOBILE).value)


@pytest.mark.parametrize("newer", ["accepted", "being_sent", "unclear"])
def test_1_after_two_texts_with_different_times_is_a_task_and_books_neither(recall: Recall, newer: str) -> None:
    tend_held_slots()
    HeldSlot.objects.update(sequence=2)
    texted(recall, "held_time", "held-1", minutes_ago=60 * 24)
    lease = {"claimed_at": timezone.now(), "lease_until": timezone.now() + timedelta(minutes=1)}
    more: dict[str, dict[str, Any]] = {
        "accepted": {},
        "being_sent": lease | {"state": NotificationState.SENDING, "accepted_at": None},
        "unclear": lease | {"state": NotificationState.PLANNED, "accepted_at": None, "may_have_arrived_twice": True},
    }
    texted(recall, "held_time", "held-2", **more[newer])
    handle_sms_reply(mobile_of(recall), "1")
    assert not Appointment.objects.exists()
    assert "may mean one of several times" in WorkItem.objects.get(done_at=None).reason


def test_the_same_time_texted_twice_is_one_offer(recall: Recall) -> None:
    tend_held_slots()
    texted(recall, "held_time", "held-1", minutes_ago=60)
    texted(recall, "held_time", "held-1:again-4")
    handle_sms_reply(mobile_of(recall), "1")
    assert Appointment.objects.get().starts_at == HeldSlot.objects.get().starts_at


@pytest.mark.parametrize(
    ("words", "moves", "tasks"),
    [("1", True, 0), ("2", False, 0), ("Keep", False, 1), ("move", False, 1), ("Yes", False, 1), ("3", False, 1)],
)
def test_only_a_number_answers_an_earlier_time_while_a_reminder_is_in_hand(
    recall: Recall, room: Room, words: str, moves: bool, tasks: int
) -> None:
    """ "Yes" may mean that they come as booked, and "keep" the visit that they have."""
    ana = get_site_staff(recall.site).scheduler
    actions.book_appointment(recall, actions.Slot(recall.site, at("2026-11-24", "09:00"), room=room), by=ana)
    actions.ask_earlier(recall, by=ana)
    SlotPolicy.objects.update(offers_earlier=True, offers_never_booked=True)
    actions.offer_earlier_times()
    visit = Appointment.objects.get()
    texted(recall, "appointment_reminder", f"visit-{visit.pk}-0-7d", minutes_ago=60, appointment=visit)
    texted(recall, "earlier_offer", f"offer-{EarlierOffer.objects.get().pk}")
    for _twice in range(2):
        handle_sms_reply(mobile_of(recall), words)
    visit.refresh_from_db()
    assert (visit.starts_at < at("2026-11-24", "09:00")) == moves
    assert WorkItem.objects.filter(done_at=None, kind=WorkItemKind.PATIENT_REQUEST).count() == tasks


def test_an_offer_that_was_answered_is_not_meant_by_the_next_answer(recall: Recall, room: Room) -> None:
    ana = get_site_staff(recall.site).scheduler
    actions.book_appointment(recall, actions.Slot(recall.site, at("2026-11-24", "09:00"), room=room), by=ana)
    actions.ask_earlier(recall, by=ana)
    SlotPolicy.objects.update(offers_earlier=True, offers_never_booked=True)
    for answer in ("2", "1"):
        actions.offer_earlier_times()
        texted(recall, "earlier_offer", f"offer-{EarlierOffer.objects.latest('pk').pk}")
        handle_sms_reply(mobile_of(recall), answer)
    assert list(EarlierOffer.objects.values_list("answer", flat=True)) == [OfferAnswer.NO, OfferAnswer.TAKEN]
    assert Appointment.objects.get().starts_at == EarlierOffer.objects.latest("pk").starts_at
