"""Actions that hold a time for a recall, book it when the patient takes it, and give it back."""

from collections.abc import Collection
from datetime import datetime
from typing import Unpack

from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.models import Site
from recalls.actions.transition import ActionKwargs, Transition, active_appointment, apply_step
from recalls.actions.visits import book_appointment
from recalls.enums import ACTIVE_APPOINTMENT_STATUSES, HeldSlotEnd
from recalls.models import Appointment, HeldSlot, Recall, RecallEvent, SlotPolicy
from recalls.permissions import StepUnavailable
from recalls.scheduling.freed_times import note_held_in_vain
from recalls.scheduling.held_slots import (
    VisitNeed,
    as_booking,
    best_slot,
    held_until,
    lock_rooms_at_site,
    reason_to_end,
    visit_need,
)
from recalls.scheduling.slots import FreeSlot


def hold_time(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Hold the best time inside the target, under the locks under which times are given out.

    Raises StepUnavailable where none is free, or one is held or booked for the patient already.
    """

    def hold(transition: Transition) -> None:
        locked = transition.recall
        _check_nothing_is_offered(locked, transition.now)
        policy, need = get_slot_policy(locked.site), visit_need(locked)
        free = best_slot(locked, need, lock_rooms_at_site(locked.site, need.kind), policy)
        if free is None:
            raise StepUnavailable(_("No time is free inside the target."))
        held = _write(locked, need, free, held_until(locked, policy, free.starts_at, transition.now), transition)
        transition.data = {
            "held": held.sequence,
            "starts_at": held.starts_at.isoformat(),
            "until": held.expires_at.isoformat(),
        }

    return apply_step(recall, "hold_time", hold, **kwargs)


def get_slot_policy(site: Site) -> SlotPolicy:
    """The site's own; one that offers nothing where there is none."""
    return SlotPolicy.objects.filter(site=site).first() or SlotPolicy(site=site)


def _check_nothing_is_offered(recall: Recall, now: datetime) -> None:
    """Two records of one person may have been merged: one time is offered to a person, and a visit comes before it.

    A time that ended and is not in the history yet is told there first: holding anew would write over it.
    """
    if HeldSlot.objects.standing(now).filter(recall__patient=recall.patient_id).exists():
        raise StepUnavailable(_("A time is held for this patient already."))
    if HeldSlot.objects.filter(recall=recall, is_noted=False, held_at__gte=recall.state_since).exists():
        raise StepUnavailable(_("The history does not say yet what became of the time that was held."))
    visits = Appointment.objects.filter(recall__patient=recall.patient_id, status__in=ACTIVE_APPOINTMENT_STATUSES)
    if visits.filter(starts_at__gt=now).exists():
        raise StepUnavailable(_("This patient has a visit booked: agree both together."))


def _write(recall: Recall, need: VisitNeed, free: FreeSlot, until: datetime, transition: Transition) -> HeldSlot:
    before = HeldSlot.objects.filter(recall=recall).values_list("sequence", flat=True).first()
    held, _created = HeldSlot.objects.update_or_create(
        recall=recall,
        defaults={
            "sequence": (before or 0) + 1,
            "room": free.room,
            "kind": need.kind,
            "starts_at": free.starts_at,
            "length_minutes": need.minutes,
            "interpreter": need.interpreter,
            "implants": need.implants,
            "held_at": transition.now,
            "expires_at": until,
            "ended_at": None,
            "ended_because": "",
            "is_noted": False,
        },
    )
    return held


def keep_held_time(recall: Recall, sequence: int, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Book the time that was offered with that number; asked twice, the visit stands and its event is returned.

    A time that lapsed a moment ago and is still free is booked too. Raises StepUnavailable where another one is held by
    now, and as `book_appointment` does.
    """
    held = HeldSlot.objects.select_related("room").filter(recall=recall, sequence=sequence).first()
    if held is None:
        raise StepUnavailable(_("This time is held no longer. Choose another."))
    held.recall = recall
    visit = active_appointment(recall)
    if visit is not None and (visit.room_id, visit.starts_at) == (held.room_id, held.starts_at):
        return recall.events.filter(step="book_appointment").latest("pk")
    return book_appointment(recall, as_booking(held), **kwargs)


def release_time(recall: Recall, because: HeldSlotEnd | None = None, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Write into the history that the time is held no longer, and why. Raises StepUnavailable where it stands.

    `because`: why one that stands is given back all the same.
    """

    def release(transition: Transition) -> None:
        held = HeldSlot.objects.select_related("room").filter(recall=transition.recall, is_noted=False).first()
        if held is None:
            raise StepUnavailable(_("No time is held."))
        held.recall = transition.recall
        why = reason_to_end(held, visit_need(transition.recall), transition.now) or because
        if why is None:
            raise StepUnavailable(_("The time that is held still fits."))
        end_hold(held, why, transition.now)
        transition.data = {"held": held.sequence, "starts_at": held.starts_at.isoformat(), "why": why.value}

    return apply_step(recall, "release_time", release, **kwargs)


def end_hold(held: HeldSlot, why: HeldSlotEnd, now: datetime) -> None:
    """End it as the row itself says where a more urgent booking took it; the history knows by now."""
    note_held_in_vain(held, now)
    held.ended_at, held.ended_because = held.ended_at or now, held.ended_because or why
    held.is_noted = True
    held.save(update_fields=["ended_at", "ended_because", "is_noted"])


def end_holds_at(site_ids: Collection[int]) -> None:
    """End what is held at sites whose clock was set anew: another hour is meant; the upkeep holds and tells anew."""
    standing = HeldSlot.objects.filter(recall__site__in=site_ids, ended_at=None)
    standing.update(ended_at=timezone.now(), ended_because=HeldSlotEnd.CHANGED)
