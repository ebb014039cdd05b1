"""Actions by which patients book, move or cancel their own visit, by the same rules and locks as a desk."""

from typing import Unpack

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic import calendar
from patients.models import Patient
from recalls.actions.barriers.helping import state_barrier
from recalls.actions.barriers.stating import StatedBarriers
from recalls.actions.contact import open_work_item
from recalls.actions.transition import ActionKwargs, active_appointment
from recalls.actions.visits import book_appointment, cancel_appointment, reschedule
from recalls.enums import CancelReason, VisitKind, WorkItemKind
from recalls.enums.barriers import BarrierKind, BarrierSource
from recalls.models import Recall, RecallEvent
from recalls.permissions import StepUnavailable
from recalls.scheduling.room_lock import Slot
from recalls.scheduling.self_booking import CHANGE_UNTIL, SelfBooking, find_self_booking
from recalls.scheduling.slots import parse_slot


def choose_time(patient: Patient, chosen: str, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Book the free time that the patient chose, or move the booked visit to it.

    Raises ValidationError for a time that is not among those offered now, StepUnavailable where a person must agree
    the visit, and as the steps do. The same form sent twice acts once.
    """
    now = timezone.now()
    booking = find_self_booking(patient, now)
    if booking is None:
        raise StepUnavailable(_("Please call to agree a time."))
    done = _event_of_form(booking.recall, kwargs.get("key"))
    if done is not None:
        return done
    slot = _offered_slot(booking, chosen)
    step = book_appointment if booking.visit is None else reschedule
    return step(booking.recall, slot, **kwargs)


def _offered_slot(booking: SelfBooking, chosen: str) -> Slot:
    found = parse_slot(chosen, booking.rooms)
    if found is None:
        raise ValidationError({"slot": _("Choose one of the times shown.")})
    _room, starts_at = found
    day = calendar.local_day(booking.recall.site, starts_at)
    now = timezone.now()
    if not booking.first <= starts_at or day > booking.last:
        raise ValidationError({"slot": _("Choose one of the times shown.")})
    offered = (one for one in booking.free_times(now, day) if one.starts_at >= starts_at)
    one = next(offered, None)
    if one is None or one.starts_at != starts_at:
        raise ValidationError({"slot": _("Somebody else has just taken this time. Choose another.")})
    need = booking.need
    return Slot(
        booking.recall.site, starts_at, VisitKind(need.kind), need.minutes, need.interpreter, one.room, need.implants
    )  # fmt: skip


@transaction.atomic
def cancel_for(
    recall: Recall, reason: CancelReason, source: BarrierSource = BarrierSource.PAGE, **kwargs: Unpack[ActionKwargs]
) -> RecallEvent:
    """Cancel the visit and open the task that the reason asks for, so that the patient is helped to another one.

    What is in the way becomes a barrier; another clinic, an illness and anything else is asked about by phone. Raises
    StepUnavailable shortly before the visit: then a call is needed. The same form sent twice acts once.
    """
    visit, done = active_appointment(recall), _event_of_form(recall, kwargs.get("key"))
    if done is not None:
        return done
    if visit is None or visit.kind == VisitKind.BIOPSY or visit.starts_at - CHANGE_UNTIL <= timezone.now():
        raise StepUnavailable(_("Please call to cancel this visit."))
    words = _("Cancelled by the patient: %(reason)s") % {"reason": reason.label}
    kwargs["note"] = words
    event = cancel_appointment(recall, **kwargs)
    if reason in BarrierKind.values:
        state_barrier(recall, StatedBarriers((BarrierKind(reason),), source), by=kwargs["by"], note=words)
    else:
        open_work_item(recall, WorkItemKind.PATIENT_REQUEST, words)
    return event


def _event_of_form(recall: Recall, key: str | None) -> RecallEvent | None:
    """What the form did when it was sent first."""
    done: RecallEvent | None = recall.events.filter(request_key=key).first() if key else None
    return done
