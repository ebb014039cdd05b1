"""Reads the appointments of a day at some sites, page by page."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from django.db.models import Case, IntegerField, Min, Q, QuerySet, Value, When, prefetch_related_objects

from clinic import calendar
from clinic.models import Site
from desk.keyset import rows_after
from recalls.enums import ACTIVE_APPOINTMENT_STATUSES, AppointmentStatus, VisitKind
from recalls.models import Appointment, RoomHours, RoomStop

PAGE_SIZE = 100
_MAX_DAYS_AHEAD = 60  # days
_ONE_DAY = timedelta(days=1)
SHOWN_STATUSES = (
    AppointmentStatus.BOOKED,
    AppointmentStatus.CONFIRMED,
    AppointmentStatus.ATTENDED,
    AppointmentStatus.MISSED,
)
_BOOKED_AHEAD = timedelta(days=366)
_ORDER = ("rank", "starts_at", "pk")


class DayScheduleCursor(NamedTuple):
    """Where one page ended."""

    rank: int
    starts_at: datetime
    pk: int


def day_bounds(site: Site, day: date) -> tuple[datetime, datetime]:
    """The day at the site from midnight to midnight, as UTC."""
    return calendar.instant(site, day, time(0)), calendar.instant(site, day + timedelta(days=1), time(0))


def next_working_days(sites: Iterable[Site], now: datetime) -> dict[Site, date]:
    """Each site's next day with work: open with a room staffed, or with a visit booked, whichever comes first.

    Three queries. A site without rooms has its next open day.
    """
    found, staffed = {}, defaultdict(set)
    for site_id, weekday in RoomHours.objects.filter(room__site__in=sites, room__in_use=True).values_list(
        "room__site", "weekday"
    ):
        staffed[site_id].add(weekday)
    stops = RoomStop.objects.filter(
        room__site__in=sites, room__is_mobile=True, room__in_use=True, day__gt=now - _ONE_DAY
    )
    stop_days = defaultdict(set)
    for site_id, day in stops.values_list("room__site", "day"):
        stop_days[site_id].add(day)
    tomorrow = {site: calendar.local_day(site, now) + timedelta(days=1) for site in sites}
    booked = _first_booked_days(tomorrow)
    for site, day in tomorrow.items():
        ahead = (day + timedelta(days=number) for number in range(_MAX_DAYS_AHEAD))
        weekdays = staffed[site.pk] or (set() if stop_days[site.pk] else set(range(7)))
        working = (
            one for one in ahead
            if (one.weekday() in weekdays or one in stop_days[site.pk]) and calendar.is_open_day(site, one)
        )  # fmt: skip
        found[site] = min(next(working, calendar.next_open_day(site, day)), booked.get(site.pk, date.max))
    return found


def _first_booked_days(tomorrow: dict[Site, date]) -> dict[int, date]:
    """By site, the first day from that one on with a visit that still stands."""
    from_then = [Q(site=site, starts_at__gte=day_bounds(site, day)[0]) for site, day in tomorrow.items()]
    if not from_then:
        return {}
    visits = Appointment.objects.filter(reduce(or_, from_then), status__in=ACTIVE_APPOINTMENT_STATUSES)
    firsts = dict(visits.order_by().values_list("site").annotate(first=Min("starts_at")))
    return {site.pk: calendar.local_day(site, firsts[site.pk]) for site in tomorrow if site.pk in firsts}


def list_appointments(
    days: dict[Site, date], *, unconfirmed_first: bool, after: DayScheduleCursor | None = None
) -> list[Appointment]:
    """One page of the visits on each site's own day and one more, with patients, rooms and ways to reach them.

    Three queries, two more where a visit has further parts. `rank` is 0 for those who come first: the ones not
    confirmed yet, where that is asked; a biopsy is not confirmed by a step, and is never among them.
    """
    if not days:
        return []
    rank: Any = Value(0, output_field=IntegerField())
    if unconfirmed_first:
        first = When(~Q(kind=VisitKind.BIOPSY), status=AppointmentStatus.BOOKED, then=0)
        rank = Case(first, default=1, output_field=IntegerField())
    rows = appointments_on(days).annotate(rank=rank)
    if after is not None:
        rows = rows.filter(rows_after(_ORDER, after))
    found = list(with_patient_details(rows.order_by(*_ORDER))[: PAGE_SIZE + 1])
    prefetch_related_objects([visit for visit in found if visit.part_count], "parts__room")
    return found


def appointments_on(days: dict[Site, date]) -> QuerySet[Appointment]:
    """The visits that the list shows on each site's own day; a cancelled one is none."""
    if not days:
        return Appointment.objects.none()
    on_the_day = reduce(or_, (_within(site, *day_bounds(site, day)) for site, day in days.items()))
    return Appointment.objects.filter(on_the_day, status__in=SHOWN_STATUSES)


def with_patient_details(visits: Any) -> Any:
    return visits.select_related("recall__patient", "room", "stop").prefetch_related(
        "recall__patient__contact_points", "recall__patient__consents"
    )


def schedule_cursor(visit: Any) -> DayScheduleCursor:
    """The cursor behind a visit that `list_appointments` returned."""
    return DayScheduleCursor(visit.rank, visit.starts_at, visit.pk)


def closed_days_with_appointments(sites: Iterable[Site], now: datetime) -> list[tuple[Site, date]]:
    """The days to come on which a site is shut, for whatever reason, and visits are still booked. One query.

    The sites' calendars are to be prefetched. It looks a year ahead.
    """
    by_id = {site.pk: site for site in sites}
    booked = Appointment.objects.filter(
        site__in=by_id, status__in=ACTIVE_APPOINTMENT_STATUSES, starts_at__gt=now, starts_at__lt=now + _BOOKED_AHEAD
    )
    starts = booked.order_by().values_list("site_id", "starts_at").distinct()
    days = {(site_id, calendar.local_day(by_id[site_id], at)) for site_id, at in starts}
    shut = [(by_id[site_id], day) for site_id, day in days if not calendar.is_open_day(by_id[site_id], day)]
    return sorted(shut, key=lambda found: (found[0].name, found[1]))


def is_on_closed_day(visit: Appointment) -> bool:
    """Whether the visit still stands and its site is shut on its day."""
    return visit.is_active and not calendar.is_open_day(visit.site, calendar.local_day(visit.site, visit.starts_at))


def _within(site: Site, start: datetime, end: datetime) -> Q:
    return Q(site=site, starts_at__gte=start, starts_at__lt=end)
