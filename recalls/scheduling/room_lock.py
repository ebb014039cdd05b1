"""Gives out a room's time under the lock on the room, the one place where its capacity is decided."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic import calendar
from clinic.actors import Actor
from clinic.models import Site
from clinic.roles import OVERBOOKING_ROLES
from desk.datetime_display import format_clock_time
from recalls.enums import MODALITY_BY_VISIT_KIND, HeldSlotEnd, LaneEnd, VisitKind
from recalls.models import MAX_VISIT_MINUTES, Appointment, HeldSlot, LaneTime, Recall, Room, RoomStop
from recalls.scheduling import slots


@dataclass(frozen=True, slots=True)
class Slot:
    """The site, time (UTC) and length in minutes agreed with the patient; `room` is None where rooms are not kept.

    `reason` says why a time outside the room's hours, or one that is taken, is given all the same; only `overbook`
    asks for a time that is taken. `then` are the kinds of the further parts, each in another room after the one before
    it on the same day; None leaves a visit that is moved the parts that it has.
    """

    site: Site
    starts_at: datetime
    kind: VisitKind = VisitKind.DIAGNOSTIC
    length_minutes: int = 60
    interpreter: bool = False
    room: Room | None = None
    implants: bool = False
    reason: str = ""
    overbook: bool = False
    then: tuple[VisitKind, ...] | None = None


def check_slot(slot: Slot) -> None:
    """Raise ValidationError unless the slot is today or later, on a day on which the site is open."""
    day, today = (calendar.local_day(slot.site, at) for at in (slot.starts_at, timezone.now()))
    if day < today:
        raise ValidationError({"starts_at": _("This time is past. Choose a later one.")})
    if not calendar.is_open_day(slot.site, day):
        raise ValidationError({"starts_at": _("%(site)s is shut on that day. Choose another.") % {"site": slot.site}})


def lock_room(slot: Slot, actor: Actor, recall: Recall, exclude: Appointment | None = None) -> bool:
    """Lock the slot's room for a visit of the recall and say whether it is booked over another one there.

    The lock is held until the booking is written. SQLite has the write lock of the whole transaction already. What was
    held there for others ends with it, so that a time is never both booked and held. Raises ValidationError where the
    time is taken and no overbooking was asked for by somebody who may, or is outside the room's hours and no reason
    was given.
    """
    room = _lock_rooms(slot.site, slot.room.pk if slot.room else None, slot.then or ())
    if room is None:
        return False
    if room.site_id != slot.site.pk or not room.in_use:
        raise ValidationError({"slot": _("This room is not in use at %(site)s.") % {"site": slot.site}})
    if room.is_mobile and slots.find_stop(slot.site, room, slot.starts_at) is None:
        raise ValidationError({"slot": _("%(room)s stands nowhere at that time. Choose another.") % {"room": room}})
    if not slot.reason and not slots.is_room_staffed(slot.site, room, slot.starts_at, slot.length_minutes):
        raise ValidationError({"slot": _("%(room)s is not staffed for that time. Choose another.") % {"room": room}})
    if slots.is_room_free(room, slot.starts_at, slot.length_minutes, exclude, recall):
        end_holds_of_others(room, slot.starts_at, slot.length_minutes, recall)
        return False
    if not slot.overbook:
        raise ValidationError({"slot": _why_taken(room, slot)})
    if not actor.roles & OVERBOOKING_ROLES:
        raise ValidationError({"overbook": _("Only a navigator or manager may book over another visit.")})
    if not slot.reason:
        raise ValidationError({"reason": _("Say why this visit is booked over another one.")})
    end_holds_of_others(room, slot.starts_at, slot.length_minutes, recall)
    return True


def _why_taken(room: Room, slot: Slot) -> str:
    """What stands in the way, for whoever saw the time empty in the day's list."""
    kept = lane_times_over(room, slot.starts_at, slot.length_minutes)
    if not kept:
        return _("Somebody else has just taken this time. Choose another.")
    until = format_clock_time(max(one.kept_until for one in kept).astimezone(slot.site.zone))
    return _("This time is kept for the same-day lane until %(time)s. Choose another.") % {"time": until}


def lane_times_over(room: Room, starts_at: datetime, minutes: int) -> list[LaneTime]:
    """What is still kept for the same-day lane in the room during that time. One query."""
    ends_at = starts_at + timedelta(minutes=minutes)
    near = LaneTime.objects.standing(timezone.now()).filter(
        room=room, starts_at__gt=starts_at - timedelta(minutes=MAX_VISIT_MINUTES), starts_at__lt=ends_at
    )
    return [one for one in near if one.ends_at > starts_at]


def end_holds_of_others(room: Room, starts_at: datetime, minutes: int, recall: Recall) -> None:
    """End what is held or kept for others in a time that the recall is given; the caller holds the room's lock.

    Their recalls are not locked: the upkeep of the next minute tells their histories and holds another time.
    """
    now, ends_at = timezone.now(), starts_at + timedelta(minutes=minutes)
    near = HeldSlot.objects.standing(now).filter(
        room=room, starts_at__gt=starts_at - timedelta(minutes=MAX_VISIT_MINUTES), starts_at__lt=ends_at
    )
    over = [one.pk for one in near.exclude(recall=recall.pk) if one.ends_at > starts_at]
    if over:
        HeldSlot.objects.filter(pk__in=over, ended_at=None).update(ended_at=now, ended_because=HeldSlotEnd.YIELDED)
    kept = [one.pk for one in lane_times_over(room, starts_at, minutes)]
    if kept:
        LaneTime.objects.filter(pk__in=kept, ended_at=None).update(ended_at=now, ended_because=LaneEnd.GIVEN)


def end_hold_that_was_passed(recall: Recall, now: datetime) -> None:
    """End what was held for the recall where its time was given to somebody while the recall did not need it.

    Called as an undo brings the recall back to where the time was held. Locks the room; no visit of the recall stands.
    """
    held = HeldSlot.objects.filter(recall=recall, ended_at=None, expires_at__gt=now).select_related("room").first()
    if held is None:
        return
    _lock_rooms(recall.site, held.room_id, ())
    near = {"room": held.room, "starts_at__gt": held.starts_at - timedelta(minutes=MAX_VISIT_MINUTES)}
    others = HeldSlot.objects.standing(now).filter(**near, starts_at__lt=held.ends_at).exclude(recall=recall.pk)
    is_held_for_another = any(one.ends_at > held.starts_at for one in others)
    if is_held_for_another or not slots.is_room_free(held.room, held.starts_at, held.length_minutes, None, recall):
        HeldSlot.objects.filter(pk=held.pk).update(ended_at=now, ended_because=HeldSlotEnd.YIELDED)


def _lock_rooms(site: Site, room_id: int | None, parts: Iterable[VisitKind]) -> Room | None:
    """Lock a room with every one its further parts may be in, always in one order, so that no two desks deadlock."""
    modalities = [MODALITY_BY_VISIT_KIND[kind] for kind in parts]
    if room_id is None and not modalities:
        return None
    wanted = Q(pk=room_id) | Q(site=site, modality__in=modalities) if modalities else Q(pk=room_id)
    locked = list(Room.objects.select_for_update().filter(wanted).order_by("pk"))
    return next((room for room in locked if room.pk == room_id), None)


def find_stop(slot: Slot) -> RoomStop | None:
    """Where the slot's mobile unit stands then; None for a room at the site."""
    is_mobile = slot.room is not None and slot.room.is_mobile
    return slots.find_stop(slot.site, slot.room, slot.starts_at) if slot.room and is_mobile else None


def lock_room_of(visit: Appointment, now: datetime) -> bool:
    """Lock the room of a visit that begins before its day, and say whether another visit is in it then."""
    room = lock_rooms_of(visit)
    return room is not None and not slots.is_room_free(room, now, visit.length_minutes, visit)


def lock_rooms_of(visit: Appointment) -> Room | None:
    """Lock the rooms of a visit and of its further parts; the visit's own, None where it has none."""
    return _lock_rooms(visit.site, visit.room_id, [VisitKind(part.kind) for part in visit.further_parts])


def are_rooms_free(visit: Appointment) -> bool:
    """Whether nobody else has a room of the visit, or of a further part, at its time; locks the rooms."""
    lock_rooms_of(visit)
    spans = [(visit.room, visit.starts_at, visit.length_minutes)]
    spans += [(part.room, part.starts_at, part.length_minutes) for part in visit.further_parts]
    return all(
        room is None or slots.is_room_free(room, starts_at, minutes, visit) for room, starts_at, minutes in spans
    )
