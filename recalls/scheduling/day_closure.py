"""Proposes a new time for each appointment of a day that is to be closed, or says why there is none."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import reduce
from itertools import islice
from operator import or_
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from clinic import calendar
from clinic.models import Site
from recalls.enums import ACTIVE_APPOINTMENT_STATUSES, BOOKED_STATES, MODALITY_BY_VISIT_KIND, Modality, VisitKind
from recalls.models import Appointment, Recall
from recalls.scheduling import slots
from recalls.scheduling.day_schedule import day_bounds, with_patient_details
from recalls.scheduling.slots import FreeSlot, Interval
from recalls.scheduling.visit_parts import slots_for_parts

MAX_APPOINTMENTS = 300
MAX_COUNTED = 1000  # recalls with a limit on a closed day
_MAX_FREE_SLOTS = 1000  # free times


@dataclass(frozen=True, slots=True)
class RescheduleProposal:
    """One visit of the day with the time proposed for it, or the sentence that says why there is none."""

    appointment: Appointment
    free_slot: FreeSlot | None
    blocked_reason: str = ""


def remaining_appointments_on(site: Site, day: date, now: datetime) -> Any:
    """The visits still to come on that day, with their patients."""
    start, end = day_bounds(site, day)
    visits = Appointment.objects.filter(site=site, starts_at__gte=max(start, now), starts_at__lt=end)
    return with_patient_details(visits.filter(status__in=ACTIVE_APPOINTMENT_STATUSES))


def count_4_or_5_due(site: Site, days: Collection[date]) -> int:
    """Open recalls of a 4 or 5 with a limit on one of those days, up to MAX_COUNTED: somebody must act on that day.

    Not the booked ones: their visits are moved by themselves.
    """
    if not days:
        return 0
    (start, _end), (_start, end) = day_bounds(site, min(days)), day_bounds(site, max(days))
    limits = ("due_at", "target_at", "tell_by")
    falls_there = reduce(or_, (Q(**{f"{name}__gte": start, f"{name}__lt": end}) for name in limits))
    waiting = Recall.objects.still_open().filter(falls_there, site=site, suspicious=True)
    rows = waiting.exclude(state__in=BOOKED_STATES).order_by().values_list(*limits)
    shut = set(days)
    return sum(
        any(calendar.local_day(site, limit) in shut for limit in row if limit is not None)
        for row in rows[: MAX_COUNTED + 1]
    )


def propose_reschedules(site: Site, day: date, site_ids: frozenset[int], now: datetime) -> list[RescheduleProposal]:
    """The first free times after the day, in the same kind of room and as long as before.

    Who has a result of 4 or 5, and then who must be seen soonest, is served first; no time is proposed twice.
    """
    visits = list(remaining_appointments_on(site, day, now)[:MAX_APPOINTMENTS])
    visits.sort(key=lambda visit: (not visit.recall.suspicious, visit.recall.target_at or now, visit.pk))
    finder = _SlotAllocator(site, day, now)
    return [_propose_reschedule(visit, finder, site_ids) for visit in visits]


def _propose_reschedule(visit: Appointment, finder: "_SlotAllocator", site_ids: frozenset[int]) -> RescheduleProposal:
    if visit.recall.site_id not in site_ids:
        return RescheduleProposal(visit, None, _("The recall belongs to a site you do not work at."))
    if visit.kind == VisitKind.BIOPSY:
        return RescheduleProposal(
            visit, None, _("A biopsy is not moved automatically: call the patient, cancel it and book it again.")
        )
    if visit.stop_id:
        return RescheduleProposal(
            visit, None, _("A visit at a mobile unit is not moved automatically: call the patient and agree a place.")
        )
    if not finder.rooms[MODALITY_BY_VISIT_KIND[VisitKind(visit.kind)]]:
        return RescheduleProposal(
            visit, None, _("No room is set up for this kind of visit: call the patient and type a time.")
        )
    free = finder.allocate(visit)
    return RescheduleProposal(visit, free, "" if free else _("No time is free in the next 90 days."))


class _SlotAllocator:
    """Gives out each free time after the day once."""

    def __init__(self, site: Site, day: date, now: datetime) -> None:
        self.site, self.now = site, now
        self.first_day = max(day + timedelta(days=1), calendar.local_day(site, now))
        self.rooms: defaultdict[Modality, list[Any]] = defaultdict(list)
        for room in slots.active_rooms(site):
            if not room.is_mobile:  # nobody is sent to another address unasked
                self.rooms[Modality(room.modality)].append(room)
        self._free_slots_cache: dict[tuple[Modality, int], list[FreeSlot]] = {}
        self._allocated: defaultdict[int, list[Interval]] = defaultdict(list)

    def allocate(self, visit: Appointment) -> FreeSlot | None:
        found = self._free_slots(MODALITY_BY_VISIT_KIND[VisitKind(visit.kind)], visit.length_minutes)
        for free in slots_for_parts(found, visit, self.site):
            spans = [
                (one.room.pk, (one.starts_at, one.starts_at + timedelta(minutes=one.length_minutes)))
                for one in (free, free.second) if one is not None
            ]  # fmt: skip
            if not any(slots.overlaps(self._allocated[room_id], span) for room_id, span in spans):
                for room_id, span in spans:
                    self._allocated[room_id].append(span)
                return free
        return None

    def _free_slots(self, modality: Modality, minutes: int) -> list[FreeSlot]:
        key = (modality, minutes)
        if key not in self._free_slots_cache:
            free = slots.iter_free_slots(
                self.site, self.rooms[modality], minutes, self.first_day, slots.SEARCH_DAYS, self.now
            )
            self._free_slots_cache[key] = list(islice(free, _MAX_FREE_SLOTS))
        return self._free_slots_cache[key]
