"""Holds what each person did by day and week, at the manager's own sites."""

import csv
from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from time_machine import TimeMachineFixture

from clinic.models import Site, User
from recalls import actions
from recalls.actions import ContactAttemptInput
from recalls.enums import ContactChannel, ContactResult
from recalls.testing.factories import RecallFactory
from reports.manager.staff_work import WORK_LABELS, Window, WorkRow

TUESDAY = datetime(2026, 3, 17, 15, 0, tzinfo=UTC)  # 11 am in Pittsburgh
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _on_tuesday(time_machine: TimeMachineFixture) -> None:
    time_machine.move_to(TUESDAY, tick=False)


def _call(recall: object, user: User) -> None:
    tried = ContactAttemptInput(ContactChannel.PHONE, ContactResult.NO_ANSWER)
    actions.log_contact(recall, tried, by=user)  # type: ignore[arg-type]


def _rows(client: Client, **asked: str) -> list[WorkRow]:
    rows: list[WorkRow] = client.get("/lists/work/", asked).context["rows"]
    return rows


def _counts(row: WorkRow) -> dict[str, int]:
    return {work: count for work, count in zip(WORK_LABELS, row.counts, strict=True) if count}


@pytest.fixture
def mo(client: Client, manager_mo: User) -> Client:
    client.force_login(manager_mo)
    return client


def test_calls_and_tasks_are_counted_by_person_and_day(
    mo: Client,
    manager_mo: User,
    scheduler_ana: User,
    scheduler_bea: User,
    shadyside: Site,
    time_machine: TimeMachineFixture,
) -> None:
    recalls = [RecallFactory.create(site=shadyside) for _number in range(3)]
    task = RecallFactory.create(site=shadyside, wrong_number=True).work_items.get()
    time_machine.move_to(datetime(2026, 3, 18, 15, 0, tzinfo=UTC), tick=False)
    for recall in recalls:
        _call(recall, scheduler_ana)
    actions.finish_work_item(task, by=scheduler_bea)
    mo.force_login(manager_mo)
    found = {row.who: _counts(row) for row in _rows(mo, by="day", on="2026-03-18")}
    assert found == {scheduler_ana.get_full_name(): {"calls": 3}, scheduler_bea.get_full_name(): {"tasks": 1}}
    week = [row for row in _rows(mo, by="week", on="2026-03-16") if row.who == scheduler_ana.get_full_name()]
    assert [(row.day, _counts(row)) for row in week] == [
        (None, {"calls": 4}),
        (date(2026, 3, 16), {"calls": 1}),  # the wrong number
        (date(2026, 3, 18), {"calls": 3}),
    ]


def test_what_was_undone_does_not_count(mo: Client, scheduler_ana: User, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside)
    _call(recall, scheduler_ana)
    actions.undo(recall, by=scheduler_ana)
    assert [_counts(row) for row in _rows(mo) if row.who == scheduler_ana.get_full_name()] == [{}]


def test_an_evening_belongs_to_the_day_of_the_site(
    mo: Client, scheduler_ana: User, shadyside: Site, time_machine: TimeMachineFixture
) -> None:
    recall = RecallFactory.create(site=shadyside)
    time_machine.move_to(datetime(2026, 3, 18, 2, 0, tzinfo=UTC), tick=False)  # still Tuesday in Pittsburgh
    _call(recall, scheduler_ana)
    assert [_counts(row) for row in _rows(mo, on="2026-03-17") if row.who == scheduler_ana.get_full_name()] == [
        {"calls": 1}
    ]
    assert _rows(mo, on="2026-03-18") == []


def test_work_at_a_site_of_others_is_not_counted(mo: Client, other_site_scheduler: User, foothills: Site) -> None:
    _call(RecallFactory.create(site=foothills), other_site_scheduler)
    assert _rows(mo) == []


def test_the_file_holds_what_the_page_shows(mo: Client, scheduler_ana: User, shadyside: Site) -> None:
    _call(RecallFactory.create(site=shadyside), scheduler_ana)
    text = mo.post("/lists/work/export/?by=week&on=2026-03-17", {"reason": "Rota"}).getvalue().decode()
    rows = [row for row in csv.DictReader(text.splitlines()) if row["Person"] == scheduler_ana.get_full_name()]
    assert [(row["Day"], row["Contacts logged"]) for row in rows] == [
        ("2026-03-16/2026-03-22", "1"),
        ("2026-03-17", "1"),
    ]


@pytest.mark.usefixtures("seen_once")
def test_the_page_costs_the_same_queries_however_much_was_done(
    mo: Client, scheduler_ana: User, scheduler_bea: User, shadyside: Site
) -> None:
    mo.get("/lists/work/")
    _call(RecallFactory.create(site=shadyside), scheduler_ana)
    with CaptureQueriesContext(connection) as few:
        _rows(mo)
    for user in (scheduler_ana, scheduler_bea, scheduler_ana):
        _call(RecallFactory.create(site=shadyside), user)
    with CaptureQueriesContext(connection) as many:
        _rows(mo)
    assert len(few) == len(many) <= 5


@pytest.mark.parametrize("nonsense", ["2026-13-01", "tomorrow", "0001-01-01"])
def test_what_is_no_day_is_no_page(nonsense: str, mo: Client) -> None:
    assert mo.get("/lists/work/", {"on": nonsense, "by": "week"}).status_code == 404


def test_a_week_begins_on_monday() -> None:
    assert Window.of(date(2026, 3, 22), is_week=True) == Window(date(2026, 3, 16), date(2026, 3, 22))
