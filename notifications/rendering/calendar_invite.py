"""Builds the iCalendar file of a message about a visit.

RFC 5545 and 5546: the UID stays the same for a visit, SEQUENCE rises, METHOD says REQUEST or CANCEL. The entry names
the clinic and the place and nothing of the reason, since calendars are shared.
"""

import uuid
from datetime import date
from email.utils import parseaddr
from functools import lru_cache

from django.conf import settings
from django.utils.translation import gettext as _
from icalendar import Calendar, Event, Timezone, vCalAddress

from notifications.enums import NotificationKind
from notifications.models import Notification
from notifications.rendering.context import single_line
from recalls.models import Appointment

REQUEST, CANCEL = "REQUEST", "CANCEL"
METHOD_BY_KIND: dict[NotificationKind, str] = {
    NotificationKind.APPOINTMENT_CONFIRMATION: REQUEST,
    NotificationKind.APPOINTMENT_CHANGED: REQUEST,
    NotificationKind.BIOPSY_CONFIRMATION: REQUEST,
    NotificationKind.APPOINTMENT_CANCELLED: CANCEL,
}


def build_calendar_invite(notification: Notification, visit: Appointment, address: str) -> tuple[str, str]:
    """The iCalendar METHOD and file of a message about a visit; the same notification gives the same file."""
    method = METHOD_BY_KIND[NotificationKind(notification.kind)]
    site, sender = visit.site, parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    starts = visit.starts_at.astimezone(site.zone)
    entry = Event()
    entry.add("uid", calendar_uid(visit))
    # A cancellation outranks the entry that it cancels.
    entry.add("sequence", visit.sequence + (method == CANCEL))
    entry.add("dtstamp", notification.created_at)
    entry.add("dtstart", starts)
    entry.add("dtend", visit.ends_at.astimezone(site.zone))
    entry.add("summary", _("Appointment at %(clinic)s") % {"clinic": single_line(site.sender_name)})
    entry.add("location", format_location(visit))
    entry.add("status", "CONFIRMED" if method == REQUEST else "CANCELLED")
    entry.add("class", "PRIVATE")
    entry.add("organizer", _calendar_address(sender, site.sender_name))
    entry.add("attendee", _calendar_address(address, ""))
    calendar = Calendar()
    calendar.add("prodid", "-//Recall Desk//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    # The VTIMEZONE is the longest part and the same for all visits: its cached text is inserted.
    head, end = calendar.to_ical().decode().split("END:VCALENDAR")
    rules = _vtimezone_text(site.time_zone, starts.year)
    return method, f"{head}{rules}{entry.to_ical().decode()}END:VCALENDAR{end}"


def format_location(visit: Appointment) -> str:
    """The place of the visit on one line."""
    place = visit.place
    return single_line(f"{place.name}, {place.address_line}, {place.city}, {place.state}")


def calendar_uid(visit: Appointment) -> str:
    """The UID of a visit: the same in each message and on the patient's page, so that no calendar shows it twice."""
    host = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    return f"{uuid.uuid5(uuid.NAMESPACE_URL, f'visit:{visit.pk}')}@{host}"


def _calendar_address(address: str, name: str) -> vCalAddress:
    person = vCalAddress(f"mailto:{address}")
    if name:
        person.params["CN"] = single_line(name)
    return person


@lru_cache(maxsize=64)
def build_vtimezone(name: str, year: int) -> Timezone:
    """The VTIMEZONE of an IANA zone around that year; cached, because it takes longer than the rest of the file."""
    return Timezone.from_tzid(name, first_date=date(year - 1, 1, 1), last_date=date(year + 2, 1, 1))


@lru_cache(maxsize=64)
def _vtimezone_text(name: str, year: int) -> str:
    return str(build_vtimezone(name, year).to_ical(), "utf-8")
