"""Finds and gives out the times of a visit's further parts: in another room, after the first, on the same day."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

from django.core.exceptions import ValidationError
from django.db.models import prefetch_related_objects
from django.utils.translation import gettext as _

from clinic import calendar
from clinic.models import Site
from recalls.enums import MODALITY_BY_VISIT_KIND, VisitKind
from recalls.models import Appointment, Recall, Room, VisitPart
from recalls.scheduling import slots
from recalls.scheduling.patient_time import patient_intervals
from recalls.scheduling.room_lock import end_holds_of_others
from recalls.scheduling.slots import FreeSlot, Interval

# The pictures come first. What needs a preparation of its own (MRI, contrast, a puncture) is a visit of its own: the
# messages about a visit prepare the patient for its first part.
SECOND_PART_KINDS = (VisitKind.ULTRASOUND, VisitKind.CLINICAL_EXAM, VisitKind.SURGICAL_CONSULT)


def second_part_kinds(first: VisitKind) -> list[VisitKind]:
    """What may follow a visit of that kind: anything that is not done in the same room."""
    return [kind for kind in SECOND_PART_KINDS if MODALITY_BY_VISIT_KIND[kind] != MODALITY_BY_VISIT_KIND[first]]


def part_minutes(site: Site, kind: VisitKind, *, interpreter: bool) -> int:
    return slots.visit_minutes(site, kind, interpreter=interpreter)


def rooms_for_part(site: Site, kind: VisitKind) -> list[Room]:
    """The rooms at the site itself: nobody goes to a mobile unit for a second part."""
    return [room for room in slots.rooms_for_visit_kind(site, kind) if not room.is_mobile]


def with_second_part(
    free: Iterable[FreeSlot], site: Site, kind: VisitKind, minutes: int, leaving_out: Appointment | None = None,
    recall: Recall | None = None,
) -> Iterator[FreeSlot]:  # fmt: skip
    """Those of the free times, day by day, after which the second part fits, each with it. One query for each day."""
    rooms, known = rooms_for_part(site, kind), dict[date, list[FreeSlot]]()
    for first in free:
        if first.stop is not None:
            continue
        ends_at = first.starts_at + timedelta(minutes=first.length_minutes)
        if not rooms:
            yield first
            continue
        day = calendar.local_day(site, first.starts_at)
        if day not in known:
            known[day] = _free_on_day(site, rooms, minutes, first.starts_at, leaving_out, recall)
        second = _first_after(known[day], ends_at, {first.room.pk})
        if second is not None:
            yield replace(first, second=second)


def slots_for_parts(free: Iterable[FreeSlot], visit: Appointment, site: Site) -> Iterable[FreeSlot]:
    """Those of the free times to which a booked visit could move with its second part; all, where it has none."""
    kinds = kept_kinds(visit)
    if not kinds:
        return free
    return with_second_part(free, site, kinds[0], part_minutes(site, kinds[0], interpreter=visit.interpreter), visit)


def place_parts(visit: Appointment, kinds: Iterable[VisitKind], *, must_fit: bool = True) -> None:
    """Write the further parts of a visit that is written already, in place of those it had.

    The caller holds the locks on the patient and the rooms. Raises ValidationError where a part does not fit that day;
    without `must_fit` it then stands without a room, right after the one before it.
    """
    if visit.part_count:
        visit.parts.all().delete()
    parts: list[VisitPart] = []
    earliest, used = visit.starts_at + timedelta(minutes=visit.length_minutes), {visit.room_id}
    for kind in kinds:
        part = _place_part(visit, kind, earliest, used, must_fit=must_fit)
        parts.append(part)
        earliest, used = part.ends_at, used | {part.room_id}
    VisitPart.objects.bulk_create(parts)
    visit.part_count = len(parts)
    visit.save(update_fields=["part_count"])
    prefetch_related_objects([visit], "parts")


def _place_part(
    visit: Appointment, kind: VisitKind, earliest: datetime, used: Collection[int | None], *, must_fit: bool
) -> VisitPart:
    site, minutes = visit.site, part_minutes(visit.site, kind, interpreter=visit.interpreter)
    rooms = rooms_for_part(site, kind)
    found = None
    if rooms and visit.stop_id is None:
        day_end = calendar.instant(site, calendar.local_day(site, earliest) + timedelta(days=1), datetime.min.time())
        taken = patient_intervals(visit.recall.patient_id, earliest, day_end, exclude=visit)
        free = _free_on_day(site, rooms, minutes, visit.starts_at, visit, visit.recall)
        found = _first_after(free, earliest, used, taken)
        if found is not None:
            end_holds_of_others(found.room, found.starts_at, minutes, visit.recall)
    if found is None and must_fit and (rooms or visit.stop_id):
        raise ValidationError({"second": _no_time_words(visit, kind)})
    return VisitPart(
        appointment=visit, kind=kind, length_minutes=minutes,
        room=found.room if found else None, starts_at=found.starts_at if found else earliest,
    )  # fmt: skip


def _no_time_words(visit: Appointment, kind: VisitKind) -> str:
    if visit.stop_id:
        return _("A visit at a mobile unit has no second part: book it at the site.")
    words = _("No time is free for the second part (%(kind)s) later that day. Choose another time, or no second part.")
    return words % {"kind": kind.label}


def _free_on_day(
    site: Site, rooms: Collection[Room], minutes: int, after: datetime, leaving_out: Appointment | None,
    recall: Recall | None,
) -> list[FreeSlot]:  # fmt: skip
    """The free starts on the day of that instant, later than it. One query with rooms and calendar at hand."""
    day = calendar.local_day(site, after)
    midnight = calendar.instant(site, day + timedelta(days=1), datetime.min.time())
    busy = slots.booked_intervals(rooms, after, midnight, leaving_out, recall)
    return slots.free_slots_on_day(site, rooms, minutes, day, busy, after)


def _first_after(
    free: Iterable[FreeSlot], earliest: datetime, used: Collection[int | None], taken: Collection[Interval] = ()
) -> FreeSlot | None:
    for slot in free:
        span = (slot.starts_at, slot.starts_at + timedelta(minutes=slot.length_minutes))
        if slot.starts_at >= earliest and slot.room.pk not in used and not slots.overlaps(taken, span):
            return slot
    return None


def kept_kinds(visit: Appointment) -> tuple[VisitKind, ...]:
    """The kinds of the further parts that the visit has."""
    return tuple(VisitKind(part.kind) for part in visit.further_parts)
