"""Actions that book, reschedule, confirm, cancel and complete a diagnostic visit or a biopsy."""

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
    """The site, time (UTC) and length in minutes agreed with the patient; `room` is None where rooms are not kept."""

    site: Site
    starts_at: datetime
    kind: VisitKind = VisitKind.DIAGNOSTIC
    length_minutes: int = 60
    interpreter: bool = False
    room: Room | None = None
    implants: bool = False


def book_appointment(recall: Recall, slot: Slot, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Book the visit. Raises ValidationError for a time that is past, on a day the site is shut, or taken meanwhile."""
    check_slot(slot)
    return apply_step(recall, "book_appointment", _create_appointment(slot), **kwargs)


def book_biopsy(recall: Recall, slot: Slot, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    check_slot(slot)
    return apply_step(recall, "book_biopsy", _create_appointment(slot, VisitKind.BIOPSY), **kwargs)


def reschedule(recall: Recall, slot: Slot, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Move the visit; its sequence rises, so that no message about the old time can still be sent."""
    check_slot(slot)

    def move_visit(transition: Transition) -> None:
        visit = _require_active_appointment(transition)
        _lock_free_room(slot, exclude=visit)
        transition.data = {
            "appointment": visit.pk,
            "from": visit.starts_at.isoformat(),
            "to": slot.starts_at.isoformat(),
        }
        visit.site, visit.starts_at, visit.kind = slot.site, slot.starts_at, slot.kind
        visit.length_minutes, visit.interpreter = slot.length_minutes, slot.interpreter
        visit.room, visit.implants = slot.room, slot.implants
        visit.status, visit.sequence = AppointmentStatus.BOOKED, visit.sequence + 1
        visit.save()

    return apply_step(recall, "reschedule", move_visit, **kwargs)


def confirm(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    return _set_status(recall, "confirm", AppointmentStatus.CONFIRMED, **kwargs)


def cancel_appointment(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    return _set_status(recall, "cancel_appointment", AppointmentStatus.CANCELLED, **kwargs)


def mark_missed(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    return _set_status(recall, "mark_missed", AppointmentStatus.MISSED, **kwargs)


def mark_attended(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    return _set_status(recall, "mark_attended", AppointmentStatus.ATTENDED, **kwargs)


def cancel_biopsy(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    return _set_status(recall, "cancel_biopsy", AppointmentStatus.CANCELLED, **kwargs)


def biopsy_missed(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    return _set_status(recall, "biopsy_missed", AppointmentStatus.MISSED, **kwargs)


def biopsy_done(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    return _set_status(recall, "biopsy_done", AppointmentStatus.ATTENDED, **kwargs)


def arrived_late(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Mark a visit or biopsy of today that was counted as missed as attended."""

    def mark_kept(transition: Transition) -> None:
        visit = missed_appointment_today(transition.recall, transition.now)
        if visit is None:
            raise StepUnavailable(_("No visit of today was missed."))
        visit.status = AppointmentStatus.ATTENDED
        visit.save(update_fields=["status"])
        transition.next_state = State.AWAITING_PATHOLOGY if visit.kind == VisitKind.BIOPSY else State.AWAITING_OUTCOME
        transition.data = {"appointment": visit.pk, "sequence": visit.sequence}

    return apply_step(recall, "arrived_late", mark_kept, **kwargs)


def check_slot(slot: Slot) -> None:
    """Raise ValidationError unless the slot is today or later, on a day on which the site is open."""
    day, today = (calendar.local_day(slot.site, at) for at in (slot.starts_at, timezone.now()))
    if day < today:
        raise ValidationError({"starts_at": _("This time is past. Choose a later one.")})
    if not calendar.is_open_day(slot.site, day):
        raise ValidationError({"starts_at": _("%(site)s is shut on that day. Choose another.") % {"site": slot.site}})


def _lock_free_room(slot: Slot, exclude: Appointment | None = None) -> None:
    """Lock the room and raise ValidationError unless the time is still free, so that nobody books it twice.

    The lock is held until the booking is written. SQLite has the write lock of the whole transaction already.
    """
    if slot.room is None:
        return
    room = Room.objects.select_for_update().get(pk=slot.room.pk)
    if room.site_id != slot.site.pk or not room.in_use:
        raise ValidationError({"slot": _("This room is not in use at %(site)s.") % {"site": slot.site}})
    if not slots.is_room_staffed(slot.site, room, slot.starts_at, slot.length_minutes):
        raise ValidationError({"slot": _("%(room)s is not staffed for that time. Choose another.") % {"room": room}})
    if not slots.is_room_free(room, slot.starts_at, slot.length_minutes, exclude):
        raise ValidationError({"slot": _("Somebody else has just taken this time. Choose another.")})


def _create_appointment(slot: Slot, kind: VisitKind | None = None) -> Callable[[Transition], None]:
    def book(transition: Transition) -> None:
        _lock_free_room(slot)
        visit = Appointment.objects.create(
            recall=transition.recall,
            site=slot.site,
            room=slot.room,
            kind=kind or slot.kind,
            starts_at=slot.starts_at,
            length_minutes=slot.length_minutes,
            interpreter=slot.interpreter,
            implants=slot.implants,
            created_at=transition.now,
        )
        transition.data = {"appointment": visit.pk, "starts_at": slot.starts_at.isoformat()}

    return book


def _set_status(recall: Recall, step: str, status: AppointmentStatus, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    def set_status(transition: Transition) -> None:
        visit = _require_active_appointment(transition)
        visit.status = status
        visit.save(update_fields=["status"])
        transition.data = {"appointment": visit.pk, "sequence": visit.sequence}

    return apply_step(recall, step, set_status, **kwargs)


def _require_active_appointment(transition: Transition) -> Appointment:
    visit = active_appointment(transition.recall)
    if visit is None:
        raise StepUnavailable(_("This recall has no booked appointment."))
    return visit
