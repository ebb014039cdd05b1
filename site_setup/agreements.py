"""Reads what is agreed with patients at some sites, and finds which of it a change of settings touches."""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from clinic import calendar
from clinic.models import Site
from patients.models import Patient
from recalls.enums import ACTIVE_APPOINTMENT_STATUSES
from recalls.models import Appointment, Room
from recalls.scheduling.day_closure import count_4_or_5_due

_LIMIT_DAYS_AHEAD = 400  # no limit of a 4 or 5 lies further ahead than a hold may last
MAX_COUNTED = 10_000  # patients; beyond that the page says "more than"


@dataclass(frozen=True, slots=True)
class Agreement:
    """A visit to come: the time of day that the patient was told (on the site's clock, naive), and what is wrong."""

    visit: Appointment
    clock_time: datetime
    zone: str
    problem: str


@dataclass(frozen=True, slots=True)
class TouchedVisit:
    """A visit that a change of settings moves in time or leaves without an open door; times are naive, on the clock."""

    visit: Appointment
    clock_time: datetime
    site: Site
    zone_before: str
    problem: str

    @property
    def zone_changes(self) -> bool:
        return self.zone_before != self.site.time_zone


@dataclass(frozen=True, slots=True)
class Impact:
    """Whom a change touches; `renamed_patients` counts those whose record numbers bear a name that changes.

    `limits`: how many recalls of a 4 or 5 have a limit on a day that is closed now and was not before.
    """

    visits: list[TouchedVisit] = field(default_factory=list)
    renamed_patients: int = 0
    limits: int = 0

    def __bool__(self) -> bool:
        return bool(self.visits or self.renamed_patients or self.limits)

    def digest(self) -> str:
        """What was shown, in short: a yes to something else is no yes."""
        shown = [(one.visit.pk, str(one.visit.starts_at), one.site.time_zone, one.problem) for one in self.visits]
        return hashlib.sha256(json.dumps([shown, self.renamed_patients, self.limits]).encode()).hexdigest()[:24]


def fetch_sites(site_ids: Iterable[int]) -> dict[int, Site]:
    """The sites as they are stored now, with their calendars."""
    found = Site.objects.filter(pk__in=site_ids).prefetch_related("opening_hours", "closures")
    return {site.pk: site for site in found}


def read_agreements(site_ids: Collection[int], now: datetime) -> list[Agreement]:
    """Every booked visit to come at these sites. Five queries."""
    sites = fetch_sites(site_ids)
    visits = Appointment.objects.filter(site__in=sites, status__in=ACTIVE_APPOINTMENT_STATUSES, starts_at__gt=now)
    rows = visits.select_related("recall__patient", "recall__site").order_by("starts_at", "pk")
    rooms = _fetch_rooms(site_ids)
    return [_agreement(visit, sites[visit.site_id], rooms) for visit in rows]


def find_touched(before: Iterable[Agreement]) -> list[TouchedVisit]:
    """Those whose zone is another one now, and those that fall out of what is open now and did not before."""
    agreed = list(before)
    site_ids = {one.visit.site_id for one in agreed}
    sites, rooms = fetch_sites(site_ids), _fetch_rooms(site_ids)
    touched = []
    for one in agreed:
        site = sites[one.visit.site_id]
        problem = _find_problem(one.visit, site, rooms, one.clock_time)
        if one.zone != site.time_zone or (problem and problem != one.problem):
            touched.append(TouchedVisit(one.visit, one.clock_time, site, one.zone, problem))
    return touched


def open_days_ahead(site_ids: Collection[int], now: datetime) -> dict[int, set[date]]:
    """The days of the next months on which each site is open."""
    return {
        pk: {day for day in _days_ahead(site, now) if calendar.is_open_day(site, day)}
        for pk, site in fetch_sites(site_ids).items()
    }


def count_limits_shut(before: Mapping[int, set[date]], now: datetime) -> int:
    """How many recalls of a 4 or 5 have a limit on a day that is open no more."""
    after, sites = open_days_ahead(before, now), fetch_sites(before)
    return sum(count_4_or_5_due(sites[pk], before[pk] - open_days) for pk, open_days in after.items())


def _days_ahead(site: Site, now: datetime) -> Iterator[date]:
    today = calendar.local_day(site, now)
    return (today + timedelta(days=ahead) for ahead in range(_LIMIT_DAYS_AHEAD))


def count_patients_of(authority: str) -> int:
    return Patient.objects.filter(assigning_authority=authority)[: MAX_COUNTED + 1].count()


def _fetch_rooms(site_ids: Collection[int]) -> dict[int, Room]:
    return {room.pk: room for room in Room.objects.filter(site__in=site_ids).prefetch_related("hours")}


def _agreement(visit: Appointment, site: Site, rooms: dict[int, Room]) -> Agreement:
    clock_time = visit.starts_at.astimezone(site.zone).replace(tzinfo=None)
    return Agreement(visit, clock_time, site.time_zone, _find_problem(visit, site, rooms, clock_time))


def _find_problem(visit: Appointment, site: Site, rooms: dict[int, Room], start: datetime) -> str:
    """The first part that no longer fits; the parts stand as far apart as they were booked."""
    spans = [(visit.room_id, start, visit.length_minutes)]
    for part in visit.further_parts:
        spans.append((part.room_id, start + (part.starts_at - visit.starts_at), part.length_minutes))
    problems = (_problem_of_span(site, rooms.get(room_id or 0), begins, minutes) for room_id, begins, minutes in spans)
    return next(filter(None, problems), "")


def _problem_of_span(site: Site, room: Room | None, start: datetime, minutes: int) -> str:
    end = start + timedelta(minutes=minutes)
    hours = calendar.opening_hours_on(site, start.date())
    if hours is None:
        return _("closed that day")
    if not _is_within([hours], start, end):
        return _("outside the opening hours")
    if room is None:
        return ""
    if not room.in_use:
        return _("the room is out of use")
    staffed = [(span.opens, span.closes) for span in room.hours.all() if span.weekday == start.weekday()]
    return "" if _is_within(staffed, start, end) else _("the room is not open then")


def _is_within(spans: Iterable[tuple[Any, Any]], start: datetime, end: datetime) -> bool:
    return any(opens <= start.time() and end.time() <= closes for opens, closes in spans)
