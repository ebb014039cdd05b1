"""How does a visit read on a day's list, and what may be done with it there?"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic import calendar
from clinic.actors import Actor
from clinic.models import Site
from patients.channels import channels_of
from patients.contact import show_phone
from patients.models import Patient
from recalls.closures import Proposal
from recalls.models import Appointment
from recalls.presenters.moments import clock_words, moment
from recalls.presenters.rows import interpreter_words, language_name
from recalls.slots import value_of
from recalls.states import AppointmentStatus, State, VisitKind
from recalls.workflow import STEP

_SHAPES = {
    AppointmentStatus.BOOKED: "○",
    AppointmentStatus.CONFIRMED: "●",
    AppointmentStatus.ATTENDED: "✓",
    AppointmentStatus.MISSED: "◆",
}
_SHORT: dict[str, Any] = {
    "confirm": gettext_lazy("Confirmed"),
    "mark_attended": gettext_lazy("Arrived"),
    "biopsy_done": gettext_lazy("Biopsy done"),
    "mark_missed": gettext_lazy("Missed"),
    "biopsy_missed": gettext_lazy("Missed"),
    "arrived_late": gettext_lazy("Came after all"),
}
DAY_STEPS = tuple(_SHORT)


@dataclass(frozen=True, slots=True)
class Press:
    """A button of a row: one step, taken by one click."""

    name: str
    label: Any
    url: str
    rule: Any


@dataclass(frozen=True, slots=True)
class VisitRow:
    """One visit; `name` is empty for a patient of a site that is not the reader's."""

    pk: int
    clock: str
    exact: str
    name: str
    age: int
    mrn: str
    language: str
    interpreter: str
    url: str
    site: str
    what: str
    room: str
    status: str
    status_words: str
    is_unconfirmed: bool
    shape: str
    phones: list[tuple[str, str]]
    presses: list[Press]
    move_url: str
    version: int
    key: str


@dataclass(frozen=True, slots=True)
class MoveRow:
    """One visit of a day to be closed, with what is proposed for it."""

    pk: int
    name: str
    mrn: str
    url: str
    was: str
    what: str
    to: str
    late: str
    value: str
    why_not: str
    told_by: str
    version: int
    sequence: int


def visit_rows(visits: Iterable[Appointment], sites: dict[int, Site], actor: Actor, now: datetime) -> list[VisitRow]:
    """Rows in the order given; `sites` are her own, and each visit is at one of them."""
    return [_row(visit, sites, actor, now) for visit in visits]


def _row(visit: Appointment, sites: dict[int, Site], actor: Actor, now: datetime) -> VisitRow:
    site, recall = sites[visit.site_id], visit.recall
    patient, hers = recall.patient, recall.site_id in sites
    local, status = visit.starts_at.astimezone(site.zone), AppointmentStatus(visit.status)
    presses = _presses(visit, actor, site, now) if hers else []
    may_move = hers and recall.state == State.SCHEDULED and bool(actor.roles & STEP["reschedule"].roles)
    return VisitRow(
        pk=visit.pk,
        clock=clock_words(local),
        exact=moment(site, visit.starts_at, now).exact,
        name=str(patient) if hers else "",
        age=patient.age_on(local.date()),
        mrn=patient.mrn if hers else "",
        language=language_name(patient.language),
        interpreter=_interpreter(visit, patient),
        url=reverse("recall", args=[recall.pk]) if hers else "",
        site=site.name if len(sites) > 1 else "",
        what=_what(visit),
        room=visit.room.name if visit.room else "",
        status=status.value,
        status_words=_status_words(visit),
        is_unconfirmed=_is_unconfirmed(visit),
        shape=_SHAPES[status],
        phones=_phones(patient, site) if hers and status == AppointmentStatus.BOOKED else [],
        presses=presses,
        move_url=reverse("step", args=[recall.pk, "reschedule"]) if may_move and visit.is_active else "",
        version=recall.version,
        key=str(uuid4()),
    )


def _presses(visit: Appointment, actor: Actor, site: Site, now: datetime) -> list[Press]:
    names = [name for name in _possible(visit, site, now) if actor.roles & STEP[name].roles]
    return [
        Press(name, _SHORT[name], reverse("appointment_step", args=[visit.pk, name]), STEP[name].rule) for name in names
    ]


def _possible(visit: Appointment, site: Site, now: datetime) -> Collection[str]:
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


def _what(visit: Appointment) -> str:
    kind, minutes = visit.get_kind_display(), _("%(minutes)d min") % {"minutes": visit.length_minutes}
    extra = [str(_("implants"))] if visit.implants else []
    return ", ".join([str(kind), minutes, *extra])


def _interpreter(visit: Appointment, patient: Patient) -> str:
    if visit.interpreter:
        return _("interpreter booked")
    return interpreter_words(patient)


def _is_unconfirmed(visit: Appointment) -> bool:
    return visit.status == AppointmentStatus.BOOKED and visit.kind != VisitKind.BIOPSY


def _status_words(visit: Appointment) -> str:
    return _("Not confirmed") if _is_unconfirmed(visit) else str(visit.get_status_display())


def _phones(patient: Patient, site: Site) -> list[tuple[str, str]]:
    return [(f"tel:{number}", show_phone(number, site.country)) for number in channels_of(patient).phones]


def move_rows(found: Iterable[Proposal], site: Site, site_ids: frozenset[int], now: datetime) -> list[MoveRow]:
    """What is proposed for each, in words; a visit of another site's recall shows no name."""
    return [_move_row(one, site, one.visit.recall.site_id in site_ids, now) for one in found]


def _move_row(proposal: Proposal, site: Site, hers: bool, now: datetime) -> MoveRow:
    visit, free = proposal.visit, proposal.free
    recall, patient = visit.recall, visit.recall.patient
    to = moment(site, free.starts_at, now).words if free else ""
    late = ""
    if free and recall.target_at and free.starts_at > recall.target_at:
        late = _("after her target, %(day)s") % {"day": moment(site, recall.target_at, now)}
    return MoveRow(
        pk=visit.pk,
        name=str(patient) if hers else _("Patient of another site"),
        mrn=patient.mrn if hers else "",
        url=reverse("recall", args=[recall.pk]) if hers else "",
        was=clock_words(visit.starts_at.astimezone(site.zone)),
        what=_what(visit),
        to=f"{to}, {free.room.name}" if free else "",
        late=late,
        value=value_of(free, site) if free else "",
        why_not=proposal.why_not,
        told_by=_told_by(patient),
        version=recall.version,
        sequence=visit.sequence,
    )


def _told_by(patient: Patient) -> str:
    usable = channels_of(patient)
    if usable.email:
        return _("email")
    return _("text message") if usable.sms_allowed else _("letter: ring her too")
