"""Writes an instant as people of a site say it: "Tue 24 Nov, 2:30 pm"; the one way in which staff read a time."""

from dataclasses import dataclass
from datetime import date, datetime, time

from django.utils.dateformat import format as format_date

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
    return format_date(day, pattern)


def format_clock_time(at: datetime | time) -> str:
    """ "2:30 pm", of an instant already in the site's zone, or of a time of day."""
    return f"{format_date(at, 'g:i')} {format_date(at, 'A').lower()}"


def format_datetime(at: datetime, today: date | None = None) -> str:
    """ "Tue 24 Nov, 2:30 pm", of an instant already in the site's zone; with the year when it is not this one."""
    return f"{format_day(at.date(), today)}, {format_clock_time(at)}"


def display_datetime(site: Site, at: datetime, now: datetime) -> DisplayDateTime:
    local = at.astimezone(site.zone)
    words = format_datetime(local, now.astimezone(site.zone).date())
    exact = f"{format_date(local, 'l j F Y')}, {format_clock_time(local)} ({site.time_zone})"
    return DisplayDateTime(words, exact, local.isoformat(timespec="minutes"))
