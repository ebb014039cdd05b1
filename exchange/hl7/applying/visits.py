"""Applies appointment messages: books, moves and cancels the visit of the one recall that they can mean."""

import re
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from clinic.models import Site
from exchange.errors import Confirmation
from exchange.hl7.applying.intake_actor import intake_actor
from exchange.hl7.applying.known_patient import find_day, find_known_patient
from exchange.hl7.applying.report_row import find_moment
from exchange.hl7.applying.sender_words import ProcedureKind, classify_procedure, find_event
from exchange.hl7.message_result import MessageResult, ignored, parked
from exchange.hl7.reading.facts import ReadMessage, VisitFacts
from exchange.models import Hl7Appointment, Hl7Message, Hl7Sender
from exchange.models.hl7_sender import AppointmentEvent
from patients.models import Patient
from recalls import actions
from recalls.enums import ACTIVE_APPOINTMENT_STATUSES, State, VisitKind
from recalls.models import Appointment, Recall

_DEFAULT_LENGTH = 60  # minutes
_MAX_LENGTH = 480
_UNIT_MINUTES = {"H": 60, "HR": 60, "HRS": 60, "HOUR": 60, "HOURS": 60, "S": 1 / 60, "SEC": 1 / 60}
_BIOPSY = re.compile(r"biops|\bbx\b|aspirat|locali[sz]|\bfna\b", re.IGNORECASE)
_TAKES_A_VISIT = (State.TO_CONTACT, State.FOLLOW_UP)


@dataclass(frozen=True, slots=True)
class _Told:
    """An appointment message that is to be applied: who, what and when, with the visit it is known to mean."""

    visit: VisitFacts
    event: AppointmentEvent
    sender: Hl7Sender
    site: Site
    patient: Patient
    starts_at: datetime | None
    known: Appointment | None  # the visit of these appointment numbers
    kind: ProcedureKind

    @property
    def is_biopsy(self) -> bool:
        """Whether its words tell of tissue that is taken."""
        services = " ".join(service.service.words for service in self.visit.services)
        return bool(_BIOPSY.search(f"{services} {self.visit.type} {self.visit.reason}"))

    def result(self, recall: Recall) -> MessageResult:
        return MessageResult(Hl7Message.State.APPLIED, site=self.site, patient=self.patient, recall=recall)

    def park(self, reason: str, field: str = "SCH", recall: Recall | None = None) -> MessageResult:
        return parked(reason, field, site=self.site, patient=self.patient, recall=recall)

    def ignore(self, reason: str, recall: Recall | None = None) -> MessageResult:
        return ignored(reason, site=self.site, patient=self.patient, recall=recall)


def apply_visit(read: ReadMessage, sender: Hl7Sender, site: Site, confirmed: frozenset[Confirmation]) -> MessageResult:
    """Carry out what an appointment message tells. Raises StepRefused or ValidationError where the rules refuse it."""
    visit = read.visit or VisitFacts()
    event = find_event(read.header.trigger, visit, sender)
    if event is None:
        return parked(_("It is not known what this event means. Set it up for this sender."), "MSH-9", site=site)
    if event == AppointmentEvent.IGNORED:
        return ignored(_("As this sender is set up, the event says nothing."), site=site)
    kind = _classify(visit, sender)
    if kind in (ProcedureKind.SCREENING, ProcedureKind.OTHER):
        return ignored(_("This is no appointment of a diagnostic visit of the breast."), site=site)
    day = find_day(read.header.sent_at, site)
    known = find_known_patient(read.patients[0], sender, site, day, confirmed)
    if isinstance(known, MessageResult):
        return known
    if known.record is None:
        return parked(_("The patient of this appointment is not known here."), "PID-3", site=site)
    moment = find_moment(visit.start, sender, site)
    told = _Told(visit, event, sender, site, known.record, moment, _find_linked(visit, sender), kind)
    if told.known is not None and told.known.recall.patient_id != known.record.pk:
        return told.park(_("This appointment number belongs to another patient's visit here."), "SCH-2")
    return _APPLY_EVENT[event](told)


def _classify(visit: VisitFacts, sender: Hl7Sender) -> ProcedureKind:
    """What the appointment is for; one that names nothing may be of the breast."""
    services = [(one.service.code, one.service.text) for one in visit.services if one.service.words]
    if visit.reason or visit.type:
        services.append((visit.reason, visit.type))
    if not services:
        return ProcedureKind.UNKNOWN_BREAST
    kinds = [classify_procedure(code, text, sender) for code, text in services]
    order = (ProcedureKind.DIAGNOSTIC, ProcedureKind.UNKNOWN_BREAST, ProcedureKind.SCREENING)
    return next((kind for kind in order if kind in kinds), ProcedureKind.OTHER)


def _find_linked(visit: VisitFacts, sender: Hl7Sender) -> Appointment | None:
    wanted = Q(pk__in=())
    if visit.filler_id:
        wanted |= Q(filler_id=visit.filler_id)
    if visit.placer_id:
        wanted |= Q(placer_id=visit.placer_id)
    rows = Hl7Appointment.objects.filter(wanted, sender=sender).select_related("appointment__recall__site")
    row = rows.order_by("pk").last()
    return row.appointment if row else None


def _open_recalls(patient: Patient) -> list[Recall]:
    return list(Recall.objects.still_open().filter(patient=patient).select_related("site", "patient").order_by("pk"))


def _book(told: _Told) -> MessageResult:
    """A new visit for the patient's one open recall, when that waits for one."""
    if told.known is not None and told.known.is_active:
        return _move(told)
    if told.starts_at is None:
        return told.park(_("The message does not say on which day and at what time the visit begins."), "SCH-11")
    recalls = _open_recalls(told.patient)
    if not recalls:
        return told.park(_("The patient has no open recall that this appointment could be for."))
    if told.kind != ProcedureKind.DIAGNOSTIC:
        words = _("It is not known whether this is a diagnostic visit. Set the code of the service up for this sender.")
        return told.park(words, "AIS-3")
    if told.is_biopsy:
        return told.park(_("This visit is a biopsy. Staff book and move biopsies by hand."), "AIS-3")
    if len(recalls) > 1:
        return told.park(_("The patient has more than one open recall. Book the visit at the right one."))
    recall = recalls[0]
    visit = actions.active_appointment(recall)
    if visit is not None and visit.starts_at == told.starts_at:
        _link(told, visit)
        return told.ignore(_("This visit is booked already."), recall)
    if visit is not None or recall.state not in _TAKES_A_VISIT:
        words = _("The patient's recall waits for no visit now. Look at it, and book or move the visit by hand.")
        return told.park(words, recall=recall)
    actions.book_appointment(
        recall, _slot(told, told.starts_at, recall), by=intake_actor(), note=_("Booked by an HL7 message.")
    )
    booked = actions.active_appointment(recall)
    if booked is not None:
        _link(told, booked)
    return told.result(recall)


def _move(told: _Told) -> MessageResult:
    """Another time for the visit; a visit that was never told of is booked, where the patient waits for one."""
    if told.starts_at is None:
        return told.park(_("The message does not say on which day and at what time the visit begins."), "SCH-11")
    visit = told.known if told.known is not None and told.known.is_active else None
    if visit is None:
        visit = _only_unlinked_visit(told)
    if visit is None:
        return (
            _book(told) if told.known is None else told.park(_("The visit that is to be moved is over or cancelled."))
        )
    recall = Recall.objects.select_related("site", "patient").get(pk=visit.recall_id)
    _link(told, visit)
    if visit.starts_at == told.starts_at:
        return told.ignore(_("The visit is at this time already."), recall)
    if visit.kind == VisitKind.BIOPSY:
        return told.park(_("This visit is a biopsy. Staff book and move biopsies by hand."), recall=recall)
    actions.reschedule(
        recall, _slot(told, told.starts_at, recall, visit), by=intake_actor(), note=_("Moved by an HL7 message.")
    )
    return told.result(recall)


def _end(told: _Told) -> MessageResult:
    """Cancel the visit, or note that the patient did not come: only the visit that the message certainly means."""
    if told.known is not None and not told.known.is_active:
        return told.ignore(_("This visit is over or cancelled already."), told.known.recall)
    visit = told.known or _visit_at_that_time(told)
    if visit is None:
        if not _booked_visits(told):
            return told.ignore(_("The patient has no booked visit."))
        return told.park(_("The patient's booked visit may be another one than this message means."))
    recall = Recall.objects.select_related("site", "patient").get(pk=visit.recall_id)
    if told.starts_at is not None and visit.starts_at != told.starts_at:
        words = _("The visit was moved here to another time than this message names. Look which one counts.")
        return told.park(words, "SCH-11", recall)
    if told.event == AppointmentEvent.MISSED:
        actions.mark_missed(recall, by=intake_actor(), note=_("Told by an HL7 message."))
    else:
        actions.cancel_appointment(recall, by=intake_actor(), note=_("Cancelled by an HL7 message."))
    return told.result(recall)


def _booked_visits(told: _Told) -> list[Appointment]:
    booked = Appointment.objects.filter(recall__patient=told.patient, status__in=ACTIVE_APPOINTMENT_STATUSES)
    return list(booked.select_related("recall__site").order_by("pk"))


def _visit_at_that_time(told: _Told) -> Appointment | None:
    visits = [visit for visit in _booked_visits(told) if visit.starts_at == told.starts_at]
    return visits[0] if len(visits) == 1 else None


def _only_unlinked_visit(told: _Told) -> Appointment | None:
    """The patient's one booked visit, where no other appointment of the sender is known to be it."""
    visits = _booked_visits(told)
    if len(visits) != 1 or len(_open_recalls(told.patient)) != 1:
        return None
    return None if Hl7Appointment.objects.filter(appointment=visits[0]).exists() else visits[0]


def _link(told: _Told, visit: Appointment) -> None:
    """Remember the numbers, so that later messages find the visit though its time has changed."""
    if not told.visit.filler_id and not told.visit.placer_id:
        return
    numbers = {"placer_id": told.visit.placer_id[:200], "filler_id": told.visit.filler_id[:200], "sender": told.sender}
    Hl7Appointment.objects.update_or_create(appointment=visit, defaults=numbers)


def _slot(told: _Told, at: datetime, recall: Recall, visit: Appointment | None = None) -> actions.Slot:
    """What the message gives; the rest stays as it was booked here. A visit of another system takes up no room."""
    if visit is not None:
        return actions.Slot(
            told.site, at, VisitKind(visit.kind), _length(told.visit) or visit.length_minutes,
            interpreter=visit.interpreter, implants=visit.implants,
        )  # fmt: skip
    kind = VisitKind.FOLLOW_UP if recall.state == State.FOLLOW_UP else VisitKind.DIAGNOSTIC
    patient = told.patient
    return actions.Slot(
        told.site, at, kind, _length(told.visit) or _DEFAULT_LENGTH,
        interpreter=patient.interpreter_needed, implants=patient.implants,
    )  # fmt: skip


def _length(visit: VisitFacts) -> int:
    """Minutes, 0 where the message does not say anything that can be."""
    given = [(visit.duration, visit.duration_units)] + [(one.duration, one.units) for one in visit.services]
    for number, unit in given:
        try:
            minutes = round(float(number) * _UNIT_MINUTES.get(unit.strip().upper(), 1))
        except (ValueError, OverflowError):
            continue
        if 0 < minutes <= _MAX_LENGTH:
            return minutes
    return 0


_APPLY_EVENT = {
    AppointmentEvent.BOOKED: _book,
    AppointmentEvent.MOVED: _move,
    AppointmentEvent.CHANGED: _move,
    AppointmentEvent.CANCELLED: _end,
    AppointmentEvent.MISSED: _end,
}
