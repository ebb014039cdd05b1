"""A reader's own recalls by period and outcome."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic.factories import UserFactory
from clinic.models import Site, User
from clinic.roles import Role
from recalls.enums import Assessment
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from tests.desk.conftest import ClientFor, page_text

TUESDAY_EVENING = datetime(2026, 11, 24, 22, 0, tzinfo=UTC)
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_tuesday_evening")]


@pytest.fixture
def _tuesday_evening() -> object:
    with time_machine.travel(TUESDAY_EVENING, tick=False):
        yield


def _read_by(reader: User, site: Site, *stories: str, **facts: Any) -> list[Recall]:
    return [RecallFactory.create(site=site, exam__reader=reader, **{story: True}, **facts) for story in stories]


def _get_page(client_for: ClientFor, user: User, **asked: str) -> Any:
    return client_for(user).get(reverse("my_recalls"), asked)


def _shown(page: Any) -> list[str]:
    return [row.url for row in page.context["rows"]]


def _counts(page: Any) -> dict[str, int]:
    return {str(line["label"]): line["count"] for line in page.context["result_links"] if line["count"]}


def test_each_recall_says_its_outcome_pathology_and_concordance(
    client_for: ClientFor, radiologist_rao: User, shadyside: Site
) -> None:
    _read_by(radiologist_rao, shadyside, "cancer", "benign_concordant", "closed_normal", "to_contact")
    rows = {row.status: row for row in _get_page(client_for, radiologist_rao).context["rows"]}
    cancer, benign = rows["Cancer, handed over to treatment"], rows["Biopsy benign and concordant"]
    assert (cancer.pathology, cancer.concordance) == ("Malignant, invasive", "Malignant")
    assert (benign.pathology, benign.concordance) == ("Benign", "Concordant benign")
    assert rows["Normal"].outcome == "1: Negative"
    assert (rows["To contact"].outcome, rows["To contact"].pathology) == ("", "")


def test_every_recall_is_counted_where_it_ended_or_stands(
    client_for: ClientFor, radiologist_rao: User, shadyside: Site
) -> None:
    stories = ("cancer", "benign_concordant", "closed_normal", "resolved_by_priors", "probably_benign", "lost", "void")
    _read_by(radiologist_rao, shadyside, *stories)
    assert _counts(_get_page(client_for, radiologist_rao)) == {
        "Called back": 7,
        "Still open": 1,
        "Normal, benign, or explained by prior images": 2,
        "In short-interval follow-up": 1,
        "Biopsy advised": 2,
        "Biopsy with a result": 2,
        "Cancer found": 1,
        "Ended without an answer": 1,
        "Voided: no recall after all": 1,
    }


def test_a_count_leads_to_its_recalls_and_each_recall_to_its_page(
    client_for: ClientFor, radiologist_rao: User, shadyside: Site
) -> None:
    cancer, _normal = _read_by(radiologist_rao, shadyside, "cancer", "closed_normal")
    page = _get_page(client_for, radiologist_rao, show="cancer")
    assert _shown(page) == [reverse("recall", args=[cancer.pk])]


def test_an_amended_outcome_counts_as_it_now_stands(
    client_for: ClientFor, radiologist_rao: User, shadyside: Site
) -> None:
    recall = _read_by(radiologist_rao, shadyside, "biopsy_to_book")[0]
    amended = {"assessment": "2", "telling": "now", "reason": "Seen again.", "version": recall.version, "key": "k"}
    client_for(radiologist_rao).post(reverse("step", args=[recall.pk, "amend_outcome"]), amended)
    page = _get_page(client_for, radiologist_rao)
    assert "Biopsy advised" not in _counts(page)
    assert page.context["rows"][0].outcome == "2: Benign"


def test_a_period_is_told_by_the_day_of_the_screening(
    client_for: ClientFor, radiologist_rao: User, shadyside: Site
) -> None:
    recent, older, old = (
        _read_by(radiologist_rao, shadyside, "closed_normal", ended_at=TUESDAY_EVENING - timedelta(days=days))[0]
        for days in (10, 200, 500)
    )
    for period, wanted in (("quarter", [recent]), ("year", [recent, older]), ("year-before", [old])):
        page = _get_page(client_for, radiologist_rao, period=period)
        assert _shown(page) == [reverse("recall", args=[recall.pk]) for recall in wanted]


def test_a_reader_sees_no_other_readers_recalls(client_for: ClientFor, radiologist_rao: User, shadyside: Site) -> None:
    colleague = UserFactory.create(role=Role.RADIOLOGIST, sites=[shadyside])
    _read_by(colleague, shadyside, "cancer")
    page = _get_page(client_for, radiologist_rao)
    assert (_shown(page), page.context["readers"]) == ([], [])
    assert _get_page(client_for, radiologist_rao, reader=str(colleague.pk)).status_code == 404


def test_a_manager_chooses_the_reader_and_sees_only_their_own_sites(
    client_for: ClientFor, radiologist_rao: User, manager_mo: User, shadyside: Site, foothills: Site
) -> None:
    radiologist_rao.sites.add(foothills)
    here = _read_by(radiologist_rao, shadyside, "cancer")[0]
    _read_by(radiologist_rao, foothills, "cancer")
    elsewhere = UserFactory.create(role=Role.RADIOLOGIST, sites=[foothills])
    assert "Choose a reader." in page_text(_get_page(client_for, manager_mo))
    page = _get_page(client_for, manager_mo, reader=str(radiologist_rao.pk))
    assert _shown(page) == [reverse("recall", args=[here.pk])]
    assert page.context["readers"] == [radiologist_rao]
    assert _get_page(client_for, manager_mo, reader=str(elsewhere.pk)).status_code == 404


def test_a_long_list_is_paged_without_a_gap(client_for: ClientFor, radiologist_rao: User, shadyside: Site) -> None:
    recalls = _read_by(radiologist_rao, shadyside, *["closed_normal"] * 28)
    browser = client_for(radiologist_rao)
    page: Any = browser.get(reverse("my_recalls"))
    rest: Any = browser.get(reverse("my_recalls") + page.context["next_page_url"])
    seen = [*_shown(page), *_shown(rest)]
    assert len(_shown(page)) == 25
    assert sorted(seen) == sorted(reverse("recall", args=[recall.pk]) for recall in recalls)
    assert rest.context["next_page_url"] == ""


@pytest.mark.parametrize("asked", [{"period": "ever"}, {"show": "everything"}, {"reader": "1; drop"}])
def test_an_address_that_names_nothing_is_not_found(
    asked: dict[str, str], client_for: ClientFor, radiologist_rao: User
) -> None:
    answer: HttpResponse = _get_page(client_for, radiologist_rao, **asked)
    assert answer.status_code == 404


def test_an_exam_without_a_readers_account_is_nobodys(
    client_for: ClientFor, radiologist_rao: User, shadyside: Site
) -> None:
    RecallFactory.create(site=shadyside, exam__assessment=Assessment.NEED_IMAGING, exam__reader_name="Dr. Rao")
    assert _shown(_get_page(client_for, radiologist_rao)) == []


def test_the_page_asks_the_same_number_of_questions_for_one_recall_and_for_several(
    client_for: ClientFor, radiologist_rao: User, shadyside: Site
) -> None:
    browser, address = client_for(radiologist_rao), reverse("my_recalls")
    counted = []
    for _round in range(2):
        _read_by(radiologist_rao, shadyside, "cancer", "closed_normal")
        browser.get(address)
        with CaptureQueriesContext(connection) as taken:
            browser.get(address)
        counted.append(len(taken))
    # Session, person, exams, recalls, rows, findings, outcomes, tissue, verdicts, access log.
    assert counted == [10, 10]
