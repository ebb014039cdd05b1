"""Finds free times of rooms, as Slots and as proposed Appointments."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

from django.utils import timezone

from clinic import calendar
from clinic.models import Site
from exchange.fhir.access.auth import Caller
from exchange.fhir.outcome import FhirError
from exchange.fhir.resources.codes import visit_concept
from exchange.fhir.resources.elements import Json, end_of, instant, local_concept, patient_reference, reference
from exchange.fhir.search.filters import parse_pk
from recalls.enums import MODALITY_BY_VISIT_KIND, Modality, VisitKind
from recalls.models import Recall, Room
from recalls.scheduling.slots import FreeSlot, active_rooms, is_room_free, iter_free_slots, visit_minutes

YEARS = range(1900, 2200)  # far beyond these there is no calendar to look into
MAX_DAYS = 62  # days that one question may reach over
_SLOT_ID = re.compile(r"room-(\d{1,18})-(\d{8}T\d{4})Z")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a client looks for: a visit of this kind, of this recall where it names one, between two instants."""

    kind: VisitKind
    start: datetime
    end: datetime
    recall: Recall | None = None
    room_id: int | None = None
    site_id: int | None = None


def find_times(caller: Caller, wanted: Wanted, count: int) -> list[FreeSlot]:
    """The first free times at the client's sites, earliest first. Reading promises nothing."""
    if wanted.end <= wanted.start or wanted.end - wanted.start > timedelta(days=MAX_DAYS):
        raise FhirError.of(400, f"Ask for up to {MAX_DAYS} days, the end after the start.", code="value")
    found: list[FreeSlot] = []
    for site in Site.objects.filter(pk__in=caller.site_ids):
        if wanted.site_id in (None, site.pk):
            found += islice(_times_at(site, wanted), count)
    return sorted(found, key=lambda free: free.starts_at)[:count]


def _times_at(site: Site, wanted: Wanted) -> Iterator[FreeSlot]:
    rooms = active_rooms(site, MODALITY_BY_VISIT_KIND[wanted.kind])
    rooms = [room for room in rooms if wanted.room_id in (None, room.pk)]
    patient = wanted.recall.patient if wanted.recall else None
    needs = {"interpreter": patient.interpreter_needed, "implants": patient.implants} if patient else {}
    minutes = visit_minutes(site, wanted.kind, **needs)
    first = calendar.local_day(site, wanted.start)
    days = (calendar.local_day(site, wanted.end) - first).days + 1
    if rooms:
        for free in iter_free_slots(site, rooms, minutes, first, days, timezone.now()):
            if wanted.start <= free.starts_at and end_of(free.starts_at, minutes) <= wanted.end:
                yield free


def build_proposal(free: FreeSlot, wanted: Wanted) -> Json:
    """An Appointment that may be held or booked as it is."""
    patient = wanted.recall.patient_id if wanted.recall else None
    place = reference("Location", f"room-{free.room.pk}")
    actors = [patient_reference(patient)] if patient else []
    return {
        "resourceType": "Appointment",
        "status": "proposed",
        "serviceType": [visit_concept(wanted.kind.value)],
        "start": instant(free.starts_at),
        "end": instant(end_of(free.starts_at, free.length_minutes)),
        "minutesDuration": free.length_minutes,
        "slot": [reference("Slot", slot_id(free.room, free.starts_at))],
        "basedOn": [reference("ServiceRequest", wanted.recall.pk)] if wanted.recall else [],
        "participant": [
            {"actor": actor, "required": "required", "status": "needs-action"} for actor in [*actors, place]
        ],
    }


def slot_id(room: Room, starts_at: datetime) -> str:
    return f"room-{room.pk}-{starts_at.astimezone(UTC):%Y%m%dT%H%M}Z"


def build_slot(free: FreeSlot, status: str = "free") -> Json:
    """One start of a room's grid, as long as the grid."""
    return {
        "resourceType": "Slot",
        "id": slot_id(free.room, free.starts_at),
        "serviceType": [local_concept("modality", Modality(free.room.modality))],
        "schedule": reference("Schedule", f"room-{free.room.pk}"),
        "status": status,
        "start": instant(free.starts_at),
        "end": instant(end_of(free.starts_at, free.length_minutes)),
    }


def find_slots(room: Room, start: datetime, end: datetime, count: int) -> list[FreeSlot]:
    """The free starts of a room, each as long as its grid."""
    if end <= start or end - start > timedelta(days=MAX_DAYS):
        raise FhirError.of(400, f"Ask for up to {MAX_DAYS} days, the end after the start.", code="value")
    (rooms, site) = ([one for one in active_rooms(room.site) if one.pk == room.pk], room.site)
    first = calendar.local_day(site, start)
    days = (calendar.local_day(site, end) - first).days + 1
    times = iter_free_slots(site, rooms, room.grid_minutes, first, days, timezone.now()) if rooms else iter(())
    return list(islice((free for free in times if start <= free.starts_at < end), count))


def read_slot(caller: Caller, logical_id: str) -> Json:
    """The slot of that id, free or busy. Raises FhirError 404 for a room of others or no time at all."""
    match = _SLOT_ID.fullmatch(logical_id)
    number = parse_pk(match[1]) if match else None
    rows = Room.objects.filter(pk=number or 0, site_id__in=caller.site_ids)
    room = rows.select_related("site").first()
    try:
        starts_at = datetime.strptime(match[2], "%Y%m%dT%H%M").replace(tzinfo=UTC) if match else None
    except ValueError:
        starts_at = None
    if room is None or starts_at is None or starts_at.year not in YEARS:
        raise FhirError.of(404, "There is no such slot, or not at the sites of this client.")
    is_free = is_room_free(room, starts_at, room.grid_minutes)
    return build_slot(FreeSlot(room, starts_at, room.grid_minutes), "free" if is_free else "busy")
