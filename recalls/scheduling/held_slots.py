"""Finds the time to hold for a recall, and says whether one that is held still fits and can be kept."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.utils import timezone

from clinic import calendar
from clinic.models import Site
from patients.channels import get_patient_channels
from patients.models import Patient
from recalls.enums import HeldSlotEnd, PartOfDay, State, VisitKind
from recalls.models import HeldSlot, Recall, Room, SlotPolicy
from recalls.scheduling import slots
from recalls.scheduling.patient_time import patient_intervals
from recalls.scheduling.room_lock import Slot
from recalls.scheduling.slots import FreeSlot
from recalls.scheduling.staff_and_way import is_too_early

_NOON = 12  # hour of the day
_MAX_DAYS = 60  # days ahead in which a time is held, whatever a target says


@dataclass(frozen=True, slots=True)
class VisitNeed:
    """What the visit of a recall needs, as the report and the patient's record say."""

    kind: VisitKind
    minutes: int
    interpreter: bool
    implants: bool


def visit_need(recall: Recall, minutes_of: Callable[..., int] = slots.visit_minutes) -> VisitNeed:
    """One query with order, findings and patient at hand; `minutes_of` may remember what it looked up."""
    kind, patient = slots.suggested_visit_kind(recall), recall.patient
    needs = {"interpreter": patient.interpreter_needed, "implants": patient.implants}
    return VisitNeed(kind, minutes_of(recall.site, kind, **needs), **needs)


def rooms_at_site(site: Site, kind: VisitKind) -> list[Room]:
    """Nobody is sent to a mobile unit unasked."""
    return [room for room in slots.rooms_for_visit_kind(site, kind) if not room.is_mobile]


def best_slot(recall: Recall, need: VisitNeed, rooms: Sequence[Room], policy: SlotPolicy) -> FreeSlot | None:
    """The first free time up to the target that suits the patient's wishes, else the first; None where none is free.

    After a result of 4 or 5 it may be as soon as the next open day. What is past its target is late already: the
    site's own days to a visit count from today.
    """
    site, now = recall.site, timezone.now()
    first, last = first_instant(recall, policy, now), last_day(recall, now)
    days = (last - calendar.local_day(site, first)).days + 1
    if not rooms or days < 1:
        return None
    free = slots.iter_free_slots(site, rooms, need.minutes, calendar.local_day(site, first), days, now)
    end = calendar.start_of_day(site, first, days)
    taken = patient_intervals(recall.patient_id, first, end)
    possible = (
        one for one in free
        if one.starts_at >= first
        and not slots.overlaps(taken, (one.starts_at, one.starts_at + timedelta(minutes=need.minutes)))
    )  # fmt: skip
    earliest = None
    for one in possible:
        earliest = earliest or one
        if suits_wish(recall, one):
            return one
    return earliest


def first_instant(recall: Recall, policy: SlotPolicy, now: datetime) -> datetime:
    """The soonest start that leaves time to reach the patient."""
    if recall.suspicious:
        return calendar.start_of_day(recall.site, now, 1)
    return now + timedelta(hours=policy.notice_hours)


def last_day(recall: Recall, now: datetime) -> date:
    """The day of the target where it is ahead."""
    site, today = recall.site, calendar.local_day(recall.site, now)
    days = timedelta(days=site.policy.visit)
    target = calendar.local_day(site, recall.target_at) if recall.target_at else today + days
    return min(target if target > today else today + days, today + timedelta(days=_MAX_DAYS))


def suits_wish(recall: Recall, free: FreeSlot) -> bool:
    """Whether the patient can come on that weekday and half of the day, and need not leave home before the site opens.

    Whoever has not said can.
    """
    wish = getattr(recall.patient, "visit_wish", None)
    if wish is None:
        return True
    local = free.starts_at.astimezone(recall.site.zone)
    half = PartOfDay.AFTERNOON if local.hour >= _NOON else PartOfDay.MORNING
    return (not wish.weekdays or str(local.weekday()) in wish.weekdays) and (
        wish.part in ("", half) and not is_too_early(recall, free.starts_at)
    )


def held_until(recall: Recall, policy: SlotPolicy, starts_at: datetime, now: datetime) -> datetime:
    """Until the visit would begin where silence keeps it, else for the site's business days.

    Longer for a patient who is written to by post alone: the time must still be held when the letter has arrived.
    """
    if policy.silence == SlotPolicy.Silence.KEEP:
        return starts_at
    days = policy.hold_days + (policy.letter_days if is_reached_by_letter_alone(recall.patient) else 0)
    return min(calendar.add_business_days(recall.site, now, days), starts_at)


def is_reached_by_letter_alone(patient: Patient) -> bool:
    """Two queries."""
    channels = get_patient_channels(patient)
    return bool(channels.email_blocked_reason) and not (channels.sms_allowed and settings.SMS_URL)


def standing_slot(recall: Recall, now: datetime) -> HeldSlot | None:
    """The time held for the recall that may be offered now; None where there is none, or the clinic is closed then.

    No query with `held_slot`, its room with hours and the site's calendar at hand.
    """
    held: HeldSlot | None = getattr(recall, "held_slot", None)
    if held is None or not held.is_standing(now) or not is_place_open(held, recall.site):
        return None
    return held


def is_place_open(held: HeldSlot, site: Site) -> bool:
    """Whether the room is still in use and staffed for the whole time, on a day the site is open."""
    return held.room.in_use and slots.is_room_staffed(site, held.room, held.starts_at, held.length_minutes)


def reason_to_end(held: HeldSlot, need: VisitNeed, now: datetime) -> HeldSlotEnd | None:
    """Why a time that is held must be given back now; None where it stands and fits."""
    recall = held.recall
    if held.ended_because:
        return HeldSlotEnd(held.ended_because)
    if recall.state != State.TO_CONTACT or recall.state_since > held.held_at:
        return HeldSlotEnd.MOVED_ON
    if held.expires_at <= now:
        return HeldSlotEnd.LAPSED
    if not is_place_open(held, recall.site):
        return HeldSlotEnd.CLOSED
    is_fit = (held.kind, held.length_minutes) == (need.kind, need.minutes)
    is_in_time = calendar.local_day(recall.site, held.starts_at) <= last_day(recall, now)
    return None if is_fit and is_in_time else HeldSlotEnd.CHANGED


def as_booking(held: HeldSlot) -> Slot:
    """The held time as a booking takes it."""
    return Slot(
        site=held.recall.site,
        starts_at=held.starts_at,
        kind=VisitKind(held.kind),
        length_minutes=held.length_minutes,
        interpreter=held.interpreter,
        room=held.room,
        implants=held.implants,
    )


def lock_rooms_at_site(site: Site, kind: VisitKind) -> list[Room]:
    """The rooms, locked in the order in which bookings lock them: no time in them is given out meanwhile."""
    rooms = rooms_at_site(site, kind)
    list(Room.objects.select_for_update().filter(pk__in=[room.pk for room in rooms]).order_by("pk"))
    return rooms
