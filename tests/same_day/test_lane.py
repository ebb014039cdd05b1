"""Tests of the same-day lane: what is kept, who may take it, what becomes of it."""

from datetime import date, time, timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.utils import timezone

from clinic import calendar
from clinic.factories import get_site_staff
from clinic.models import Closure, Site
from recalls import actions
from recalls.actions import Slot
from recalls.actions.same_day import decline_lane, take_lane
from recalls.actions.same_day.upkeep import tend_lanes
from recalls.actions.time_offers.upkeep import tend_held_slots
from recalls.enums import Assessment, FindingKind, LaneAnswer, LaneEnd, Side, State
from recalls.models import HeldSlot, LaneDay, LanePolicy, LaneTime, Recall, Room, SlotPolicy
from recalls.permissions import StepUnavailable
from recalls.scheduling import slots
from recalls.scheduling.held_slots import visit_need
from recalls.scheduling.lane_times import lane_offers, may_still_be_here, recalls_still_here
from recalls.testing.factories import RecallFactory
from tests.notifications.clock import at

pytestmark = pytest.mark.django_db

MONDAY = "2026-11-09"


def recalled_today(site: Site, assessment: str = Assessment.NEED_IMAGING, **more: Any) -> Recall:
    """Read while the patient is still there: screened this morning."""
    recall: Recall = RecallFactory.create(
        site=site, exam__assessment=assessment, exam__exam_date=calendar.today(site), **more
    )
    return recall


def lane_of(site: Site, day: str = MONDAY) -> list[str]:
    """The clock times that are kept and free on that day."""
    kept = LaneTime.objects.standing(timezone.now()).filter(site=site)
    local = [one.starts_at.astimezone(site.zone) for one in kept]
    return [f"{one:%H:%M}" for one in local if one.date() == date.fromisoformat(day)]


def offered(recall: Recall) -> list[slots.FreeSlot]:
    return lane_offers(recall, visit_need(recall), timezone.now())


def take_first(recall: Recall) -> Any:
    first = offered(recall)[0]
    return take_lane(recall, first.room, first.starts_at, by=get_site_staff(recall.site).scheduler)


def test_a_site_keeps_a_lane_only_where_it_is_turned_on(room: Room, shadyside: Site) -> None:
    assert tend_lanes() == {"kept": 0, "withdrawn": 0, "counted": 0}
    policy = LanePolicy.objects.create(site=shadyside)
    tend_lanes()
    assert not LaneTime.objects.exists()
    policy.is_on = True
    policy.save()
    assert tend_lanes()["kept"] > 0
    policy.is_on = False
    policy.save()
    tend_lanes()
    assert lane_of(shadyside) == []


def test_its_times_are_spread_over_the_open_days_of_two_weeks(policy: LanePolicy, shadyside: Site) -> None:
    assert tend_lanes()["kept"] == 3 * 9  # two weeks without weekends and the holiday
    assert lane_of(shadyside, "2026-11-10") == ["10:00", "12:30", "15:00"]
    assert lane_of(shadyside, "2026-11-11") == []
    assert tend_lanes()["kept"] == 0


def test_nobody_else_is_given_a_time_of_the_lane_until_the_hour_at_which_it_is_given_back(
    policy: LanePolicy, room: Room, shadyside: Site, clock: time_machine.Traveller
) -> None:
    tend_lanes()
    late = LaneTime.objects.filter(starts_at=at(MONDAY, "15:00")).get()
    ordinary = RecallFactory.create(site=shadyside)
    ana = get_site_staff(shadyside).scheduler
    with pytest.raises(ValidationError, match="kept for the same-day lane until 2:00 pm"):
        actions.book_appointment(ordinary, Slot(shadyside, late.starts_at, room=room), by=ana)
    free = slots.iter_free_slots(shadyside, [room], 60, date(2026, 11, 9), 1, timezone.now(), None, ordinary)
    assert late.starts_at not in [one.starts_at for one in free]
    clock.move_to(at(MONDAY, "14:00"))
    actions.book_appointment(ordinary, Slot(shadyside, late.starts_at, room=room), by=ana)
    assert ordinary.state == State.SCHEDULED


def test_a_patient_recalled_while_still_there_is_offered_the_lane_and_takes_it_by_the_ordinary_step(
    policy: LanePolicy, shadyside: Site
) -> None:
    tend_lanes()
    recall = recalled_today(shadyside)
    assert may_still_be_here(recall, policy, timezone.now())
    assert [one.starts_at for one in offered(recall)] == [at(MONDAY, "10:30"), at(MONDAY, "12:30"), at(MONDAY, "15:00")]
    event = take_first(recall)
    assert (event.step, recall.state) == ("book_appointment", State.SCHEDULED)
    taken = LaneTime.objects.get(recall=recall)
    assert (taken.ended_because, taken.starts_at) == (LaneEnd.TAKEN, at(MONDAY, "10:30"))
    assert not may_still_be_here(recall, policy, timezone.now())


def test_the_same_press_twice_books_once(policy: LanePolicy, shadyside: Site) -> None:
    tend_lanes()
    recall = recalled_today(shadyside)
    first, ana = offered(recall)[0], get_site_staff(shadyside).scheduler
    once, twice = (take_lane(recall, first.room, first.starts_at, by=ana, key="one") for _press in range(2))
    assert once == twice
    assert recall.appointments.count() == 1


def test_nobody_has_to_take_it_and_a_no_is_in_the_history(policy: LanePolicy, shadyside: Site) -> None:
    tend_lanes()
    recall = recalled_today(shadyside)
    event = decline_lane(recall, LaneAnswer.DECLINED, by=get_site_staff(shadyside).scheduler)
    assert (event.step, event.data["why"], recall.state) == ("decline_lane", "declined", State.TO_CONTACT)
    assert not may_still_be_here(recall, policy, timezone.now())
    assert list(recalls_still_here([shadyside], timezone.now())) == []
    assert len(lane_of(shadyside)) == 3


def test_only_who_was_screened_today_and_read_a_short_while_ago_is_asked(
    policy: LanePolicy, shadyside: Site, clock: time_machine.Traveller
) -> None:
    tend_lanes()
    earlier, today = RecallFactory.create(site=shadyside), recalled_today(shadyside)
    grave = recalled_today(shadyside, Assessment.HIGHLY_SUGGESTIVE)
    assert not may_still_be_here(earlier, policy, timezone.now())
    assert list(recalls_still_here([shadyside], timezone.now())) == [grave, today]
    with pytest.raises(StepUnavailable, match="screened today"):
        take_first(earlier)
    clock.shift(timedelta(minutes=61))
    assert not may_still_be_here(today, policy, timezone.now())


def test_a_4_or_5_may_take_any_time_of_the_lane_also_by_ordinary_booking_and_on_another_day(
    policy: LanePolicy, room: Room, shadyside: Site
) -> None:
    tend_lanes()
    grave, ana = RecallFactory.create(site=shadyside, exam__assessment="5"), get_site_staff(shadyside).scheduler
    kept = LaneTime.objects.filter(starts_at=at("2026-11-10", "10:00")).get()
    actions.book_appointment(grave, Slot(shadyside, kept.starts_at, room=room), by=ana)
    kept.refresh_from_db()
    assert (kept.ended_because, kept.recall) == (LaneEnd.GIVEN, None)
    second = RecallFactory.create(site=shadyside, exam__assessment="4B")
    take_first(second)
    assert second.state == State.SCHEDULED


def test_a_time_that_is_held_for_a_patient_is_never_one_of_the_lane(policy: LanePolicy, shadyside: Site) -> None:
    SlotPolicy.objects.create(site=shadyside, holds_slots=True, notice_hours=24)
    tend_lanes()
    RecallFactory.create(site=shadyside)
    tend_held_slots()
    assert HeldSlot.objects.get().starts_at not in LaneTime.objects.values_list("starts_at", flat=True)
    assert LaneDay.objects.filter(site=shadyside).count() == 9


def test_a_visit_that_needs_longer_is_offered_only_where_the_room_is_free_for_all_of_it(
    policy: LanePolicy, room: Room, shadyside: Site
) -> None:
    tend_lanes()
    booked = RecallFactory.create(site=shadyside)
    actions.book_appointment(
        booked, Slot(shadyside, at(MONDAY, "11:30"), room=room), by=get_site_staff(shadyside).scheduler
    )
    longer = recalled_today(shadyside, exam__findings=[(FindingKind.MASS, Side.LEFT)])  # with ultrasound: 90 minutes
    assert [one.starts_at for one in offered(longer)] == [at(MONDAY, "12:30"), at(MONDAY, "15:00")]


def test_a_visit_undone_is_not_counted_as_taken_and_another_time_is_kept(policy: LanePolicy, shadyside: Site) -> None:
    tend_lanes()
    recall = recalled_today(shadyside)
    take_first(recall)
    actions.cancel_appointment(recall, by=get_site_staff(shadyside).scheduler)
    assert tend_lanes()["withdrawn"] == 1
    assert len(lane_of(shadyside)) == 3
    assert not LaneTime.objects.filter(ended_because=LaneEnd.TAKEN).exists()


def test_times_of_a_day_that_is_closed_or_of_a_room_out_of_use_are_withdrawn(
    policy: LanePolicy, room: Room, shadyside: Site
) -> None:
    tend_lanes()
    Closure.objects.create(site=shadyside, day=date(2026, 11, 10))
    tend_lanes()
    assert lane_of(shadyside, "2026-11-10") == []
    Room.objects.filter(pk=room.pk).update(in_use=False)
    tend_lanes()
    assert lane_of(shadyside, "2026-11-12") == []


def test_a_change_of_the_sites_rule_counts_for_the_times_that_are_kept_already(
    policy: LanePolicy, shadyside: Site
) -> None:
    tend_lanes()
    policy.release_at, policy.minutes = time(11), 30
    policy.save()
    assert tend_lanes() == {"kept": 3 * 9, "withdrawn": 3 * 9, "counted": 0}
    late = LaneTime.objects.standing(timezone.now()).filter(starts_at__date=date(2026, 11, 9)).last()
    assert late is not None
    assert (late.kept_until, late.length_minutes) == (at(MONDAY, "11:00"), 30)
    assert tend_lanes()["withdrawn"] == 0


def test_minutes_in_which_nobody_was_in_the_room_are_counted_once_the_time_is_over(
    policy: LanePolicy, room: Room, shadyside: Site, clock: time_machine.Traveller
) -> None:
    tend_lanes()
    recall = recalled_today(shadyside)
    take_first(recall)
    other = RecallFactory.create(site=shadyside)
    clock.move_to(at(MONDAY, "14:00"))
    actions.book_appointment(
        other, Slot(shadyside, at(MONDAY, "15:30"), room=room), by=get_site_staff(shadyside).scheduler
    )
    clock.move_to(at(MONDAY, "17:00"))
    assert tend_lanes()["counted"] == 3
    over = LaneTime.objects.filter(starts_at__date=date(2026, 11, 9)).order_by("starts_at")
    assert [one.unused_minutes for one in over] == [0, 60, 30]
