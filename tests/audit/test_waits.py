"""Holds the waits: from when to when, who still counts as waiting, and the curve against one drawn by hand."""

import csv
import json
from collections import Counter
from datetime import date, timedelta
from fractions import Fraction
from io import StringIO
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st
from time_machine import TimeMachineFixture

from clinic.models import Site, User
from recalls.enums import (
    AppointmentStatus,
    Assessment,
    ClosureReason,
    ContactChannel,
    ContactResult,
    DisclosureMethod,
    VisitKind,
)
from recalls.models import Appointment, ContactAttempt, Recall, ResultDisclosure
from reports.audit.waits.definitions import WAITS
from reports.audit.waits.documents import WAIT_COLUMNS
from reports.audit.waits.figures import WAIT_BREAKDOWNS
from reports.audit.waits.survival import fit_curve
from tests.audit.histories import RECORDED, History, Reading, write_histories

FRIDAY = date(2026, 1, 9)


@pytest.fixture(autouse=True)
def _in_march(time_machine: TimeMachineFixture) -> None:
    time_machine.move_to("2026-03-17T15:00:00Z", tick=False)


def _slow_curve(waits: list[tuple[int, bool]]) -> dict[int, Fraction]:
    """The share still waiting after each day, by the product-limit formula with whole numbers."""
    left, by_day = Fraction(1), {}
    for day in range(40):
        at_risk = len([one for one, _ended in waits if one >= day])
        ends = len([one for one, ended in waits if ended and one == day])
        left *= 1 - Fraction(ends, at_risk) if at_risk else 1
        by_day[day] = left
    return by_day


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.booleans()), min_size=1, max_size=40))
def test_the_curve_is_that_of_kaplan_and_meier(waits: list[tuple[int, bool]]) -> None:
    slow = _slow_curve(waits)
    found = fit_curve(Counter(waits), (7, 28))
    assert found.shares == pytest.approx((float(1 - slow[7]), float(1 - slow[28])))
    assert found.median == next((day for day, left in slow.items() if left <= Fraction(1, 2)), None)
    assert found.ninetieth == next((day for day, left in slow.items() if left <= Fraction(1, 10)), None)
    assert (found.waiting, found.reached) == (len(waits), len([1 for _day, ended in waits if ended]))


def test_open_waits_lengthen_the_median_that_the_finished_ones_would_give() -> None:
    finished = [(3, True), (4, True), (5, True)]
    assert fit_curve(Counter(finished), ()).median == 4
    assert fit_curve(Counter([*finished, *[(60, False)] * 4]), ()).median is None


def _recalls(site: Site, *histories: History) -> list[Recall]:
    exams = write_histories(site, histories)
    return [Recall.objects.get(exam=exam) for exam in exams]


def _call(recall: Recall, days: int, channel: str = ContactChannel.PHONE) -> None:
    at = recall.opened_at + timedelta(days=days)
    result = ContactResult.NO_ANSWER if channel == ContactChannel.PHONE else ContactResult.SENT
    ContactAttempt.objects.create(recall=recall, at=at, by="Ana", channel=channel, result=result)


def _visit(recall: Recall, days: int, kind: str = VisitKind.DIAGNOSTIC) -> None:
    Appointment.objects.create(
        recall=recall, site=recall.site, kind=kind, starts_at=recall.opened_at + timedelta(days=days),
        status=AppointmentStatus.ATTENDED,
    )  # fmt: skip


def _tell(recall: Recall, days: int) -> None:
    ResultDisclosure.objects.create(
        recall=recall, told_at=recall.opened_at + timedelta(days=days), method=DisclosureMethod.PHONE,
        told_by="Dr. Rao", **RECORDED,
    )  # fmt: skip


@pytest.fixture
def _january(shadyside: Site) -> None:
    """One called and seen in time, one called late and lost, one voided, one that waits for prior images."""
    seen, lost, _void, _priors = _recalls(
        shadyside,
        History(FRIDAY, Assessment.NEED_IMAGING, readings=(Reading(Assessment.SUSPICIOUS, days=5),), biopsy_days=(12,)),
        History(FRIDAY, Assessment.NEED_IMAGING, closed_because=ClosureReason.LOST_TO_FOLLOW_UP),
        History(FRIDAY, Assessment.NEED_IMAGING, closed_because=ClosureReason.VOID),
        History(FRIDAY, Assessment.NEED_PRIORS, recall_kind="finding"),
    )
    _call(seen, 3)  # on Monday
    _visit(seen, 5)
    _tell(seen, 6)
    _call(lost, 1, ContactChannel.LETTER)
    _call(lost, 4)


@pytest.fixture
def mo(client: Client, manager_mo: User) -> Client:
    client.force_login(manager_mo)
    return client


def _get(client: Client, address: str, asked: Any) -> Any:
    return client.get(address, asked)


def _file(client: Client, address: str, asked: dict[str, Any]) -> str:
    answer: Any = client.get(address, asked)
    return b"".join(answer).decode("utf-8-sig")


def _document(client: Client, **asked: Any) -> dict[str, Any]:
    found: dict[str, Any] = _get(client, "/audit/waits/", {"year": 2026, **asked}).context["document"]
    return found


@pytest.mark.django_db
@pytest.mark.usefixtures("_january")
def test_a_call_on_monday_about_a_result_of_friday_is_in_time(mo: Client) -> None:
    everybody = _document(mo)["groups"][0]
    assert (everybody["called_in_time"], everybody["to_call"]) == (1, 2)
    assert everybody["called_in_time_percent"] == "50.0"
    assert (everybody["recalls"], everybody["open"], everybody["lost"]) == (3, 2, 1)


@pytest.mark.django_db
@pytest.mark.usefixtures("_january")
def test_each_wait_runs_from_its_own_beginning_and_who_was_lost_still_waits(mo: Client) -> None:
    waits = _document(mo)["groups"][0]["waits"]
    counted = {name: (one["waiting"], one["reached"], one["median"]) for name, one in waits.items()}
    assert counted["call"] == (2, 2, 3)
    assert counted["visit"] == (2, 1, 5)
    assert counted["told"] == (1, 1, 1)
    assert counted["biopsy"] == (1, 1, 7)
    assert counted["resolution_60"] == (2, 1, 12)
    assert waits["resolution_60"]["within_target"] == "50.0"
    assert counted["treatment"] == (0, 0, None)


@pytest.mark.django_db
@pytest.mark.usefixtures("_january")
@pytest.mark.parametrize("by", [one.value for one in WAIT_BREAKDOWNS])
def test_page_csv_and_json_of_the_waits_say_the_same(mo: Client, by: str) -> None:
    document = _document(mo, by=by)
    assert json.loads(_get(mo, "/audit/waits/figures/json/", {"year": 2026, "by": by}).content) == document
    file = _file(mo, "/audit/waits/figures/csv/", {"year": 2026, "by": by})
    rows = list(csv.DictReader(StringIO(file)))
    assert tuple(rows[0]) == WAIT_COLUMNS
    assert len(rows) == len(WAITS) * len(document["groups"])
    assert {(row["group"], row["wait"]): row["within_target"] for row in rows} == {
        (group["label"], name): one["within_target"]
        for group in document["groups"]
        for name, one in group["waits"].items()
    }


@pytest.mark.django_db
@pytest.mark.usefixtures("_january", "seen_once")
def test_the_number_of_queries_of_the_waits_does_not_grow(mo: Client, shadyside: Site) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            _get(mo, "/audit/waits/", {"year": 2026, "by": "age"})
        return len(seen)

    queries()
    before = queries()
    for recall in _recalls(shadyside, *[History(FRIDAY, Assessment.NEED_IMAGING, recall_kind="finding")] * 9):
        _call(recall, 2)
        _visit(recall, 20)
    assert queries() == before


@pytest.mark.django_db
def test_a_year_without_recalls_says_so_and_a_reader_is_no_breakdown(mo: Client) -> None:
    assert "No recall was opened in this year." in mo.get("/audit/waits/").content.decode()
    assert mo.get("/audit/waits/", {"by": "reader"}).status_code == 404
    assert mo.get("/audit/waits/figures/pdf/").status_code == 404


@pytest.mark.django_db
def test_a_category_3_comes_back_after_6_12_and_24_months(shadyside: Site, mo: Client) -> None:
    three = Assessment.PROBABLY_BENIGN
    day = date(2023, 1, 10)
    _recalls(
        shadyside,
        History(day, Assessment.NEED_IMAGING, readings=(
            Reading(three, days=10), Reading(three, days=195, round=1), Reading(Assessment.BENIGN, days=380, round=2),
        )),
        History(day, Assessment.NEED_IMAGING, readings=(Reading(three, days=10), Reading(three, days=300, round=1))),
        History(day, Assessment.NEED_IMAGING, readings=(Reading(three, days=10),)),
        History(day, Assessment.NEED_IMAGING, readings=(Reading(three, days=10),), closed_because=ClosureReason.BENIGN),
        History(day, Assessment.NEED_IMAGING, readings=(Reading(Assessment.BENIGN, days=10),)),
    )  # fmt: skip
    found = _document(mo, year=2023)["groups"][0]["waits"]
    counted = {name: (one["waiting"], one["reached"], one["within_target"]) for name, one in found.items()}
    assert counted["return_6"] == (3, 2, "33.3")
    assert counted["return_12"] == (2, 1, "50.0")
    assert counted["return_24"] == (0, 0, "")
