"""Where do the patients of a day go that is to be closed? A new time for each, or why a person must decide."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

from django.utils.translation import gettext as _

from clinic import calendar
from clinic.models import Site
from recalls import slots
from recalls.daylist import span_of, with_patients
from recalls.models import Appointment
from recalls.slots import Free, Span
from recalls.states import ACTIVE_APPOINTMENT, MODALITY_OF, Modality, VisitKind

MOST_VISITS = 300
_LOOKED_AT = 1000  # free times


@dataclass(frozen=True, slots=True)
class Proposal:
    """One visit of the day with the time proposed for it, or the sentence that says why there is none."""

    visit: Appointment
    free: Free | None
    why_not: str = ""


def visits_on(site: Site, day: date, now: datetime) -> Any:
    """The visits still to come on that day, with their patients."""
    start, end = span_of(site, day)
    visits = Appointment.objects.filter(site=site, starts_at__gte=max(start, now), starts_at__lt=end)
    return with_patients(visits.filter(status__in=ACTIVE_APPOINTMENT))


def proposals(site: Site, day: date, site_ids: frozenset[int], now: datetime) -> list[Proposal]:
    """The first free times after the day, in the same kind of room and as long as before.

    Who has a result of 4 or 5, and then who must be seen soonest, is served first; no time is proposed twice.
    """
    visits = list(visits_on(site, day, now)[:MOST_VISITS])
    visits.sort(key=lambda visit: (not visit.recall.suspicious, visit.recall.target_at or now, visit.pk))
    finder = _Finder(site, day, now)
    return [_proposal(visit, finder, site_ids) for visit in visits]


def _proposal(visit: Appointment, finder: "_Finder", site_ids: frozenset[int]) -> Proposal:
    if visit.recall.site_id not in site_ids:
        return Proposal(visit, None, _("Her recall belongs to a site you do not work at."))
    if visit.kind == VisitKind.BIOPSY:
        return Proposal(visit, None, _("A biopsy is not moved by itself: ring her, cancel it and book it again."))
    if not finder.rooms[MODALITY_OF[VisitKind(visit.kind)]]:
        return Proposal(visit, None, _("No room is set up for this kind of visit: ring her and type a time."))
    free = finder.first_for(visit)
    return Proposal(visit, free, "" if free else _("No time is free in the next 90 days."))


class _Finder:
    """Gives out each free time after the day once."""

    def __init__(self, site: Site, day: date, now: datetime) -> None:
        self.site, self.now = site, now
        self.first = max(day + timedelta(days=1), calendar.local_day(site, now))
        self.rooms: defaultdict[Modality, list[Any]] = defaultdict(list)
        for room in slots.rooms_of(site):
            self.rooms[Modality(room.modality)].append(room)
        self._pools: dict[tuple[Modality, int], list[Free]] = {}
        self._given: defaultdict[int, list[Span]] = defaultdict(list)

    def first_for(self, visit: Appointment) -> Free | None:
        length = timedelta(minutes=visit.length_minutes)
        for free in self._pool(MODALITY_OF[VisitKind(visit.kind)], visit.length_minutes):
            span = (free.starts_at, free.starts_at + length)
            if not slots.meets(self._given[free.room.pk], span):
                self._given[free.room.pk].append(span)
                return free
        return None

    def _pool(self, modality: Modality, minutes: int) -> list[Free]:
        key = (modality, minutes)
        if key not in self._pools:
            free = slots.free_slots(self.site, self.rooms[modality], minutes, self.first, slots.HORIZON, self.now)
            self._pools[key] = list(islice(free, _LOOKED_AT))
        return self._pools[key]
