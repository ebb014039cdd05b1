"""A room is never booked twice, also not by two connections at once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from clinic import calendar
from clinic.factories import get_site_staff
from clinic.models import Site
from recalls import actions
from recalls.actions import Slot
from recalls.enums import AppointmentStatus, State, VisitKind
from recalls.models import Appointment, Recall, RecallEvent
from recalls.testing.factories import RecallFactory, RoomFactory
from tests.support.concurrency import run_concurrently

ROUNDS = 5


def _next_open_day_at(site: Site, hour: int, minute: int = 0) -> datetime:
    day = calendar.next_open_day(site, calendar.local_day(site, timezone.now()) + timedelta(days=1))
    return calendar.instant(site, day, time(hour, minute))


def _booking_call(recall: Recall, slot: Slot) -> Callable[[], RecallEvent]:
    scheduler = get_site_staff(recall.site).scheduler
    mine = Recall.objects.select_related("site", "patient", "exam").get(pk=recall.pk)
    if recall.state == State.SCHEDULED:
        return lambda: actions.reschedule(mine, slot, by=scheduler)
    return lambda: actions.book_appointment(mine, slot, by=scheduler)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("minutes_later", [0, 30], ids=["the same time", "an overlapping time"])
@pytest.mark.parametrize("round_", range(ROUNDS))
def test_of_two_who_book_one_room_at_once_the_second_is_refused(
    round_: int, minutes_later: int, shadyside: Site
) -> None:
    room = RoomFactory.create(site=shadyside)
    first, second = (RecallFactory.create(site=shadyside) for _ in range(2))
    results = run_concurrently(
        _booking_call(first, Slot(shadyside, _next_open_day_at(shadyside, 9), room=room)),
        _booking_call(second, Slot(shadyside, _next_open_day_at(shadyside, 9, minutes_later), room=room)),
    )
    refused = [result for result in results if isinstance(result, ValidationError)]
    assert [result for result in results if isinstance(result, RecallEvent)]
    assert [error.message_dict for error in refused] == [
        {"slot": ["Somebody else has just taken this time. Choose another."]}
    ]
    assert Appointment.objects.filter(room=room).count() == 1
    assert sorted(Recall.objects.values_list("state", flat=True)) == [State.SCHEDULED, State.TO_CONTACT]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_", range(ROUNDS))
def test_of_two_moved_into_one_time_at_once_the_second_keeps_the_old_time(round_: int, shadyside: Site) -> None:
    room = RoomFactory.create(site=shadyside)
    recalls = [RecallFactory.create(site=shadyside) for _ in range(2)]
    for recall, hour in zip(recalls, (9, 10), strict=True):
        slot = Slot(shadyside, _next_open_day_at(shadyside, hour), room=room)
        actions.book_appointment(recall, slot, by=get_site_staff(shadyside).scheduler)
    wanted = Slot(shadyside, _next_open_day_at(shadyside, 13), room=room)
    results = run_concurrently(*(_booking_call(recall, wanted) for recall in recalls))
    assert sum(isinstance(result, ValidationError) for result in results) == 1
    starts = set(Appointment.objects.values_list("starts_at", flat=True))
    assert wanted.starts_at in starts
    assert len(starts & {_next_open_day_at(shadyside, 9), _next_open_day_at(shadyside, 10)}) == 1


@pytest.mark.django_db
def test_the_database_itself_refuses_two_visits_at_one_time_in_one_room(shadyside: Site) -> None:
    room, starts_at = RoomFactory.create(site=shadyside), _next_open_day_at(shadyside, 9)
    first, second = (RecallFactory.create(site=shadyside) for _ in range(2))
    Appointment.objects.create(recall=first, site=shadyside, room=room, starts_at=starts_at)
    with pytest.raises(IntegrityError), transaction.atomic():
        Appointment.objects.create(recall=second, site=shadyside, room=room, starts_at=starts_at)
    Appointment.objects.create(
        recall=second, site=shadyside, room=room, starts_at=starts_at, status=AppointmentStatus.MISSED
    )


@pytest.mark.django_db
def test_two_people_may_come_at_one_time_to_two_rooms_and_where_no_room_is_known(shadyside: Site) -> None:
    rooms = [RoomFactory.create(site=shadyside) for _ in range(2)]
    for room in (*rooms, None, None):
        slot = Slot(shadyside, _next_open_day_at(shadyside, 9), room=room)
        _booking_call(RecallFactory.create(site=shadyside), slot)()
    assert Appointment.objects.count() == 4


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("hour", "why"), [(7, "is not staffed for that time"), (16, ""), (17, "is not staffed for that time")]
)
def test_a_room_is_given_only_while_it_is_staffed(hour: int, why: str, shadyside: Site) -> None:
    room = RoomFactory.create(site=shadyside)
    book = _booking_call(
        RecallFactory.create(site=shadyside), Slot(shadyside, _next_open_day_at(shadyside, hour), room=room)
    )
    if not why:
        assert book().step == "book_appointment"
        return
    with pytest.raises(ValidationError, match=why):
        book()


@pytest.mark.django_db
def test_a_room_of_another_site_or_out_of_use_is_not_given(shadyside: Site, foothills: Site) -> None:
    there = RoomFactory.create(site=foothills)
    unused = RoomFactory.create(site=shadyside, in_use=False)
    for room in (there, unused):
        with pytest.raises(ValidationError, match="not in use"):
            _booking_call(
                RecallFactory.create(site=shadyside), Slot(shadyside, _next_open_day_at(shadyside, 9), room=room)
            )()


@pytest.mark.django_db
def test_moving_a_visit_frees_its_old_time_and_keeps_the_clocks_of_the_recall(shadyside: Site) -> None:
    room, scheduler = RoomFactory.create(site=shadyside), get_site_staff(shadyside).scheduler
    recall = RecallFactory.create(site=shadyside)
    target, since = recall.target_at, recall.contact_since
    actions.book_appointment(recall, Slot(shadyside, _next_open_day_at(shadyside, 9), room=room), by=scheduler)
    actions.reschedule(recall, Slot(shadyside, _next_open_day_at(shadyside, 9, 30), room=room), by=scheduler)
    assert recall.appointments.get().starts_at == _next_open_day_at(shadyside, 9, 30), (
        "the visit's own time was not in the way"
    )
    actions.reschedule(recall, Slot(shadyside, _next_open_day_at(shadyside, 14), room=room), by=scheduler)
    assert (recall.target_at, recall.contact_since) == (target, since)
    _booking_call(RecallFactory.create(site=shadyside), Slot(shadyside, _next_open_day_at(shadyside, 9), room=room))()
    assert Appointment.objects.filter(room=room).count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize("minutes_later", [60, 75, 89])
def test_a_ninety_minute_biopsy_is_not_double_booked(minutes_later: int, shadyside: Site) -> None:
    room, starts_at = RoomFactory.create(site=shadyside), _next_open_day_at(shadyside, 9)
    first, second = (RecallFactory.create(site=shadyside, biopsy_to_book=True) for _ in range(2))
    biopsy = Slot(shadyside, starts_at, VisitKind.BIOPSY, length_minutes=90, room=room)
    actions.book_biopsy(first, biopsy, by=get_site_staff(shadyside).scheduler)
    later = replace(biopsy, starts_at=starts_at + timedelta(minutes=minutes_later))
    with pytest.raises(ValidationError, match="has just taken this time"):
        actions.book_biopsy(second, later, by=get_site_staff(shadyside).scheduler)
    assert Appointment.objects.filter(room=room, kind=VisitKind.BIOPSY).count() == 1
