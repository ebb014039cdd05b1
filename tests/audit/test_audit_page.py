"""Holds the audit's page, files and command: the same figures everywhere, and no reader named to another."""

import csv
import json
from datetime import date
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from time_machine import TimeMachineFixture

from clinic.factories import UserFactory
from clinic.models import Site, User
from clinic.roles import Role
from recalls.enums import Assessment, PathologyClass
from reports.audit.definitions import MEASURES
from reports.audit.documents import COLUMNS
from reports.audit.figures import AuditFigure, wilson_interval
from reports.audit.scope import AUDIT_BREAKDOWNS
from tests.audit.histories import History, Reading, Tissue, write_histories

DAY = date(2025, 5, 6)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_spring(time_machine: TimeMachineFixture) -> None:
    time_machine.move_to("2027-03-16T15:00:00Z", tick=False)


@pytest.fixture
def radiologist_kim(shadyside: Site) -> User:
    return UserFactory.create(
        username="kim", first_name="Dr.", last_name="Kim", role=Role.RADIOLOGIST, sites=[shadyside]
    )


@pytest.fixture(autouse=True)
def _readings(shadyside: Site, radiologist_rao: User, radiologist_kim: User) -> None:
    """Rao: 40 screenings, 4 positive, a cancer after "need priors". Kim: 40, 2 positive, a cancer after a negative."""
    negative = [History(DAY, Assessment.NEGATIVE, reader=radiologist_rao, age=44) for _number in range(36)]
    positive = [
        History(
            DAY, Assessment.NEED_PRIORS, reader=radiologist_rao, density="d",
            readings=(Reading(Assessment.SUSPICIOUS_B),),
            tissue=(Tissue(PathologyClass.INVASIVE, size_mm=8, nodes="neg"),),
        ),
        *(History(DAY, Assessment.NEED_IMAGING, reader=radiologist_rao) for _number in range(3)),
    ]  # fmt: skip
    missed = History(DAY, Assessment.NEGATIVE, reader=radiologist_kim, known_later=((200, "invasive"),))
    others = [History(DAY, Assessment.BENIGN, reader=radiologist_kim) for _number in range(37)]
    called = [History(DAY, Assessment.NEED_IMAGING, reader=radiologist_kim) for _number in range(2)]
    write_histories(shadyside, [*negative, *positive, missed, *others, *called], radiologist_rao)


def _figures(document: dict[str, Any], label: str = "All", section: int = 0) -> dict[str, tuple[int, int, str]]:
    group = next(one for one in document["sections"][section]["groups"] if one["label"] == label)
    return {name: (found["numerator"], found["denominator"], found["rate"]) for name, found in group["figures"].items()}


def _get(client: Client, address: str, asked: Any) -> Any:
    return client.get(address, asked)


def _file(client: Client, address: str, asked: dict[str, Any]) -> str:
    answer: Any = client.get(address, asked)
    return b"".join(answer).decode("utf-8-sig")


def _document(client: Client, **asked: Any) -> dict[str, Any]:
    found: dict[str, Any] = _get(client, "/audit/", {"year": 2025, **asked}).context["document"]
    return found


@pytest.fixture
def mo(client: Client, manager_mo: User) -> Client:
    client.force_login(manager_mo)
    return client


def test_a_cancer_after_need_priors_counts_in_recall_rate_ppv1_and_detection(mo: Client) -> None:
    found = _figures(_document(mo))
    assert found["recall_rate_mqsa"] == (6, 80, "7.5")
    assert found["ppv1"] == (1, 6, "16.7")
    assert found["ppv2"] == found["ppv3"] == (1, 1, "100.0")
    assert found["cdr"] == found["cdr_mqsa"] == (1, 80, "12.5")
    assert found["sensitivity"] == (1, 2, "50.0")
    assert found["false_negatives"] == (1, 80, "12.5")
    assert found["minimal_cancers"] == found["node_negative"] == (1, 1, "100.0")


def test_the_mqsa_predictive_value_counts_work_ups_with_4_or_5(mo: Client) -> None:
    assert _figures(_document(mo), section=1)["ppv_mqsa"] == (1, 1, "100.0")


def test_a_cancer_after_more_than_a_year_is_no_false_negative(mo: Client, shadyside: Site) -> None:
    write_histories(shadyside, [History(DAY, Assessment.NEGATIVE, known_later=((366, "invasive"),))])
    assert _figures(_document(mo))["false_negatives"] == (1, 81, "12.3")


def test_a_manager_sees_each_reader_by_name(mo: Client, radiologist_rao: User) -> None:
    found = _document(mo, by="reader")
    labels = [group["label"] for group in found["sections"][0]["groups"]]
    assert labels == ["All", "Dr. Kim", radiologist_rao.get_full_name()]


def test_a_reader_sees_the_own_figures_and_the_others_only_together(
    client: Client, radiologist_rao: User, radiologist_kim: User
) -> None:
    client.force_login(radiologist_kim)
    page = _get(client, "/audit/", {"year": 2025, "by": "reader"})
    groups = page.context["document"]["sections"][0]["groups"]
    assert [(group["label"], group["exams"]) for group in groups] == [
        ("All", 80), ("Dr. Kim", 40), ("Other readers together", 40),
    ]  # fmt: skip
    assert radiologist_rao.get_full_name() not in page.content.decode()
    assert _figures(_document(client, own=1))["air"] == (2, 40, "5.0")
    file = _file(client, "/audit/figures/csv/", {"year": 2025, "by": "reader"})
    assert radiologist_rao.get_full_name() not in file


def test_a_manager_cannot_be_taken_for_a_reader(mo: Client) -> None:
    assert _figures(_document(mo, own=1))["air"][1] == 80


@pytest.mark.parametrize("by", [one.value for one in AUDIT_BREAKDOWNS])
def test_page_csv_json_and_command_say_the_same(mo: Client, by: str) -> None:
    document = _document(mo, by=by)
    assert json.loads(_get(mo, "/audit/figures/json/", {"year": 2025, "by": by}).content) == document
    file = _file(mo, "/audit/figures/csv/", {"year": 2025, "by": by})
    rows = list(csv.DictReader(StringIO(file)))
    assert {
        (row["section"], row["group"], row["measure"]): (int(row["numerator"]), int(row["denominator"]), row["rate"])
        for row in rows
    } == {
        (section["name"], group["label"], name): counted
        for number, section in enumerate(document["sections"])
        for group in section["groups"]
        for name, counted in _figures(document, group["label"], number).items()
    }
    printed = StringIO()
    call_command("audit", year=2025, by=by, format="json", stdout=printed)
    assert json.loads(printed.getvalue()) == document
    lines = StringIO()
    call_command("audit", year=2025, by=by, stdout=lines)
    assert list(csv.DictReader(StringIO(lines.getvalue()))) == rows
    assert tuple(rows[0]) == COLUMNS if rows else True


def test_a_year_whose_window_is_open_is_called_not_mature(mo: Client, time_machine: TimeMachineFixture) -> None:
    assert _document(mo)["mature"]
    time_machine.move_to("2026-12-31T15:00:00Z", tick=False)
    mo.force_login(User.objects.get(username="mo"))
    young = _document(mo)
    figures = young["sections"][0]["groups"][0]["figures"]
    assert not young["mature"]
    assert "not mature: cancers may still come" in figures["ppv1"]["warnings"]
    assert figures["recall_rate_mqsa"]["warnings"] == []


def test_few_are_called_small_and_none_gives_no_rate(mo: Client) -> None:
    figures = _document(mo)["sections"][0]["groups"][0]["figures"]
    assert figures["ppv1"]["warnings"] == ["small: fewer than 30"]
    empty = AuditFigure(MEASURES[0], 0, 0, is_mature=True)
    assert (empty.rate, empty.low, empty.warnings) == ("", "", ["none counted"])


def test_where_negative_screenings_do_not_come_in_no_rate_is_given(mo: Client, shadyside: Site) -> None:
    write_histories(shadyside, [History(date(2024, 5, 6), Assessment.NEED_IMAGING)])
    figures = _document(mo, year=2024)["sections"][0]["groups"][0]["figures"]
    assert figures["air"]["rate"] == ""
    assert figures["air"]["warnings"] == ["no rate: the negative exams do not all come in"]
    assert figures["ppv1"]["rate"] == "0.0"


def test_the_interval_is_wilsons() -> None:
    low, high = wilson_interval(1, 10)
    assert (round(low, 4), round(high, 4)) == (0.0179, 0.4042)


def test_the_other_sites_figures_are_not_shown(client: Client, foothills: Site) -> None:
    client.force_login(UserFactory.create(username="far", role=Role.MANAGER, sites=[foothills]))
    assert _document(client)["sections"] == []
    assert client.get("/audit/", {"site": "SHADY"}).status_code == 404


@pytest.mark.parametrize("asked", [{"year": "2099"}, {"year": "x"}, {"by": "name"}, {"site": "NONE"}])
def test_what_is_no_audit_is_not_found(mo: Client, asked: dict[str, str]) -> None:
    assert mo.get("/audit/", asked).status_code == 404
    assert mo.get("/audit/figures/pdf/").status_code == 404


def test_a_scheduler_opens_no_audit(client: Client, scheduler_ana: User) -> None:
    client.force_login(scheduler_ana)
    assert client.get("/audit/").status_code == 403
    assert client.get("/audit/figures/csv/").status_code == 403


@pytest.mark.usefixtures("seen_once")
def test_the_number_of_queries_does_not_grow(mo: Client, shadyside: Site, radiologist_rao: User) -> None:
    def queries(by: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            _get(mo, "/audit/", {"year": 2025, "by": by})
        return len(seen)

    queries("all")  # the first request of a session writes down that it began
    before = {by: queries(by) for by in AUDIT_BREAKDOWNS}
    more = History(DAY, "0-AI", reader=radiologist_rao, readings=(Reading("5"),), tissue=(Tissue(),))
    write_histories(shadyside, [more] * 9, radiologist_rao)
    assert {by: queries(by) for by in AUDIT_BREAKDOWNS} == before


def test_the_generated_page_names_every_measure_and_is_current() -> None:
    call_command("audit_doc", check=True)


def test_the_command_refuses_an_unknown_site() -> None:
    with pytest.raises(CommandError, match="NOWHERE"):
        call_command("audit", year=2025, site=["NOWHERE"])


def test_the_page_opens_with_the_last_full_year_or_the_newest_that_has_screenings_and_says_so(
    mo: Client, shadyside: Site
) -> None:
    def shown() -> tuple[Any, Any]:
        context = _get(mo, "/audit/", {}).context
        return context["year"], context["empty_year"]

    assert shown() == (2025, 2026)
    page = _get(mo, "/audit/", {})
    assert "No screening of 2026 is here, so 2025 is shown." in page.content.decode()
    assert "year=2025" in page.context["file_urls"]["csv"]
    assert _get(mo, "/audit/", {"year": 2026}).context["empty_year"] is None
    write_histories(shadyside, [History(date(2026, 3, 2), Assessment.NEGATIVE)])
    assert shown() == (2026, None)
