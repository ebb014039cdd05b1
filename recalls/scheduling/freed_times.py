"""Keeps which times became free, so that they are offered, and settles offers of a time that is given to somebody."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from clinic.models import Site
from recalls.enums import OfferAnswer
from recalls.models import MAX_VISIT_MINUTES, Appointment, EarlierOffer, FreedTime, HeldSlot, Room
from recalls.scheduling import slots
from recalls.scheduling.slots import FreeSlot, Interval


def note_freed(visits: Iterable[Appointment], now: datetime) -> None:
    """Called before the visits are moved, or as they end. No query for those without a room at the site, or past."""
    rows = [
        FreedTime(room_id=visit.room_id, starts_at=visit.starts_at, length_minutes=visit.length_minutes)
        for visit in visits
        if visit.room_id is not None and visit.stop_id is None and visit.starts_at > now
    ]
    if rows:
        FreedTime.objects.bulk_create(rows, ignore_conflicts=True)


def note_held_in_vain(held: HeldSlot, now: datetime) -> None:
    """Whether anybody has the time by now is asked where it is offered."""
    if held.starts_at > now:
        row = FreedTime(room_id=held.room_id, starts_at=held.starts_at, length_minutes=held.length_minutes)
        FreedTime.objects.bulk_create([row], ignore_conflicts=True)


def forget_past_times(now: datetime) -> None:
    FreedTime.objects.filter(starts_at__lte=now).delete()


def read_freed_times(room_ids: Iterable[int], now: datetime) -> dict[int, list[Interval]]:
    """By room, one query."""
    found: dict[int, list[Interval]] = {}
    rows = FreedTime.objects.filter(room__in=list(room_ids), starts_at__gt=now)
    for room_id, starts_at, minutes in rows.values_list("room", "starts_at", "length_minutes"):
        found.setdefault(room_id, []).append((starts_at, starts_at + timedelta(minutes=minutes)))
    return found


def is_freed(freed: Iterable[Interval], wanted: Interval) -> bool:
    """Whether the wanted time lies within one that became free, or holds one."""
    return any(
        (begins <= wanted[0] and wanted[1] <= ends) or (wanted[0] <= begins and ends <= wanted[1])
        for begins, ends in freed
    )


def own_starts(
    site: Site, rooms: Iterable[Room], minutes: int, freed: Mapping[int, Iterable[Interval]], within: Interval
) -> list[FreeSlot]:
    """The freed times that can be given as they are, on the room's grid or not, earliest first; none overlaps another.

    A long one holds several visits one after the other, a short one may begin a longer visit. One query.
    """
    rooms, length = list(rooms), timedelta(minutes=minutes)
    busy = slots.booked_intervals(rooms, *within)
    starts = (
        (start, room)
        for room in rooms
        for span in freed.get(room.pk, ())
        for start in _starts_inside(span, length)
        if within[0] <= start < within[1] and slots.is_room_staffed(site, room, start, minutes)
    )
    found = list[FreeSlot]()
    for start, room in sorted(starts, key=lambda one: (one[0], one[1].pk)):
        span = (start, start + length)
        if not slots.overlaps(busy[room.pk], span):
            busy[room.pk].append(span)
            found.append(FreeSlot(room, start, minutes))
    return found


def _starts_inside(span: Interval, length: timedelta) -> Iterator[datetime]:
    start = span[0]
    yield start
    while start + length * 2 <= span[1]:
        start += length
        yield start


def spans_by_room(times: Iterable[FreeSlot]) -> dict[int, list[Interval]]:
    found: defaultdict[int, list[Interval]] = defaultdict(list)
    for one in times:
        found[one.room.pk].append(one.span)
    return found


def settle_offers(visit: Appointment, answer: OfferAnswer, now: datetime) -> set[int]:
    """A visit was given its time: offered to its own patient it is taken, so to say `answer`; all others lost it.

    Returns the patients of the others, whose messages follow. The caller holds the lock on the room.
    """
    ends_at = visit.starts_at + timedelta(minutes=visit.length_minutes)
    near = EarlierOffer.objects.filter(
        room=visit.room_id,
        answer="",
        starts_at__gt=visit.starts_at - timedelta(minutes=MAX_VISIT_MINUTES),
        starts_at__lt=ends_at,
    ).select_related("entry__appointment__recall")
    over = [one for one in near if one.ends_at > visit.starts_at]
    own = [one.pk for one in over if one.entry.appointment_id == visit.pk and one.starts_at == visit.starts_at]
    others = [one for one in over if one.entry.appointment_id != visit.pk and one.expires_at > now]
    if own:
        EarlierOffer.objects.filter(pk__in=own, answer="").update(answer=answer, answered_at=now)
    if others:
        lost = EarlierOffer.objects.filter(pk__in=[one.pk for one in others], answer="")
        lost.update(answer=OfferAnswer.LOST, answered_at=now)
    return {one.entry.appointment.recall.patient_id for one in others}
