"""Free times as days with mornings and afternoons to choose from, and as one week in a table."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils.translation import gettext as _

from clinic import calendar
from clinic.models import Site
from recalls.presenters.datetime_display import format_clock_time, format_day
from recalls.scheduling.slots import FreeSlot, format_slot

_NOON = time(12)


@dataclass(frozen=True, slots=True)
class SlotChoice:
    """One time to choose; `value` is what the form sends."""

    value: str
    time_text: str
    room: str
    # Where a mobile unit stands then: the patient is told; empty for a room at the site.
    stop: str
    # "then 9:00 am, Ultrasound 1"; empty for a visit in one part.
    second: str
    # Everything in one line, for who hears the page instead of seeing where on it the time stands.
    label: str


@dataclass(frozen=True, slots=True)
class SlotDay:
    """The times of one day; `parts` are the morning and the afternoon, each with its heading, empty ones left out."""

    text: str
    parts: list[tuple[str, list[SlotChoice]]]


@dataclass(frozen=True, slots=True)
class WeekDayHeader:
    """The head of a day's column; `note` says why nothing is under it."""

    text: str
    note: str


@dataclass(frozen=True, slots=True)
class SlotWeek:
    """Days as columns, times as rows; a cell without a choice is None."""

    title: str
    day_headers: list[WeekDayHeader]
    rows: list[tuple[str, list[SlotChoice | None]]]


def group_slots_by_day(free: Iterable[FreeSlot], site: Site, now: datetime) -> list[SlotDay]:
    """The times by day and half day, one choice for each instant: the first room that is free then."""
    days: dict[date, dict[bool, list[SlotChoice]]] = {}
    for at, choice in _slot_choices(free, site, now):
        days.setdefault(at.date(), {}).setdefault(is_afternoon(at), []).append(choice)
    today, headings = calendar.local_day(site, now), {False: _("Morning"), True: _("Afternoon")}
    return [
        SlotDay(format_day(day, today), [(headings[late], choices) for late, choices in sorted(parts.items())])
        for day, parts in days.items()
    ]


def is_afternoon(at: datetime) -> bool:
    """Whether an instant, given in the site's zone, is at noon or later."""
    return at.time() >= _NOON


def build_slot_week(
    free: Iterable[FreeSlot], site: Site, monday: date, open_days: Iterable[int], now: datetime
) -> SlotWeek:
    """One week; `open_days` are the weekdays (Monday 0) on which any of the rooms is ever staffed."""
    today = calendar.local_day(site, now)
    days = [monday + timedelta(days=number) for number in sorted(open_days)]
    at: dict[tuple[str, date], SlotChoice] = {}
    clocks: dict[str, None] = {}
    for local, choice in sorted(_slot_choices(free, site, now), key=lambda pair: pair[1].value.partition("T")[2]):
        at[choice.time_text, local.date()] = choice
        clocks[choice.time_text] = None
    filled = {day for _clock, day in at}
    heads = [WeekDayHeader(format_day(day, today), _empty_day_note(site, day, today, day in filled)) for day in days]
    title = _("Week of %(day)s") % {"day": format_day(monday, today)}
    return SlotWeek(title, heads, [(clock, [at.get((clock, day)) for day in days]) for clock in clocks])


def _slot_choices(free: Iterable[FreeSlot], site: Site, now: datetime) -> list[tuple[datetime, SlotChoice]]:
    """Each with its start on the site's clock."""
    today, seen, found = calendar.local_day(site, now), set(), []
    for slot in free:
        if (slot.starts_at, slot.stop) not in seen:
            seen.add((slot.starts_at, slot.stop))
            local = slot.starts_at.astimezone(site.zone)
            clock, day = format_clock_time(local), format_day(local.date(), today)
            stop = str(slot.stop or "")
            second = _second_part_text(slot.second, site)
            label = ", ".join(part for part in (day, clock, slot.room.name, stop, second) if part)
            found.append((local, SlotChoice(format_slot(slot, site), clock, slot.room.name, stop, second, label)))
    return found


def _second_part_text(second: FreeSlot | None, site: Site) -> str:
    if second is None:
        return ""
    clock = format_clock_time(second.starts_at.astimezone(site.zone))
    return _("then %(time)s, %(room)s") % {"time": clock, "room": second.room.name}


def _empty_day_note(site: Site, day: date, today: date, has_times: bool) -> str:
    if has_times:
        return ""
    if day < today:
        return _("past")
    return _("full") if calendar.is_open_day(site, day) else _("shut")
