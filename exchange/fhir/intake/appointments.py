"""Takes in appointments of other systems: books, moves and ends the visit of the one recall that they can mean."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError

from exchange.fhir.access.auth import Caller
from exchange.fhir.intake.received import Json, check_resource, codings_of
from exchange.fhir.intake.report_row import find_known_patient
from exchange.fhir.intake.reports import build_sender
from exchange.fhir.models import ReceivedAppointment
from exchange.fhir.outcome import FhirError, Issue
from exchange.fhir.resources.codes import SNOMED, SNOMED_BY_VISIT_KIND
from exchange.fhir.resources.elements import LOCAL
from exchange.fhir.search.filters import parse_pk
from patients.models import Patient
from recalls import actions
from recalls.enums import State, VisitKind
from recalls.models import MAX_VISIT_MINUTES, Appointment, Recall, Room
from recalls.permissions import NotPermitted, StepRefused
from recalls.scheduling.room_lock import Slot
from recalls.scheduling.slots import suggested_visit_kind, visit_minutes

_ENDING_STEPS = {
    "cancelled": actions.cancel_appointment,
    "noshow": actions.mark_missed,
    "arrived": actions.mark_attended,
    "checked-in": actions.mark_attended,
    "fulfilled": actions.mark_attended,
}
_PLACE_BY_FIELD = {
    "starts_at": "Appointment.start",
    "slot": "Appointment.participant",
    "room": "Appointment.participant",
}
# The first kind of visit for each code: several of ours share that of mammography.
_KIND_BY_SNOMED = {code: kind for kind, code in reversed(SNOMED_BY_VISIT_KIND.items())}
_NOTE = "Told by another system (FHIR)."


@dataclass(frozen=True, slots=True)
class ReadAppointment:
    """What was sent, as far as it is clear: whose visit, for which recall, when and where."""

    patient: Patient
    recall: Recall
    status: str
    starts_at: datetime | None
    minutes: int
    kind: VisitKind | None
    room: Room | None
    identifiers: tuple[tuple[str, str], ...]
    # Whether the recall is named by `basedOn`, or the appointment is known by its number.
    is_confirmed: bool = False


def take_appointment(caller: Caller, body: Json) -> tuple[Appointment, bool]:
    """The visit as it stands afterwards, and whether it is new. Raises FhirError 403 or 422, with the place."""
    check_resource(body, ("Appointment",))
    known = find_received(caller, _read_identifiers(body))
    sent = _read(caller, body, known, ("booked", *_ENDING_STEPS))
    caller.log_access("FHIR write: Appointment", [sent.patient.pk])
    try:
        visit, is_new = _apply(caller, sent, known)
    except NotPermitted as refused:
        raise FhirError.of(403, str(refused)) from refused
    except StepRefused as refused:
        raise FhirError.of(422, str(refused), place="Appointment.status", code="business-rule") from refused
    except ValidationError as refused:
        raise FhirError(422, describe_refusal(refused)) from refused
    for system, value in sent.identifiers:
        ReceivedAppointment.objects.update_or_create(
            client=caller.client, system=system, value=value, defaults={"appointment": visit}
        )
    return visit, is_new


def find_received(caller: Caller, identifiers: tuple[tuple[str, str], ...]) -> Appointment | None:
    """The visit that this client named by one of these identifiers before."""
    for system, value in identifiers:
        rows = ReceivedAppointment.objects.filter(client=caller.client, system=system, value=value)
        row = rows.select_related("appointment__recall__site").first()
        if row is not None and row.appointment.recall.site_id in caller.site_ids:
            return row.appointment
    return None


def _apply(caller: Caller, sent: ReadAppointment, known: Appointment | None) -> tuple[Appointment, bool]:
    active = actions.active_appointment(sent.recall)
    if sent.status in _ENDING_STEPS:
        visit = known or active
        if visit is None:
            raise FhirError.of(
                422, "This recall has no booked visit.", place="Appointment.status", code="business-rule"
            )
        if visit.is_active:
            if not sent.is_confirmed and sent.starts_at not in (None, visit.starts_at):
                words = "The booked visit is at another time, and neither this appointment nor its recall is named."
                raise FhirError.of(422, words, place="Appointment.start", code="business-rule")
            _ENDING_STEPS[sent.status](sent.recall, by=caller.account, note=_NOTE)
            visit.refresh_from_db()
        return visit, False
    if sent.starts_at is None:
        raise FhirError.of(422, "A booked visit needs its start.", place="Appointment.start", code="required")
    if active is not None and active.starts_at == sent.starts_at:
        return active, False
    if active is not None and known == active:
        actions.reschedule(sent.recall, _slot(sent, sent.starts_at, active), by=caller.account, note=_NOTE)
        active.refresh_from_db()
        return active, False
    slot = _slot(sent, sent.starts_at, None)
    book = actions.book_biopsy if slot.kind == VisitKind.BIOPSY else actions.book_appointment
    book(sent.recall, slot, by=caller.account, note=_NOTE, key=_request_key(caller, sent))
    booked = actions.active_appointment(sent.recall)
    if booked is None:
        raise FhirError.of(422, "This visit was booked and ended before.", place="Appointment", code="business-rule")
    return booked, True


def _request_key(caller: Caller, sent: ReadAppointment) -> str | None:
    """The same appointment sent twice at once is booked once."""
    if not sent.identifiers:
        return None
    told = f"{caller.client.pk} {sent.identifiers} {sent.starts_at}"
    return hashlib.sha256(told.encode()).hexdigest()[:36]


def _slot(sent: ReadAppointment, starts_at: datetime, visit: Appointment | None) -> Slot:
    """Needs stay as they were booked; a visit without a room of ours takes up none."""
    patient = sent.patient
    kind = sent.kind or (VisitKind(visit.kind) if visit else suggested_visit_kind(sent.recall))
    interpreter = visit.interpreter if visit else patient.interpreter_needed
    implants = visit.implants if visit else patient.implants
    site = sent.room.site if sent.room else sent.recall.site
    minutes = sent.minutes or visit_minutes(site, kind, interpreter=interpreter, implants=implants)
    return Slot(site, starts_at, kind, minutes, interpreter=interpreter, room=sent.room, implants=implants)


def describe_refusal(refused: ValidationError) -> list[Issue]:
    """What a rule refused, with the place in the Appointment."""
    if not hasattr(refused, "error_dict"):
        return [Issue(message, "Appointment", "business-rule") for message in refused.messages]
    return [
        Issue(message, _PLACE_BY_FIELD.get(name, "Appointment"), "business-rule")
        for name, messages in refused.message_dict.items()
        for message in messages
    ]


def read_appointment(caller: Caller, body: Json, statuses: Collection[str]) -> ReadAppointment:
    """The checked Appointment of one of these statuses, with its start. Raises FhirError 422."""
    check_resource(body, ("Appointment",))
    sent = _read(caller, body, None, statuses)
    if sent.starts_at is None:
        raise FhirError.of(422, "The visit needs its start.", place="Appointment.start", code="required")
    return sent


def build_slot_of(sent: ReadAppointment) -> Slot:
    """The time that was sent, with what its patient needs. Raises FhirError 422 without a start."""
    if sent.starts_at is None:
        raise FhirError.of(422, "The visit needs its start.", place="Appointment.start", code="required")
    return _slot(sent, sent.starts_at, None)


def _read(caller: Caller, body: Json, known: Appointment | None, statuses: Collection[str]) -> ReadAppointment:
    status = str(body["status"])
    if status not in statuses:
        words = f"Only these are taken in here: {', '.join(statuses)}."
        raise FhirError.of(422, words, place="Appointment.status", code="business-rule")
    is_confirmed = bool(body.get("basedOn")) or known is not None
    patient = _read_patient(caller, body, is_confirmed=is_confirmed)
    starts_at, minutes = _read_time(body)
    return ReadAppointment(
        patient=patient,
        recall=_read_recall(caller, body, patient, known),
        status=status,
        starts_at=starts_at,
        minutes=minutes,
        kind=_read_kind(body, is_confirmed=is_confirmed),
        room=_read_room(caller, body),
        identifiers=_read_identifiers(body),
        is_confirmed=is_confirmed,
    )


def _read_patient(caller: Caller, body: Json, *, is_confirmed: bool) -> Patient:
    sender = build_sender(caller)
    actors = [one.get("actor") or {} for one in body.get("participant", [])]
    found = [patient for actor in actors if (patient := find_known_patient(actor, sender, is_confirmed=is_confirmed))]
    if len(found) != 1:
        words = "Name one patient of this client: by record number, or Patient/… with basedOn the recall."
        raise FhirError.of(422, words, place="Appointment.participant.actor", code="not-found")
    if found[0].merged_into_id:
        words = f"This record is replaced by Patient/{found[0].merged_into_id}. Send the appointment for that one."
        raise FhirError.of(422, words, place="Appointment.participant.actor", code="business-rule")
    return found[0]


def _read_recall(caller: Caller, body: Json, patient: Patient, known: Appointment | None) -> Recall:
    """The one named, the one of a visit that is known, or the patient's only open one."""
    rows = Recall.objects.filter(patient=patient, site_id__in=caller.site_ids).select_related("site", "patient", "exam")
    named = [str(one.get("reference", "")) for one in body.get("basedOn", [])]
    numbers = [pk for one in named if "ServiceRequest/" in one and (pk := parse_pk(one.rpartition("/")[2]))]
    if numbers or known is not None:
        pk = numbers[0] if numbers else known.recall_id if known else 0
        recall: Recall | None = rows.filter(pk=pk).first()
        if recall is None or (known is not None and known.recall_id != recall.pk):
            words = "This is no recall of the patient, or another one than the appointment had before."
            raise FhirError.of(422, words, place="Appointment.basedOn", code="not-found")
        return recall
    candidates: list[Recall] = list(rows.exclude(state=State.CLOSED)[:2])
    if len(candidates) != 1:
        words = (
            "The patient has more than one open recall. Name the one meant." if candidates else
            "The patient has no open recall that this could be for."
        )  # fmt: skip
        raise FhirError.of(422, words, place="Appointment.basedOn", code="business-rule")
    return candidates[0]


def _read_time(body: Json) -> tuple[datetime | None, int]:
    """Start in UTC and length in minutes, 0 where it is not said."""
    start, end = _parse(body.get("start"), "start"), _parse(body.get("end"), "end")
    minutes = int(body.get("minutesDuration") or 0)
    if start is not None and end is not None:
        if end <= start:
            raise FhirError.of(422, "The visit must end after it begins.", place="Appointment.end", code="value")
        minutes = minutes or (end - start) // timedelta(minutes=1)
    if not 0 <= minutes <= MAX_VISIT_MINUTES:
        message = f"A visit takes at most {MAX_VISIT_MINUTES} minutes."
        raise FhirError.of(422, message, place="Appointment.minutesDuration", code="value")
    return start, minutes


def _parse(value: Any, name: str) -> datetime | None:
    """An instant of FHIR has a zone. Raises FhirError 422."""
    if not value:
        return None
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        words = "Write an instant with its zone, such as 2026-11-24T14:05:00-05:00."
        raise FhirError.of(422, words, place=f"Appointment.{name}", code="value")
    return at


def _read_kind(body: Json, *, is_confirmed: bool) -> VisitKind | None:
    """None where no service is named; one that is not known may be another department's. Raises FhirError 422."""
    codings = [pair for one in body.get("serviceType", []) for pair in codings_of(one)]
    own = [code for system, code in codings if system == f"{LOCAL}visit-kind" and code in VisitKind.values]
    if own:
        return VisitKind(own[0])
    known = [_KIND_BY_SNOMED[code] for system, code in codings if system == SNOMED and code in _KIND_BY_SNOMED]
    if known or not body.get("serviceType") or is_confirmed:
        return next(iter(known), None)
    words = "This kind of visit is not known here. Name it by its code, or the recall by basedOn."
    raise FhirError.of(422, words, place="Appointment.serviceType", code="business-rule")


def _read_room(caller: Caller, body: Json) -> Room | None:
    for one in body.get("participant", []):
        reference = str((one.get("actor") or {}).get("reference", ""))
        if "Location/room-" in reference:
            pk = parse_pk(reference.rpartition("room-")[2])
            room = (
                Room.objects.select_related("site").filter(pk=pk, site_id__in=caller.site_ids).first() if pk else None
            )
            if room is None:
                words = "There is no such room at the sites of this client."
                raise FhirError.of(422, words, place="Appointment.participant.actor", code="not-found")
            return room
    return None


def _read_identifiers(body: Json) -> tuple[tuple[str, str], ...]:
    return tuple(
        (str(one.get("system", ""))[:200], str(one["value"])[:200])
        for one in body.get("identifier", [])
        if one.get("value")
    )
