"""Builds Appointment from a visit, and Schedule from a room."""

from datetime import datetime, timedelta

from clinic import calendar
from exchange.fhir.resources.codes import visit_concept
from exchange.fhir.resources.elements import (
    LOCAL,
    Json,
    build_head,
    end_of,
    identifier,
    instant,
    local_concept,
    patient_reference,
    period,
    reference,
)
from recalls.enums import AppointmentStatus, Modality
from recalls.models import Appointment, Room
from recalls.scheduling.slots import SEARCH_DAYS

STATUS_BY_APPOINTMENT_STATUS = {
    AppointmentStatus.BOOKED: "booked",
    AppointmentStatus.CONFIRMED: "booked",
    AppointmentStatus.ATTENDED: "fulfilled",
    AppointmentStatus.MISSED: "noshow",
    AppointmentStatus.CANCELLED: "cancelled",
    AppointmentStatus.ENTERED_IN_ERROR: "entered-in-error",
}


def build_appointment(visit: Appointment) -> Json:
    """Needs `recall`, `site` and `room`. A patient who has not confirmed is one who needs to act."""
    has_confirmed = visit.status in (AppointmentStatus.CONFIRMED, AppointmentStatus.ATTENDED)
    place = reference("Location", f"room-{visit.room_id}" if visit.room_id else f"site-{visit.site_id}")
    return {
        **build_head("Appointment", str(visit.pk), visit),
        "identifier": [identifier(f"{LOCAL}appointment", str(visit.pk))],
        "status": STATUS_BY_APPOINTMENT_STATUS[AppointmentStatus(visit.status)],
        "serviceType": [visit_concept(visit.kind)],
        "start": instant(visit.starts_at),
        "end": instant(end_of(visit.starts_at, visit.length_minutes)),
        "minutesDuration": visit.length_minutes,
        "created": instant(visit.created_at),
        "basedOn": [reference("ServiceRequest", visit.recall_id)],
        "participant": [
            {
                "actor": patient_reference(visit.recall.patient_id),
                "required": "required",
                "status": "accepted" if has_confirmed else "needs-action",
            },
            {"actor": place, "required": "required", "status": "accepted"},
        ],
    }


def build_schedule(room: Room) -> Json:
    """The next weeks of a room in use, from today on. Needs `site`."""
    today = calendar.instant(room.site, calendar.today(room.site), datetime.min.time())
    return {
        **build_head("Schedule", f"room-{room.pk}", room),
        "active": room.in_use,
        "serviceType": [local_concept("modality", Modality(room.modality))],
        "actor": [reference("Location", f"room-{room.pk}", f"{room.site.name}, {room.name}")],
        "planningHorizon": period(today, today + timedelta(days=SEARCH_DAYS)),
    }
