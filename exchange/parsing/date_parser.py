"""Parses dates and times: ISO, or month and day in the order that the site's files use.

A date that cannot be is never made possible by swapping day and month: it is refused with the order that was expected.
"""

import re
from datetime import UTC, date, datetime, time

from django.utils.translation import gettext as _

from clinic import calendar
from clinic.models import Site
from exchange.errors import InvalidValue

_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_SLASHED = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{2,4})")
_DATE_AND_TIME = re.compile(r"(?P<day>\S+?)(?:[T ]\s*)(?P<time>\d{1,2}:\d{2}.*)", re.IGNORECASE)
_TIME_OF_DAY = re.compile(
    r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*(?P<half>[ap]\.?m\.?)?\s*(?P<zone>Z|[+-]\d{2}:?\d{2})?", re.IGNORECASE
)


def parse_date(text: str, site: Site) -> date:
    """The day meant at that site: of a time with a zone, the day that it was there. Raises InvalidValue."""
    return _parse_day(text, site, is_birth=False)


def parse_birth_date(text: str, site: Site) -> date:
    """A birth date is a day and no instant: it is never converted to another zone. Raises InvalidValue."""
    return _parse_day(text, site, is_birth=True)


def parse_datetime(text: str, site: Site) -> datetime:
    """The instant as UTC; without a zone it is the site's time, without a time the beginning of the site's day."""
    with_time = _DATE_AND_TIME.fullmatch(text)
    if with_time is None:
        return calendar.instant(site, _parse_bare_day(text, site), time(0))
    day, at, zone = _parse_parts(with_time, site)
    return _combine_with_offset(day, at, zone).astimezone(UTC) if zone else calendar.instant(site, day, at)


def _parse_day(text: str, site: Site, *, is_birth: bool) -> date:
    with_time = _DATE_AND_TIME.fullmatch(text)
    if with_time is None:
        return _parse_bare_day(text, site)
    day, at, zone = _parse_parts(with_time, site)
    if not zone:
        return day
    local = _combine_with_offset(day, at, zone).astimezone(site.zone)
    if local.time() != time(0) and (is_birth or at == time(0)):
        # Midnight elsewhere is how some programs write a plain day; as an instant it is the day before or after here.
        raise InvalidValue(_("This time of another time zone may mean two days. Write the day alone, as 2026-11-24."))
    return local.date()


def _parse_parts(with_time: re.Match[str], site: Site) -> tuple[date, time, str]:
    """Day, time of day and zone ("" for none) of a text that has a time."""
    day = _parse_bare_day(with_time["day"], site)
    clock = _TIME_OF_DAY.fullmatch(with_time["time"].strip())
    if clock is None:
        raise InvalidValue(_("This is no time of day. Write it as 2026-11-24 14:05."))
    return day, _build_time(clock), (clock["zone"] or "").upper()


def _parse_bare_day(text: str, site: Site) -> date:
    iso = _ISO.fullmatch(text) or _COMPACT.fullmatch(text)
    if iso:
        return _build_date(int(iso[1]), int(iso[2]), int(iso[3]), site)
    slashed = _SLASHED.fullmatch(text)
    if slashed is None:
        raise InvalidValue(
            _("This is no date. Write it as 2026-11-24 or %(pattern)s.") % {"pattern": _date_pattern(site)}
        )
    if len(slashed[3]) != 4:
        raise InvalidValue(_("Write the year with four digits, such as 2026."))
    first, second, year = int(slashed[1]), int(slashed[2]), int(slashed[3])
    if site.date_order == Site.DateOrder.MDY:
        return _build_date(year, first, second, site)
    return _build_date(year, second, first, site)


def _build_date(year: int, month: int, day: int, site: Site) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        message = _("There is no such day. Dates are read as year-month-day or %(pattern)s; correct the day or month.")
        raise InvalidValue(message % {"pattern": _date_pattern(site)}) from None


def _date_pattern(site: Site) -> str:
    return _("month/day/year") if site.date_order == Site.DateOrder.MDY else _("day/month/year")


def _build_time(clock: re.Match[str]) -> time:
    hour, half = int(clock[1]), (clock["half"] or "").lower()[:1]
    if half and not 1 <= hour <= 12:
        hour = 99
    elif half:
        hour = hour % 12 + (12 if half == "p" else 0)
    try:
        return time(hour, int(clock[2]), int(clock[3] or 0))
    except ValueError:
        raise InvalidValue(_("There is no such time of day. Write it as 14:05 or 2:05 pm.")) from None


def _combine_with_offset(day: date, at: time, zone: str) -> datetime:
    offset = "+00:00" if zone == "Z" else zone
    try:
        return datetime.fromisoformat(f"{day.isoformat()}T{at.isoformat()}{offset}")
    except ValueError:
        raise InvalidValue(_("There is no such time zone. Write it as +00:00, -05:00 or Z.")) from None
