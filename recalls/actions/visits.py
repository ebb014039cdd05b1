"""How is a visit booked, moved, kept or missed? The diagnostic visit and the biopsy alike."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Unpack

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic import calendar
from clinic.models import Site
from recalls.actions.transition import ActionKwargs, Transition, active_appointment, apply_step
from recalls.enums import AppointmentStatus, State, VisitKind
from recalls.models import Appointment, Recall, RecallEvent, Room
from recalls.permissions import StepUnavailable, missed_appointment_today
from recalls.scheduling import slots


@dataclass(frozen=True, slots=True)
class Slot:
    """A place and time (UTC) that the patient agreed to; length in minutes. Without a room it takes up none."""

    site: Site
    starts_at: datetime
    kind: VisitKind = VisitKind.DIAGNOSTIC
    length_minutes: int = 60
    interpreter: bool = False
    room: Room | None = None
    implants: bool = False


def book_appointment(recall: Recall, slot: Slot, **asked: Unpack[ActionKwargs]) -> RecallEvent:
    """Book the visit. Raises ValidationError for a time that is past, on a day the site is shut, or taken meanwhile."""
    check_slot(slot)
    return apply_step(recall, "book_appointment", _create_appointment(slot), **asked)


def book_biopsy(recall: Recall, slot: Slot, **asked: Unpack[ActionKwargs]) -> RecallEvent:
    check_slot(slot)
    return apply_step(recall, "book_biopsy", _create_appointment(slot, VisitKind.BIOPSY), **asked)


def reschedule(recall: Recall, slot: Slot, **asked: Unpack[ActionKwargs]) -> RecallEvent:
    """Move the visit; its sequence rises, so nothing written about the old time can still be sent."""
    check_slot(slot)

    def move_visit(move: Transition) -> None:
        visit = _require_active_appointment(move)
        _lock_free_room(slot, leaving_out=visit)
        move.data = {
            "appointment": visit.pk,
            "from": visit.starts_at.isoformat(),
            "to": slot.starts_at.isoformat(),
        }
        visit.site, visit.starts_at, visit.kind = slot.site, slot.starts_at, slot.kind
        visit.length_minutes, visit.interpreter = slot.length_minutes, slot.interpreter
        visit.room, visit.implants = slot.room, slot.implants
        visit.status, visit.sequence = AppointmentStatus.BOOKED, visit.sequence + 1
        visit.save()

    return apply_step(recall, "reschedule", move_visit, **asked)


def confirm(recall: Recall, **asked: Unpack[ActionKwargs]) -> RecallEvent:
    return _set_status(recall, "confirm", AppointmentStatus.CONFIRMED, **asked)


def cancel_appointment(recall: Recall, **asked: Unpack[ActionKwargs]) -> RecallEvent:
    return _set_status(recall, "cancel_appointment", AppointmentStatus.CANCELLED, **asked)


def mark_missed(recall: Recall, **asked: Unpack[ActionKwargs]) -> RecallEvent:
    return _set_status(recall, "mark_missed", AppointmentStatus.MISSED, **asked)


def mark_attended(recall: Recall, **asked: Unpack[ActionKwargs]) -> RecallEvent:
    return _set_status(recall, "mark_attended", AppointmentStatus.ATTENDED, **asked)


def cancel_biopsy(recall: Recall, **asked: Unpack[ActionKwargs]) -> RecallEvent:
    return _set_status(recall, "cancel_biopsy", AppointmentStatus.CANCELLED, **asked)


def biopsy_missed(recall: Recall, **asked: Unpack[ActionKwargs]) -> RecallEvent:
    return _set_status(recall, "biopsy_missed", AppointmentStatus.MISSED, **asked)


def biopsy_done(recall: Recall, **asked: Unpack[ActionKwargs]) -> RecallEvent:
    return _set_status(recall, "biopsy_done", AppointmentStatus.ATTENDED, **asked)


def arrived_late(recall: Recall, **asked: Unpack[ActionKwargs]) -> RecallEvent:
    """The patient was counted as missed and arrived late, on the same day: the visit, or the biopsy, was kept."""

    def came(move: Transition) -> None:
        visit = missed_appointment_today(move.recall, move.now)
        if visit is None:
            raise StepUnavailable(_("No visit of today was missed."))
        visit.status = AppointmentStatus.ATTENDED
        visit.save(update_fields=["status"])
        move.next_state = State.AWAITING_PATHOLOGY if visit.kind == VisitKind.BIOPSY else State.AWAITING_OUTCOME
        move.data = {"appointment": visit.pk, "sequence": visit.sequence}

    return apply_step(recall, "arrived_late", came, **asked)


def check_slot(slot: Slot) -> None:
    """A visit may be booked for later today or any later day on which the site is open."""
    day, today = (calendar.local_day(slot.site, at) for at in (slot.starts_at, timezone.now()))
    if day < today:
        raise ValidationError({"starts_at": _("This time is past. Choose a later one.")})
    if not calendar.is_open_day(slot.site, day):
        raise ValidationError({"starts_at": _("%(site)s is shut on that day. Choose another.") % {"site": slot.site}})


def _lock_free_room(slot: Slot, leaving_out: Appointment | None = None) -> None:
    """Lock the room and look whether the time is still free: of two people who book it at once the second is refused.

    The lock is held until the booking is written. SQLite has the write lock of the whole transaction already.
    """
    if slot.room is None:
        return
    room = Room.objects.select_for_update().get(pk=slot.room.pk)
    if room.site_id != slot.site.pk or not room.in_use:
        raise ValidationError({"slot": _("This room is not in use at %(site)s.") % {"site": slot.site}})
    if not slots.is_room_staffed(slot.site, room, slot.starts_at, slot.length_minutes):
        raise ValidationError({"slot": _("%(room)s is not staffed for that time. Choose another.") % {"room": room}})
    if not slots.is_room_free(room, slot.starts_at, slot.length_minutes, leaving_out):
        raise ValidationError({"slot": _("Somebody else has just taken this time. Choose another.")})


def _create_appointment(slot: Slot, kind: VisitKind | None = None) -> Callable[[Transition], None]:
    def book(move: Transition) -> None:
        _lock_free_room(slot)
        visit = Appointment.objects.create(
            recall=move.recall,
            site=slot.site,
            room=slot.room,
            kind=kind or slot.kind,
            starts_at=slot.starts_at,
            length_minutes=slot.length_minutes,
            interpreter=slot.interpreter,
            implants=slot.implants,
            created_at=move.now,
        )
        move.data = {"appointment": visit.pk, "starts_at": slot.starts_at.isoformat()}

    return book


def _set_status(recall: Recall, step: str, status: AppointmentStatus, **asked: Unpack[ActionKwargs]) -> RecallEvent:
    def set_status(move: Transition) -> None:
        visit = _require_active_appointment(move)
        visit.status = status
        visit.save(update_fields=["status"])
        move.data = {"appointment": visit.pk, "sequence": visit.sequence}

    return apply_step(recall, step, set_status, **asked)


def _require_active_appointment(move: Transition) -> Appointment:
    visit = active_appointment(move.recall)
    if visit is None:
        raise StepUnavailable(_("This recall has no booked appointment."))
    return visit
