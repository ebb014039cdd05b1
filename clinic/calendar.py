"""Computes opening hours, business days and the times at which a message may leave.

All instants are aware UTC datetimes; days and clock times are taken in the site's time zone. A wall-clock time that a
spring-forward gap skips moves on by the length of the gap; one that happens twice is taken the first time (PEP 495).
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import holidays

if TYPE_CHECKING:
    from clinic.models import Site

_MAX_CLOSED_DAYS = 366  # a site shut for a year is a set-up mistake, not a calendar
_FIRST_NOTICE_FRIDAY_CUTOFF = time(12, 0)


@lru_cache(maxsize=64)
def _public_holidays(country: str, subdivision: str) -> holidays.HolidayBase:
    return holidays.country_holidays(country, subdiv=subdivision or None)


def local_day(site: "Site", at: datetime) -> date:
    return at.astimezone(site.zone).date()


def instant(site: "Site", day: date, at: time) -> datetime:
    """That wall-clock time at the site, as UTC."""
    return datetime.combine(day, at, tzinfo=site.zone).astimezone(UTC)


def opening_hours_on(site: "Site", day: date) -> tuple[time, time] | None:
    """First opening and last closing of that day, None when shut; public holidays and closed days are shut."""
    hours = site.hours_by_weekday.get(day.weekday())
    if hours is None or day in site.closed_dates or day in _public_holidays(site.country, site.subdivision):
        return None
    return hours


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


def closing_time(site: "Site", day: date) -> datetime:
    """The instant the site closes on that day; 5 pm on a day it is shut."""
    hours = opening_hours_on(site, day)
    return instant(site, day, hours[1] if hours else time(17, 0))


def next_send_window(site: "Site", at: datetime, *, first_notice: bool = False) -> datetime:
    """The first instant from `at` on at which a message may reach a patient.

    Messages leave between the site's `send_from` and `send_until` on days somebody answers the phone. A first notice
    never leaves on a Friday after noon: the patient could ask nobody until Monday.
    """
    local = at.astimezone(site.zone)
    day = local.date()
    for ahead in range(_MAX_CLOSED_DAYS):
        candidate = day + timedelta(days=ahead)
        until = site.send_until
        if first_notice and candidate.weekday() == 4:  # Friday
            until = min(until, _FIRST_NOTICE_FRIDAY_CUTOFF)
        if not is_open_day(site, candidate) or site.send_from >= until:
            continue
        if candidate == day and at >= instant(site, day, until):
            continue
        return max(at, instant(site, candidate, site.send_from))
    return at


def latest_send_before(site: "Site", at: datetime) -> datetime:
    """`at` itself inside the day's sending hours, else the nearest sending instant before it.

    Reminders use this: a reminder owed at night leaves the evening before, never after the time it promises.
    It does not ask whether the site is open: a reminder for Monday may leave on Sunday.
    """
    local = at.astimezone(site.zone)
    opens, closes = (
        instant(site, local.date(), site.send_from),
        instant(site, local.date(), site.send_until),
    )
    if at < opens:
        return instant(site, local.date() - timedelta(days=1), site.send_until) - timedelta(minutes=1)
    if at >= closes:
        return closes - timedelta(minutes=1)
    return at
