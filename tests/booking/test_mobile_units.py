"""A mobile unit is booked only where it stands that day, and the patient is told that address."""

from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from clinic import calendar
from clinic.models import Site, User
from notifications.models import Notification
from notifications.planning.snapshot import load_snapshot
from notifications.rendering.calendar_invite import build_calendar_invite
from notifications.rendering.context import MessageContext
from portal.calendar_file import build_calendar_file
from recalls import actions
from recalls.actions import Slot
from recalls.models import Appointment, Recall, Room, RoomStop
from recalls.scheduling.day_closure import propose_reschedules
from recalls.testing.factories import RecallFactory, RoomFactory
from tests.desk.conftest import ClientFor, StepFormClient, client_for, page_text

__all__ = ["client_for"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_at_tuesday_morning")]
WEDNESDAY, NEXT_TUESDAY = date(2026, 11, 25), date(2026, 12, 1)


@pytest.fixture
def unit(shadyside: Site) -> Room:
    """Weekly hours that do not count, and two stops: Wednesday afternoon and the Tuesday after."""
    unit: Room = RoomFactory.create(site=shadyside, name="Mobile unit", is_mobile=True)
    for day, opens, place in (
        (WEDNESDAY, time(13), "Hillside Mall, lot B"),
        (NEXT_TUESDAY, time(9), "Millvale Library"),
    ):
        RoomStop.objects.create(
            room=unit, day=day, opens=opens, closes=time(15), place=place, address_line="5 Sample Road", city="Millvale"
        )
    return unit


def _slot(site: Site, unit: Room, day: date, hour: int, **more: Any) -> Slot:
    return Slot(site, calendar.instant(site, day, time(hour)), room=unit, **more)


def _book(site: Site, unit: Room, by: User) -> Recall:
    recall = RecallFactory.create(site=site)
    actions.book_appointment(recall, _slot(site, unit, WEDNESDAY, 13), by=by)
    return recall


def test_a_mobile_unit_is_offered_only_on_its_days_with_the_place_of_each(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site, unit: Room
) -> None:
    recall = RecallFactory.create(site=shadyside)
    page = client_for(scheduler_ana).get(reverse("step", args=[recall.pk, "book_appointment"]))
    offered = [choice.label for day in page.context["days"] for _part, choices in day.parts for choice in choices]
    assert offered[0] == "Wed 25 Nov, 1:00 pm, Mobile unit, Hillside Mall, lot B, 5 Sample Road, Millvale"
    assert {label[:10] for label in offered} == {"Wed 25 Nov", "Tue 1 Dec,"}
    slot = f"{unit.pk}@2026-12-01T09:00-05:00"
    browser = client_for(scheduler_ana)
    answer = StepFormClient(browser, recall, "book_appointment").send(slot=slot, kind="diagnostic")
    said = page_text(browser.get(answer.headers["Location"]))
    assert "Booked: Tue 1 Dec, 9:00 am, Mobile unit, Millvale Library, 5 Sample Road, Millvale." in said


def test_at_one_time_the_site_and_the_mobile_unit_are_both_offered(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site, unit: Room
) -> None:
    RoomFactory.create(site=shadyside, name="Mammo 1", hours=(time(13), time(14)))
    recall = RecallFactory.create(site=shadyside)
    page = client_for(scheduler_ana).get(reverse("step", args=[recall.pk, "book_appointment"]))
    choices = [one for day in page.context["days"] for _part, found in day.parts for one in found]
    at_one = [one.room for one in choices if one.label.startswith("Wed 25 Nov, 1:00 pm")]
    assert at_one == ["Mammo 1", "Mobile unit"]


@pytest.mark.parametrize("reason", ["", "The patient asked for it."])
def test_where_the_unit_stands_nowhere_no_reason_books_it(
    reason: str, scheduler_ana: User, shadyside: Site, unit: Room
) -> None:
    recall = RecallFactory.create(site=shadyside)
    with pytest.raises(ValidationError, match="stands nowhere"):
        actions.book_appointment(recall, _slot(shadyside, unit, date(2026, 12, 2), 10, reason=reason), by=scheduler_ana)
    assert not Appointment.objects.exists()


def test_messages_calendar_entries_and_the_day_list_name_the_address_of_the_day(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site, unit: Room
) -> None:
    recall = _book(shadyside, unit, scheduler_ana)
    visit, where = recall.appointments.get(), "5 Sample Road, Millvale"
    message = Notification.objects.get(recall=recall, kind="appointment_confirmation")
    place = MessageContext(message, load_snapshot(recall))["visit_place"].replace("\\", "")
    assert (shadyside.address_line in place, place.endswith(f"Hillside Mall, lot B, {where}")) == (False, True)
    _method, invite = build_calendar_invite(message, visit, "testa@example.org")
    for calendar_file in (invite, build_calendar_file(visit).decode()):
        unfolded = calendar_file.replace("\r\n ", "").replace("\\", "")
        assert f"Hillside Mall, lot B, {where}" in unfolded
        assert shadyside.address_line not in unfolded
    listed = page_text(client_for(scheduler_ana).get(reverse("appointments"), {"day": str(WEDNESDAY)}))
    assert f"Mobile unit, Hillside Mall, lot B, {where}" in listed


def test_a_visit_moved_to_another_stop_names_the_new_address(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site, unit: Room
) -> None:
    recall = _book(shadyside, unit, scheduler_ana)
    actions.reschedule(recall, _slot(shadyside, unit, NEXT_TUESDAY, 9), by=scheduler_ana)
    assert "Millvale Library" in recall.appointments.get().place.name
    room = RoomFactory.create(site=shadyside)
    actions.reschedule(recall, _slot(shadyside, room, NEXT_TUESDAY, 9), by=scheduler_ana)
    assert recall.appointments.get().place.address_line == shadyside.address_line


def test_closing_a_day_sends_nobody_from_or_to_a_mobile_unit_unasked(
    scheduler_ana: User, shadyside: Site, unit: Room
) -> None:
    _book(shadyside, unit, scheduler_ana)
    room = RoomFactory.create(site=shadyside, hours=(time(9), time(10)))
    at_site = RecallFactory.create(site=shadyside)
    actions.book_appointment(at_site, _slot(shadyside, room, WEDNESDAY, 9), by=scheduler_ana)
    now = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
    found = {
        one.appointment.room: one for one in propose_reschedules(shadyside, WEDNESDAY, frozenset({shadyside.pk}), now)
    }
    assert "mobile unit is not moved automatically" in found[unit].blocked_reason
    free = found[room].free_slot
    assert free is not None
    assert free.room == room


def _stop_form(room: Room, **changed: str) -> dict[str, str]:
    stop = {"room": str(room.pk), "day": "2026-12-02", "opens": "09:00", "closes": "15:00", "place": "Millvale Library"}
    return stop | {"address_line": "7 Sample Road", "city": "Millvale"} | changed


def test_a_stop_with_booked_visits_keeps_its_day_and_address(
    client_for: ClientFor, scheduler_ana: User, administrator_ada: User, shadyside: Site, unit: Room
) -> None:
    _book(shadyside, unit, scheduler_ana)
    stop = RoomStop.objects.get(day=WEDNESDAY)
    url = reverse("admin:recalls_roomstop_change", args=[stop.pk])
    answer = page_text(client_for(administrator_ada).post(url, _stop_form(unit)))
    assert "Patients are booked for this stop: move their visits first." in answer
    stop.refresh_from_db()
    assert stop.address_line == "5 Sample Road"


def test_a_room_without_weekly_hours_becomes_a_mobile_unit_by_its_first_stop(
    client_for: ClientFor, administrator_ada: User, shadyside: Site, room: Room
) -> None:
    browser, url = client_for(administrator_ada), reverse("admin:recalls_roomstop_add")
    assert "This room has weekly hours" in page_text(browser.post(url, _stop_form(room)))
    room.hours.all().delete()
    assert "The site is shut on this day" in page_text(browser.post(url, _stop_form(room, day="2026-12-25")))
    assert browser.post(url, _stop_form(room)).status_code == 302
    room.refresh_from_db()
    assert (room.is_mobile, room.stops.get().place) == (True, "Millvale Library")
