"""Holds and books times for other systems, under the lock on the room."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from exchange.fhir.access.auth import Caller
from exchange.fhir.intake.appointments import ReadAppointment, build_slot_of, describe_refusal, read_appointment
from exchange.fhir.intake.received import Json
from exchange.fhir.outcome import FhirError, Issue
from exchange.fhir.resources.codes import visit_concept
from exchange.fhir.resources.elements import end_of, instant, patient_reference, reference
from recalls import actions
from recalls.enums import VisitKind
from recalls.models import Appointment, RoomHold
from recalls.permissions import NotPermitted, StepRefused, check_actor_permitted, check_step_available
from recalls.scheduling.holds import hold_slot, take_hold
from recalls.workflow import STEPS_BY_NAME

HOLD_PREFIX = "hold-"


def hold_appointment(caller: Caller, proposal: Json) -> RoomHold:
    """Hold the proposed time for some minutes. Raises FhirError 403, 409 or 422."""
    sent = read_appointment(caller, proposal, ("proposed", "pending"))
    with _told_as_fhir():
        _check_bookable(caller, sent)
        return hold_slot(sent.recall, build_slot_of(sent), by=caller.account)


def book_appointment(caller: Caller, appointment: Json) -> Appointment:
    """Book a proposed or held time. Raises FhirError 403, 409 or 422; a hold outlives a refusal."""
    sent = read_appointment(caller, appointment, ("proposed", "pending", "booked"))
    held = str(appointment.get("id", ""))
    with _told_as_fhir(), transaction.atomic():
        slot = build_slot_of(sent)
        if held.startswith(HOLD_PREFIX):
            hold = take_hold(sent.recall, _parse_key(held))
            slot = replace(
                slot,
                site=hold.room.site,
                room=hold.room,
                starts_at=hold.starts_at,
                length_minutes=hold.length_minutes,
                kind=VisitKind(hold.kind),
            )
        book: Callable[..., object] = actions.book_appointment
        if slot.kind == VisitKind.BIOPSY:
            book = actions.book_biopsy
        book(sent.recall, slot, by=caller.account, note="Booked by another system (FHIR).")
        visit = actions.active_appointment(sent.recall)
    if visit is None:
        raise FhirError.of(422, "This recall has no booked visit.", place="Appointment", code="business-rule")
    return visit


def _check_bookable(caller: Caller, sent: ReadAppointment) -> None:
    """A time is held for a recall that may be booked now, by a client that may book it."""
    is_biopsy = build_slot_of(sent).kind == VisitKind.BIOPSY
    step = STEPS_BY_NAME["book_biopsy" if is_biopsy else "book_appointment"]
    check_actor_permitted(sent.recall, step, caller.actor)
    check_step_available(sent.recall, step, timezone.now())


@contextmanager
def _told_as_fhir() -> Iterator[None]:
    """Refusals of the rules as FhirError: a time that is taken is a conflict, anything else cannot be done so."""
    try:
        yield
    except NotPermitted as refused:
        raise FhirError.of(403, str(refused)) from refused
    except StepRefused as refused:
        raise FhirError.of(422, str(refused), place="Appointment", code="business-rule") from refused
    except ValidationError as refused:
        is_taken = "slot" in getattr(refused, "error_dict", {})
        raise FhirError(409 if is_taken else 422, describe_refusal(refused)) from refused


def _parse_key(held: str) -> uuid.UUID:
    try:
        return uuid.UUID(held.removeprefix(HOLD_PREFIX))
    except ValueError:
        raise FhirError.of(422, "This is no hold of ours.", place="Appointment.id", code="value") from None


def build_held(hold: RoomHold) -> Json:
    """The held time as a pending Appointment; its id is what a booking names."""
    actors = [patient_reference(hold.recall.patient_id), reference("Location", f"room-{hold.room_id}")]
    return {
        "resourceType": "Appointment",
        "id": f"{HOLD_PREFIX}{hold.key}",
        "status": "pending",
        "serviceType": [visit_concept(hold.kind)],
        "start": instant(hold.starts_at),
        "end": instant(end_of(hold.starts_at, hold.length_minutes)),
        "minutesDuration": hold.length_minutes,
        "basedOn": [reference("ServiceRequest", hold.recall_id)],
        "participant": [{"actor": actor, "required": "required", "status": "needs-action"} for actor in actors],
    }


def describe_hold(hold: RoomHold) -> Issue:
    until = instant(hold.expires_at)
    return Issue(f"Held until {until}.", code="informational", severity="information")
