"""Tests of how a held time is offered and taken: by phone at the desk, on the patient's page, by message."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from clinic.models import Site, User
from patients.models import Patient
from recalls import actions
from recalls.actions import ContactAttemptInput
from recalls.actions.time_offers.upkeep import tend_held_slots
from recalls.enums import ContactChannel, ContactResult, State
from recalls.models import Appointment, HeldSlot, Recall, Room, SlotPolicy
from recalls.testing.factories import RecallFactory
from tests.desk.conftest import ClientFor, client_for, page_text
from tests.notifications.clock import at, latest_notification, waiting_messages
from tests.portal.conftest import give_birth_date, make_link

__all__ = ["client_for"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def recall(policy: SlotPolicy, room: Room, shadyside: Site) -> Recall:
    """Opened on Monday at ten; Thursday at nine is held, the first time two days ahead."""
    policy.notice_hours = 48
    policy.save()
    made: Recall = RecallFactory.create(site=shadyside)
    assert tend_held_slots()["held"] == 1
    return made


@pytest.fixture
def desk(client_for: ClientFor, scheduler_ana: User) -> Client:
    return client_for(scheduler_ana)


@pytest.fixture
def patient_browser(client: Client, recall: Recall) -> Client:
    assert give_birth_date(client, make_link(recall.patient), recall.patient).status_code == 302
    return client


def _take_fields(page: str) -> dict[str, str]:
    form = re.search(r'<form class="take-held.*?</form>', page, re.DOTALL)
    assert form is not None
    return dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[0]))


def test_the_callers_page_opens_with_the_time_and_one_key_books_it(desk: Client, recall: Recall) -> None:
    page = desk.get(reverse("recall", args=[recall.pk])).content.decode()
    assert "I have Thursday, November 12 at 9:00 a.m. for you." in page
    fields = _take_fields(page)
    for _press in range(2):
        desk.post(reverse("step", args=[recall.pk, "book_appointment"]), fields, follow=True)
    visit, calls = Appointment.objects.get(), recall.contact_attempts.all()
    assert visit.starts_at == HeldSlot.objects.get().starts_at
    assert [call.result for call in calls] == [ContactResult.REACHED_WILL_BOOK]
    assert Recall.objects.get(pk=recall.pk).state == State.SCHEDULED


def test_the_caller_says_it_in_the_patients_language(desk: Client, recall: Recall) -> None:
    Patient.objects.update(language="es")
    page = desk.get(reverse("recall", args=[recall.pk])).content.decode()
    assert "Tengo para usted el jueves 12 de noviembre a las 9:00 a.m." in page


def test_a_radiologist_sees_the_time_and_cannot_book_it(
    client_for: ClientFor, radiologist_rao: User, recall: Recall
) -> None:
    page = client_for(radiologist_rao).get(reverse("recall", args=[recall.pk])).content.decode()
    assert "Held for this patient" in page
    assert "take-held" not in page


def test_a_held_time_is_in_the_list_of_its_own_patient_alone(desk: Client, recall: Recall, shadyside: Site) -> None:
    other, seen = RecallFactory.create(site=shadyside), {}
    for one in (recall, other):
        page = desk.get(reverse("step", args=[one.pk, "book_appointment"]))
        seen[one.pk] = "2026-11-12T09:00" in page.content.decode()
    assert seen == {recall.pk: True, other.pk: False}


def test_opening_the_page_takes_nothing_and_keeping_books_once(patient_browser: Client, recall: Recall) -> None:
    page = page_text(patient_browser.get("/my/"))
    assert "We hold a time for your next visit." in page
    assert "Thursday, November 12, 2026" in page
    assert patient_browser.get("/my/keep/").status_code == 405
    assert not Appointment.objects.exists()
    held = HeldSlot.objects.get()
    for _press in range(2):
        answer = patient_browser.post("/my/keep/", {"held": f"{held.pk}:{held.sequence}"}, follow=True)
        assert "Your visit is booked." in page_text(answer)
    assert Appointment.objects.get().starts_at == held.starts_at
    assert recall.events.get(step="book_appointment").by == "patient"


def test_a_time_that_is_another_by_now_is_shown_anew(patient_browser: Client, recall: Recall) -> None:
    held = HeldSlot.objects.get()
    HeldSlot.objects.update(sequence=2)
    answer = patient_browser.post("/my/keep/", {"held": f"{held.pk}:1"}, follow=True)
    assert "That time has changed" in page_text(answer)
    assert not Appointment.objects.exists()


@pytest.mark.parametrize("sent", ["", "x", "0:0", "9:9", "²:1", "99999999999999999999:1", "1"])
def test_nonsense_books_nothing(patient_browser: Client, sent: str) -> None:
    assert patient_browser.post("/my/keep/", {"held": sent}).status_code == 302
    assert not Appointment.objects.exists()


def test_another_patient_cannot_keep_it(client: Client, recall: Recall, shadyside: Site) -> None:
    other, held = RecallFactory.create(site=shadyside), HeldSlot.objects.get(recall=recall)
    give_birth_date(client, make_link(other.patient), other.patient)
    client.post("/my/keep/", {"held": f"{held.pk}:{held.sequence}"})
    assert not Appointment.objects.exists()


def test_who_was_not_reached_is_written_the_time_on_the_next_business_day(recall: Recall) -> None:
    assert "Tue 2026-11-10 08:00 held_time" in waiting_messages(recall)
    assert "Fri 2026-11-13 08:00 please_call" in waiting_messages(recall)  # the time has run out by then


def test_nobody_is_asked_to_call_for_a_time_while_one_is_held(recall: Recall, scheduler_ana: User) -> None:
    HeldSlot.objects.update(expires_at=at("2026-11-13", "17:00"), starts_at=at("2026-11-16", "09:00"))
    call = ContactAttemptInput(ContactChannel.PHONE, ContactResult.NO_ANSWER)
    actions.log_contact(recall, call, by=scheduler_ana)
    assert [line for line in waiting_messages(recall) if "2026-11-13" in line] == []


def test_who_was_reached_is_not_written_the_time(recall: Recall, scheduler_ana: User) -> None:
    call = ContactAttemptInput(ContactChannel.PHONE, ContactResult.REACHED_CALLS_BACK)
    actions.log_contact(recall, call, by=scheduler_ana)
    assert not [line for line in waiting_messages(recall) if "held_time" in line]


@pytest.mark.parametrize("end", ["booked", "lapsed", "other"])
def test_no_message_leaves_about_a_time_that_is_held_no_longer(
    recall: Recall, scheduler_ana: User, clock: time_machine.Traveller, end: str
) -> None:
    if end == "booked":
        actions.keep_held_time(recall, 1, by=scheduler_ana)
    elif end == "lapsed":
        clock.shift(timedelta(days=4))
        tend_held_slots()
    else:
        Room.objects.update(in_use=False)
        tend_held_slots()
    assert not [line for line in waiting_messages(recall) if "held_time" in line]
    assert latest_notification(recall, "held_time").state == "cancelled"


def test_when_another_time_is_held_the_patient_is_written_that_one(
    recall: Recall, room: Room, shadyside: Site, scheduler_ana: User
) -> None:
    five = RecallFactory.create(site=shadyside, exam__assessment="5")
    slot = actions.Slot(shadyside, HeldSlot.objects.get().starts_at, room=room)
    actions.book_appointment(five, slot, by=scheduler_ana)
    tend_held_slots()
    assert latest_notification(recall, "held_time").occasion == "held-2"
    assert [line for line in waiting_messages(recall) if "held_time" in line] == ["Tue 2026-11-10 08:00 held_time"]
