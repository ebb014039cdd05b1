"""Reads HL7 times (YYYY[MM[DD[HH[MM[SS[.S]]]]]][+ZZZZ]) at the precision that was sent."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

_TIME = re.compile(
    r"(?P<year>\d{4})(?:(?P<month>\d{2})(?:(?P<day>\d{2})(?:(?P<hour>\d{2})(?:(?P<minute>\d{2})"
    r"(?:(?P<second>\d{2})(?:\.\d{1,6})?)?)?)?)?)?(?P<zone>[+-]\d{4}|Z)?",
    re.ASCII,
)
_ISO = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(\.\d+)?)?)?(Z|[+-]\d{2}:?\d{2})?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class HL7Time:
    """A moment as it was sent: the parts that were not sent are None; `offset` is the zone, None without one."""

    year: int
    month: int | None = None
    day: int | None = None
    hour: int | None = None
    minute: int | None = None
    second: int | None = None
    offset: timedelta | None = None

    @property
    def as_date(self) -> date | None:
        """The day as it is written, without a change of zone; None for a month or year alone."""
        return date(self.year, self.month, self.day) if self.month and self.day else None

    @property
    def has_time(self) -> bool:
        return self.hour is not None and self.minute is not None

    @property
    def wall_time(self) -> datetime | None:
        """Day and time of day as on the clock of the place, naive; None without both."""
        day = self.as_date
        if day is None or not self.has_time:
            return None
        return datetime(day.year, day.month, day.day, self.hour or 0, self.minute or 0, self.second or 0)

    @property
    def instant(self) -> datetime | None:
        """The aware moment, when a zone was sent with a time of day."""
        wall = self.wall_time
        return wall.replace(tzinfo=timezone(self.offset)) if wall is not None and self.offset is not None else None

    def iso(self) -> str:
        """As the cells of a results file have it: "2026-11-24", "2026-11-24 14:05:00" or with "-05:00" behind it."""
        day, moment, wall = self.as_date, self.instant, self.wall_time
        if day is None:
            return ""
        return (moment or wall).isoformat(sep=" ") if moment or wall else day.isoformat()  # type: ignore[union-attr]


def parse_time(text: str) -> HL7Time | None:
    """The time in a field; None for an empty one and for what is no time."""
    plain = text.strip()
    iso = _ISO.fullmatch(plain)
    if iso:
        year, month, day, hour, minute, second, fraction, zone = iso.groups(default="")
        plain = f"{year}{month}{day}{hour}{minute}{second}{fraction[:5]}{zone.replace(':', '')}"
    found = _TIME.fullmatch(plain)
    if found is None:
        return None
    numbers = {
        name: int(value) if (value := found[name]) else None
        for name in ("year", "month", "day", "hour", "minute", "second")
    }
    time = HL7Time(**numbers, offset=_parse_offset(found["zone"]))  # type: ignore[arg-type]  # the year is always there
    return time if _exists(time) else None


def _parse_offset(zone: str | None) -> timedelta | None:
    if not zone:
        return None
    if zone == "Z":
        return timedelta(0)
    size = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:]))
    return -size if zone[0] == "-" else size


def _exists(time: HL7Time) -> bool:
    try:
        date(time.year, time.month or 1, time.day or 1)
        datetime(2000, 1, 1, time.hour or 0, time.minute or 0, min(time.second or 0, 59))
    except ValueError:
        return False
    return time.offset is None or abs(time.offset) < timedelta(hours=15)
