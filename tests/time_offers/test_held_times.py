"""Tests of the time that is held for a patient: which one, for how long, and against whom."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.utils import timezone

from clinic import calendar
from clinic.actors import INTAKE, PATIENT, SYSTEM
from clinic.factories import get_site_staff
from clinic.models import Closure, Site
from notifications.enums import Channel, NotificationState
from notifications.models import Notification
from notifications.planning.channel_selection import POSTAL_DELIVERY_TIME
from patients.factories import PatientFactory
from patients.models import Patient
from recalls import actions
from recalls.actions import Slot
from recalls.actions.time_offers.upkeep import tend_held_slots
from recalls.enums import AppointmentStatus, Assessment, HeldSlotEnd, State
from recalls.models import Appointment, HeldSlot, Recall, Room, SlotPolicy
from recalls.permissions import StepUnavailable
from recalls.scheduling import slots
from recalls.scheduling.held_slots import standing_slot
from recalls.testing.factories import RecallFactory
from tests.notifications.clock import at, latest_notification
from tests.support.slot_race import find_overlaps

pytestmark = pytest.mark.django_db

TUESDAY_TEN, TUESDAY_ELEVEN = at("2026-11-10", "10:00"), at("2026-11-10", "11:00")


def held_for(recall: Recall) -> HeldSlot | None:
    """What may be offered for the recall now, read anew."""
    found = Recall.objects.select_related("held_slot__room", "site").get(pk=recall.pk)
    return standing_slot(found, timezone.now())


def opened(site: Site, assessment: str = Assessment.NEED_IMAGING, **more: Any) -> Recall:
    recall: Recall = RecallFactory.create(site=site, exam__assessment=assessment, **more)
    return recall


def booked_by(site: Site, recall: Recall, room: Room, starts_at: Any) -> Appointment | None:
    actions.book_appointment(recall, Slot(site, starts_at, room=room), by=get_site_staff(site).scheduler)
    return actions.active_appointment(recall)


def test_a_new_recall_has_the_first_time_that_leaves_a_day_to_reach_the_patient(
    policy: SlotPolicy, room: Room, shadyside: Site
) -> None:
    recall = opened(shadyside)
    assert tend_held_slots() == {"ended": 0, "held": 1}
    held = held_for(recall)
    assert held is not None
    assert (held.room, held.starts_at, held.length_minutes) == (room, TUESDAY_TEN, 60)
    assert held.expires_at == TUESDAY_TEN
    recall.refresh_from_db()
    assert recall.state == State.TO_CONTACT
    assert [event.step for event in recall.events.all()] == ["open_recall", "hold_time"]
    assert tend_held_slots() == {"ended": 0, "held": 0}


def test_a_site_that_did_not_ask_for_it_holds_nothing(
    clock: time_machine.Traveller, room: Room, shadyside: Site
) -> None:
    recall = opened(shadyside)
    tend_held_slots()
    SlotPolicy.objects.create(site=shadyside)
    tend_held_slots()
    assert held_for(recall) is None


def test_recalls_from_before_it_was_turned_on_are_left_alone(
    clock: time_machine.Traveller, room: Room, shadyside: Site
) -> None:
    recall = opened(shadyside)
    clock.shift(timedelta(minutes=5))
    SlotPolicy.objects.create(site=shadyside, holds_slots=True)
    tend_held_slots()
    assert held_for(recall) is None


def test_a_held_time_is_taken_for_everybody_of_its_class(policy: SlotPolicy, room: Room, shadyside: Site) -> None:
    first, second = opened(shadyside), opened(shadyside)
    tend_held_slots()
    mine, other = held_for(first), held_for(second)
    assert mine is not None
    assert other is not None
    assert (mine.starts_at, other.starts_at) == (TUESDAY_TEN, TUESDAY_ELEVEN)
    with pytest.raises(ValidationError, match="has just taken"):
        booked_by(shadyside, second, room, TUESDAY_TEN)
    assert booked_by(shadyside, first, room, TUESDAY_TEN) is not None


def test_it_is_held_for_the_business_days_of_the_site(policy: SlotPolicy, room: Room, shadyside: Site) -> None:
    policy.notice_hours = 150
    policy.save()
    recall = opened(shadyside)
    tend_held_slots()
    held = held_for(recall)
    assert held is not None
    assert held.expires_at == calendar.add_business_days(shadyside, timezone.now(), 3)


def test_who_is_written_to_by_post_alone_has_the_time_until_the_letter_has_arrived(
    policy: SlotPolicy, room: Room, shadyside: Site
) -> None:
    usual, by_post = opened(shadyside), opened(shadyside, patient__no_email=True)
    Recall.objects.update(target_at=timezone.now() + timedelta(days=30))
    SlotPolicy.objects.update(notice_hours=300)
    tend_held_slots()
    by_mail, by_letter = held_for(usual), held_for(by_post)
    assert by_mail is not None
    assert by_letter is not None
    assert by_mail.expires_at == calendar.add_business_days(shadyside, timezone.now(), 3)
    assert by_letter.expires_at == calendar.add_business_days(shadyside, timezone.now(), 8)
    row = latest_notification(by_post, "held_time")
    assert row.channel == Channel.LETTER
    assert row.expires_at is not None
    assert row.expires_at - row.due_at >= POSTAL_DELIVERY_TIME
    assert row.expires_at <= by_letter.expires_at


def test_a_letter_names_no_time_that_it_would_miss(policy: SlotPolicy, room: Room, shadyside: Site) -> None:
    recall = opened(shadyside, patient__no_email=True)
    tend_held_slots()  # tomorrow at ten
    rows = Notification.objects.filter(recall=recall, kind="held_time")
    assert not rows.exclude(state=NotificationState.SUPPRESSED).exists()


def test_it_lapses_by_itself_without_any_task(
    policy: SlotPolicy, room: Room, shadyside: Site, clock: time_machine.Traveller
) -> None:
    policy.hold_days = 1
    policy.notice_hours = 72
    policy.save()
    first, second = opened(shadyside), opened(shadyside)
    tend_held_slots()
    held = held_for(first)
    assert held is not None
    clock.move_to(held.expires_at)
    assert held_for(first) is None
    assert booked_by(shadyside, second, room, held.starts_at) is not None


def test_the_history_says_that_it_lapsed_and_no_other_is_held(
    policy: SlotPolicy, room: Room, shadyside: Site, clock: time_machine.Traveller
) -> None:
    policy.hold_days, policy.notice_hours = 1, 72
    policy.save()
    recall = opened(shadyside)
    tend_held_slots()
    clock.shift(timedelta(days=2))
    with pytest.raises(StepUnavailable, match="does not say yet"):  # a worker whose list is older
        actions.hold_time(recall, by=SYSTEM)
    assert tend_held_slots() == {"ended": 1, "held": 0}
    event = recall.events.latest("pk")
    assert (event.step, event.data["why"]) == ("release_time", HeldSlotEnd.LAPSED)
    assert tend_held_slots() == {"ended": 0, "held": 0}


def test_where_silence_keeps_it_the_time_stays_held_until_it_comes(
    policy: SlotPolicy, room: Room, shadyside: Site, clock: time_machine.Traveller
) -> None:
    policy.silence = SlotPolicy.Silence.KEEP
    policy.save()
    recall = opened(shadyside)
    tend_held_slots()
    clock.move_to(TUESDAY_TEN - timedelta(minutes=1))
    assert held_for(recall) is not None
    assert not Appointment.objects.exists()
    clock.move_to(TUESDAY_TEN)
    assert held_for(recall) is None


@pytest.mark.parametrize("assessment", [Assessment.SUSPICIOUS, Assessment.HIGHLY_SUGGESTIVE])
def test_a_patient_after_a_4_or_5_takes_what_is_held_for_others(
    policy: SlotPolicy, room: Room, shadyside: Site, assessment: Assessment
) -> None:
    usual = opened(shadyside)
    tend_held_slots()
    grave = opened(shadyside, assessment)
    free = slots.iter_free_slots(shadyside, [room], 60, TUESDAY_TEN.date(), 1, timezone.now(), recall=grave)
    assert TUESDAY_TEN in [one.starts_at for one in free]
    assert booked_by(shadyside, grave, room, TUESDAY_TEN) is not None
    assert held_for(usual) is None
    assert tend_held_slots() == {"ended": 1, "held": 1}
    again = held_for(usual)
    assert again is not None
    assert (again.starts_at, again.sequence) == (TUESDAY_ELEVEN, 2)
    told = [(event.step, event.data.get("why")) for event in usual.events.order_by("pk")][-2:]
    assert told == [("release_time", HeldSlotEnd.YIELDED), ("hold_time", None)]


def test_a_5_passes_what_is_held_after_a_4_and_a_4_never_what_is_held_after_a_5(
    policy: SlotPolicy, room: Room, shadyside: Site
) -> None:
    four = opened(shadyside, Assessment.SUSPICIOUS)
    tend_held_slots()
    first = held_for(four)
    assert first is not None
    five = opened(shadyside, Assessment.HIGHLY_SUGGESTIVE)
    assert booked_by(shadyside, five, room, first.starts_at) is not None
    other_five = opened(shadyside, Assessment.HIGHLY_SUGGESTIVE)
    tend_held_slots()
    held = held_for(other_five)
    assert held is not None
    with pytest.raises(ValidationError, match="has just taken"):
        booked_by(shadyside, four, room, held.starts_at)


def test_the_gravest_is_served_first(policy: SlotPolicy, room: Room, shadyside: Site) -> None:
    usual, grave = opened(shadyside), opened(shadyside, Assessment.HIGHLY_SUGGESTIVE)
    tend_held_slots()
    soonest, later = held_for(grave), held_for(usual)
    assert soonest is not None
    assert later is not None
    assert soonest.starts_at < later.starts_at


def test_keeping_it_books_the_visit_and_asked_twice_books_once(policy: SlotPolicy, room: Room, shadyside: Site) -> None:
    recall = opened(shadyside)
    tend_held_slots()
    for _press in range(2):
        actions.keep_held_time(Recall.objects.get(pk=recall.pk), 1, by=PATIENT)
    visit = Appointment.objects.get()
    assert (visit.starts_at, visit.status, visit.room) == (TUESDAY_TEN, AppointmentStatus.BOOKED, room)
    assert recall.events.filter(step="book_appointment").count() == 1


def test_an_undone_booking_finds_its_hold_again(policy: SlotPolicy, room: Room, shadyside: Site) -> None:
    recall, ana = opened(shadyside), get_site_staff(shadyside).scheduler
    tend_held_slots()
    actions.keep_held_time(recall, 1, by=ana)
    assert held_for(recall) is None
    actions.undo(recall, by=ana)
    assert held_for(recall) is not None


@pytest.mark.parametrize("taken_by", ["visit", "hold", "nobody"])
def test_an_undone_booking_finds_its_hold_only_while_nobody_else_has_the_time(
    policy: SlotPolicy, room: Room, shadyside: Site, taken_by: str
) -> None:
    recall, ana = opened(shadyside), get_site_staff(shadyside).scheduler
    other = opened(shadyside, Assessment.HIGHLY_SUGGESTIVE) if taken_by == "hold" else opened(shadyside)
    actions.hold_time(recall, by=SYSTEM)
    booked_by(shadyside, recall, room, TUESDAY_ELEVEN)  # not at the time that was held
    if taken_by == "visit":
        booked_by(shadyside, other, room, TUESDAY_TEN)
    elif taken_by == "hold":
        actions.hold_time(other, by=SYSTEM)
        HeldSlot.objects.filter(recall=other).update(starts_at=TUESDAY_TEN)
    actions.undo(recall, by=ana)
    assert (held_for(recall) is not None) == (taken_by == "nobody")
    assert find_overlaps() == []
    tend_held_slots()
    again = held_for(recall)
    assert again is not None
    assert (again.starts_at == TUESDAY_TEN) == (taken_by == "nobody")


def test_what_was_offered_before_cannot_be_kept_any_more(policy: SlotPolicy, room: Room, shadyside: Site) -> None:
    recall = opened(shadyside)
    tend_held_slots()
    HeldSlot.objects.update(sequence=2)
    with pytest.raises(StepUnavailable, match="held no longer"):
        actions.keep_held_time(recall, 1, by=PATIENT)


def test_on_a_day_that_was_closed_meanwhile_it_is_not_offered_and_another_is_held(
    policy: SlotPolicy, room: Room, shadyside: Site
) -> None:
    recall = opened(shadyside)
    tend_held_slots()
    Closure.objects.create(site=shadyside, day=TUESDAY_TEN.date(), reason="Burst pipe")
    assert held_for(recall) is None
    assert tend_held_slots() == {"ended": 1, "held": 1}
    held = held_for(recall)
    assert held is not None
    assert held.starts_at == at("2026-11-12", "09:00")  # Wednesday is a holiday


def test_when_the_room_is_taken_away_another_is_held(policy: SlotPolicy, room: Room, shadyside: Site) -> None:
    recall = opened(shadyside)
    tend_held_slots()
    Room.objects.update(in_use=False)
    assert held_for(recall) is None
    assert tend_held_slots() == {"ended": 1, "held": 0}


@pytest.mark.parametrize("end", ["died", "transferred", "declined", "no_recall"])
def test_it_ends_with_the_recall(policy: SlotPolicy, room: Room, shadyside: Site, end: str) -> None:
    recall, other, ana = opened(shadyside), opened(shadyside), get_site_staff(shadyside).scheduler
    tend_held_slots()
    recall.refresh_from_db()
    if end == "died":
        actions.mark_deceased(recall, by=ana, died_on=timezone.localdate(), note="The family called.")
    elif end == "transferred":
        actions.transfer(recall, facility="Hillside", by=ana, note="Goes to Hillside.")
    elif end == "declined":
        actions.decline(recall, refusal=actions.RefusalInput("cost"), by=ana, note="Said no.")
    else:
        actions.correct_exam(recall.exam, {"assessment": Assessment.NEGATIVE}, None, by=INTAKE)
    assert held_for(recall) is None
    assert booked_by(shadyside, other, room, TUESDAY_TEN) is not None


def test_a_result_that_becomes_a_5_holds_what_suits_it(policy: SlotPolicy, room: Room, shadyside: Site) -> None:
    recall, lesser = opened(shadyside), opened(shadyside)
    tend_held_slots()
    actions.correct_exam(recall.exam, {"assessment": Assessment.HIGHLY_SUGGESTIVE}, None, by=INTAKE)
    recall.refresh_from_db()
    assert recall.suspicious
    tend_held_slots()
    held = held_for(recall)
    assert held is not None
    with pytest.raises(ValidationError, match="has just taken"):
        booked_by(shadyside, lesser, room, held.starts_at)


def test_one_person_is_offered_one_time_also_after_two_records_were_merged(
    policy: SlotPolicy, room: Room, shadyside: Site
) -> None:
    first, second = opened(shadyside), opened(shadyside)
    tend_held_slots()
    actions.merge_patients(second.patient, Patient.objects.get(pk=first.patient_id), by=INTAKE)
    assert tend_held_slots() == {"ended": 1, "held": 0}
    offered = [recall for recall in (first, second) if held_for(recall)]
    assert offered == [first]


def test_a_patient_with_another_visit_booked_is_left_to_a_person(
    policy: SlotPolicy, room: Room, shadyside: Site
) -> None:
    patient = PatientFactory.create(site=shadyside)
    first = RecallFactory.create(patient=patient, site=shadyside)
    booked_by(shadyside, first, room, TUESDAY_ELEVEN)
    second = RecallFactory.create(patient=patient, site=shadyside)
    tend_held_slots()
    assert held_for(second) is None


def test_a_full_room_holds_nothing_and_is_never_overfilled(policy: SlotPolicy, room: Room, shadyside: Site) -> None:
    recalls = [opened(shadyside) for _number in range(14)]
    tend_held_slots()
    held = list(HeldSlot.objects.values_list("room", "starts_at"))
    # From Tuesday at ten to Monday: 2 on Tuesday, 3 on Thursday, Friday and Monday.
    assert (len(held), len(set(held)), len(recalls)) == (11, 11, 14)


def test_nothing_is_held_beyond_the_target_whatever_year_it_names(
    policy: SlotPolicy, room: Room, shadyside: Site
) -> None:
    recall = opened(shadyside)
    Recall.objects.filter(pk=recall.pk).update(target_at=timezone.now() + timedelta(days=3660))
    for day in range(80):
        Closure.objects.get_or_create(site=shadyside, day=TUESDAY_TEN.date() + timedelta(days=day))
    tend_held_slots()
    assert held_for(recall) is None


def test_the_system_holds_and_nobody_else(policy: SlotPolicy, room: Room, shadyside: Site) -> None:
    recall = opened(shadyside)
    event = actions.hold_time(recall, by=SYSTEM)
    assert event.by == "system"
    with pytest.raises(StepUnavailable, match="held for this patient already"):
        actions.hold_time(recall, by=SYSTEM)
