"""What goes into her calendar? One entry for each visit: asked for, moved or taken away under the same name.

RFC 5545 and 5546: the UID stays, SEQUENCE rises, METHOD says REQUEST or CANCEL. The entry names the clinic and the
place and nothing of the reason, since calendars are shared.
"""

import uuid
from datetime import date, timedelta
from email.utils import parseaddr
from functools import lru_cache

from django.conf import settings
from django.utils.translation import gettext as _
from icalendar import Calendar, Event, Timezone, vCalAddress

from notifications.kinds import Kind
from notifications.models import Notification
from notifications.values import one_line
from recalls.models import Appointment

REQUEST, CANCEL = "REQUEST", "CANCEL"
METHODS: dict[Kind, str] = {
    Kind.APPOINTMENT_CONFIRMATION: REQUEST,
    Kind.APPOINTMENT_CHANGED: REQUEST,
    Kind.BIOPSY_CONFIRMATION: REQUEST,
    Kind.APPOINTMENT_CANCELLED: CANCEL,
}


def invitation(row: Notification, visit: Appointment, address: str) -> tuple[str, str]:
    """The method and the calendar file of a message about a visit; the same row gives the same file."""
    method = METHODS[Kind(row.kind)]
    site, sender = visit.site, parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    starts = visit.starts_at.astimezone(site.zone)
    entry = Event()
    entry.add("uid", uid_of(visit))
    # A cancellation outranks the entry that it cancels.
    entry.add("sequence", visit.sequence + (method == CANCEL))
    entry.add("dtstamp", row.created_at)
    entry.add("dtstart", starts)
    entry.add("dtend", starts + timedelta(minutes=visit.length_minutes))
    entry.add("summary", _("Appointment at %(clinic)s") % {"clinic": one_line(site.sender_name)})
    entry.add("location", one_line(f"{site.sender_name}, {site.address_line}, {site.city}, {site.state}"))
    entry.add("status", "CONFIRMED" if method == REQUEST else "CANCELLED")
    entry.add("class", "PRIVATE")
    entry.add("organizer", _person(sender, site.sender_name))
    entry.add("attendee", _person(address, ""))
    sheet = Calendar()
    sheet.add("prodid", "-//Recall Desk//EN")
    sheet.add("version", "2.0")
    sheet.add("method", method)
    # The zone's rules are the longest part and the same for all: they are put in as they were last written.
    head, end = sheet.to_ical().decode().split("END:VCALENDAR")
    rules = _written_rules(site.time_zone, starts.year)
    return method, f"{head}{rules}{entry.to_ical().decode()}END:VCALENDAR{end}"


def uid_of(visit: Appointment) -> str:
    """The name of her calendar entry: the same in each message and on her own page, so that it is never there twice."""
    host = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    return f"{uuid.uuid5(uuid.NAMESPACE_URL, f'visit:{visit.pk}')}@{host}"


def _person(address: str, name: str) -> vCalAddress:
    person = vCalAddress(f"mailto:{address}")
    if name:
        person.params["CN"] = one_line(name)
    return person


@lru_cache(maxsize=64)
def time_zone_rules(name: str, year: int) -> Timezone:
    """The rules of the zone around that year: working them out takes longer than everything else here."""
    return Timezone.from_tzid(name, first_date=date(year - 1, 1, 1), last_date=date(year + 2, 1, 1))


@lru_cache(maxsize=64)
def _written_rules(name: str, year: int) -> str:
    return str(time_zone_rules(name, year).to_ical(), "utf-8")
