"""Free times by room, visit length, opening hours and closed days."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.utils import timezone

from clinic import calendar
from clinic.factories import get_site_staff
from clinic.models import Closure, Site
from recalls import actions
from recalls.actions import Slot
from recalls.enums import FindingKind, Modality, RecallKind, Side, VisitKind
from recalls.models import Room, VisitLength
from recalls.scheduling import next_available, slots
from recalls.testing.factories import RecallFactory, RoomFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_at_tuesday_morning")]
TODAY = date(2026, 11, 24)
NO_FREE_TIMES = ("", "{room}", "{room}@", "{room}@Wednesday", "{room}@2026-11-25T09:00", "0@{at}", "@{at}")
WEDNESDAY, MONDAY = date(2026, 11, 25), date(2026, 11, 30)


def _free_start_times(site: Site, *rooms: Room, minutes: int = 60, first: date = WEDNESDAY, days: int = 1) -> list[str]:
    found = slots.iter_free_slots(_reload_site(site), slots.active_rooms(site), minutes, first, days, timezone.now())
    names = {room.pk for room in rooms}
    wanted = [free for free in found if not names or free.room.pk in names]
    return [free.starts_at.astimezone(site.zone).strftime("%d %H:%M") for free in wanted]


def _reload_site(site: Site) -> Site:
    return Site.objects.get(pk=site.pk)


def _book(room: Room, day: date, at: time, minutes: int = 60) -> None:
    site = room.site
    recall = RecallFactory.create(site=site)
    slot = Slot(site, calendar.instant(site, day, at), length_minutes=minutes, room=room)
    actions.book_appointment(recall, slot, by=get_site_staff(site).scheduler)


def test_a_visit_fits_whole_into_the_hours_of_the_room(shadyside: Site, room: Room) -> None:
    assert _free_start_times(shadyside) == ["25 09:00", "25 09:30", "25 10:00", "25 10:30", "25 11:00"]
    assert _free_start_times(shadyside, minutes=150) == ["25 09:00", "25 09:30"]
    assert _free_start_times(shadyside, minutes=181) == []


def test_a_booked_visit_takes_every_start_that_would_overlap_it(shadyside: Site, room: Room) -> None:
    _book(room, WEDNESDAY, time(10), 45)
    assert _free_start_times(shadyside) == ["25 09:00", "25 11:00"]
    assert _free_start_times(shadyside, minutes=30) == ["25 09:00", "25 09:30", "25 11:00", "25 11:30"]


def test_nothing_is_free_in_the_past_on_holidays_and_on_closed_days(shadyside: Site, room: Room) -> None:
    assert _free_start_times(shadyside, first=TODAY) == ["24 10:30", "24 11:00"]
    assert _free_start_times(shadyside, first=date(2026, 11, 26)) == [], "Thanksgiving"
    assert len(_free_start_times(shadyside, first=MONDAY)) == 5
    Closure.objects.create(site=shadyside, day=MONDAY)
    assert _free_start_times(shadyside, first=MONDAY) == []


def test_a_second_room_is_offered_at_the_same_time_and_a_room_out_of_use_is_not(shadyside: Site, room: Room) -> None:
    other = RoomFactory.create(site=shadyside, name="Mammo 2", hours=(time(9), time(10)))
    assert _free_start_times(shadyside).count("25 09:00") == 2
    other.in_use = False
    other.save()
    assert _free_start_times(shadyside).count("25 09:00") == 1


def test_a_cancelled_and_a_missed_visit_free_the_room_and_one_that_began_early_does_not(
    shadyside: Site, room: Room
) -> None:
    scheduler = get_site_staff(shadyside).scheduler
    recalls = [RecallFactory.create(site=shadyside) for _ in range(2)]
    for recall, hour in zip(recalls, (9, 11), strict=True):
        starts_at = calendar.instant(shadyside, WEDNESDAY, time(hour))
        actions.book_appointment(recall, Slot(shadyside, starts_at, room=room), by=scheduler)
    actions.cancel_appointment(recalls[0], by=scheduler)
    with time_machine.travel(calendar.instant(shadyside, WEDNESDAY, time(8)), tick=False):
        actions.mark_attended(recalls[1], by=scheduler)
    assert _free_start_times(shadyside) == ["25 09:00", "25 09:30", "25 10:00"]


def test_the_length_comes_from_the_kind_of_visit_and_what_makes_it_longer(shadyside: Site) -> None:
    assert slots.visit_minutes(shadyside, VisitKind.DIAGNOSTIC) == 60
    assert slots.visit_minutes(shadyside, VisitKind.DIAGNOSTIC_ULTRASOUND, interpreter=True) == 120
    VisitLength.objects.create(site=shadyside, what="diagnostic", minutes=45)
    VisitLength.objects.create(site=shadyside, what="implants", minutes=20)
    assert slots.visit_minutes(shadyside, VisitKind.DIAGNOSTIC) == 45
    assert slots.visit_minutes(shadyside, VisitKind.DIAGNOSTIC, interpreter=True, implants=True) == 95


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        ({"exam__findings": [(FindingKind.MASS, Side.LEFT)]}, VisitKind.DIAGNOSTIC_ULTRASOUND),
        ({"exam__findings": [(FindingKind.ASYMMETRY, Side.RIGHT)]}, VisitKind.DIAGNOSTIC_ULTRASOUND),
        ({"exam__findings": [(FindingKind.ARCHITECTURAL_DISTORTION, Side.LEFT)]}, VisitKind.DIAGNOSTIC_ULTRASOUND),
        ({"exam__findings": [(FindingKind.DENSITY, Side.BOTH)]}, VisitKind.DIAGNOSTIC_ULTRASOUND),
        ({"exam__findings": [(FindingKind.CALCIFICATIONS, Side.LEFT)]}, VisitKind.DIAGNOSTIC),
        ({"exam__recall_kind": RecallKind.TECHNICAL}, VisitKind.REPEAT_VIEW),
        ({"next_round": True}, VisitKind.FOLLOW_UP),
    ],
)
def test_what_the_recall_needs_is_proposed(facts: dict[str, Any], kind: VisitKind, shadyside: Site) -> None:
    assert slots.suggested_visit_kind(RecallFactory.create(site=shadyside, **facts)) == kind


def test_a_biopsy_is_offered_in_biopsy_rooms_only(shadyside: Site, room: Room) -> None:
    biopsy = RoomFactory.create(site=shadyside, modality=Modality.BIOPSY)
    found = slots.next_free_slots(shadyside, VisitKind.BIOPSY, 90, WEDNESDAY, timezone.now(), count=3)
    assert {free.room for free in found} == {biopsy}


def test_it_is_known_when_each_site_is_next_free(shadyside: Site, foothills: Site, room: Room) -> None:
    now = timezone.now()
    free = datetime(2026, 11, 24, 15, 30, tzinfo=UTC)
    assert next_available.next_free_by_site([shadyside, foothills], now) == {shadyside.pk: free, foothills.pk: None}
    cache.clear()
    booked = RecallFactory.create(site=shadyside, booked=True).appointments
    booked.update(room=room, starts_at=free, length_minutes=60)
    assert next_available.next_free_by_site([shadyside], now)[shadyside.pk] == datetime(2026, 11, 25, 14, 0, tzinfo=UTC)


def test_where_everything_is_taken_the_next_free_time_lies_behind_the_look_ahead(shadyside: Site) -> None:
    RoomFactory.create(site=shadyside, hours=(time(8), time(8, 30)))  # shorter than any visit
    found = next_available.next_free_by_site([shadyside], timezone.now())[shadyside.pk]
    assert found is not None
    assert found > timezone.now() + timedelta(days=next_available.LOOKAHEAD_DAYS - 1)


def test_a_long_look_ahead_asks_once_for_two_weeks(shadyside: Site, room: Room, django_assert_num_queries: Any) -> None:
    site, rooms = _reload_site(shadyside), slots.active_rooms(shadyside)
    calendar.is_open_day(site, TODAY)
    free = slots.iter_free_slots(site, rooms, 60, WEDNESDAY, 28, timezone.now())
    with django_assert_num_queries(2):
        assert len(list(islice(free, 1000))) > 50


def test_the_next_free_time_is_one_unless_more_are_asked_for(shadyside: Site, room: Room) -> None:
    asked = (_reload_site(shadyside), VisitKind.DIAGNOSTIC, 60, WEDNESDAY, timezone.now())
    nine = calendar.instant(shadyside, WEDNESDAY, time(9))
    assert [free.starts_at for free in slots.next_free_slots(*asked)] == [nine]
    assert len(slots.next_free_slots(*asked, 3)) == 3


def test_a_form_sends_back_the_free_time_it_was_given(shadyside: Site, room: Room) -> None:
    (free,) = slots.next_free_slots(shadyside, VisitKind.DIAGNOSTIC, 60, WEDNESDAY, timezone.now())
    sent = slots.format_slot(free, shadyside)
    assert sent == f"{room.pk}@2026-11-25T09:00-05:00"
    assert slots.parse_slot(sent, [RoomFactory.create(site=shadyside), room]) == (room, free.starts_at)


@pytest.mark.parametrize("sent", NO_FREE_TIMES)
def test_a_free_time_that_names_no_room_or_no_instant_is_not_taken(sent: str, shadyside: Site, room: Room) -> None:
    value = sent.format(room=room.pk, at="2026-11-25T09:00-05:00")
    assert slots.parse_slot(value, [room]) is None


def test_a_free_time_in_a_room_of_another_site_is_not_taken(shadyside: Site, foothills: Site, room: Room) -> None:
    elsewhere = RoomFactory.create(site=foothills)
    assert slots.parse_slot(f"{elsewhere.pk}@2026-11-25T09:00-05:00", [room]) is None
