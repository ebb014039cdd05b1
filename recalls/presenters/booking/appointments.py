"""Rows of the day schedule, with the buttons that each may have."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import uuid4

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic import calendar
from clinic.actors import Actor
from clinic.models import Site
from desk.languages import language_name
from patients.channels import get_patient_channels
from patients.contact_validation import format_phone
from patients.models import Patient
from recalls.actions.visit_day.room_entry import is_arrived
from recalls.enums import AppointmentStatus, State, VisitKind
from recalls.models import Appointment
from recalls.presenters.booking.visit_parts import PartRow, part_rows
from recalls.presenters.datetime_display import display_datetime, format_clock_time
from recalls.presenters.queue_rows import interpreter_text
from recalls.workflow import STEPS_BY_NAME

_STATUS_SYMBOLS = {
    AppointmentStatus.BOOKED: "○",
    AppointmentStatus.CONFIRMED: "●",
    AppointmentStatus.ATTENDED: "✓",
    AppointmentStatus.MISSED: "◆",
}


class ArrivalStatus(models.TextChoices):
    """Where a patient of today's list is."""

    EXPECTED = "expected", gettext_lazy("Expected")
    LATE = "late", gettext_lazy("Late")
    ARRIVED = "arrived", gettext_lazy("Arrived")
    IN_ROOM = "in_room", gettext_lazy("In the room")
    DONE = "done", gettext_lazy("Done")
    NO_SHOW = "no_show", gettext_lazy("No-show")


@dataclass(frozen=True, slots=True)
class StepButton:
    """A button of a row: one step, taken by one click."""

    name: str
    label: Any
    url: str
    rule: Any


@dataclass(frozen=True, slots=True)
class AppointmentRow:
    """One visit; `name` is empty for a patient of a site that is not the reader's."""

    pk: int
    time_text: str
    full_time_text: str
    name: str
    age: int
    mrn: str
    language: str
    interpreter: str
    url: str
    site: str
    description: str
    room: str
    status: str
    status_text: str
    # Where the patient is, for the front desk.
    arrival: ArrivalStatus
    # Since when they are there, or in the room; empty for who is not.
    arrival_time: str
    starts_at: datetime
    parts: list[PartRow]
    # Where it is noted that the patient is in the room, or not yet; empty for who has not come.
    room_entry_url: str
    is_in_room: bool
    is_unconfirmed: bool
    status_symbol: str
    # The site is shut on the day of a visit that still stands.
    is_closed_day: bool
    phone_links: list[tuple[str, str]]
    step_buttons: list[StepButton]
    reschedule_url: str
    version: int
    idempotency_key: str
    # A further part of a visit, among the rows of its own room.
    is_further_part: bool = False


def build_appointment_rows(
    visits: Iterable[Appointment], sites: dict[int, Site], actor: Actor, now: datetime
) -> list[AppointmentRow]:
    """Rows in the order given; `sites` are the user's own, and each visit is at one of them."""
    return [_appointment_row(visit, sites, actor, now) for visit in visits]


def _appointment_row(visit: Appointment, sites: dict[int, Site], actor: Actor, now: datetime) -> AppointmentRow:
    site, recall = sites[visit.site_id], visit.recall
    patient, is_own_site = recall.patient, recall.site_id in sites
    local, status = visit.starts_at.astimezone(site.zone), AppointmentStatus(visit.status)
    presses = _step_buttons(visit, actor, site, now) if is_own_site else []
    may_move = is_own_site and recall.state == State.SCHEDULED and bool(actor.roles & STEPS_BY_NAME["reschedule"].roles)
    return AppointmentRow(
        pk=visit.pk,
        time_text=format_clock_time(local),
        full_time_text=display_datetime(site, visit.starts_at, now).full_text,
        name=str(patient) if is_own_site else "",
        age=patient.age_on(local.date()),
        mrn=patient.mrn if is_own_site else "",
        language=language_name(patient.language),
        interpreter=_interpreter_text(visit, patient),
        url=reverse("recall", args=[recall.pk]) if is_own_site else "",
        site=site.name if len(sites) > 1 else "",
        description=describe_appointment(visit),
        room=", ".join(str(part) for part in (visit.room, visit.stop) if part),
        status=status.value,
        status_text=_status_text(visit),
        arrival=_arrival_status(visit, now),
        arrival_time=_arrival_time(visit, site),
        parts=part_rows(visit, site),
        room_entry_url=reverse("room_entry", args=[visit.pk]) if _may_enter(visit, actor, is_own_site) else "",
        is_in_room=visit.in_room_at is not None,
        starts_at=visit.starts_at,
        is_unconfirmed=_is_unconfirmed(visit),
        status_symbol=_STATUS_SYMBOLS[status],
        is_closed_day=visit.is_active and not calendar.is_open_day(site, local.date()),
        phone_links=_phone_links(patient, site) if is_own_site and status == AppointmentStatus.BOOKED else [],
        step_buttons=presses,
        reschedule_url=reverse("step", args=[recall.pk, "reschedule"]) if may_move and visit.is_active else "",
        version=recall.version,
        idempotency_key=str(uuid4()),
    )


def group_by_room(rows: Iterable[AppointmentRow]) -> Iterable[tuple[str, Iterable[AppointmentRow]]]:
    """The rows by room in the order of their names, each room's by time, further parts too; without a room last."""
    every = [one for row in rows for one in (row, *(_row_of_part(row, part) for part in row.parts))]
    ordered = sorted(every, key=lambda row: (not row.room, row.site, row.room, row.starts_at))
    return groupby(ordered, key=lambda row: ", ".join(filter(None, (row.site, row.room or _("No room")))))


def _row_of_part(row: AppointmentRow, part: PartRow) -> AppointmentRow:
    """The visit again where its further part takes place, without buttons: it stands and ends with the first."""
    what = _("second part: %(what)s") % {"what": part.description}
    return replace(
        row, time_text=part.time_text, room=part.room, description=what, starts_at=part.starts_at, parts=[],
        is_further_part=True, step_buttons=[], reschedule_url="", room_entry_url="",
    )  # fmt: skip


def count_arrivals(rows: Iterable[AppointmentRow]) -> list[tuple[Any, int]]:
    """How many of the rows stand where, in the order of the day."""
    found = Counter(row.arrival for row in rows)
    return [(status.label, found[status]) for status in ArrivalStatus]


def _arrival_status(visit: Appointment, now: datetime) -> ArrivalStatus:
    """A visit is done once its outcome is recorded, or its biopsy's tissue is under way."""
    if visit.status == AppointmentStatus.MISSED:
        return ArrivalStatus.NO_SHOW
    if visit.status == AppointmentStatus.ATTENDED:
        if visit.recall.state != State.AWAITING_OUTCOME:
            return ArrivalStatus.DONE
        return ArrivalStatus.IN_ROOM if visit.in_room_at else ArrivalStatus.ARRIVED
    return ArrivalStatus.LATE if visit.starts_at < now else ArrivalStatus.EXPECTED


def _arrival_time(visit: Appointment, site: Site) -> str:
    """Since when the patient is in the room, or there; empty for a visit that is not under way."""
    at = visit.in_room_at or visit.arrived_at
    is_there = visit.status == AppointmentStatus.ATTENDED and visit.recall.state == State.AWAITING_OUTCOME
    return format_clock_time(at.astimezone(site.zone)) if at and is_there else ""


def _may_enter(visit: Appointment, actor: Actor, is_own_site: bool) -> bool:
    return is_own_site and is_arrived(visit) and bool(actor.roles & STEPS_BY_NAME["mark_attended"].roles)


def _step_buttons(visit: Appointment, actor: Actor, site: Site, now: datetime) -> list[StepButton]:
    names = [name for name in _possible_steps(visit, site, now) if actor.roles & STEPS_BY_NAME[name].roles]
    return [
        StepButton(
            name,
            STEPS_BY_NAME[name].one_click_label,
            reverse("appointment_step", args=[visit.pk, name]),
            STEPS_BY_NAME[name].rule,
        )
        for name in names
    ]


def _possible_steps(visit: Appointment, site: Site, now: datetime) -> Collection[str]:
    """What may have happened to it by now; whether it may be taken is asked again by the action."""
    state, is_biopsy = visit.recall.state, visit.kind == VisitKind.BIOPSY
    today = calendar.local_day(site, visit.starts_at) == calendar.local_day(site, now)
    if visit.status == AppointmentStatus.MISSED:
        waits = State.BIOPSY_TO_BOOK if is_biopsy else State.TO_CONTACT
        return ("arrived_late",) if today and state == waits else ()
    if not visit.is_active or state not in (State.SCHEDULED, State.BIOPSY_BOOKED):
        return ()
    begun = visit.starts_at <= now
    if is_biopsy:
        return (*(("biopsy_done",) if today or begun else ()), *(("biopsy_missed",) if begun else ()))
    confirm = ("confirm",) if visit.status == AppointmentStatus.BOOKED and not begun else ()
    return (*confirm, *(("mark_attended",) if today or begun else ()), *(("mark_missed",) if begun else ()))


def describe_appointment(visit: Appointment) -> str:
    """Kind, length and what is special about it, in one line."""
    kind, minutes = visit.get_kind_display(), _("%(minutes)d min") % {"minutes": visit.length_minutes}
    extra = [str(_("implants"))] if visit.implants else []
    if visit.overbooked:
        extra.append(str(_("overbooked")))
    if visit.time_reason:
        extra.append(visit.time_reason)
    return ", ".join([str(kind), minutes, *extra])


def _interpreter_text(visit: Appointment, patient: Patient) -> str:
    if visit.interpreter:
        return _("interpreter booked")
    return interpreter_text(patient)


def _is_unconfirmed(visit: Appointment) -> bool:
    return visit.status == AppointmentStatus.BOOKED and visit.kind != VisitKind.BIOPSY


def _status_text(visit: Appointment) -> str:
    return _("Not confirmed") if _is_unconfirmed(visit) else str(visit.get_status_display())


def _phone_links(patient: Patient, site: Site) -> list[tuple[str, str]]:
    return [(f"tel:{number}", format_phone(number, site.country)) for number in get_patient_channels(patient).phones]


def notification_channel(patient: Patient) -> str:
    """How a message about a visit reaches the patient, in words."""
    usable = get_patient_channels(patient)
    if usable.email:
        return _("email")
    return _("text message") if usable.sms_allowed else _("letter: call the patient too")
