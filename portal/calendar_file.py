"""Builds the file of "Add to calendar": the entry that the messages carry, under the same name.

RFC 5545: METHOD PUBLISH asks nobody for an answer. Calendars are shared, so it names the clinic and no reason.
"""

from django.utils import timezone
from django.utils.translation import gettext as _
from icalendar import Calendar, Event

from notifications.rendering.calendar_invite import build_vtimezone, calendar_uid, format_location
from notifications.rendering.context import single_line
from patients.contact_validation import format_phone
from recalls.models import Appointment


def build_calendar_file(visit: Appointment) -> bytes:
    site, starts = visit.site, visit.starts_at.astimezone(visit.site.zone)
    entry = Event()
    entry.add("uid", calendar_uid(visit))
    entry.add("sequence", visit.sequence)
    entry.add("dtstamp", timezone.now())
    entry.add("dtstart", starts)
    entry.add("dtend", visit.ends_at.astimezone(site.zone))
    entry.add("summary", _("Appointment at %(clinic)s") % {"clinic": single_line(site.sender_name)})
    entry.add("location", format_location(visit))
    entry.add("description", _("To change it, call %(phone)s.") % {"phone": format_phone(site.phone, site.country)})
    entry.add("class", "PRIVATE")
    sheet = Calendar()
    sheet.add("prodid", "-//Recall Desk//EN")
    sheet.add("version", "2.0")
    sheet.add("method", "PUBLISH")
    sheet.add_component(build_vtimezone(site.time_zone, starts.year))
    sheet.add_component(entry)
    content: bytes = sheet.to_ical()
    return content
