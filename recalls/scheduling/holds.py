"""Holds a room's time for a recall for some minutes, under the same lock under which times are given out."""

import uuid
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.actors import actor_for
from clinic.models import User
from recalls.models import Recall, RoomHold
from recalls.scheduling.room_lock import Slot, check_slot, lock_room

HOLD_LENGTH = timedelta(minutes=10)


@transaction.atomic
def hold_slot(recall: Recall, slot: Slot, *, by: User) -> RoomHold:
    """Hold the time in place of one held for the recall before. Raises ValidationError where it is not free.

    The recall is locked before the room, as a booking does it, so that a hold and a booking cannot wait for each other.
    """
    check_slot(slot)
    if slot.room is None:
        raise ValidationError({"slot": _("Only the time of a room can be held. Name the room.")})
    now = timezone.now()
    locked = Recall.objects.select_for_update().get(pk=recall.pk)
    RoomHold.objects.filter(expires_at__lt=now).delete()
    RoomHold.objects.filter(recall=locked).delete()
    lock_room(slot, actor_for(by), locked)
    return RoomHold.objects.create(
        recall=locked,
        room=slot.room,
        kind=slot.kind,
        starts_at=slot.starts_at,
        length_minutes=slot.length_minutes,
        expires_at=now + HOLD_LENGTH,
        held_by=by,
    )


def take_hold(recall: Recall, key: uuid.UUID) -> RoomHold:
    """End the hold for a booking in the same transaction; what was held. Raises ValidationError if it expired."""
    Recall.objects.select_for_update().get(pk=recall.pk)
    hold = RoomHold.objects.select_related("room__site").filter(recall=recall, key=key).first()
    if hold is None or hold.expires_at <= timezone.now():
        raise ValidationError({"slot": _("This time is held no longer. Choose a time again.")})
    hold.delete()
    return hold
