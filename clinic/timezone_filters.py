"""Builds query conditions for "today" and "this month" at sites in several time zones."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import reduce
from operator import or_
from zoneinfo import ZoneInfo

from django.db.models import Q

from clinic.models import Site


def group_site_ids_by_zone(sites: Iterable[Site]) -> dict[ZoneInfo, list[int]]:
    """The numbers of the sites that share a clock."""
    zones: dict[ZoneInfo, list[int]] = {}
    for site in sites:
        zones.setdefault(site.zone, []).append(site.pk)
    return zones


def per_zone_condition(
    sites: Iterable[Site], column: str, bound: Callable[[ZoneInfo], datetime], *, site: str = "site"
) -> Q:
    """`column` (a lookup such as "due_at__lt") against an instant of each zone; `site` leads to its site."""
    zones = group_site_ids_by_zone(sites).items()
    return reduce(or_, (Q(**{f"{site}__in": ids, column: bound(zone)}) for zone, ids in zones), Q(pk__in=[]))


def start_of_day(zone: ZoneInfo, day: date) -> datetime:
    """Midnight there, as UTC."""
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


def end_of_today(zone: ZoneInfo, now: datetime) -> datetime:
    return start_of_day(zone, now.astimezone(zone).date() + timedelta(days=1))


def start_of_month(zone: ZoneInfo, now: datetime) -> datetime:
    return start_of_day(zone, now.astimezone(zone).date().replace(day=1))


def due_later_today(sites: Iterable[Site], now: datetime) -> Q:
    """Rows with a `due_at` between now and midnight at their site."""
    return Q(due_at__gte=now) & per_zone_condition(sites, "due_at__lt", lambda zone: end_of_today(zone, now))


def closed_this_month(sites: Iterable[Site], now: datetime) -> Q:
    """Rows with a `closed_at` since the first of the month at their site."""
    return per_zone_condition(sites, "closed_at__gte", lambda zone: start_of_month(zone, now))
