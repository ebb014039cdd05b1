"""Formats times, days and time left in the site's time zone: "Tue 24 Nov, 2:30 pm", "3 days left"."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import models
from django.utils.dateformat import format as format_date
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from clinic import calendar
from clinic.models import Site

_SOON_DAYS = 2  # days


class Urgency(models.TextChoices):
    """How pressing it is; the value names the style, the label is never the only sign of it."""

    LATE = "late", gettext_lazy("late")
    TODAY = "today", gettext_lazy("today")
    SOON = "soon", gettext_lazy("soon")
    ON_TIME = "fine", gettext_lazy("in time")


@dataclass(frozen=True, slots=True)
class DisplayDateTime:
    """An instant as people of the site say it; `exact` (with the zone) is for hover and print, `iso` for machines."""

    text: str
    full_text: str
    iso: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class TimeRemaining:
    """Time left to an instant, in words and as a band."""

    text: str
    urgency: Urgency
    deadline: DisplayDateTime

    @property
    def is_overdue(self) -> bool:
        return self.urgency == Urgency.LATE

    @property
    def symbol(self) -> str:
        """A different shape for each band, for those who do not see the colour."""
        return {Urgency.LATE: "◆", Urgency.TODAY: "▲", Urgency.SOON: "●", Urgency.ON_TIME: "○"}[self.urgency]


def format_day(day: date, today: date | None = None) -> str:
    """ "Tue 24 Nov"; with the year when it is not this one."""
    pattern = "D j M" if today is None or day.year == today.year else "D j M Y"
    return format_date(day, pattern)


def format_clock_time(at: datetime) -> str:
    """ "2:30 pm", of an instant already in the site's zone."""
    return f"{format_date(at, 'g:i')} {format_date(at, 'A').lower()}"


def display_datetime(site: Site, at: datetime, now: datetime) -> DisplayDateTime:
    local = at.astimezone(site.zone)
    words = f"{format_day(local.date(), now.astimezone(site.zone).date())}, {format_clock_time(local)}"
    exact = f"{format_date(local, 'l j F Y')}, {format_clock_time(local)} ({site.time_zone})"
    return DisplayDateTime(words, exact, local.isoformat(timespec="minutes"))


def time_remaining(site: Site, at: datetime, now: datetime) -> TimeRemaining:
    """How long until `at`, counted in days of the site: a thing due at 5 pm today is "today" until then, then late."""
    days = (calendar.local_day(site, at) - calendar.local_day(site, now)).days
    if at < now:
        words, band = _format_overdue(days, at, now), Urgency.LATE
    elif days == 0:
        words, band = _("today"), Urgency.TODAY
    else:
        words = ngettext("%(days)d day left", "%(days)d days left", days) % {"days": days}
        band = Urgency.SOON if days <= _SOON_DAYS else Urgency.ON_TIME
    return TimeRemaining(words, band, display_datetime(site, at, now))


def format_days_since(day: date, today: date) -> str:
    """ "4 days", as the table's column head says since what."""
    days = max((today - day).days, 0)
    return _("today") if days == 0 else ngettext("%(days)d day", "%(days)d days", days) % {"days": days}


def format_recent_day(day: date, today: date) -> str:
    """ "yesterday", "today", else the day itself."""
    nearby: dict[int, Any] = {0: _("today"), 1: _("yesterday")}
    return str(nearby.get((today - day).days) or format_day(day, today))


def _format_overdue(days: int, at: datetime, now: datetime) -> str:
    if days == 0:
        return _("%(time)s late") % {"time": timesince(at, now, depth=1)}
    return ngettext("%(days)d day late", "%(days)d days late", -days) % {"days": -days}
