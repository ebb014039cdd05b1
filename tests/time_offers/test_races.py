"""Holds that no room is overfilled and nobody is lost when holds and bookings race."""

from datetime import time
from functools import partial

import pytest

from clinic.actors import PATIENT, SYSTEM
from clinic.factories import get_site_staff
from clinic.models import Site
from recalls import actions
from recalls.actions.time_offers.upkeep import tend_held_slots
from recalls.models import Appointment, HeldSlot, Recall, SlotPolicy
from recalls.testing.factories import RecallFactory, RoomFactory
from tests.support.concurrency import run_concurrently
from tests.support.slot_race import find_overlaps, race

pytestmark = pytest.mark.django_db(transaction=True)


def test_holds_and_bookings_that_race_overfill_no_room_and_lose_nobody(shadyside: Site) -> None:
    SlotPolicy.objects.create(site=shadyside, holds_slots=True, notice_hours=24)
    for _number in range(3):
        RoomFactory.create(site=shadyside, hours=(time(8), time(12)))
    to_hold, to_book = RecallFactory.create_batch(40, site=shadyside), RecallFactory.create_batch(8, site=shadyside)
    result = race(shadyside, to_hold, to_book, get_site_staff(shadyside).scheduler, workers=8)
    assert result.faults == []
    assert (result.held + result.full, result.booked) == (40, 8)
    assert result.held > 0


def test_two_runs_of_the_upkeep_at_once_hold_one_time_each(shadyside: Site) -> None:
    SlotPolicy.objects.create(site=shadyside, holds_slots=True, notice_hours=24)
    RoomFactory.create(site=shadyside)
    recalls = RecallFactory.create_batch(4, site=shadyside)
    counts = run_concurrently(*[tend_held_slots] * 4)
    assert sum(count["held"] for count in counts) == 4
    assert [recall.events.filter(step="hold_time").count() for recall in recalls] == [1] * 4
    assert find_overlaps() == []


def test_a_time_kept_on_the_page_and_at_the_desk_at_once_is_one_visit(shadyside: Site) -> None:
    RoomFactory.create(site=shadyside)
    recall = RecallFactory.create(site=shadyside)
    actions.hold_time(recall, by=SYSTEM)
    presses = [
        partial(actions.keep_held_time, Recall.objects.get(pk=recall.pk), 1, by=who)
        for who in (PATIENT, get_site_staff(shadyside).scheduler, PATIENT, PATIENT)
    ]
    run_concurrently(*presses)
    assert Appointment.objects.count() == 1
    assert recall.events.filter(step="book_appointment").count() == 1


def test_a_5_that_takes_a_held_time_while_it_is_kept_leaves_one_visit_in_the_room(shadyside: Site) -> None:
    room = RoomFactory.create(site=shadyside)
    usual, grave = RecallFactory.create(site=shadyside), RecallFactory.create(site=shadyside, exam__assessment="5")
    actions.hold_time(usual, by=SYSTEM)
    slot = actions.Slot(shadyside, HeldSlot.objects.get().starts_at, room=room)
    run_concurrently(
        partial(actions.keep_held_time, usual, 1, by=PATIENT),
        partial(actions.book_appointment, grave, slot, by=get_site_staff(shadyside).scheduler),
    )
    assert Appointment.objects.count() == 1
    assert find_overlaps() == []
