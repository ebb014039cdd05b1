"""The booked visit as a card on the recall's page, and as the sentence read out after booking."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from clinic import calendar
from clinic.calendar import SendWindow
from patients.models import Patient
from recalls.enums import ACTIVE_APPOINTMENT_STATUSES
from recalls.models import Appointment, Recall
from recalls.presenters.booking.appointments import notification_channel
from recalls.presenters.booking.visit_parts import describe_parts
from recalls.presenters.datetime_display import DisplayDateTime, display_datetime


@dataclass(frozen=True, slots=True)
class AppointmentCard:
    """What is booked: when on the site's clock, where, what for and how long."""

    time: DisplayDateTime
    kind: str
    minutes: int
    status: str
    room: str
    place: str
    address: str
    zone: str
    interpreter: bool
    implants: bool
    overbooked: bool
    time_reason: str
    # The further parts: "9:00 am: ultrasound, Ultrasound 1, 45 minutes".
    parts: list[str]


def build_appointment_card(recall: Recall, now: datetime) -> AppointmentCard | None:
    """The card of the booked visit; None where none is booked. No query when appointments are prefetched."""
    booked = (visit for visit in recall.appointments.all() if visit.status in ACTIVE_APPOINTMENT_STATUSES)
    visit = next(booked, None)
    if visit is None:
        return None
    site = visit.site
    return AppointmentCard(
        time=display_datetime(site, visit.starts_at, now),
        kind=str(visit.get_kind_display()),
        minutes=visit.length_minutes,
        status=str(visit.get_status_display()),
        room=visit.room.name if visit.room else "",
        place=visit.stop.place if visit.stop else site.name,
        address=f"{visit.place.address_line}, {visit.place.city}",
        zone=site.time_zone,
        interpreter=visit.interpreter,
        implants=visit.implants,
        overbooked=visit.overbooked,
        time_reason=visit.time_reason,
        parts=describe_parts(visit),
    )


def describe_booking(visit: Appointment, patient: Patient, now: datetime) -> str:
    """ "Booked: Mon 30 Nov, 8:00 am, Mammography 1. Confirmation goes by email."; names no patient."""
    site = visit.site
    where = ", ".join(str(part) for part in (visit.room or site.name, visit.stop) if part)
    where = "; ".join([where, *(_("then %(part)s") % {"part": part} for part in describe_parts(visit))])
    words = {"when": display_datetime(site, visit.starts_at, now), "room": where}
    booked = _("Booked: %(when)s, %(room)s.") % words
    if calendar.next_send_time(SendWindow.OPEN_DAYS, site, now) >= visit.starts_at:
        return f"{booked} {_('It is too soon for a written confirmation: tell the patient now.')}"
    sent = _("Confirmation goes by %(channel)s.") % {"channel": notification_channel(patient)}
    return f"{booked} {sent}"
