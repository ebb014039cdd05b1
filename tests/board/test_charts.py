"""Holds that the board's charts and the tables beside them count what their captions say."""

import csv
import json
import re
from collections import Counter
from datetime import UTC, datetime, time, timedelta
from html import unescape

import pytest
import time_machine as clock
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from time_machine import TimeMachineFixture

from clinic import calendar
from clinic.factories import get_site_staff
from clinic.models import Site, User
from recalls import actions
from recalls.actions import DisclosureInput, OutcomeInput, Slot
from recalls.enums import Assessment, DisclosureMethod
from recalls.models import Recall
from recalls.testing.factories import ExamFactory, RecallFactory
from reports.models import WeeklyFigure
from reports.waiting_times import percentile
from reports.weekly_figures import compute_weekly_counts, get_weekly_counts, store_weekly_figures
from reports.weekly_queries import RUNNING_WEEK
from tests.board.conftest import ReadBoard

TUESDAY = datetime(2026, 3, 17, 15, 0, tzinfo=UTC)  # 11 am in Pittsburgh, in the week of March 16

TOLD = DisclosureInput(DisclosureMethod.AT_VISIT)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _on_tuesday(time_machine: TimeMachineFixture) -> None:
    time_machine.move_to(TUESDAY, tick=False)


def _attended_recall(site: Site, *, reported: datetime, came: datetime) -> Recall:
    """A recall whose result was reported then and whose visit was kept then."""
    scheduler = get_site_staff(site).scheduler
    with clock.travel(reported, tick=False) as now:
        recall = RecallFactory.create(exam=ExamFactory.create(patient__site=site, reported_at=reported))
        actions.book_appointment(recall, Slot(site, came), by=scheduler)
        now.move_to(came)
        actions.mark_attended(recall, by=scheduler)
    return recall


def _site_time(site: Site, day: int, hour: int = 9) -> datetime:
    return calendar.instant(site, datetime(2026, 3, day, tzinfo=UTC).date(), time(hour))


def test_days_to_the_visit_run_from_the_report_to_the_first_visit_kept(
    read_board: ReadBoard, manager_mo: User, shadyside: Site
) -> None:
    for reported in (2, 4, 5):
        _attended_recall(shadyside, reported=_site_time(shadyside, reported), came=_site_time(shadyside, 11))
    # Median and 90th centile of 9, 7 and 6 days; two of three within a week; three visits in the week of March 9.
    assert "March 9 7 9 67 3" in read_board(manager_mo)


def test_the_days_are_those_of_the_calendar_also_when_the_clocks_change(
    read_board: ReadBoard, manager_mo: User, shadyside: Site
) -> None:
    _attended_recall(
        shadyside, reported=_site_time(shadyside, 6, 18), came=_site_time(shadyside, 9, 9)
    )  # summer time began on March 8
    assert "March 9 3 3 100 1" in read_board(manager_mo)


def test_a_second_visit_of_the_same_recall_does_not_count(
    read_board: ReadBoard, manager_mo: User, shadyside: Site
) -> None:
    recall = _attended_recall(shadyside, reported=_site_time(shadyside, 4), came=_site_time(shadyside, 6))
    cast = get_site_staff(shadyside)
    with clock.travel(_site_time(shadyside, 9), tick=False) as now:
        actions.record_outcome(recall, OutcomeInput(Assessment.NEED_IMAGING, told=TOLD), by=cast.radiologist)
        actions.book_appointment(recall, Slot(shadyside, _site_time(shadyside, 12)), by=cast.scheduler)
        now.move_to(_site_time(shadyside, 12))
        actions.mark_attended(recall, by=cast.scheduler)
    words = read_board(manager_mo)
    assert "March 2 2 2 100 1" in words
    assert "March 9 none none none 0" in words


def test_an_outcome_counts_in_its_week_by_the_clock_of_the_site(
    read_board: ReadBoard, manager_mo: User, shadyside: Site
) -> None:
    recall = _attended_recall(shadyside, reported=_site_time(shadyside, 4), came=_site_time(shadyside, 6))
    sunday_night = datetime(2026, 3, 16, 2, 0, tzinfo=UTC)  # still March 15 in Pittsburgh
    with clock.travel(sunday_night, tick=False):
        actions.record_outcome(recall, OutcomeInput(Assessment.SUSPICIOUS_C), by=get_site_staff(shadyside).radiologist)
    words = read_board(manager_mo)
    assert "March 9 0 0 0 1 0 0" in words
    assert "March 16 0 0 0 0 0 0" in words


def test_an_amended_outcome_counts_once_as_it_now_stands(
    read_board: ReadBoard, manager_mo: User, shadyside: Site
) -> None:
    recall = _attended_recall(shadyside, reported=_site_time(shadyside, 4), came=_site_time(shadyside, 6))
    radiologist = get_site_staff(shadyside).radiologist
    actions.record_outcome(recall, OutcomeInput(Assessment.NEGATIVE), by=radiologist)
    actions.amend_outcome(recall, OutcomeInput(Assessment.BENIGN), reason="A cyst after all.", by=radiologist)
    assert "March 16 0 1 0 0 0 0" in read_board(manager_mo)


@pytest.mark.parametrize(
    ("days", "band"), [(0, 0), (7, 0), (8, 1), (15, 1), (16, 2), (30, 2), (31, 3), (60, 3), (61, 4)]
)
def test_the_age_of_a_recall_falls_in_one_band(
    days: int, band: int, read_board: ReadBoard, manager_mo: User, shadyside: Site
) -> None:
    RecallFactory.create(site=shadyside, ended_at=TUESDAY - timedelta(days=days, hours=3))
    bands = ["1" if at == band else "0" for at in range(5)]
    assert "over 60 days To contact " + " ".join(bands) in read_board(manager_mo)


CHARTS = (
    "late", "ageing", "trend", "outcomes", "visits", "visits-language", "visits-site", "outcome-days",
    "outcome-days-language", "outcome-days-site",
)  # fmt: skip


def _tables(page: str) -> list[list[list[str]]]:
    """The cells of each chart's table, its head first."""
    tables = re.findall(r"<details>\s*<summary>The figures.*?<table.*?>(.*?)</table>", page, re.DOTALL)
    rows = [re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL) for table in tables]
    return [[[unescape(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t", row)] for row in table] for table in rows]


@pytest.fixture
def varied_recalls(shadyside: Site, foothills: Site, manager_mo: User) -> None:
    manager_mo.sites.add(foothills)
    for story in ("closed_normal", "attended", "probably_benign", "biopsy_to_book", "lost"):
        RecallFactory.create(site=shadyside, **{story: True})
    RecallFactory.create(exam=ExamFactory.create(patient__site=foothills, patient__language="es"), attended=True)


def test_the_script_draws_the_same_figures_as_the_tables(
    client: Client, manager_mo: User, varied_recalls: None
) -> None:
    client.force_login(manager_mo)
    page = client.get("/board/").text
    found = re.search(r'<script id="board-data"[^>]*>(.*?)</script>', page, re.DOTALL)
    assert found
    charts, tables = json.loads(found[1]), _tables(page)
    assert [chart["name"] for chart in charts] == list(CHARTS)
    assert len(tables) == len(charts)
    for chart, (_head, *rows) in zip(charts, tables, strict=True):
        assert [row[0] for row in rows] == chart["labels"]
        for at, series in enumerate(chart["series"], start=1):
            values = ["none" if value is None else str(value) for value in series["values"]]
            assert [row[at] for row in rows] == values


def test_a_charts_file_holds_the_cells_of_its_table(client: Client, manager_mo: User, varied_recalls: None) -> None:
    client.force_login(manager_mo)
    for name, table in zip(CHARTS, _tables(client.get("/board/").text), strict=True):
        answer = client.get(f"/board/figures/{name}.csv")
        assert answer["Content-Type"] == "text/csv; charset=utf-8"
        assert list(csv.reader(answer.text.removeprefix("\ufeff").splitlines())) == table


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1", "-1+1", "@SUM(A1)", "\tTab"])
def test_a_cell_never_becomes_a_formula(name: str, client: Client, manager_mo: User, shadyside: Site) -> None:
    Site.objects.filter(pk=shadyside.pk).update(name=name)
    client.force_login(manager_mo)
    (head, *_rows) = csv.reader(client.get("/board/figures/late.csv").text.removeprefix("\ufeff").splitlines())
    assert head[1] == f"'{name}"


def test_a_file_is_for_those_who_may_see_the_board(client: Client, scheduler_ana: User, manager_mo: User) -> None:
    scheduler_ana.is_staff = True
    scheduler_ana.save()
    client.force_login(scheduler_ana)
    assert client.get("/board/figures/late.csv").status_code == 403
    client.force_login(manager_mo)
    assert client.get("/board/figures/nothing.csv").status_code == 404


def test_late_is_told_by_step_and_by_site(
    read_board: ReadBoard, manager_mo: User, shadyside: Site, foothills: Site
) -> None:
    manager_mo.sites.add(foothills)
    for site, days in ((shadyside, 5), (shadyside, 6), (foothills, 5)):
        RecallFactory.create(site=site, ended_at=TUESDAY - timedelta(days=days))
    words = read_board(User.objects.get(pk=manager_mo.pk))
    assert "3 open recalls have an overdue next action." in words
    assert "State Foothills Sample Imaging Shadyside Sample Imaging Awaiting prior images 0 0 To contact 1 2" in words


def test_the_trend_counts_open_aged_and_lost_as_each_week_ended(
    read_board: ReadBoard, manager_mo: User, shadyside: Site
) -> None:
    for days in (70, 20):
        RecallFactory.create(site=shadyside, ended_at=TUESDAY - timedelta(days=days))
    with clock.travel(_site_time(shadyside, 4), tick=False):
        lost = RecallFactory.create(site=shadyside, lost=True)
    assert f"{lost.opened_at:%B %-d}" == "December 26"
    words = read_board(manager_mo)
    assert "Open Aged Lost December 29 1 0 0 January 5 2 0 0" in words  # the other was opened on January 6
    assert "February 16 2 0 0 February 23 3 1 0 March 2 2 1 1" in words  # a third came; the first aged, then was lost
    assert "March 9 2 1 0 March 16 2 1 0" in words  # the second is past its sixtieth day


def test_waits_are_told_by_language_and_by_site(
    read_board: ReadBoard, manager_mo: User, shadyside: Site, foothills: Site
) -> None:
    manager_mo.sites.add(foothills)
    _attended_recall(shadyside, reported=_site_time(shadyside, 2), came=_site_time(shadyside, 11))
    recall = _attended_recall(foothills, reported=_site_time(foothills, 6), came=_site_time(foothills, 10))
    recall.patient.language = "es"
    recall.patient.save()
    words = read_board(User.objects.get(pk=manager_mo.pk))
    assert "Language Median 90th centile Within the target (%) Visits English 9 9 0 1 Spanish 4 4 100 1" in words
    assert "Foothills Sample Imaging 4 4 100 1 Shadyside Sample Imaging 9 9 0 1" in words


def test_days_to_the_outcome_end_with_the_first_that_says_more_than_more_pictures(
    read_board: ReadBoard, manager_mo: User, shadyside: Site
) -> None:
    recall = _attended_recall(shadyside, reported=_site_time(shadyside, 4), came=_site_time(shadyside, 6))
    cast = get_site_staff(shadyside)
    with clock.travel(_site_time(shadyside, 6, 11), tick=False) as now:
        actions.record_outcome(recall, OutcomeInput(Assessment.NEED_IMAGING, told=TOLD), by=cast.radiologist)
        actions.book_appointment(recall, Slot(shadyside, _site_time(shadyside, 12)), by=cast.scheduler)
        now.move_to(_site_time(shadyside, 12))
        actions.mark_attended(recall, by=cast.scheduler)
        actions.record_outcome(recall, OutcomeInput(Assessment.NEGATIVE), by=cast.radiologist)
    assert "Outcomes March 2" not in read_board(manager_mo)
    assert "March 2 none none none 0 March 9 8 8 100 1" in read_board(manager_mo)


def test_what_the_workers_keep_says_the_same_as_counting_now(
    client: Client, manager_mo: User, varied_recalls: None
) -> None:
    client.force_login(manager_mo)
    counted = _tables(client.get("/board/").text)
    store_weekly_figures()
    with CaptureQueriesContext(connection) as asked:
        kept = _tables(client.get("/board/").text)
    assert kept == counted
    assert not [query for query in asked if "recalls_outcome" in query["sql"]]


def test_kept_figures_show_their_time_and_old_ones_are_not_believed(
    read_board: ReadBoard, manager_mo: User, shadyside: Site, time_machine: TimeMachineFixture
) -> None:
    store_weekly_figures()
    time_machine.shift(300)
    _attended_recall(shadyside, reported=_site_time(shadyside, 2), came=_site_time(shadyside, 11))
    words = read_board(manager_mo)
    assert "Figures of past weeks: counted Tue 17 Mar, 11:00 am" in words
    assert "No visit was kept in the last 12 weeks." in words
    time_machine.shift(900)
    words = read_board(manager_mo)
    assert "Figures of past weeks: counted Tue 17 Mar, 11:20 am" in words
    assert "March 9 9 9 0 1" in words


def test_today_is_kept_as_it_goes_on_and_the_days_that_are_over_once_a_day(
    shadyside: Site, varied_recalls: None, time_machine: TimeMachineFixture
) -> None:
    radiologist, measure = get_site_staff(shadyside).radiologist, WeeklyFigure.Measure
    store_weekly_figures()
    for minutes, is_new_day in ((5, False), (10, False), (24 * 60, True), (24 * 60 + 5, False), (7 * 24 * 60, True)):
        now = TUESDAY + timedelta(minutes=minutes)
        time_machine.move_to(now, tick=False)
        for story in ("attended", "lost", "booked"):
            recall = RecallFactory.create(site=shadyside, ended_at=now - timedelta(minutes=3), **{story: True})
            if story == "attended":
                actions.record_outcome(recall, OutcomeInput(Assessment.NEGATIVE), by=radiologist)
        store_weekly_figures()
        kept, counted = get_weekly_counts([shadyside], now), compute_weekly_counts([shadyside], now)
        for name in (measure.OPEN, measure.AGED, measure.LOST, measure.OUTCOMES):
            key = (shadyside.pk, RUNNING_WEEK, name, "")
            assert kept.by_key.get(key, Counter()) == counted.by_key.get(key, Counter()), (minutes, name)
        assert counted.by_key[shadyside.pk, RUNNING_WEEK, measure.OUTCOMES, ""]["1"]
        if is_new_day:
            assert {key: counts for key, counts in kept.by_key.items() if counts} == counted.by_key
        assert (kept.counted_at == now) == is_new_day
        assert kept.today_at == now


def test_the_board_says_when_today_was_counted(
    read_board: ReadBoard, manager_mo: User, varied_recalls: None, time_machine: TimeMachineFixture
) -> None:
    store_weekly_figures()
    assert "Today: counted" not in read_board(manager_mo)
    time_machine.shift(300)
    store_weekly_figures()
    words = read_board(manager_mo)
    assert "Figures of past weeks: counted Tue 17 Mar, 9:00 am" in words
    assert "Today: counted Tue 17 Mar, 9:05 am" in words


def test_a_page_holds_no_script_or_style_of_its_own(client: Client, manager_mo: User) -> None:
    client.force_login(manager_mo)
    page = client.get("/board/").text
    assert re.findall(r"<script(?![^>]*(?:src=|application/json))", page) == []
    assert re.findall(r'<style|\sstyle="|\son\w+="', page) == []


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [([], 50, None), ([3], 90, 3), ([1, 2, 3, 4], 50, 2), (list(range(1, 11)), 90, 9), ([1] * 9 + [30], 90, 1)],
)
def test_a_centile_is_the_smallest_value_that_so_many_do_not_exceed(
    values: list[int], percent: int, expected: int | None
) -> None:
    assert percentile(Counter(values), percent) == expected
