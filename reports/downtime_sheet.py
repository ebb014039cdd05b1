"""Gathers the downtime sheet: today's and tomorrow's visits and the callbacks due, with phone numbers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, F, Q, Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext as _

from clinic import calendar
from clinic.models import Site
from clinic.timezone_filters import end_of_today, per_zone_condition, start_of_day
from desk.datetime_display import format_datetime
from desk.languages import language_name
from patients.channels import get_patient_channels
from patients.contact_validation import format_phone
from patients.models import Patient
from recalls.enums import ACTIVE_APPOINTMENT_STATUSES, State
from recalls.models import Appointment, Recall
from recalls.presenters.booking.visit_parts import describe_parts
from recalls.presenters.queue_rows import interpreter_text

_CHUNK = 2000  # rows read at a time, so that a sheet of any length is written in little memory
# A result to tell stands with its limit and without the result itself.
_CALLBACK_STATES = (State.RESULT_TO_TELL, State.TO_CONTACT, State.BIOPSY_TO_BOOK)


@dataclass(frozen=True, slots=True)
class SheetPatient:
    """Whom to expect or to ring; phones the patient may not be called at are not there."""

    patient_id: int
    name: str
    birth_date: date
    mrn: str
    language: str
    phones: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SheetAppointment:
    patient: SheetPatient
    starts_at: datetime
    kind: str
    confirmed: bool


@dataclass(frozen=True, slots=True)
class SheetCallback:
    patient: SheetPatient
    due_at: datetime
    reason: str


@dataclass(slots=True)
class DowntimeSheet:
    """One site's page."""

    site: Site
    made_at: datetime
    today: date
    appointments_today: list[SheetAppointment] = field(default_factory=list)
    appointments_tomorrow: list[SheetAppointment] = field(default_factory=list)
    callbacks: list[SheetCallback] = field(default_factory=list)
    # All that are due, listed or not.
    callbacks_due: int = 0

    @property
    def callbacks_missing(self) -> int:
        """How many are due and not on this sheet."""
        return self.callbacks_due - len(self.callbacks)

    @property
    def tomorrow(self) -> date:
        return self.today + timedelta(days=1)

    @property
    def zone(self) -> Any:
        return self.site.zone

    @property
    def patients(self) -> Iterable[SheetPatient]:
        yield from (visit.patient for visit in (*self.appointments_today, *self.appointments_tomorrow))
        yield from (callback.patient for callback in self.callbacks)


def build_downtime_sheets(
    sites: Sequence[Site], now: datetime, *, max_callbacks: int | None = None
) -> list[DowntimeSheet]:
    """A sheet for each site; callbacks most urgent first, and of each site at most so many (None: every one).

    Six queries whatever the number of sites; four more for each further 2,000 rows.
    """
    sheets = {site.pk: DowntimeSheet(site, now, calendar.local_day(site, now)) for site in sites}
    for visit in _fetch_appointments(sites, now):
        sheet = sheets[visit.site_id]
        is_today = calendar.local_day(sheet.site, visit.starts_at) == sheet.today
        (sheet.appointments_today if is_today else sheet.appointments_tomorrow).append(
            _sheet_appointment(visit, sheet.site)
        )
    for recall in _fetch_callbacks(sites, now, max_callbacks):
        sheet = sheets[recall.site_id]
        sheet.callbacks_due = recall.due_at_site
        sheet.callbacks.append(_sheet_callback(recall, sheet.site, now))
    return list(sheets.values())


def _fetch_appointments(sites: Sequence[Site], now: datetime) -> Iterable[Appointment]:
    def midnight(zone: Any, days: int) -> datetime:
        return start_of_day(zone, now.astimezone(zone).date() + timedelta(days=days))

    booked = Appointment.objects.filter(
        per_zone_condition(sites, "starts_at__gte", lambda zone: midnight(zone, 0)),
        per_zone_condition(sites, "starts_at__lt", lambda zone: midnight(zone, 2)),
        status__in=ACTIVE_APPOINTMENT_STATUSES,
    )
    people = booked.select_related("recall__patient", "site").order_by("starts_at", "pk")
    people = people.prefetch_related("recall__patient__contact_points", "recall__patient__consents")
    return people.iterator(_CHUNK)


def _fetch_callbacks(sites: Sequence[Site], now: datetime, limit: int | None) -> Iterable[Any]:
    """Each with `due_at_site`: how many are due at its site. One site's long list takes no other site's place."""
    due = Recall.objects.filter(
        per_zone_condition(sites, "due_at__lt", lambda zone: end_of_today(zone, now)), state__in=_CALLBACK_STATES
    ).annotate(
        place=Window(RowNumber(), partition_by=F("site"), order_by=["due_at", "pk"]),
        due_at_site=Window(Count("pk"), partition_by=F("site")),
    )
    listed = due.filter(Q() if limit is None else Q(place__lte=limit))
    people = listed.select_related("patient").order_by_due()
    rows: Iterable[Any] = people.prefetch_related("patient__contact_points", "patient__consents").iterator(_CHUNK)
    return rows


def _sheet_appointment(visit: Appointment, site: Site) -> SheetAppointment:
    confirmed = visit.status == "confirmed"
    return SheetAppointment(
        _sheet_patient(visit.recall.patient, site),
        visit.starts_at,
        "; ".join([visit.get_kind_display(), *describe_parts(visit)]),
        confirmed,
    )


def _sheet_callback(recall: Recall, site: Site, now: datetime) -> SheetCallback:
    due_at = recall.due_at or now
    what = recall.get_state_display()
    if recall.state == State.RESULT_TO_TELL and recall.tell_by is not None:
        what = _("%(what)s, tell by %(limit)s") % {
            "what": what,
            "limit": format_datetime(recall.tell_by.astimezone(site.zone)),
        }
    return SheetCallback(
        _sheet_patient(recall.patient, site), due_at, _("%(what)s, late") % {"what": what} if due_at < now else what
    )


def _sheet_patient(patient: Patient, site: Site) -> SheetPatient:
    words = [language_name(patient.language), interpreter_text(patient)]
    return SheetPatient(
        patient.pk,
        str(patient),
        patient.birth_date,
        patient.mrn,
        ", ".join(word for word in words if word),
        tuple(format_phone(number, site.country) for number in get_patient_channels(patient).phones),
    )
