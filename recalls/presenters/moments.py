"""How are times said? "Tue 24 Nov, 2:30 pm", "3 days left", "2 days late"; always in the site's time zone."""

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

_SOON = 2  # days


class Band(models.TextChoices):
    """How pressing it is; the value names the style, the label is never the only sign of it."""

    LATE = "late", gettext_lazy("late")
    TODAY = "today", gettext_lazy("today")
    SOON = "soon", gettext_lazy("soon")
    FINE = "fine", gettext_lazy("in time")


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant as people of the site say it; `exact` (with the zone) is for hover and print, `iso` for machines."""

    words: str
    exact: str
    iso: str

    def __str__(self) -> str:
        return self.words


@dataclass(frozen=True, slots=True)
class Left:
    """Time left to an instant, in words and as a band."""

    words: str
    band: Band
    moment: Moment

    @property
    def is_late(self) -> bool:
        return self.band == Band.LATE

    @property
    def shape(self) -> str:
        """A different shape for each band, for those who do not see the colour."""
        return {Band.LATE: "◆", Band.TODAY: "▲", Band.SOON: "●", Band.FINE: "○"}[self.band]


def day_words(day: date, today: date | None = None) -> str:
    """ "Tue 24 Nov"; with the year when it is not this one."""
    pattern = "D j M" if today is None or day.year == today.year else "D j M Y"
    return format_date(day, pattern)


def clock_words(at: datetime) -> str:
    """ "2:30 pm", of an instant already in the site's zone."""
    return f"{format_date(at, 'g:i')} {format_date(at, 'A').lower()}"


def moment(site: Site, at: datetime, now: datetime) -> Moment:
    local = at.astimezone(site.zone)
    words = f"{day_words(local.date(), calendar.local_day(site, now))}, {clock_words(local)}"
    exact = f"{format_date(local, 'l j F Y')}, {clock_words(local)} ({site.time_zone})"
    return Moment(words, exact, local.isoformat(timespec="minutes"))


def left_until(site: Site, at: datetime, now: datetime) -> Left:
    """How long until `at`, counted in days of the site: a thing due at 5 pm today is "today" until then, then late."""
    days = (calendar.local_day(site, at) - calendar.local_day(site, now)).days
    if at < now:
        words, band = _late_words(days, at, now), Band.LATE
    elif days == 0:
        words, band = _("today"), Band.TODAY
    else:
        words = ngettext("%(days)d day left", "%(days)d days left", days) % {"days": days}
        band = Band.SOON if days <= _SOON else Band.FINE
    return Left(words, band, moment(site, at, now))


def days_ago(day: date, today: date) -> str:
    """ "4 days", as the table's column head says since what."""
    days = max((today - day).days, 0)
    return _("today") if days == 0 else ngettext("%(days)d day", "%(days)d days", days) % {"days": days}


def day_and_ago(day: date, today: date) -> str:
    """ "yesterday", "today", else the day itself."""
    nearby: dict[int, Any] = {0: _("today"), 1: _("yesterday")}
    return str(nearby.get((today - day).days) or day_words(day, today))


def _late_words(days: int, at: datetime, now: datetime) -> str:
    if days == 0:
        return _("%(time)s late") % {"time": timesince(at, now, depth=1)}
    return ngettext("%(days)d day late", "%(days)d days late", -days) % {"days": -days}
