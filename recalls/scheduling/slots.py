"""Computes the free times of rooms, and how long a visit takes.

A slot is a room, an instant (UTC) and a length in minutes. Rooms open by the week on the site's clock, a mobile unit on
the days of its stops, neither on a day the site is shut. Reading here promises nothing: `recalls.scheduling.room_lock`
looks again under the lock on the room.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice

from django.db.models import prefetch_related_objects
from django.utils import timezone

from clinic import calendar
from clinic.models import Site
from recalls.enums import (
    MODALITY_BY_VISIT_KIND,
    ROOM_OCCUPYING_STATUSES,
    DurationComponent,
    FindingKind,
    Modality,
    OrderedImaging,
    RecallKind,
    State,
    VisitKind,
)
from recalls.models import (
    MAX_VISIT_MINUTES,
    Appointment,
    HeldSlot,
    LaneTime,
    Recall,
    Room,
    RoomHold,
    RoomStop,
    VisitLength,
    VisitPart,
)

SEARCH_DAYS = 90  # days ahead in which a free time is looked for
_DAYS_PER_QUERY = 14  # days whose bookings are read at once
# Minutes where a site has set none. Extra views in under half an hour, a biopsy with its after-care in an hour and a
# half; the extra pictures around an implant and every sentence said twice take time of their own.
DEFAULT_MINUTES: dict[DurationComponent, int] = {
    DurationComponent.DIAGNOSTIC: 60,
    DurationComponent.DIAGNOSTIC_ULTRASOUND: 90,
    DurationComponent.ULTRASOUND: 45,
    DurationComponent.MRI: 60,
    DurationComponent.CEM: 60,
    DurationComponent.REPEAT_VIEW: 30,
    DurationComponent.FOLLOW_UP: 60,
    DurationComponent.ASPIRATION: 45,
    DurationComponent.CLINICAL_EXAM: 30,
    DurationComponent.SURGICAL_CONSULT: 45,
    DurationComponent.BIOPSY: 90,
    DurationComponent.INTERPRETER: 30,
    DurationComponent.IMPLANTS: 15,
}
# Findings that are usually looked at with ultrasound at the same visit; calcifications are not.
_ULTRASOUND_FINDINGS = frozenset(
    {
        FindingKind.MASS,
        FindingKind.ASYMMETRY,
        FindingKind.FOCAL_ASYMMETRY,
        FindingKind.GLOBAL_ASYMMETRY,
        FindingKind.DEVELOPING_ASYMMETRY,
        FindingKind.ARCHITECTURAL_DISTORTION,
        FindingKind.DENSITY,
        FindingKind.LYMPH_NODE,
        FindingKind.SKIN,
        FindingKind.NIPPLE,
        FindingKind.DUCT,
        FindingKind.SYMPTOM,
        FindingKind.LUMP,
    }
)
Interval = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class FreeSlot:
    """A time that is free in a room."""

    room: Room
    starts_at: datetime
    length_minutes: int
    # Where a mobile unit stands then; None for a room at the site.
    stop: RoomStop | None = None
    # The second part of the visit that fits after it; None where none is asked for.
    second: "FreeSlot | None" = None

    @property
    def span(self) -> Interval:
        """From when until when."""
        return self.starts_at, self.starts_at + timedelta(minutes=self.length_minutes)


def format_slot(free: FreeSlot, site: Site) -> str:
    """A free time as a form sends it: the room and the site's clock with its offset. `chosen` reads it."""
    return f"{free.room.pk}@{free.starts_at.astimezone(site.zone).isoformat(timespec='minutes')}"


def parse_slot(value: str, rooms: Iterable[Room]) -> tuple[Room, datetime] | None:
    """The room and instant that a form sent; None unless it is one of these rooms and a full instant."""
    number, _at, instant = value.partition("@")
    room = next((room for room in rooms if str(room.pk) == number), None)
    try:
        starts_at = datetime.fromisoformat(instant)
    except ValueError:
        return None
    return (room, starts_at) if room is not None and starts_at.tzinfo is not None else None


_VISIT_BY_ORDER = {
    OrderedImaging.MAMMOGRAM: VisitKind.DIAGNOSTIC,
    OrderedImaging.ULTRASOUND: VisitKind.ULTRASOUND,
    OrderedImaging.MAMMOGRAM_ULTRASOUND: VisitKind.DIAGNOSTIC_ULTRASOUND,
    OrderedImaging.MRI: VisitKind.MRI,
    OrderedImaging.BIOPSY: VisitKind.DIAGNOSTIC,  # a radiologist advises a biopsy, after pictures of the breast
}


def suggested_visit_kind(recall: Recall) -> VisitKind:
    """What the recall most likely needs, as the report says or by its findings: a proposal that a person may change.

    No query when the order and the findings are loaded.
    """
    if recall.round or recall.state == State.FOLLOW_UP:
        return VisitKind.FOLLOW_UP
    if recall.kind == RecallKind.TECHNICAL:
        return VisitKind.REPEAT_VIEW
    if hasattr(recall, "imaging_order"):
        return _VISIT_BY_ORDER[OrderedImaging(recall.imaging_order.imaging)]
    if any(finding.kind in _ULTRASOUND_FINDINGS for finding in recall.exam.findings.all()):
        return VisitKind.DIAGNOSTIC_ULTRASOUND
    return VisitKind.DIAGNOSTIC


def visit_minutes(site: Site, kind: VisitKind, *, interpreter: bool = False, implants: bool = False) -> int:
    """How long the visit is planned, by the site's own table and the defaults. One query."""
    own = dict(VisitLength.objects.filter(site=site).values_list("what", "minutes"))
    return sum_minutes(own, kind, interpreter=interpreter, implants=implants)


def sum_minutes(own: Mapping[str, int], kind: VisitKind, *, interpreter: bool = False, implants: bool = False) -> int:
    """The length of a visit by a site's own table and the defaults."""
    parts = [DurationComponent(kind.value)]
    parts += [DurationComponent.INTERPRETER] * interpreter + [DurationComponent.IMPLANTS] * implants
    return min(sum(own.get(part.value, DEFAULT_MINUTES[part]) for part in parts), MAX_VISIT_MINUTES)


def active_rooms(site: Site, modality: Modality | None = None) -> list[Room]:
    """The site's rooms in use, of one modality where asked, with their hours; mobile units with their stops.

    Two queries, one when there is none, one more for mobile units.
    """
    rows = Room.objects.filter(site=site, in_use=True).order_by("name").prefetch_related("hours")
    rooms = list(rows.filter(modality=modality) if modality else rows)
    prefetch_related_objects([room for room in rooms if room.is_mobile], "stops")
    return rooms


def rooms_for_visit_kind(site: Site, kind: VisitKind) -> list[Room]:
    return active_rooms(site, MODALITY_BY_VISIT_KIND[kind])


def iter_free_slots(
    site: Site, rooms: Collection[Room], minutes: int, first: date, days: int, now: datetime,
    leaving_out: Appointment | None = None, recall: Recall | None = None,
) -> Iterator[FreeSlot]:  # fmt: skip
    """Every free start of these days, earliest first; at one instant in the order of the rooms.

    `leaving_out` is a visit about to be moved: its own time counts as free, and so does for `recall` what is held for
    it or for a lower class. One query for two weeks.
    """
    for ahead in range(days):
        day = first + timedelta(days=ahead)
        if ahead % _DAYS_PER_QUERY == 0:
            span = _days_interval(site, day, min(_DAYS_PER_QUERY, days - ahead))
            busy = booked_intervals(rooms, *span, leaving_out, recall)
        yield from free_slots_on_day(site, rooms, minutes, day, busy, now)


def free_slots_on_day(
    site: Site, rooms: Iterable[Room], minutes: int, day: date, busy: Mapping[int, Iterable[Interval]], now: datetime
) -> list[FreeSlot]:
    """The free starts of one day, earliest first, beside what is taken in each room. No query with hours at hand."""
    length = timedelta(minutes=minutes)
    starts = [
        FreeSlot(room, start, minutes, stop)
        for room in rooms
        for start, stop in _start_times(site, room, day, length)
        if start > now and not overlaps(busy.get(room.pk, ()), (start, start + length))
    ]
    return sorted(starts, key=lambda free: free.starts_at)


def next_free_slots(
    site: Site, kind: VisitKind, minutes: int, first: date, now: datetime, count: int = 1
) -> list[FreeSlot]:
    """The next free times for that kind of visit from that day on."""
    return list(
        islice(iter_free_slots(site, rooms_for_visit_kind(site, kind), minutes, first, SEARCH_DAYS, now), count)
    )


def booked_intervals(
    rooms: Iterable[Room], start: datetime, end: datetime, leaving_out: Appointment | None = None,
    recall: Recall | None = None, *, for_lane: bool = False,
) -> defaultdict[int, list[Interval]]:  # fmt: skip
    """What is booked or held in these rooms between two instants, by room. One query by indexes of room and time.

    `for_lane`: what is kept for the same-day lane counts as free.

    What is held for a patient or kept for the same-day lane counts as booked, but for whom `blocking` excepts.
    """
    now = timezone.now()
    within = {
        "room__in": list(rooms), "starts_at__gt": start - timedelta(minutes=MAX_VISIT_MINUTES), "starts_at__lt": end,
    }  # fmt: skip
    visits = Appointment.objects.filter(status__in=ROOM_OCCUPYING_STATUSES, **within)
    parts = VisitPart.objects.filter(appointment__status__in=ROOM_OCCUPYING_STATUSES, **within)
    holds = RoomHold.objects.filter(expires_at__gt=now, **within)
    held = HeldSlot.objects.blocking(recall, now).filter(**within)
    kept = LaneTime.objects.blocking(recall, now).filter(**within)
    if leaving_out is not None:
        visits, parts = visits.exclude(pk=leaving_out.pk), parts.exclude(appointment=leaving_out.pk)
    busy: defaultdict[int, list[Interval]] = defaultdict(list)
    columns = ("room_id", "starts_at", "length_minutes")
    taken = [rows.order_by().values_list(*columns) for rows in (visits, parts, holds, held, kept)]
    taken = taken[:-1] if for_lane else taken
    for room_id, begins, minutes in taken[0].union(*taken[1:], all=True):
        busy[room_id].append((begins, begins + timedelta(minutes=minutes)))
    return busy


def is_room_free(
    room: Room, starts_at: datetime, minutes: int, leaving_out: Appointment | None = None, recall: Recall | None = None
) -> bool:
    """Whether nobody is booked in the room during that time, and nothing is held in the way of this recall."""
    span = (starts_at, starts_at + timedelta(minutes=minutes))
    return not overlaps(booked_intervals([room], *span, leaving_out, recall)[room.pk], span)


def is_room_staffed(site: Site, room: Room, starts_at: datetime, minutes: int) -> bool:
    """Whether the whole visit lies within one stretch of the room's hours, on a day the site is open."""
    day, ends_at = calendar.local_day(site, starts_at), starts_at + timedelta(minutes=minutes)
    return any(opens <= starts_at and ends_at <= closes for opens, closes, _ in _staffed_intervals(site, room, day))


def find_stop(site: Site, room: Room, starts_at: datetime) -> RoomStop | None:
    """Where the mobile unit stands at that instant, or on that day where it stands at one place only; else None."""
    stands = _staffed_intervals(site, room, calendar.local_day(site, starts_at))
    within = [stop for opens, closes, stop in stands if opens <= starts_at < closes] or [stop for *_, stop in stands]
    return within[0] if len(within) == 1 else None


def find_free_room(site: Site, kind: VisitKind, starts_at: datetime, minutes: int) -> Room | None:
    """A room in which that very time is free; None when the site has none."""
    rooms = [room for room in rooms_for_visit_kind(site, kind) if is_room_staffed(site, room, starts_at, minutes)]
    return next((room for room in rooms if is_room_free(room, starts_at, minutes)), None)


def _days_interval(site: Site, day: date, days: int) -> Interval:
    midnight = datetime.min.time()
    return calendar.instant(site, day, midnight), calendar.instant(site, day + timedelta(days=days), midnight)


def _staffed_intervals(site: Site, room: Room, day: date) -> list[tuple[datetime, datetime, RoomStop | None]]:
    """From when until when the room takes visits that day, and where it stands if it is a mobile unit."""
    if not calendar.is_open_day(site, day):
        return []
    stretches: list[tuple[time, time, RoomStop | None]]
    if room.is_mobile:
        stretches = [(stop.opens, stop.closes, stop) for stop in room.stops.all() if stop.day == day]
    else:
        stretches = [(row.opens, row.closes, None) for row in room.hours.all() if row.weekday == day.weekday()]
    return [
        (calendar.instant(site, day, opens), calendar.instant(site, day, closes), stop)
        for opens, closes, stop in stretches
    ]


def _start_times(site: Site, room: Room, day: date, length: timedelta) -> Iterator[tuple[datetime, RoomStop | None]]:
    for opens, closes, stop in _staffed_intervals(site, room, day):
        start = opens
        while start + length <= closes:
            yield start, stop
            start += timedelta(minutes=room.grid_minutes)


def overlaps(spans: Iterable[Interval], wanted: Interval) -> bool:
    """Whether the wanted time overlaps any of these; one that ends where the next begins does not."""
    return any(begins < wanted[1] and wanted[0] < ends for begins, ends in spans)
