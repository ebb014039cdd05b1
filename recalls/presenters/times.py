"""How do free times read? As days with times to choose from, nearest first, and as one week laid out as a table."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils.translation import gettext as _

from clinic import calendar
from clinic.models import Site
from recalls.presenters.moments import clock_words, day_words
from recalls.slots import Free, value_of


@dataclass(frozen=True, slots=True)
class Choice:
    """One time to choose; `value` is what the form sends."""

    value: str
    clock: str
    room: str
    # Everything in one line, for who hears the page instead of seeing where on it the time stands.
    label: str


@dataclass(frozen=True, slots=True)
class Day:
    words: str
    choices: list[Choice]


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a day's column; `note` says why nothing is under it."""

    words: str
    note: str


@dataclass(frozen=True, slots=True)
class Week:
    """Days as columns, times as rows; a cell without a choice is None."""

    title: str
    heads: list[Head]
    rows: list[tuple[str, list[Choice | None]]]


def days_of(free: Iterable[Free], site: Site, now: datetime) -> list[Day]:
    """The times by day, one choice for each instant: the first room that is free then."""
    days: dict[date, Day] = {}
    for day, choice in _choices(free, site, now):
        days.setdefault(day, Day(day_words(day, calendar.local_day(site, now)), [])).choices.append(choice)
    return list(days.values())


def week_of(free: Iterable[Free], site: Site, monday: date, open_days: Iterable[int], now: datetime) -> Week:
    """One week; `open_days` are the weekdays (Monday 0) on which any of the rooms is ever staffed."""
    today = calendar.local_day(site, now)
    days = [monday + timedelta(days=number) for number in sorted(open_days)]
    at: dict[tuple[str, date], Choice] = {}
    clocks: dict[str, None] = {}
    for day, choice in sorted(_choices(free, site, now), key=lambda pair: pair[1].value.partition("T")[2]):
        at[choice.clock, day] = choice
        clocks[choice.clock] = None
    filled = {day for _clock, day in at}
    heads = [Head(day_words(day, today), _why_empty(site, day, today, day in filled)) for day in days]
    title = _("Week of %(day)s") % {"day": day_words(monday, today)}
    return Week(title, heads, [(clock, [at.get((clock, day)) for day in days]) for clock in clocks])


def _choices(free: Iterable[Free], site: Site, now: datetime) -> list[tuple[date, Choice]]:
    today, seen, found = calendar.local_day(site, now), set(), []
    for slot in free:
        if slot.starts_at not in seen:
            seen.add(slot.starts_at)
            local = slot.starts_at.astimezone(site.zone)
            clock, day = clock_words(local), day_words(local.date(), today)
            label = f"{day}, {clock}, {slot.room.name}"
            found.append((local.date(), Choice(value_of(slot, site), clock, slot.room.name, label)))
    return found


def _why_empty(site: Site, day: date, today: date, has_times: bool) -> str:
    if has_times:
        return ""
    if day < today:
        return _("past")
    return _("full") if calendar.is_open_day(site, day) else _("shut")
