"""Computes the days and hours, by the site's clock, at which a kind of message may be sent."""

import enum
from datetime import UTC, datetime, time, timedelta

from clinic import calendar
from clinic.models import Site


class SendWindow(enum.Enum):
    # Somebody must be there to answer the patient, and not only for the last hours before a weekend.
    FIRST_NOTICE = "open days, Friday only until noon"
    OPEN_DAYS = "open days"
    # A reminder for Monday may leave on Sunday.
    ANY_DAY = "any day"


def next_send_time(window: SendWindow, site: Site, at: datetime) -> datetime:
    """The first instant (UTC) from `at` on at which such a message may leave; `at` itself inside the window."""
    if window is not SendWindow.ANY_DAY:
        return calendar.next_send_window(site, at, first_notice=window is SendWindow.FIRST_NOTICE)
    day = calendar.local_day(site, at)
    if at >= calendar.instant(site, day, site.send_until):
        return calendar.instant(site, day + timedelta(days=1), site.send_from)
    return max(at, calendar.instant(site, day, site.send_from))


def days_before_in_hours(site: Site, at: datetime, days: int) -> datetime:
    """That many calendar days before `at` by the site's clock, moved earlier into the sending hours."""
    local = at.astimezone(site.zone)
    wall = calendar.instant(site, local.date() - timedelta(days=days), local.time().replace(tzinfo=None))
    return calendar.latest_send_before(site, wall).astimezone(UTC)


def send_hours_start_after(site: Site, start: datetime, business_days: int) -> datetime:
    """When the sending hours begin on the nth business day after the day of `start`."""
    day = calendar.local_day(site, calendar.add_business_days(site, start, business_days))
    return calendar.instant(site, day, site.send_from)


def start_of_day(site: Site, at: datetime, offset_days: int = 0) -> datetime:
    """Midnight at the site, `offset_days` after the day of `at`."""
    return calendar.instant(site, calendar.local_day(site, at) + timedelta(days=offset_days), time(0))
