"""Actions by which a patient who may still be there takes a time of the same-day lane, or does not."""

from datetime import datetime
from typing import Unpack

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from recalls.actions.transition import ActionKwargs, Transition, apply_step, lock_recall
from recalls.actions.visits import book_appointment
from recalls.enums import LaneAnswer, LaneEnd
from recalls.models import LaneTime, Recall, RecallEvent, Room
from recalls.permissions import StepUnavailable
from recalls.scheduling.held_slots import visit_need
from recalls.scheduling.lane_times import is_screened_today
from recalls.scheduling.patient_time import lock_patient_time
from recalls.scheduling.room_lock import Slot, lane_times_over


def take_lane(recall: Recall, room: Room, starts_at: datetime, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Book the lane's time (UTC) in that room by the ordinary step; asked twice, the first visit's event is returned.

    A result of 4 or 5 may take it on any day. Raises StepUnavailable where the time is kept no longer or the screening
    was another day, and as `book_appointment` does. Recall, patient and room are locked in the order of every booking.
    """
    with transaction.atomic():
        locked = lock_recall(recall)
        known = locked.events.filter(step="book_appointment", request_key=kwargs.get("key") or "-").first()
        if known is not None:
            return known
        _check_screened_today(locked, timezone.now())
        need = visit_need(locked)
        lock_patient_time(locked.patient_id, starts_at, need.minutes)
        Room.objects.select_for_update().get(pk=room.pk)
        kept = lane_times_over(room, starts_at, need.minutes)
        if not any(one.starts_at == starts_at for one in kept):
            raise StepUnavailable(_("This time of the lane has just been taken or given back. Choose another."))
        LaneTime.objects.filter(pk__in=[one.pk for one in kept]).update(
            recall=locked, ended_at=timezone.now(), ended_because=LaneEnd.TAKEN
        )
        slot = Slot(
            recall.site, starts_at, need.kind, need.minutes, need.interpreter, room, need.implants,
        )  # fmt: skip
        return book_appointment(recall, slot, **kwargs)


def decline_lane(recall: Recall, why: LaneAnswer, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Write down that the patient comes another day or has left; nothing else changes."""

    def note(transition: Transition) -> None:
        _check_screened_today(transition.recall, transition.now)
        transition.data = {"why": why.value}

    return apply_step(recall, "decline_lane", note, **kwargs)


def _check_screened_today(recall: Recall, now: datetime) -> None:
    if not recall.suspicious and not is_screened_today(recall, now):
        raise StepUnavailable(_("The lane is for patients who were screened today."))
