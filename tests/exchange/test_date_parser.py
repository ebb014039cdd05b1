"""Holds that a date is read as the site writes it and is never guessed."""

from datetime import UTC, date, datetime

import pytest

from clinic.models import Site
from exchange.errors import InvalidValue
from exchange.parsing.date_parser import parse_birth_date, parse_date, parse_datetime

AMERICAN = Site(date_order=Site.DateOrder.MDY, time_zone="America/New_York")
BRITISH = Site(date_order=Site.DateOrder.DMY, time_zone="Europe/London")


@pytest.mark.parametrize("text", ["2026-11-02", "20261102", "11/2/2026", "11/02/2026", "2026-11-02 00:00:00"])
def test_the_second_of_november_may_be_written_in_a_site_that_puts_the_month_first(text: str) -> None:
    assert parse_date(text, AMERICAN) == date(2026, 11, 2)


def test_the_site_says_whether_day_or_month_comes_first() -> None:
    assert parse_date("02/11/2026", BRITISH) == date(2026, 11, 2)
    assert parse_date("02/11/2026", AMERICAN) == date(2026, 2, 11)


@pytest.mark.parametrize(
    ("text", "site", "remedy"),
    [
        ("24/11/2026", AMERICAN, "month/day/year"),
        ("11/24/2026", BRITISH, "day/month/year"),
        ("2026-13-02", AMERICAN, "correct the day or month"),
        ("2026-02-30", AMERICAN, "no such day"),
        ("11/02/26", AMERICAN, "four digits"),
        ("Nov 2", AMERICAN, "Write it as"),
        ("0000-01-01", AMERICAN, "no such day"),
    ],
)
def test_an_impossible_date_is_refused_and_never_swapped(text: str, site: Site, remedy: str) -> None:
    with pytest.raises(InvalidValue, match=remedy):
        parse_date(text, site)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-02", datetime(2026, 11, 2, 5, tzinfo=UTC)),
        ("2026-11-02 16:20", datetime(2026, 11, 2, 21, 20, tzinfo=UTC)),
        ("11/02/2026 4:20 PM", datetime(2026, 11, 2, 21, 20, tzinfo=UTC)),
        ("2026-07-02T16:20:05", datetime(2026, 7, 2, 20, 20, 5, tzinfo=UTC)),
        ("2026-11-02T16:20:00Z", datetime(2026, 11, 2, 16, 20, tzinfo=UTC)),
        ("2026-11-02T16:20:00.125+01:00", datetime(2026, 11, 2, 15, 20, tzinfo=UTC)),
    ],
)
def test_a_report_time_without_a_zone_is_the_sites_time(text: str, instant: datetime) -> None:
    assert parse_datetime(text, AMERICAN) == instant


@pytest.mark.parametrize(
    "text", ["2026-11-02 25:00", "2026-11-02 13:00 pm", "2026-11-02 noon", "2026-11-02 10:00 +99:00"]
)
def test_an_impossible_time_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="Write it as"):
        parse_datetime(text, AMERICAN)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-11-07T03:10:00Z", date(2026, 11, 6)),
        ("2026-11-07T03:10:00+09:00", date(2026, 11, 6)),
        ("2026-07-07T04:00:00Z", date(2026, 7, 7)),
        ("2026-07-07T03:59:59Z", date(2026, 7, 6)),
        ("2026-11-07 23:30", date(2026, 11, 7)),
        ("2026-11-07T00:00:00-05:00", date(2026, 11, 7)),
    ],
)
def test_a_time_with_a_zone_is_the_day_that_it_was_at_the_site(text: str, day: date) -> None:
    assert parse_date(text, AMERICAN) == day


@pytest.mark.parametrize("text", ["2026-11-07T00:00:00Z", "11/07/2026 12:00 AM +00:00"])
def test_midnight_elsewhere_may_be_a_plain_day_and_is_not_guessed(text: str) -> None:
    with pytest.raises(InvalidValue, match="Write the day alone"):
        parse_date(text, AMERICAN)
    assert parse_date(text.replace("11/07", "07/11"), BRITISH) == date(2026, 11, 7)


def test_a_birth_date_is_never_moved_to_another_day() -> None:
    assert parse_birth_date("1970-02-01T05:00:00Z", AMERICAN) == date(1970, 2, 1)
    for text in ("1970-02-01T00:00:00Z", "1970-02-01T13:30:00Z"):
        with pytest.raises(InvalidValue, match="Write the day alone"):
            parse_birth_date(text, AMERICAN)


def test_words_behind_a_day_are_not_passed_over() -> None:
    with pytest.raises(InvalidValue, match="no time of day"):
        parse_date("2026-11-07 10:00 or so", AMERICAN)
