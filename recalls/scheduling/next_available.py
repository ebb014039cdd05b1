"""Computes when each site could next see somebody for an ordinary visit; kept for half a minute.

Looked up for all sites in one query, together with the views a person has saved, and remembered for half a minute: a
queue page asks nothing more for it. It looks no further ahead than a target lies; where everything is taken until then,
the end of that stretch is the answer. A site without rooms has none: there nobody knows, and nobody is stuck for it.
The stops of mobile units do not count: not every patient can go there.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import QuerySet

from clinic import calendar
from clinic.models import Closure, OpeningHours, Site, User
from clinic.union_fetch import fetch_union, set_prefetched
from recalls.enums import MODALITY_BY_VISIT_KIND, ROOM_OCCUPYING_STATUSES, DurationComponent, VisitKind
from recalls.models import (
    MAX_VISIT_MINUTES,
    Appointment,
    HeldSlot,
    LaneTime,
    Room,
    RoomHours,
    SavedView,
    VisitLength,
    VisitPart,
)
from recalls.scheduling import slots

LOOKAHEAD_DAYS = 14  # days
NextFreeBySite = Mapping[int, datetime | None]
_CACHE_SECONDS = 30  # seconds
_VISIT_KIND = VisitKind.DIAGNOSTIC


def saved_views_and_next_free(user: User, now: datetime) -> tuple[list[SavedView], dict[int, datetime | None]]:
    """The user's saved views, and when each of their sites is next free. One query."""
    known = _cached_next_free(user.own_sites)
    unknown = [site for site in user.own_sites if site.pk not in known]
    views = SavedView.objects.filter(user=user)
    if not unknown:
        return list(views), known
    found = fetch_union(views=views, **_querysets(unknown, now))
    return sorted(found["views"], key=lambda view: view.name), known | _compute_and_cache(unknown, found, now)


def next_free_by_site(sites: Iterable[Site], now: datetime) -> dict[int, datetime | None]:
    """When each site is next free. One query, or none while it is remembered."""
    known = _cached_next_free(sites)
    unknown = [site for site in sites if site.pk not in known]
    return known | _compute_and_cache(unknown, fetch_union(**_querysets(unknown, now)), now) if unknown else known


def _cache_key(site: Site) -> str:
    return f"free-at:{site.pk}"


def _cached_next_free(sites: Iterable[Site]) -> dict[int, datetime | None]:
    found = cache.get_many([_cache_key(site) for site in sites])
    return {site.pk: found[_cache_key(site)] for site in sites if _cache_key(site) in found}


def _querysets(sites: list[Site], now: datetime) -> dict[str, QuerySet[Any]]:
    modality = MODALITY_BY_VISIT_KIND[_VISIT_KIND]
    rooms = Room.objects.filter(site__in=sites, in_use=True, is_mobile=False, modality=modality)
    spread = timedelta(minutes=MAX_VISIT_MINUTES)
    return {
        "rooms": rooms,
        "hours": RoomHours.objects.filter(room__in=rooms),
        "lengths": VisitLength.objects.filter(site__in=sites, what=DurationComponent(_VISIT_KIND.value)),
        "opening": OpeningHours.objects.filter(site__in=sites),
        "closures": Closure.objects.filter(site__in=sites),
        "visits": Appointment.objects.filter(
            room__in=rooms, status__in=ROOM_OCCUPYING_STATUSES,
            starts_at__gt=now - spread, starts_at__lt=now + timedelta(days=LOOKAHEAD_DAYS + 1),
        ),
        "parts": VisitPart.objects.filter(
            room__in=rooms, appointment__status__in=ROOM_OCCUPYING_STATUSES,
            starts_at__gt=now - spread, starts_at__lt=now + timedelta(days=LOOKAHEAD_DAYS + 1),
        ),
        "held": HeldSlot.objects.standing(now).filter(
            room__in=rooms, starts_at__gt=now - spread, starts_at__lt=now + timedelta(days=LOOKAHEAD_DAYS + 1),
        ),
        "lane": LaneTime.objects.standing(now).filter(
            room__in=rooms, starts_at__gt=now - spread, starts_at__lt=now + timedelta(days=LOOKAHEAD_DAYS + 1),
        ),
    }  # fmt: skip


def _compute_and_cache(sites: Iterable[Site], found: dict[str, list[Any]], now: datetime) -> dict[int, datetime | None]:
    free = {site.pk: _first_free_time(site, found, now) for site in sites}
    cache.set_many({f"free-at:{pk}": at for pk, at in free.items()}, _CACHE_SECONDS)
    return free


def _first_free_time(site: Site, found: dict[str, list[Any]], now: datetime) -> datetime | None:
    rooms = [room for room in found["rooms"] if room.site_id == site.pk]
    if not rooms:
        return None
    set_prefetched(
        site,
        **{name: [row for row in found[rows] if row.site_id == site.pk] for name, rows in _CALENDAR_RELATIONS.items()},
    )
    for room in rooms:
        set_prefetched(room, hours=[hours for hours in found["hours"] if hours.room_id == room.pk])
    own = [length.minutes for length in found["lengths"] if length.site_id == site.pk]
    minutes = own[0] if own else slots.DEFAULT_MINUTES[DurationComponent(_VISIT_KIND.value)]
    busy: defaultdict[int, list[slots.Interval]] = defaultdict(list)
    for visit in (*found["visits"], *found["parts"], *found["held"], *found["lane"]):
        busy[visit.room_id].append((visit.starts_at, visit.starts_at + timedelta(minutes=visit.length_minutes)))
    today = calendar.local_day(site, now)
    for day in (today + timedelta(days=ahead) for ahead in range(LOOKAHEAD_DAYS)):
        free = slots.free_slots_on_day(site, rooms, minutes, day, busy, now)
        if free:
            return free[0].starts_at
    return _midnight(site, today + timedelta(days=LOOKAHEAD_DAYS))


_CALENDAR_RELATIONS = {"opening_hours": "opening", "closures": "closures"}


def _midnight(site: Site, day: date) -> datetime:
    return calendar.instant(site, day, datetime.min.time())
