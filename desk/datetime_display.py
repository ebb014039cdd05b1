"""Writes an instant as people of a site say it: "Tue 24 Nov, 2:30 pm"; the one way in which staff read a time."""

from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache

from django.utils.dateformat import format as format_date
from django.utils.translation import get_language

from clinic.models import Site


@dataclass(frozen=True, slots=True)
class DisplayDateTime:
    """An instant as people of the site say it; `exact` (with the zone) is for hover and print, `iso` for machines."""

    text: str
    full_text: str
    iso: str

    def __str__(self) -> str:
        return self.text


def format_day(day: date, today: date | None = None) -> str:
    """ "Tue 24 Nov"; with the year when it is not this one."""
    pattern = "D j M" if today is None or day.year == today.year else "D j M Y"
    return _day_in_words(date(day.year, day.month, day.day), pattern, get_language())


def format_clock_time(at: datetime | time) -> str:
    """ "2:30 pm", of an instant already in the site's zone, or of a time of day."""
    return _clock_time_in_words(at.hour, at.minute, get_language())


def format_datetime(at: datetime, today: date | None = None) -> str:
    """ "Tue 24 Nov, 2:30 pm", of an instant already in the site's zone; with the year when it is not this one."""
    return f"{format_day(at, today)}, {format_clock_time(at)}"


def display_datetime(site: Site, at: datetime, now: datetime) -> DisplayDateTime:
    local = at.astimezone(site.zone)
    day, clock = _day_in_words(local.date(), "l j F Y", get_language()), format_clock_time(local)
    words = f"{format_day(local, now.astimezone(site.zone))}, {clock}"
    return DisplayDateTime(words, f"{day}, {clock} ({site.time_zone})", local.isoformat(timespec="minutes"))


# A list says the same few days and times over and over; to write one anew looks a dozen words up.
@lru_cache(maxsize=4096)
def _day_in_words(day: date, pattern: str, _language: str | None) -> str:
    return format_date(day, pattern)


@lru_cache(maxsize=4096)
def _clock_time_in_words(hour: int, minute: int, _language: str | None) -> str:
    at = time(hour, minute)
    return f"{format_date(at, 'g:i')} {format_date(at, 'A').lower()}"
