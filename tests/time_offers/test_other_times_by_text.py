"""Tests of "another time" by text message: a few times with numbers that can mean nothing else."""

from datetime import timedelta

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
from recalls.actions.contact import ContactAttemptInput
from recalls.actions.time_offers import numbered_lists
from recalls.actions.time_offers.upkeep import tend_held_slots
from recalls.enums import Assessment, ContactChannel, ContactResult, State
from recalls.models import Appointment, HeldSlot, Recall, RecallEvent, Room, SlotPolicy, WorkItem
from recalls.tasks import tend_held_slots as tasks_of_the_minute
from recalls.testing.factories import RecallFactory
from tests.notifications.clock import at
from tests.time_offers.texting import reached_by_text, say, tasks

pytestmark = pytest.mark.django_db

THURSDAY = at("2026-11-12", "09:00")  # the time that is held
FIRST, SECOND, THIRD = at("2026-11-12", "10:00"), at("2026-11-13", "09:00"), at("2026-11-16", "09:00")


@pytest.fixture
def policy(clock: time_machine.Traveller, shadyside: Site, settings: LazySettings) -> SlotPolicy:
    settings.SMS_URL = "https://sms.example.org"
    return SlotPolicy.objects.create(site=shadyside, self_booking=True, holds_slots=True)


@pytest.fixture
def recall(policy: SlotPolicy, room: Room, shadyside: Site) -> Recall:
    """A time is held, and the text that says so has reached the patient."""
    made: Recall = RecallFactory.create(site=shadyside)
    record_consent(made.patient, Consent.Subject.SMS, granted=True, source="staff", by=PATIENT)
    tend_held_slots()
    assert HeldSlot.objects.get(recall=made).starts_at == THURSDAY
    reached_by_text(made, "held_time", "held-1")
    return made


def get_list(recall: Recall) -> RecallEvent:
    return recall.events.filter(step="offer_times").latest("version")


def send_list(recall: Recall, words: str = "2") -> RecallEvent:
    """The patient asks for another time, and the text with the list reaches them."""
    say(recall, words)
    event = get_list(recall)
    reached_by_text(recall, "other_times", f"times-{event.version}")
    return event


def test_another_brings_a_text_with_three_times_and_its_number_books_one(recall: Recall) -> None:
    say(recall, "2")
    row = Notification.objects.get(recall=recall, kind="other_times")
    assert (row.channel, row.state, tasks()) == (Channel.SMS, NotificationState.PLANNED, [])
    assert actions.listed_times(get_list(recall).data) == {"4": FIRST, "5": SECOND, "6": THIRD}
    text = build_sms(row, load_snapshot(recall), get_patient_channels(recall.patient)).text
    assert "reply 4 for Thu Nov 12 10:00am, 5 for Fri Nov 13 9:00am, 6 for Mon Nov 16 9:00am. (412)" in text
    reached_by_text(recall, "other_times", row.occasion)
    for _twice in range(2):
        say(recall, "5, please")
    visit = Appointment.objects.get()
    assert (visit.starts_at, visit.sequence, tasks()) == (SECOND, 0, [])
    event = recall.events.get(step="book_appointment")
    assert (event.by, event.note) == ("patient", "Chosen by text message.")
    assert not HeldSlot.objects.standing(timezone.now()).exists()


def test_a_doubled_2_asks_for_one_list_and_chooses_nothing(recall: Recall) -> None:
    say(recall, "2")
    say(recall, "2")
    assert recall.events.filter(step="offer_times").count() == 1
    assert tasks() == []
    reached_by_text(recall, "other_times", f"times-{get_list(recall).version}")
    say(recall, "2")
    assert not Appointment.objects.exists()
    assert ["chose none" in reason for reason in tasks()] == [True]


@pytest.mark.parametrize("words", ["1", "3", "keep", "yes", "4 or 5", "45", "7", "tomorrow", "otra"])
def test_anything_but_one_of_its_numbers_is_a_task_and_books_nothing(recall: Recall, words: str) -> None:
    """Also a 1 that crosses the text: it meant the time that was held."""
    send_list(recall)
    say(recall, words)
    assert not Appointment.objects.exists()
    assert len(tasks()) == 1


def test_its_numbers_answer_nothing_before_it_was_sent_and_after_its_time(
    recall: Recall, clock: time_machine.Traveller
) -> None:
    say(recall, "4")
    assert len(tasks()) == 1
    WorkItem.objects.update(done_at=timezone.now())
    event = send_list(recall)
    clock.shift(timedelta(hours=25))
    say(recall, "4")
    assert not Appointment.objects.exists()
    assert ["could not be booked" in reason for reason in tasks()] == [True]
    assert actions.listed_times(event.data)["4"] > timezone.now()


def test_a_time_that_somebody_else_took_is_a_task(recall: Recall, shadyside: Site, room: Room) -> None:
    send_list(recall)
    other = RecallFactory.create(site=shadyside)
    actions.book_appointment(other, actions.Slot(shadyside, FIRST, room=room), by=get_site_staff(shadyside).scheduler)
    say(recall, "4")
    assert not Appointment.objects.filter(recall=recall).exists()
    assert ["could not be booked" in reason for reason in tasks()] == [True]
    recall.refresh_from_db()
    assert recall.state == State.TO_CONTACT


def test_once_the_desk_has_booked_a_number_moves_nothing(recall: Recall, room: Room) -> None:
    send_list(recall)
    ana = get_site_staff(recall.site).scheduler
    actions.book_appointment(recall, actions.Slot(recall.site, at("2026-11-18", "10:00"), room=room), by=ana)
    say(recall, "5")
    assert Appointment.objects.get().starts_at == at("2026-11-18", "10:00")
    assert len(tasks()) == 1


def test_a_second_list_has_numbers_of_its_own_and_a_third_is_a_call(
    recall: Recall, clock: time_machine.Traveller
) -> None:
    first = send_list(recall)
    HeldSlot.objects.update(sequence=2, expires_at=timezone.now() + timedelta(days=9))
    clock.shift(timedelta(minutes=1))
    reached_by_text(recall, "held_time", "held-2")
    Notification.objects.filter(occasion="held-1").delete()  # else "2" may mean either offer
    second = send_list(recall)
    assert list(second.data["times"]) == ["7", "8", "9"]
    say(recall, "4")
    assert not Appointment.objects.exists()
    assert first.data["times"]["4"]
    assert len(tasks()) == 1
    WorkItem.objects.update(done_at=timezone.now())
    HeldSlot.objects.update(sequence=3)
    clock.shift(timedelta(minutes=1))
    reached_by_text(recall, "held_time", "held-3")
    Notification.objects.filter(occasion="held-2").delete()
    say(recall, "2")
    assert recall.events.filter(step="offer_times").count() == 2
    assert ["wants another time" in reason for reason in tasks()] == [True]


def test_a_list_never_has_the_numbers_of_another_that_may_still_be_answered(
    recall: Recall, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first is too old to be answered when the third is asked for, and the second is not."""
    monkeypatch.setattr(numbered_lists, "REMEMBERED_FOR", timedelta(hours=1))
    numbers = []
    for sequence in (1, 2, 3):
        HeldSlot.objects.update(sequence=sequence, expires_at=timezone.now() + timedelta(days=9))
        Notification.objects.filter(kind="held_time").delete()  # else "2" may mean either offer
        reached_by_text(recall, "held_time", f"held-{sequence}")
        numbers.append(list(send_list(recall).data["times"]))
        clock.shift(timedelta(minutes=40))
    assert numbers == [["4", "5", "6"], ["7", "8", "9"], ["4", "5", "6"]]


@pytest.mark.parametrize("why", ["off", "five", "nothing_free"])
def test_where_a_person_must_agree_the_time_2_is_a_task(
    policy: SlotPolicy, room: Room, shadyside: Site, why: str
) -> None:
    assessment = Assessment.HIGHLY_SUGGESTIVE if why == "five" else Assessment.NEED_IMAGING
    recall = RecallFactory.create(site=shadyside, exam__assessment=assessment)
    tend_held_slots()
    reached_by_text(recall, "held_time", "held-1")
    if why == "off":
        SlotPolicy.objects.update(self_booking=False)
    if why == "nothing_free":
        Room.objects.update(grid_minutes=240)
        Room.objects.get().hours.exclude(weekday=3).delete()
        shadyside.closures.create(day=at("2026-11-19", "09:00").date())
        shadyside.closures.create(day=at("2026-12-03", "09:00").date())
        shadyside.closures.create(day=at("2026-12-10", "09:00").date())
    say(recall, "2")
    assert not recall.events.filter(step="offer_times").exists()
    assert len(tasks()) == 1


def test_the_list_follows_the_patients_wishes_and_way(recall: Recall) -> None:
    ana = get_site_staff(recall.site).scheduler
    edit = actions.RecordEdit(visit_wish=("15", ""), travel_minutes=90)
    actions.edit_record(recall.patient, edit, by=ana, source="staff")
    say(recall, "otra")
    times = actions.listed_times(get_list(recall).data).values()
    assert list(times) == [at("2026-11-17", "09:30"), at("2026-11-24", "09:30"), at("2026-12-01", "09:30")]


@pytest.mark.parametrize("called", [False, True])
def test_whoever_chose_none_within_a_day_is_called_once(
    recall: Recall, clock: time_machine.Traveller, called: bool
) -> None:
    send_list(recall)
    assert tasks_of_the_minute()["to_call"] == 0
    if called:
        ana = get_site_staff(recall.site).scheduler
        actions.log_contact(recall, ContactAttemptInput(ContactChannel.PHONE, ContactResult.NO_ANSWER), by=ana)
    clock.shift(timedelta(hours=25))
    assert tasks_of_the_minute()["to_call"] == (0 if called else 1)
    assert ["chose none of those texted" in reason for reason in tasks()] == [True] * (not called)
    WorkItem.objects.update(done_at=timezone.now())
    assert tasks_of_the_minute()["to_call"] == 0


def test_a_list_that_cannot_be_texted_is_a_call_at_once(recall: Recall) -> None:
    say(recall, "2")
    say(recall, "STOP")
    assert Notification.objects.get(kind="other_times").state == NotificationState.SUPPRESSED
    assert WorkItem.objects.filter(done_at=None).exists()
