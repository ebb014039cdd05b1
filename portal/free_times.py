"""The free times that the patient's page offers, as a few days with their hours."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby, islice

from django.utils.translation import gettext_lazy as _

from clinic import calendar
from notifications.rendering.formatting import format_time
from portal.formatting import format_full_date
from recalls.enums import PartOfDay
from recalls.scheduling.self_booking import SelfBooking
from recalls.scheduling.slots import FreeSlot, format_slot

DAYS_PER_PAGE = 3
_NOON = 12  # hour of the day
HALF_DAYS = (("", _("Any time")), (PartOfDay.MORNING.value, _("Morning")), (PartOfDay.AFTERNOON.value, _("Afternoon")))


@dataclass(frozen=True, slots=True)
class FreeDay:
    """One day and its hours; each hour with the value that the form sends."""

    text: str
    times: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class FreeTimes:
    """The first days that have any time, and from which day on more may be looked for; None where there are no more."""

    days: list[FreeDay]
    later_from: date | None


def build_free_times(booking: SelfBooking, now: datetime, part: str, since: date | None) -> FreeTimes:
    """No query: all that decides is at hand."""
    site = booking.recall.site
    free = (one for one in booking.free_times(now, since) if _suits(one, part, booking))
    by_day = groupby(free, key=lambda one: calendar.local_day(site, one.starts_at))
    days = [(day, _day(day, times, booking)) for day, times in islice(by_day, DAYS_PER_PAGE)]
    last = days[-1][0] if len(days) == DAYS_PER_PAGE else None
    return FreeTimes([day for _date, day in days], last + timedelta(days=1) if last and last < booking.last else None)


def _suits(one: FreeSlot, part: str, booking: SelfBooking) -> bool:
    is_afternoon = one.starts_at.astimezone(booking.recall.site.zone).hour >= _NOON
    return part not in PartOfDay.values or (part == PartOfDay.AFTERNOON) == is_afternoon


def _day(day: date, times: Iterable[FreeSlot], booking: SelfBooking) -> FreeDay:
    site = booking.recall.site
    found = [(format_slot(one, site), format_time(one.starts_at.astimezone(site.zone))) for one in times]
    return FreeDay(format_full_date(day), found)
