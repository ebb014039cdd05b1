"""Rows of the day schedule and of a day to be closed, with the buttons that each may have."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.urls import reverse
from django.utils.translation import gettext as _

from clinic import calendar
from clinic.actors import Actor
from clinic.models import Site
from patients.channels import get_patient_channels
from patients.contact_validation import format_phone
from patients.models import Patient
from recalls.enums import AppointmentStatus, State, VisitKind
from recalls.models import Appointment
from recalls.presenters.datetime_display import display_datetime, format_clock_time
from recalls.presenters.queue_rows import interpreter_text, language_name
from recalls.scheduling.day_closure import RescheduleProposal
from recalls.scheduling.slots import format_slot
from recalls.workflow import STEPS_BY_NAME

_STATUS_SYMBOLS = {
    AppointmentStatus.BOOKED: "○",
    AppointmentStatus.CONFIRMED: "●",
    AppointmentStatus.ATTENDED: "✓",
    AppointmentStatus.MISSED: "◆",
}


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
    is_unconfirmed: bool
    status_symbol: str
    phone_links: list[tuple[str, str]]
    step_buttons: list[StepButton]
    reschedule_url: str
    version: int
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class RescheduleProposalRow:
    """One visit of a day to be closed, with what is proposed for it."""

    pk: int
    name: str
    mrn: str
    url: str
    old_time: str
    description: str
    new_time: str
    target_warning: str
    slot_value: str
    blocked_reason: str
    notified_by: str
    version: int
    sequence: int


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
        description=_describe_appointment(visit),
        room=visit.room.name if visit.room else "",
        status=status.value,
        status_text=_status_text(visit),
        is_unconfirmed=_is_unconfirmed(visit),
        status_symbol=_STATUS_SYMBOLS[status],
        phone_links=_phone_links(patient, site) if is_own_site and status == AppointmentStatus.BOOKED else [],
        step_buttons=presses,
        reschedule_url=reverse("step", args=[recall.pk, "reschedule"]) if may_move and visit.is_active else "",
        version=recall.version,
        idempotency_key=str(uuid4()),
    )


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


def _describe_appointment(visit: Appointment) -> str:
    kind, minutes = visit.get_kind_display(), _("%(minutes)d min") % {"minutes": visit.length_minutes}
    extra = [str(_("implants"))] if visit.implants else []
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


def build_reschedule_rows(
    found: Iterable[RescheduleProposal], site: Site, site_ids: frozenset[int], now: datetime
) -> list[RescheduleProposalRow]:
    """What is proposed for each, in words; a visit of another site's recall shows no name."""
    return [_reschedule_row(one, site, one.appointment.recall.site_id in site_ids, now) for one in found]


def _reschedule_row(
    proposal: RescheduleProposal, site: Site, is_own_site: bool, now: datetime
) -> RescheduleProposalRow:
    visit, free = proposal.appointment, proposal.free_slot
    recall, patient = visit.recall, visit.recall.patient
    to = display_datetime(site, free.starts_at, now).text if free else ""
    late = ""
    if free and recall.target_at and free.starts_at > recall.target_at:
        late = _("after the target, %(day)s") % {"day": display_datetime(site, recall.target_at, now)}
    return RescheduleProposalRow(
        pk=visit.pk,
        name=str(patient) if is_own_site else _("Patient of another site"),
        mrn=patient.mrn if is_own_site else "",
        url=reverse("recall", args=[recall.pk]) if is_own_site else "",
        old_time=format_clock_time(visit.starts_at.astimezone(site.zone)),
        description=_describe_appointment(visit),
        new_time=f"{to}, {free.room.name}" if free else "",
        target_warning=late,
        slot_value=format_slot(free, site) if free else "",
        blocked_reason=proposal.blocked_reason,
        notified_by=_notification_channel(patient),
        version=recall.version,
        sequence=visit.sequence,
    )


def _notification_channel(patient: Patient) -> str:
    usable = get_patient_channels(patient)
    if usable.email:
        return _("email")
    return _("text message") if usable.sms_allowed else _("letter: call the patient too")
