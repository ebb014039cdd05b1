"""The free times that the patient's page offers, as a few days with their hours."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import groupby, islice
from typing import Any

from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from clinic import calendar
from notifications.rendering.formatting import format_time
from portal.formatting import format_full_date
from recalls.enums import PartOfDay, SpokenLanguage
from recalls.scheduling.self_booking import SelfBooking
from recalls.scheduling.slots import FreeSlot, format_slot
from recalls.scheduling.staff_and_way import is_too_early, spoken_beside_english

DAYS_PER_PAGE = 3
_NOON = 12  # hour of the day
HALF_DAYS = (("", _("Any time")), (PartOfDay.MORNING.value, _("Morning")), (PartOfDay.AFTERNOON.value, _("Afternoon")))


@dataclass(frozen=True, slots=True)
class TimesQuery:
    """What the page's address asks for; each of its links changes one thing and keeps the rest."""

    part: str = ""
    # Only where somebody speaks that language.
    speaks: str = ""
    # Also what the patient could reach only by leaving before the clinic opens.
    early: bool = False
    since: date | None = None

    def address(self, **other: Any) -> str:
        asked = replace(self, **({"since": None} | other))
        values = {
            "part": asked.part,
            "speaks": asked.speaks,
            "early": "1" if asked.early else "",
            "from": asked.since.isoformat() if asked.since else "",
        }
        return "?" + urlencode({name: value for name, value in values.items() if value or name == "part"})


@dataclass(frozen=True, slots=True)
class FreeTime:
    """An hour with the value that the form sends, and who speaks the patient's language then; empty: not known."""

    value: str
    text: str
    speaks: str


@dataclass(frozen=True, slots=True)
class FreeDay:
    """One day and its hours."""

    text: str
    times: list[FreeTime]


@dataclass(frozen=True, slots=True)
class FreeTimes:
    """The first days that have any time, and from which day on more may be looked for; None where there are no more."""

    days: list[FreeDay]
    later_from: date | None
    # Whether times are left out that are too early for the patient's way.
    leaves_out_early: bool


def languages_to_offer(booking: SelfBooking) -> list[SpokenLanguage]:
    """The patient's and that of the page, as far as they are spoken in one of the rooms."""
    spoken = {code for room in booking.rooms for code in room.spoken}
    asked = spoken_beside_english(booking.recall.patient.language, get_language() or "")
    return [language for language in asked if language in spoken]


def build_free_times(booking: SelfBooking, now: datetime, asked: TimesQuery) -> FreeTimes:
    """No query: all that decides is at hand. Where nothing but early times is free, these are shown."""
    early = list[FreeSlot]()
    free = _find_suiting(booking, now, asked, early)
    days = _first_days(free, booking)
    if not days and early:
        return build_free_times(booking, now, replace(asked, early=True))
    last = days[-1][0] if len(days) == DAYS_PER_PAGE else None
    later = last + timedelta(days=1) if last and last < booking.last else None
    return FreeTimes([day for _date, day in days], later, bool(early))


def _find_suiting(booking: SelfBooking, now: datetime, asked: TimesQuery, early: list[FreeSlot]) -> Iterator[FreeSlot]:
    """Those that were asked for; what is too early for the patient's way is put aside."""
    for one in booking.free_times(now, asked.since):
        if not _suits(one, asked, booking):
            continue
        if not asked.early and is_too_early(booking.recall, one.starts_at):
            early.append(one)
        else:
            yield one


def _suits(one: FreeSlot, asked: TimesQuery, booking: SelfBooking) -> bool:
    is_afternoon = one.starts_at.astimezone(booking.recall.site.zone).hour >= _NOON
    suits_day = asked.part not in PartOfDay.values or (asked.part == PartOfDay.AFTERNOON) == is_afternoon
    return suits_day and (not asked.speaks or asked.speaks in one.room.spoken)


def _first_days(free: Iterable[FreeSlot], booking: SelfBooking) -> list[tuple[date, FreeDay]]:
    site, languages = booking.recall.site, languages_to_offer(booking)
    by_day = groupby(free, key=lambda one: calendar.local_day(site, one.starts_at))
    return [(day, _day(day, times, booking, languages)) for day, times in islice(by_day, DAYS_PER_PAGE)]


def _day(day: date, times: Iterable[FreeSlot], booking: SelfBooking, languages: list[SpokenLanguage]) -> FreeDay:
    site = booking.recall.site
    found = [
        FreeTime(
            format_slot(one, site),
            format_time(one.starts_at.astimezone(site.zone)),
            next((str(language.label) for language in languages if language in one.room.spoken), ""),
        )
        for one in times
    ]
    return FreeDay(format_full_date(day), found)
