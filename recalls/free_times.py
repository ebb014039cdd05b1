"""By when could somebody new be seen at each site? Its first free time for an ordinary visit, for the whole queue.

Looked up for all sites in one query, together with the views a person has saved, and remembered for half a minute: a
queue page asks nothing more for it. It looks no further ahead than a target lies; where everything is taken until then,
the end of that stretch is the answer. A site without rooms has none: there nobody knows, and nobody is stuck for it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import QuerySet

from clinic import calendar
from clinic.models import Closure, OpeningHours, Site, User
from clinic.rows import keep, read_together
from recalls import slots
from recalls.models import LONGEST_VISIT, Appointment, Room, RoomHours, SavedView, VisitLength
from recalls.states import MODALITY_OF, TAKES_A_ROOM, LengthOf, VisitKind

AHEAD = 14  # days
FreeAt = Mapping[int, datetime | None]
_REMEMBERED = 30  # seconds
_KIND = VisitKind.DIAGNOSTIC


def beside_the_queue(user: User, now: datetime) -> tuple[list[SavedView], dict[int, datetime | None]]:
    """Her saved views, and when each of her sites is next free. One query."""
    known = _known(user.own_sites)
    unknown = [site for site in user.own_sites if site.pk not in known]
    views = SavedView.objects.filter(user=user)
    if not unknown:
        return list(views), known
    found = read_together(views=views, **_wanted(unknown, now))
    return sorted(found["views"], key=lambda view: view.name), known | _remember(unknown, found, now)


def free_at(sites: Iterable[Site], now: datetime) -> dict[int, datetime | None]:
    """When each site is next free. One query, or none while it is remembered."""
    known = _known(sites)
    unknown = [site for site in sites if site.pk not in known]
    return known | _remember(unknown, read_together(**_wanted(unknown, now)), now) if unknown else known


def _key(site: Site) -> str:
    return f"free-at:{site.pk}"


def _known(sites: Iterable[Site]) -> dict[int, datetime | None]:
    found = cache.get_many([_key(site) for site in sites])
    return {site.pk: found[_key(site)] for site in sites if _key(site) in found}


def _wanted(sites: list[Site], now: datetime) -> dict[str, QuerySet[Any]]:
    rooms = Room.objects.filter(site__in=sites, in_use=True, modality=MODALITY_OF[_KIND])
    spread = timedelta(minutes=LONGEST_VISIT)
    return {
        "rooms": rooms,
        "hours": RoomHours.objects.filter(room__in=rooms),
        "lengths": VisitLength.objects.filter(site__in=sites, what=LengthOf(_KIND.value)),
        "opening": OpeningHours.objects.filter(site__in=sites),
        "closures": Closure.objects.filter(site__in=sites),
        "visits": Appointment.objects.filter(
            room__in=rooms, status__in=TAKES_A_ROOM,
            starts_at__gt=now - spread, starts_at__lt=now + timedelta(days=AHEAD + 1),
        ),
    }  # fmt: skip


def _remember(sites: Iterable[Site], found: dict[str, list[Any]], now: datetime) -> dict[int, datetime | None]:
    free = {site.pk: _first_free(site, found, now) for site in sites}
    cache.set_many({f"free-at:{pk}": at for pk, at in free.items()}, _REMEMBERED)
    return free


def _first_free(site: Site, found: dict[str, list[Any]], now: datetime) -> datetime | None:
    rooms = [room for room in found["rooms"] if room.site_id == site.pk]
    if not rooms:
        return None
    keep(site, **{name: [row for row in found[rows] if row.site_id == site.pk] for name, rows in _CALENDAR.items()})
    for room in rooms:
        keep(room, hours=[hours for hours in found["hours"] if hours.room_id == room.pk])
    own = [length.minutes for length in found["lengths"] if length.site_id == site.pk]
    minutes = own[0] if own else slots.DEFAULT_MINUTES[LengthOf(_KIND.value)]
    busy: defaultdict[int, list[slots.Span]] = defaultdict(list)
    for visit in found["visits"]:
        busy[visit.room_id].append((visit.starts_at, visit.starts_at + timedelta(minutes=visit.length_minutes)))
    today = calendar.local_day(site, now)
    for day in (today + timedelta(days=ahead) for ahead in range(AHEAD)):
        free = slots.free_on(site, rooms, minutes, day, busy, now)
        if free:
            return free[0].starts_at
    return _midnight(site, today + timedelta(days=AHEAD))


_CALENDAR = {"opening_hours": "opening", "closures": "closures"}


def _midnight(site: Site, day: date) -> datetime:
    return calendar.instant(site, day, datetime.min.time())
