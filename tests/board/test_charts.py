"""Do the board's charts count what their captions say, and does the table beside each hold the same figures?"""

import json
import re
from collections import Counter
from datetime import UTC, datetime, time, timedelta

import pytest
import time_machine as clock
from django.test import Client
from time_machine import TimeMachineFixture

from clinic import calendar
from clinic.factories import cast_of
from clinic.models import Site, User
from recalls import actions
from recalls.actions import Reading, Slot
from recalls.factories import ExamFactory, RecallFactory
from recalls.models import Recall
from recalls.states import Assessment
from reports.charts import centile
from tests.board.conftest import ReadBoard

TUESDAY = datetime(2026, 3, 17, 15, 0, tzinfo=UTC)  # 11 am in Pittsburgh, in the week of March 16

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _on_tuesday(time_machine: TimeMachineFixture) -> None:
    time_machine.move_to(TUESDAY, tick=False)


def _visited(site: Site, *, reported: datetime, came: datetime) -> Recall:
    """A recall whose result was reported then and whose visit was kept then."""
    scheduler = cast_of(site).scheduler
    with clock.travel(reported, tick=False) as now:
        recall = RecallFactory.create(exam=ExamFactory.create(patient__site=site, reported_at=reported))
        actions.book_appointment(recall, Slot(site, came), by=scheduler)
        now.move_to(came)
        actions.mark_attended(recall, by=scheduler)
    return recall


def _at(site: Site, day: int, hour: int = 9) -> datetime:
    return calendar.instant(site, datetime(2026, 3, day, tzinfo=UTC).date(), time(hour))


def test_days_to_the_visit_run_from_the_report_to_the_first_visit_kept(
    read_board: ReadBoard, manager_mo: User, shadyside: Site
) -> None:
    for reported in (2, 4, 5):
        _visited(shadyside, reported=_at(shadyside, reported), came=_at(shadyside, 11))
    # Median and 90th centile of 9, 7 and 6 days, three visits in the week of March 9.
    assert "March 9 7 9 3" in read_board(manager_mo)


def test_the_days_are_those_of_the_calendar_also_when_the_clocks_change(
    read_board: ReadBoard, manager_mo: User, shadyside: Site
) -> None:
    _visited(shadyside, reported=_at(shadyside, 6, 18), came=_at(shadyside, 9, 9))  # summer time began on March 8
    assert "March 9 3 3 1" in read_board(manager_mo)


def test_a_second_visit_of_the_same_recall_does_not_count(
    read_board: ReadBoard, manager_mo: User, shadyside: Site
) -> None:
    recall = _visited(shadyside, reported=_at(shadyside, 4), came=_at(shadyside, 6))
    cast = cast_of(shadyside)
    with clock.travel(_at(shadyside, 9), tick=False) as now:
        actions.record_outcome(recall, Reading(Assessment.NEED_IMAGING), by=cast.radiologist)
        actions.book_appointment(recall, Slot(shadyside, _at(shadyside, 12)), by=cast.scheduler)
        now.move_to(_at(shadyside, 12))
        actions.mark_attended(recall, by=cast.scheduler)
    words = read_board(manager_mo)
    assert "March 2 2 2 1" in words
    assert "March 9 none none 0" in words


def test_an_outcome_counts_in_its_week_by_the_clock_of_the_site(
    read_board: ReadBoard, manager_mo: User, shadyside: Site
) -> None:
    recall = _visited(shadyside, reported=_at(shadyside, 4), came=_at(shadyside, 6))
    sunday_night = datetime(2026, 3, 16, 2, 0, tzinfo=UTC)  # still March 15 in Pittsburgh
    with clock.travel(sunday_night, tick=False):
        actions.record_outcome(recall, Reading(Assessment.SUSPICIOUS_C), by=cast_of(shadyside).radiologist)
    words = read_board(manager_mo)
    assert "March 9 0 0 0 1 0 0" in words
    assert "March 16 0 0 0 0 0 0" in words


def test_an_amended_outcome_counts_once_as_it_now_stands(
    read_board: ReadBoard, manager_mo: User, shadyside: Site
) -> None:
    recall = _visited(shadyside, reported=_at(shadyside, 4), came=_at(shadyside, 6))
    radiologist = cast_of(shadyside).radiologist
    actions.record_outcome(recall, Reading(Assessment.NEGATIVE), by=radiologist)
    actions.amend_outcome(recall, Reading(Assessment.BENIGN), reason="A cyst after all.", by=radiologist)
    assert "March 16 0 1 0 0 0 0" in read_board(manager_mo)


@pytest.mark.parametrize(
    ("days", "band"), [(0, 0), (7, 0), (8, 1), (15, 1), (16, 2), (30, 2), (31, 3), (60, 3), (61, 4)]
)
def test_the_age_of_a_recall_falls_in_one_band(
    days: int, band: int, read_board: ReadBoard, manager_mo: User, shadyside: Site
) -> None:
    RecallFactory.create(site=shadyside, ended=TUESDAY - timedelta(days=days, hours=3))
    bands = ["1" if at == band else "0" for at in range(5)]
    assert "over 60 days To contact " + " ".join(bands) in read_board(manager_mo)


def test_the_script_reads_the_same_figures_as_the_tables(client: Client, manager_mo: User, shadyside: Site) -> None:
    for story in ("closed_normal", "attended", "probably_benign", "biopsy_to_book"):
        RecallFactory.create(site=shadyside, **{story: True})
    client.force_login(manager_mo)
    page = client.get("/admin/").text
    found = re.search(r'<script id="board-data"[^>]*>(.*?)</script>', page, re.DOTALL)
    assert found
    charts = json.loads(found[1])
    tables = re.findall(r"<details>.*?<tbody>(.*?)</tbody>", page, re.DOTALL)
    assert len(charts) == len(tables) == 3
    for chart, table in zip(charts, tables, strict=True):
        cells = [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<td.*?</td>", table, re.DOTALL)]
        values = zip(*(series["values"] for series in chart["series"]), strict=True)
        assert cells == ["none" if value is None else str(value) for row in values for value in row]


def test_a_page_holds_no_script_or_style_of_its_own(client: Client, manager_mo: User) -> None:
    client.force_login(manager_mo)
    page = client.get("/admin/").text
    assert re.findall(r"<script(?![^>]*(?:src=|application/json))", page) == []
    assert re.findall(r'<style|\sstyle="|\son\w+="', page) == []


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [([], 50, None), ([3], 90, 3), ([1, 2, 3, 4], 50, 2), (list(range(1, 11)), 90, 9), ([1] * 9 + [30], 90, 1)],
)
def test_a_centile_is_the_smallest_value_that_so_many_do_not_exceed(
    values: list[int], percent: int, expected: int | None
) -> None:
    assert centile(Counter(values), percent) == expected
