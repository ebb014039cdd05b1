"""Reads the appointments of a day at some sites, page by page."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from django.db.models import Case, IntegerField, Q, Value, When

from clinic import calendar
from clinic.models import Site
from desk.keyset import rows_after
from recalls.enums import AppointmentStatus, VisitKind
from recalls.models import Appointment

PAGE_SIZE = 100
SHOWN_STATUSES = (
    AppointmentStatus.BOOKED,
    AppointmentStatus.CONFIRMED,
    AppointmentStatus.ATTENDED,
    AppointmentStatus.MISSED,
)
_ORDER = ("rank", "starts_at", "pk")


class DayScheduleCursor(NamedTuple):
    """Where one page ended."""

    rank: int
    starts_at: datetime
    pk: int


def day_bounds(site: Site, day: date) -> tuple[datetime, datetime]:
    """The day at the site from midnight to midnight, as UTC."""
    return calendar.instant(site, day, time(0)), calendar.instant(site, day + timedelta(days=1), time(0))


def list_appointments(
    days: dict[Site, date], *, unconfirmed_first: bool, after: DayScheduleCursor | None = None
) -> list[Appointment]:
    """One page of the visits on each site's own day and one more, with patients, rooms and ways to reach them.

    Three queries. `rank` is 0 for those who come first: the ones not confirmed yet, where that is asked; a biopsy is
    not confirmed by a step, and is never among them.
    """
    if not days:
        return []
    on_the_day = reduce(or_, (_within(site, *day_bounds(site, day)) for site, day in days.items()))
    rank: Any = Value(0, output_field=IntegerField())
    if unconfirmed_first:
        first = When(~Q(kind=VisitKind.BIOPSY), status=AppointmentStatus.BOOKED, then=0)
        rank = Case(first, default=1, output_field=IntegerField())
    rows = Appointment.objects.filter(on_the_day, status__in=SHOWN_STATUSES).annotate(rank=rank)
    if after is not None:
        rows = rows.filter(rows_after(_ORDER, after))
    return list(with_patient_details(rows.order_by(*_ORDER))[: PAGE_SIZE + 1])


def with_patient_details(visits: Any) -> Any:
    return visits.select_related("recall__patient", "room").prefetch_related(
        "recall__patient__contact_points", "recall__patient__consents"
    )


def schedule_cursor(visit: Any) -> DayScheduleCursor:
    """The cursor behind a visit that `list_appointments` returned."""
    return DayScheduleCursor(visit.rank, visit.starts_at, visit.pk)


def closed_days_with_appointments(sites: Iterable[Site], now: datetime) -> list[tuple[Site, date]]:
    """The closed days to come of these sites on which visits are still booked. One query, none without closed days."""
    ahead = [(site, day) for site in sites for day in sorted(site.closed_dates) if day >= calendar.local_day(site, now)]
    if not ahead:
        return []
    on_them = reduce(or_, (_within(site, *day_bounds(site, day)) for site, day in ahead))
    booked = Appointment.objects.filter(on_them, starts_at__gt=now, status__in=SHOWN_STATUSES[:2])
    by_id = {site.pk: site for site, _day in ahead}
    found = {
        (site_id, calendar.local_day(by_id[site_id], at)) for site_id, at in booked.values_list("site_id", "starts_at")
    }
    return [(site, day) for site, day in ahead if (site.pk, day) in found]


def _within(site: Site, start: datetime, end: datetime) -> Q:
    return Q(site=site, starts_at__gte=start, starts_at__lt=end)
