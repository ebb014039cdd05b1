"""Who asked for an earlier time is rung when one becomes free: results of 4 or 5 first, then who gains most."""

from datetime import date, time, timedelta
from typing import Any

import pytest
import time_machine
from django.urls import reverse

from clinic import calendar
from clinic.models import Site, User
from recalls import actions
from recalls.actions import Slot
from recalls.models import Recall, Room, WaitingListEntry
from recalls.testing.factories import RecallFactory
from tests.booking.conftest import TUESDAY_MORNING
from tests.desk.conftest import ClientFor, client_for, page_text

__all__ = ["client_for"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_at_tuesday_morning")]
WEDNESDAY, MONDAY, NEXT_FRIDAY = date(2026, 11, 25), date(2026, 11, 30), date(2026, 12, 4)


def _book(by: User, room: Room, day: date, hour: int, **traits: Any) -> Recall:
    recall = RecallFactory.create(site=room.site, **traits)
    slot = Slot(room.site, calendar.instant(room.site, day, time(hour)), room=room)
    actions.book_appointment(recall, slot, by=by)
    return recall


def _fill(by: User, room: Room, *days: date) -> list[Recall]:
    """Every hour of these days is taken."""
    return [_book(by, room, day, hour) for day in days for hour in (9, 10, 11)]


@pytest.fixture
def full_room(room: Room, scheduler_ana: User) -> Room:
    """Nothing is free before Tuesday of next week but what a test frees."""
    for hour in (10, 11):
        if hour == 11:
            _book(scheduler_ana, room, TUESDAY_MORNING.date(), hour)
    _fill(scheduler_ana, room, WEDNESDAY, MONDAY)
    return room


def _rows(browser: Any) -> list[Any]:
    rows: list[Any] = browser.get(reverse("earlier_times")).context["rows"]
    return rows


def test_a_freed_time_is_offered_to_a_4_or_5_first_and_then_to_who_gains_most(
    client_for: ClientFor, scheduler_ana: User, full_room: Room
) -> None:
    near, far = _book(scheduler_ana, full_room, date(2026, 12, 1), 9), _book(scheduler_ana, full_room, NEXT_FRIDAY, 9)
    suspicious = _book(scheduler_ana, full_room, date(2026, 12, 1), 10, suspicious_screen=True)
    for recall in (near, far, suspicious):
        actions.ask_earlier(recall, by=scheduler_ana)
    freed = Recall.objects.get(appointments__starts_at=calendar.instant(full_room.site, WEDNESDAY, time(10)))
    actions.cancel_appointment(freed, by=scheduler_ana)
    rows = _rows(client_for(scheduler_ana))
    assert [row.name for row in rows] == [str(one.patient) for one in (suspicious, far, near)]
    assert {row.offer for row in rows} == {"Wed 25 Nov, 10:00 am, Mammo 1"}
    assert [row.gain for row in rows] == ["6 days", "9 days", "6 days"]
    assert [row.is_at_risk for row in rows] == [True, False, False]


def test_one_button_moves_the_visit_and_takes_the_patient_off_the_list(
    client_for: ClientFor, scheduler_ana: User, full_room: Room
) -> None:
    recall = _book(scheduler_ana, full_room, NEXT_FRIDAY, 9)
    actions.ask_earlier(recall, by=scheduler_ana)
    browser = client_for(scheduler_ana)
    row = _rows(browser)[0]
    answer = browser.post(row.move_url, row.fields)
    assert answer.status_code == 302, page_text(answer)
    visit = recall.appointments.get()
    assert (visit.sequence, calendar.local_day(visit.site, visit.starts_at) < NEXT_FRIDAY) == (1, True)
    assert _rows(browser) == []
    assert WaitingListEntry.objects.get().ended_at is not None


def test_a_time_given_away_meanwhile_moves_nobody(client_for: ClientFor, scheduler_ana: User, full_room: Room) -> None:
    waiting = [_book(scheduler_ana, full_room, NEXT_FRIDAY, hour) for hour in (9, 10)]
    for recall in waiting:
        actions.ask_earlier(recall, by=scheduler_ana)
    browser = client_for(scheduler_ana)
    first, second = _rows(browser)
    assert browser.post(first.move_url, first.fields).status_code == 302
    assert "Somebody else has just taken this time." in page_text(browser.post(second.move_url, second.fields))


def test_who_can_only_come_in_the_afternoon_is_offered_no_morning(
    client_for: ClientFor, scheduler_ana: User, full_room: Room
) -> None:
    recall = _book(scheduler_ana, full_room, NEXT_FRIDAY, 9)
    actions.ask_earlier(recall, part="afternoon", by=scheduler_ana)
    (row,) = _rows(client_for(scheduler_ana))
    assert (row.offer, row.fields, row.wish) == ("", {}, "in the afternoon")
    full_room.hours.filter(weekday=0).update(closes=time(14))
    (row,) = _rows(client_for(scheduler_ana))
    assert row.offer == "Mon 30 Nov, 12:00 pm, Mammo 1"


@pytest.mark.parametrize("end", ["taken off", "cancelled", "came"])
def test_nobody_waits_whose_visit_is_over_or_who_asked_to_be_taken_off(
    end: str, client_for: ClientFor, scheduler_ana: User, full_room: Room
) -> None:
    recall = _book(scheduler_ana, full_room, NEXT_FRIDAY, 9)
    actions.ask_earlier(recall, by=scheduler_ana)
    acts = {
        "taken off": lambda: actions.ask_earlier(recall, stop=True, by=scheduler_ana),
        "cancelled": lambda: actions.cancel_appointment(recall, by=scheduler_ana),
        "came": lambda: actions.mark_attended(recall, came_early=True, by=scheduler_ana),
    }
    acts[end]()
    assert _rows(client_for(scheduler_ana)) == []


def test_a_visit_moved_to_a_later_day_still_waits(client_for: ClientFor, scheduler_ana: User, full_room: Room) -> None:
    recall = _book(scheduler_ana, full_room, date(2026, 12, 2), 9)
    actions.ask_earlier(recall, by=scheduler_ana)
    later = Slot(full_room.site, calendar.instant(full_room.site, NEXT_FRIDAY, time(9)), room=full_room)
    actions.reschedule(recall, later, by=scheduler_ana)
    assert len(_rows(client_for(scheduler_ana))) == 1


def test_the_list_shows_only_the_users_own_sites(
    client_for: ClientFor, scheduler_ana: User, other_site_scheduler: User, full_room: Room
) -> None:
    recall = _book(scheduler_ana, full_room, NEXT_FRIDAY, 9)
    actions.ask_earlier(recall, by=scheduler_ana)
    assert _rows(client_for(other_site_scheduler)) == []


def test_arrivals_stand_by_room_with_where_each_patient_is(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site, room: Room
) -> None:
    with time_machine.travel(TUESDAY_MORNING - timedelta(hours=2), tick=False):
        late, came = _book(scheduler_ana, room, TUESDAY_MORNING.date(), 9), RecallFactory.create(site=shadyside)
        expected = _book(scheduler_ana, room, TUESDAY_MORNING.date(), 11)
        missed, typed = (
            RecallFactory.create(site=shadyside),
            calendar.instant(shadyside, TUESDAY_MORNING.date(), time(9)),
        )
        for recall in (came, missed):
            actions.book_appointment(recall, Slot(shadyside, typed), by=scheduler_ana)
    actions.mark_attended(came, by=scheduler_ana)
    actions.mark_missed(missed, by=scheduler_ana)
    page = client_for(scheduler_ana).get(reverse("arrivals"))
    shown = {room: [(row.name, str(row.arrival.label)) for row in rows] for room, rows in page.context["groups"]}
    assert shown == {
        "Mammo 1": [(str(late.patient), "Late"), (str(expected.patient), "Expected")],
        "No room": [(str(came.patient), "Arrived"), (str(missed.patient), "No-show")],
    }
    counts = {str(label): count for label, count in page.context["arrival_counts"]}
    assert counts == {"Expected": 1, "Late": 1, "Arrived": 1, "In the room": 0, "Done": 0, "No-show": 1}
