"""Gives the demo a day under way: who has come without an appointment, who is in the room, where a mobile unit goes."""

from datetime import date, time, timedelta

from django.utils import timezone

from clinic import calendar
from clinic.models import Site
from demo.seed_sites import DemoSite
from recalls import actions
from recalls.actions import Slot
from recalls.actions.visit_day.room_entry import enter_room
from recalls.enums import State
from recalls.models import Appointment, Recall, Room, RoomStop
from recalls.testing.factories import RoomFactory

_WALK_INS = 2
_STOPS = (
    (5, "Hillside Sample Mall, lot B", "12 Invented Parkway"),
    (12, "Riverside Sample Library", "5 Made-up Square"),
    (19, "Hillside Sample Mall, lot B", "12 Invented Parkway"),
)  # days from today, place, street


def create_today(place: DemoSite) -> None:
    """Two patients who walked in today, one of them in the room, and the next stops of the mobile unit."""
    today = calendar.local_day(place.site, timezone.now())
    _create_stops(place.site, today)
    rooms = Room.objects.filter(site=place.site, is_mobile=False).order_by("pk")[:_WALK_INS]
    waiting = Recall.objects.filter(site=place.site, state=State.TO_CONTACT, suspicious=False).order_by("-due_at", "pk")
    for recall, room in zip(waiting[:_WALK_INS], rooms, strict=True):
        slot = Slot(place.site, timezone.now(), room=room, reason="Came by with a relative.")
        actions.walk_in(recall, slot, by=place.staff.scheduler)
    enter_room(Appointment.objects.latest("pk").pk, by=place.staff.scheduler)


def _create_stops(site: Site, today: date) -> None:
    unit = RoomFactory.create(site=site, name="Mobile unit", is_mobile=True)
    RoomStop.objects.bulk_create(
        RoomStop(
            room=unit,
            day=calendar.next_open_day(site, today + timedelta(days=days)),
            opens=time(9),
            closes=time(15),
            place=where,
            address_line=street,
            city=site.city,
        )
        for days, where, street in _STOPS
    )
