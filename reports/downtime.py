"""What must be on paper when the system is away? Today's and tomorrow's visits and the callbacks due, with numbers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from clinic import calendar
from clinic.models import Site
from clinic.zones import end_of_today, in_every_zone, start_of_day
from patients.channels import channels_of
from patients.contact import show_phone
from patients.models import Patient
from recalls.enums import ACTIVE_APPOINTMENT_STATUSES, State
from recalls.models import Appointment, Recall
from recalls.presenters.queue_rows import interpreter_text, language_name

MOST_CALLBACKS = 200  # of all sites together: more than a day's work by telephone
_TO_CALL = (State.TO_CONTACT, State.BIOPSY_TO_BOOK)


@dataclass(frozen=True, slots=True)
class Person:
    """Whom to expect or to ring; phones the patient may not be called at are not there."""

    patient_id: int
    name: str
    birth_date: date
    mrn: str
    language: str
    phones: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Visit:
    person: Person
    at: datetime
    kind: str
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Callback:
    person: Person
    due_at: datetime
    what: str


@dataclass(slots=True)
class Sheet:
    """One site's page."""

    site: Site
    made_at: datetime
    today: date
    visits: list[Visit] = field(default_factory=list)
    visits_tomorrow: list[Visit] = field(default_factory=list)
    callbacks: list[Callback] = field(default_factory=list)

    @property
    def tomorrow(self) -> date:
        return self.today + timedelta(days=1)

    @property
    def zone(self) -> Any:
        return self.site.zone

    @property
    def people(self) -> Iterable[Person]:
        yield from (visit.person for visit in (*self.visits, *self.visits_tomorrow))
        yield from (callback.person for callback in self.callbacks)


def read_sheets(sites: Sequence[Site], now: datetime) -> list[Sheet]:
    """A sheet for each site, in six queries whatever their number; callbacks most urgent first."""
    sheets = {site.pk: Sheet(site, now, calendar.local_day(site, now)) for site in sites}
    for visit in _visits(sites, now):
        sheet = sheets[visit.site_id]
        is_today = calendar.local_day(sheet.site, visit.starts_at) == sheet.today
        (sheet.visits if is_today else sheet.visits_tomorrow).append(_visit(visit, sheet.site))
    for recall in _callbacks(sites, now):
        sheet = sheets[recall.site_id]
        sheet.callbacks.append(_callback(recall, sheet.site, now))
    return list(sheets.values())


def _visits(sites: Sequence[Site], now: datetime) -> Iterable[Appointment]:
    def midnight(zone: Any, days: int) -> datetime:
        return start_of_day(zone, now.astimezone(zone).date() + timedelta(days=days))

    booked = Appointment.objects.filter(
        in_every_zone(sites, "starts_at__gte", lambda zone: midnight(zone, 0)),
        in_every_zone(sites, "starts_at__lt", lambda zone: midnight(zone, 2)),
        status__in=ACTIVE_APPOINTMENT_STATUSES,
    )
    people = booked.select_related("recall__patient").order_by("starts_at", "pk")
    return people.prefetch_related("recall__patient__contact_points", "recall__patient__consents")


def _callbacks(sites: Sequence[Site], now: datetime) -> Iterable[Recall]:
    due = Recall.objects.filter(
        in_every_zone(sites, "due_at__lt", lambda zone: end_of_today(zone, now)), state__in=_TO_CALL
    )
    people = due.select_related("patient").order_by_due()[:MOST_CALLBACKS]
    return people.prefetch_related("patient__contact_points", "patient__consents")


def _visit(visit: Appointment, site: Site) -> Visit:
    confirmed = visit.status == "confirmed"
    return Visit(_person(visit.recall.patient, site), visit.starts_at, visit.get_kind_display(), confirmed)


def _callback(recall: Recall, site: Site, now: datetime) -> Callback:
    due_at = recall.due_at or now
    what = recall.get_state_display()
    return Callback(
        _person(recall.patient, site), due_at, _("%(what)s, late") % {"what": what} if due_at < now else what
    )


def _person(patient: Patient, site: Site) -> Person:
    words = [language_name(patient.language), interpreter_text(patient)]
    return Person(
        patient.pk,
        str(patient),
        patient.birth_date,
        patient.mrn,
        ", ".join(word for word in words if word),
        tuple(show_phone(number, site.country) for number in channels_of(patient).phones),
    )
