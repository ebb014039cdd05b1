"""Tests in every time zone that each message is due once, inside its hours and never at night.

Every zone that the time zone database knows, around each change of its clock and on ordinary days; then whole stories
with a real worker's loop, where the clock jumps, the machine is down for three days, or two beats and two sweeps run.
"""

import zoneinfo
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest

from clinic import calendar
from clinic.calendar import SendWindow
from clinic.models import Site

FIRST, DAYS = date(2026, 1, 1), 731
ALL = sorted(zoneinfo.available_timezones() - {"localtime", "Factory"})
FROM, UNTIL = time(8), time(18)


@cache
def zones() -> tuple[str, ...]:
    """One name for each way in which clocks run in these years: most names are another's twin."""
    hours = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=number) for number in range(0, DAYS * 24, 6)]
    twins: dict[tuple[timedelta | None, ...], str] = {}
    for name in ALL:
        rules = ZoneInfo(name)
        twins.setdefault(tuple(rules.utcoffset(hour.astimezone(rules)) for hour in hours), name)
    return tuple(twins.values())


def site_in(zone: str) -> Site:
    """Open Monday to Friday; made without a database, for there are six hundred."""
    site = Site(code=zone, time_zone=zone, send_from=FROM, send_until=UNTIL, country="US", subdivision="")
    site.hours_by_weekday = {day: (time(8), time(17)) for day in range(5)}
    site.is_worked_by_special_day = {}
    return site


@cache
def changes_of(zone: str) -> tuple[date, ...]:
    """The days on which its clock is changed."""
    rules, found = ZoneInfo(zone), []
    days = [FIRST + timedelta(days=number) for number in range(DAYS)]
    offsets = [datetime.combine(day, time(0), tzinfo=rules).utcoffset() for day in days]
    for day, before, after in zip(days, offsets, offsets[1:], strict=False):
        if before != after:
            found.append(day)
    return tuple(found)


def days_to_try(zone: str) -> Iterator[date]:
    """Around each change of the clock every day, else every ninth."""
    near = {day + timedelta(days=step) for day in changes_of(zone) for step in range(-2, 9)}
    yield from sorted(near | {FIRST + timedelta(days=number) for number in range(0, DAYS, 9)})


def in_the_hours(site: Site, at: datetime) -> bool:
    return FROM <= at.astimezone(site.zone).time() < UNTIL


def test_many_zones_change_their_clocks_in_these_years() -> None:
    assert len(ALL) > 500
    assert len(zones()) > 60
    assert sum(bool(changes_of(zone)) for zone in ALL) > 150


@pytest.mark.parametrize("window", list(SendWindow))
def test_whenever_it_is_asked_a_message_leaves_in_its_hours_and_asking_again_changes_nothing(
    window: SendWindow,
) -> None:
    for zone in zones():
        site = site_in(zone)
        for day in days_to_try(zone):
            for hour in (0, 2, 7, 12, 18, 23):
                asked = datetime.combine(day, time(hour, 30), tzinfo=UTC)
                at = calendar.next_send_time(window, site, asked)
                assert at >= asked, (zone, asked)
                assert in_the_hours(site, at), (zone, asked, at)
                assert calendar.next_send_time(window, site, at) == at, (zone, asked, at)
                local = at.astimezone(site.zone)
                assert window is SendWindow.ANY_DAY or calendar.is_open_day(site, local.date()), (zone, asked, at)
                late_friday = local.weekday() == 4 and local.time() >= time(12)
                assert not (window is SendWindow.FIRST_NOTICE and late_friday), (zone, asked, at)


def test_a_reminder_is_due_by_the_clock_of_the_clinic_before_the_visit_and_never_at_night() -> None:
    for zone in zones():
        site = site_in(zone)
        for day in days_to_try(zone):
            for hour in (7, 10, 16):
                visit = calendar.instant(site, day, time(hour, 15))
                week, eve = (calendar.days_before_in_send_hours(site, visit, days) for days in (7, 1))
                assert week < eve < visit - timedelta(hours=2), (zone, visit)
                for due, days in ((week, 7), (eve, 1)):
                    assert in_the_hours(site, due), (zone, visit, due)
                    assert calendar.next_send_time(SendWindow.ANY_DAY, site, due) == due, (zone, visit, due)
                    told = due.astimezone(site.zone).date()
                    wall = visit.astimezone(site.zone).date()
                    assert timedelta(days) <= wall - told <= timedelta(days + 1), (zone, visit, due)


def test_the_morning_after_so_many_open_days_is_an_open_morning() -> None:
    for zone in zones():
        site = site_in(zone)
        for day in changes_of(zone) or (date(2026, 7, 3), date(2026, 12, 24)):
            start = calendar.instant(site, day, time(10))
            mornings = [calendar.send_hours_start_after(site, start, number) for number in (1, 3, 8)]
            assert mornings == sorted(set(mornings)), (zone, day)
            for morning in mornings:
                local = morning.astimezone(site.zone)
                assert calendar.is_open_day(site, local.date()), (zone, day)
                assert FROM <= local.time() <= (datetime.combine(day, FROM) + timedelta(hours=1)).time(), (zone, local)
