"""Tests of the cursor that every list's next page uses."""

from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import NamedTuple

import pytest

from clinic.models import Site
from desk.keyset import format_cursor, parse_cursor, rows_after
from recalls.models import Recall
from recalls.testing.factories import RecallFactory


class Cursor(NamedTuple):
    part: str
    at: datetime
    day: date
    flag: bool
    pk: int


def test_a_cursor_reads_back_as_it_was_written() -> None:
    cursor = Cursor("d", datetime(2026, 11, 24, 14, tzinfo=UTC), date(2026, 11, 24), True, 12)
    assert format_cursor(cursor) == "d~2026-11-24T14:00:00+00:00~2026-11-24~1~12"
    assert parse_cursor(Cursor, format_cursor(cursor)) == cursor


@pytest.mark.parametrize(
    "text",
    [
        "",
        "d~2026-11-24T14:00:00+00:00~2026-11-24~1",
        "d~2026-11-24T14:00:00~2026-11-24~1~12",
        "d~2026-11-24T14:00:00+00:00~yesterday~1~12",
        f"d~2026-11-24T14:00:00+00:00~2026-11-24~1~{9**30}",
        "d~2026-11-24T14:00:00+00:00~2026-11-24~1~-3",
    ],
)
def test_a_cursor_that_cannot_be_read_is_the_start_of_the_list(text: str) -> None:
    assert parse_cursor(Cursor, text) is None


@pytest.mark.django_db
@pytest.mark.parametrize("order", [("target_at", "-suspicious", "pk"), ("-target_at", "suspicious", "-pk")])
def test_every_row_comes_once_in_any_mixed_order(order: tuple[str, ...], shadyside: Site) -> None:
    first = datetime(2026, 11, 24, 14, tzinfo=UTC)
    for days, suspicious in product((0, 0, 1), (True, False)):
        recall = RecallFactory.create(site=shadyside)
        Recall.objects.filter(pk=recall.pk).update(target_at=first + timedelta(days=days), suspicious=suspicious)
    rows = list(Recall.objects.order_by(*order))
    assert len(rows) == 6
    for at, row in enumerate(rows):
        behind = Recall.objects.filter(rows_after(order, (row.target_at, row.suspicious, row.pk)))
        assert list(behind.order_by(*order)) == rows[at + 1 :]
