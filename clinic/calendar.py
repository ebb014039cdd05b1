"""Computes opening hours, business days and the times at which a message may leave.

All instants are aware UTC datetimes; days and clock times are taken in the site's time zone. A wall-clock time that a
spring-forward gap skips moves on by the length of the gap; one that happens twice is taken the first time (PEP 495).
"""

import enum
import zoneinfo
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import holidays
from django.utils import timezone

if TYPE_CHECKING:
    from clinic.models import Site

_LAST_ZONE = zoneinfo.ZoneInfo("Etc/GMT+12")
_MAX_CLOSED_DAYS = 366  # a site shut for a year is a set-up mistake, not a calendar
_FIRST_YEAR, _LAST_YEAR = 1900, 2200
_FIRST_NOTICE_FRIDAY_CUTOFF = time(12, 0)


@lru_cache(maxsize=64)
def _public_holidays(country: str, subdivision: str) -> holidays.HolidayBase:
    return holidays.country_holidays(country, subdiv=subdivision or None)


def parse_day(text: str) -> date:
    """The day of an address or a form. Raises ValueError for what is none, or lies where no clock can be counted."""
    day = date.fromisoformat(text)
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise ValueError(text)
    return day


def local_day(site: "Site", at: datetime) -> date:
    return at.astimezone(site.zone).date()


def today(site: "Site") -> date:
    """The day that it is at the site now."""
    return local_day(site, timezone.now())


def earliest_today() -> date:
    """The day that it is now where the date changes last: it is over nowhere on earth."""
    return timezone.now().astimezone(_LAST_ZONE).date()


def instant(site: "Site", day: date, at: time) -> datetime:
    """That wall-clock time at the site, as UTC."""
    return datetime.combine(day, at, tzinfo=site.zone).astimezone(UTC)


def opening_hours_on(site: "Site", day: date) -> tuple[time, time] | None:
    """First opening and last closing of that day, None when shut.

    Closed days are shut, and public holidays unless the site works on that one.
    """
    hours = site.hours_by_weekday.get(day.weekday())
    is_worked = site.is_worked_by_special_day.get(day)
    if hours is None or is_worked is False:
        return None
    is_holiday = day in _public_holidays(site.country, site.subdivision)
    return None if is_holiday and not is_worked else hours


def public_holidays_ahead(site: "Site", now: datetime, months: int) -> list[tuple[date, str]]:
    """The public holidays, with their names, of so many months from today that fall on a day of the site's week."""
    today = local_day(site, now)
    known = _public_holidays(site.country, site.subdivision)
    days = (today + timedelta(days=ahead) for ahead in range(months * 31))
    return [(day, str(known.get(day))) for day in days if day in known and day.weekday() in site.hours_by_weekday]


def is_open_day(site: "Site", day: date) -> bool:
    return opening_hours_on(site, day) is not None


def next_open_day(site: "Site", day: date) -> date:
    """That day if the site is open on it, else the next day it is; a site that never opens keeps the day."""
    for ahead in range(_MAX_CLOSED_DAYS):
        candidate = day + timedelta(days=ahead)
        if is_open_day(site, candidate):
            return candidate
    return day


def add_business_days(site: "Site", start: datetime, days: int) -> datetime:
    """Closing time of the nth open day after the day of `start`."""
    day = local_day(site, start)
    for _ in range(days):
        day = next_open_day(site, day + timedelta(days=1))
    return closing_time(site, day)


def add_days(site: "Site", start: datetime, days: int) -> datetime:
    """Closing time, `days` calendar days after the day of `start`."""
    return closing_time(site, local_day(site, start) + timedelta(days=days))


def add_open_hours(site: "Site", start: datetime, hours: int) -> datetime:
    """When the site has been open for that many hours since `start`; a year later for a site that never opens."""
    left, day = timedelta(hours=hours), local_day(site, start)
    for ahead in range(_MAX_CLOSED_DAYS):
        candidate = day + timedelta(days=ahead)
        opening = opening_hours_on(site, candidate)
        if opening is None:
            continue
        opens, closes = max(start, instant(site, candidate, opening[0])), instant(site, candidate, opening[1])
        if closes - opens >= left:
            return opens + left
        left -= max(closes - opens, timedelta(0))
    return start + timedelta(days=_MAX_CLOSED_DAYS)


def end_of_business(site: "Site", at: datetime) -> datetime:
    """Closing time of that day if the site is still open then, else of the next open day."""
    day = local_day(site, at)
    if is_open_day(site, day) and at < closing_time(site, day):
        return closing_time(site, day)
    return add_business_days(site, at, 1)


def closing_time(site: "Site", day: date) -> datetime:
    """The instant the site closes on that day; 5 pm on a day it is shut."""
    hours = opening_hours_on(site, day)
    return instant(site, day, hours[1] if hours else time(17, 0))


class SendWindow(enum.Enum):
    """The days on which a kind of message may leave, always between the site's `send_from` and `send_until`."""

    # Somebody must be there to answer the patient, and not only for the last hours before a weekend.
    FIRST_NOTICE = "open days, Friday only until noon"
    OPEN_DAYS = "open days"
    # For a patient who does not want to wait over a weekend with a result.
    NOT_BEFORE_WEEKEND = "open days, Monday to Thursday"
    # A reminder for Monday may leave on Sunday.
    ANY_DAY = "any day"


def next_send_time(window: SendWindow, site: "Site", at: datetime) -> datetime:
    """The first instant (UTC) from `at` on at which such a message may leave; `at` itself inside the window."""
    day = at.astimezone(site.zone).date()
    for ahead in range(_MAX_CLOSED_DAYS):
        candidate = day + timedelta(days=ahead)
        until = site.send_until
        if window is SendWindow.FIRST_NOTICE and candidate.weekday() == 4:  # Friday
            until = min(until, _FIRST_NOTICE_FRIDAY_CUTOFF)
        if window is SendWindow.NOT_BEFORE_WEEKEND and candidate.weekday() >= 4:
            continue
        if site.send_from >= until or (window is not SendWindow.ANY_DAY and not is_open_day(site, candidate)):
            continue
        if candidate == day and at >= instant(site, day, until):
            continue
        return max(at, instant(site, candidate, site.send_from))
    return at


def send_hours_start_after(site: "Site", start: datetime, business_days: int) -> datetime:
    """When the sending hours begin on the nth business day after the day of `start`."""
    day = local_day(site, add_business_days(site, start, business_days))
    return instant(site, day, site.send_from)


def start_of_day(site: "Site", at: datetime, offset_days: int = 0) -> datetime:
    """Midnight at the site, `offset_days` after the day of `at`."""
    return instant(site, local_day(site, at) + timedelta(days=offset_days), time(0))


def days_before_in_send_hours(site: "Site", at: datetime, days: int) -> datetime:
    """That many calendar days before `at` by the site's clock, moved earlier into the sending hours.

    A reminder owed at night leaves the evening before, never after the time it promises. It does not ask whether the
    site is open: a reminder for Monday may leave on Sunday.
    """
    local = at.astimezone(site.zone)
    day = local.date() - timedelta(days=days)
    wall = instant(site, day, local.time().replace(tzinfo=None))
    if wall < instant(site, day, site.send_from):
        return instant(site, day - timedelta(days=1), site.send_until) - timedelta(minutes=1)
    until = instant(site, day, site.send_until)
    return wall if wall < until else until - timedelta(minutes=1)
