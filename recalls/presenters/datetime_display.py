"""Formats time left and time passed in days of the site: "3 days left", "yesterday"."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import models
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from clinic import calendar
from clinic.models import Site
from desk.datetime_display import DisplayDateTime, display_datetime, format_clock_time, format_day

__all__ = [
    "DisplayDateTime",
    "TimeRemaining",
    "Urgency",
    "display_datetime",
    "format_clock_time",
    "format_day",
    "format_days_since",
    "format_recent_day",
    "time_remaining",
]

_SOON_DAYS = 2  # days


class Urgency(models.TextChoices):
    """How pressing it is; the value names the style, the label is never the only sign of it."""

    LATE = "late", gettext_lazy("late")
    TODAY = "today", gettext_lazy("today")
    SOON = "soon", gettext_lazy("soon")
    ON_TIME = "fine", gettext_lazy("in time")


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
