"""Reads when a patient is booked, and refuses a visit at a time at which they have another one."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.models import Site
from clinic.queries.prepared import PreparedQuery, Value
from desk.datetime_display import display_datetime
from patients.actions import lock_patient_key
from recalls.enums import ACTIVE_APPOINTMENT_STATUSES
from recalls.models import MAX_VISIT_MINUTES, Appointment, VisitPart


def lock_patient_time(patient_id: int, starts_at: datetime, minutes: int, exclude: Appointment | None = None) -> None:
    """Lock the patient and raise ValidationError where a visit of any of their recalls overlaps that time (UTC).

    The lock is held until the booking is written, so that two desks do not book the same patient at once.
    """
    lock_patient_key(patient_id)
    ends_at = starts_at + timedelta(minutes=minutes)
    for begins, ends, site, kind in _booked_of(patient_id, starts_at, ends_at, exclude):
        if begins < ends_at and starts_at < ends:
            words = _("The patient has another visit then: %(kind)s, %(when)s. Choose another time.")
            when = display_datetime(site, begins, timezone.now())
            raise ValidationError({"slot": words % {"kind": kind, "when": when}})


def patient_intervals(
    patient_id: int, start: datetime, end: datetime, exclude: Appointment | None = None
) -> list[tuple[datetime, datetime]]:
    """When the patient is booked between two instants (UTC), in any of their recalls. Two queries."""
    return [(begins, ends) for begins, ends, _site, _kind in _booked_of(patient_id, start, end, exclude)]


def _booked_of(
    patient_id: int, start: datetime, end: datetime, exclude: Appointment | None
) -> Iterator[tuple[datetime, datetime, Site, str]]:
    """Start, end, site and kind of each visit and further part of the patient that may reach into that time."""
    within: dict[str, Value] = {
        "patient": patient_id,
        "after": start - timedelta(minutes=MAX_VISIT_MINUTES),
        "before": end,
    }
    visits, parts = _VISITS.rows(**within), _PARTS.rows(**within)
    for visit in visits:
        if visit != exclude:
            ends = visit.starts_at + timedelta(minutes=visit.length_minutes)
            yield visit.starts_at, ends, visit.site, visit.get_kind_display()
    for part in parts:
        if part.appointment != exclude:
            yield part.starts_at, part.ends_at, part.appointment.site, part.get_kind_display()


def _build_visits(*, patient: int, after: datetime, before: datetime) -> "QuerySet[Appointment]":
    active = Appointment.objects.filter(recall__patient=patient, status__in=ACTIVE_APPOINTMENT_STATUSES)
    return active.filter(starts_at__gt=after, starts_at__lt=before).select_related("site")


def _build_parts(*, patient: int, after: datetime, before: datetime) -> "QuerySet[VisitPart]":
    of_patient = VisitPart.objects.filter(appointment__recall__patient=patient)
    active = of_patient.filter(appointment__status__in=ACTIVE_APPOINTMENT_STATUSES)
    return active.filter(starts_at__gt=after, starts_at__lt=before).select_related("appointment__site")


_VISITS, _PARTS = PreparedQuery(_build_visits), PreparedQuery(_build_parts)
