"""Makes, finds and ends calendar feeds, and builds what a feed holds: when a room is taken, and initials.

The secret stands in the address alone; stored is its SHA-256. RFC 5545: METHOD PUBLISH asks nobody for an answer.
"""

import hashlib
import secrets
from collections.abc import Iterator
from datetime import timedelta

from django.utils import timezone
from icalendar import Calendar, Event

from clinic.models import Site, User
from notifications.rendering.calendar_invite import build_vtimezone
from patients.models import Patient
from recalls.enums import ROOM_OCCUPYING_STATUSES, Modality
from recalls.models import Appointment, VisitPart
from reports.models import CalendarFeed

DAYS_BACK, DAYS_AHEAD = timedelta(days=7), timedelta(days=180)
_SECRET_BYTES = 32


def make_feed(site: Site, modality: Modality, *, by: User) -> tuple[CalendarFeed, str]:
    """The feed and its secret, which cannot be shown again."""
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    return CalendarFeed.objects.create(site=site, modality=modality, made_by=by, digest=_digest(secret)), secret


def find_feed(secret: str) -> CalendarFeed | None:
    return CalendarFeed.objects.select_related("site").filter(digest=_digest(secret), ended_at=None).first()


def end_feed(feed: CalendarFeed, *, by: User) -> None:
    CalendarFeed.objects.filter(pk=feed.pk, ended_at=None).update(ended_at=timezone.now(), ended_by=by)


def build_feed(feed: CalendarFeed) -> bytes:
    """The visits and further parts of a visit that the site's rooms of this modality are taken for. Two queries."""
    sheet = Calendar()
    sheet.add("prodid", "-//Recall Desk//EN")
    sheet.add("version", "2.0")
    sheet.add("method", "PUBLISH")
    sheet.add("x-wr-calname", f"{feed.site.name}: {feed.get_modality_display()}")
    sheet.add_component(build_vtimezone(feed.site.time_zone, timezone.now().year))
    for event in _events(feed):
        sheet.add_component(event)
    content: bytes = sheet.to_ical()
    return content


def _events(feed: CalendarFeed) -> Iterator[Event]:
    now = timezone.now()
    span = (now - DAYS_BACK, now + DAYS_AHEAD)
    visits = Appointment.objects.filter(site=feed.site, status__in=ROOM_OCCUPYING_STATUSES)
    own = visits.filter(room__modality=feed.modality, starts_at__range=span)
    for visit in own.select_related("room", "recall__patient").order_by("starts_at", "pk"):
        yield _build_event(feed, f"visit-{visit.pk}", visit, visit)
    parts = VisitPart.objects.filter(
        appointment__in=visits, room__modality=feed.modality, starts_at__range=span
    ).select_related("room", "appointment__recall__patient")
    for part in parts.order_by("starts_at", "pk"):
        yield _build_event(feed, f"part-{part.pk}", part, part.appointment)


def _build_event(feed: CalendarFeed, name: str, taken: Appointment | VisitPart, visit: Appointment) -> Event:
    event = Event()
    event.add("uid", f"{name}@recall-desk-{feed.pk}")
    event.add("sequence", visit.sequence)
    event.add("dtstamp", timezone.now())
    event.add("dtstart", taken.starts_at.astimezone(feed.site.zone))
    event.add("dtend", taken.ends_at.astimezone(feed.site.zone))
    event.add("summary", get_initials(visit.recall.patient))
    if taken.room is not None:
        event.add("location", taken.room.name)
    event.add("class", "PRIVATE")
    return event


def get_initials(patient: Patient) -> str:
    """ "T. S.": of the given and the family name; a calendar may show nothing more."""
    letters = (name.strip()[:1].upper() for name in (patient.given_name, patient.family_name))
    return " ".join(f"{letter}." for letter in letters if letter)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
