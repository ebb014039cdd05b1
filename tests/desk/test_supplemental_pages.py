"""The pages of supplemental screening: the list, one test, and an entry by hand."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from clinic import calendar
from clinic.actors import INTAKE
from clinic.models import AccessLog, Site, User
from patients.actions import record_death
from recalls.actions.supplemental import SupplementalInput, advise_supplemental, record_supplemental
from recalls.enums import Assessment, Density, State, SupplementalTest
from recalls.models import ScreeningExam, SupplementalScreening
from recalls.testing.factories import ExamFactory
from tests.desk.conftest import ClientFor, page_text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("seen_once")]


@pytest.fixture
def dense_exam(shadyside: Site) -> ScreeningExam:
    return ExamFactory.create(patient__site=shadyside, negative=True, density=Density.C)


@pytest.fixture
def advised(dense_exam: ScreeningExam) -> SupplementalScreening:
    return advise_supplemental(dense_exam, SupplementalTest.ULTRASOUND, by=INTAKE)


def _advise(site: Site, count: int, due_on: date | None = None) -> None:
    for _ in range(count):
        exam = ExamFactory.create(patient__site=site, negative=True)
        advise_supplemental(exam, SupplementalTest.MRI, by=INTAKE, advised_on=exam.exam_date, due_on=due_on)


def _names(page: Any) -> list[str]:
    return [row.name for row in page.context["rows"]]


def test_what_is_due_first_stands_first_and_other_sites_tests_are_not_there(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site, foothills: Site, advised: SupplementalScreening
) -> None:
    _advise(foothills, 1)
    soon = ExamFactory.create(patient__site=shadyside, negative=True)
    advise_supplemental(soon, SupplementalTest.CEM, by=INTAKE, due_on=advised.due_on - timedelta(days=30))
    page = client_for(scheduler_ana).get(reverse("supplemental"))
    assert _names(page) == [str(soon.patient), str(advised.patient)]
    assert "Supplemental contrast mammography" in page_text(page)


def test_pages_follow_each_other_also_where_many_are_due_on_one_day(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    _advise(shadyside, 27)
    browser = client_for(scheduler_ana)
    first = browser.get(reverse("supplemental"))
    second = browser.get(reverse("supplemental") + first.context["next_page_url"])
    assert (len(_names(first)), len(_names(second)), second.context["next_page_url"]) == (25, 2, "")
    shown = [row.url for page in (first, second) for row in page.context["rows"]]
    assert len(set(shown)) == 27


def test_the_list_asks_the_same_number_of_questions_for_one_row_and_for_many(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site, django_assert_num_queries: Any
) -> None:
    browser, url = client_for(scheduler_ana), reverse("supplemental")
    browser.get(url)
    for count in (1, 10):
        _advise(shadyside, count)
        with django_assert_num_queries(6):  # session, user with roles and sites, hours, closed days, rows, access log
            browser.get(url)


def test_a_patient_who_has_died_is_on_no_list(
    client_for: ClientFor, scheduler_ana: User, advised: SupplementalScreening
) -> None:
    record_death(advised.patient, calendar.today(advised.site), by=scheduler_ana)
    page = client_for(scheduler_ana).get(reverse("supplemental"))
    assert "No supplemental test is waiting to be done." in page_text(page)


def test_looking_at_a_test_is_put_down_in_the_access_log(
    client_for: ClientFor, scheduler_ana: User, advised: SupplementalScreening, other_site_scheduler: User
) -> None:
    url = reverse("supplemental_test", args=[advised.pk])
    page = page_text(client_for(scheduler_ana).get(url))
    assert advised.patient.full_name in page
    assert "c: heterogeneously dense" in page
    seen = AccessLog.objects.get()
    assert (seen.user, seen.page, seen.patient_id) == (scheduler_ana, "supplemental", advised.patient.pk)
    assert client_for(other_site_scheduler).get(url).status_code == 404
    assert AccessLog.objects.count() == 1


def test_a_test_is_entered_by_accession_and_birth_date(
    client_for: ClientFor, radiologist_rao: User, dense_exam: ScreeningExam
) -> None:
    browser, url = client_for(radiologist_rao), reverse("supplemental_add")
    typed = {"accession": dense_exam.accession, "birth_date": "1950-01-01", "kind": "ultrasound", "note": ""}
    assert "No exam at your sites has this accession and birth date." in page_text(browser.post(url, typed))
    typed["birth_date"] = f"{dense_exam.patient.birth_date:%Y-%m-%d}"
    answer = browser.post(url, typed)
    row = SupplementalScreening.objects.get()
    assert answer.headers["Location"] == reverse("supplemental_test", args=[row.pk])
    assert (row.exam, row.advised_by) == (dense_exam, "Dr. Rao Example-Radiologist")
    assert "This test is already advised after this exam." in page_text(browser.post(url, typed))


def test_an_exam_of_another_site_is_not_found(
    client_for: ClientFor, other_site_scheduler: User, dense_exam: ScreeningExam
) -> None:
    typed = {
        "accession": dense_exam.accession,
        "birth_date": f"{dense_exam.patient.birth_date:%Y-%m-%d}",
        "kind": "mri",
    }
    page = page_text(client_for(other_site_scheduler).post(reverse("supplemental_add"), typed))
    assert "No exam at your sites" in page
    assert not SupplementalScreening.objects.exists()


def test_a_result_that_needs_more_work_leads_to_its_recall(
    client_for: ClientFor, radiologist_rao: User, advised: SupplementalScreening
) -> None:
    browser, url = client_for(radiologist_rao), reverse("supplemental_test", args=[advised.pk])
    today = f"{timezone.localtime(timezone=advised.site.zone):%Y-%m-%d}"
    assert "Choose the result." in page_text(browser.post(url, {"answer": "result", "done_on": today}))
    assert "Say on which day" in page_text(browser.post(url, {"answer": "to_read"}))
    answer = browser.post(url, {"answer": "result", "done_on": today, "result": "4B"})
    advised.refresh_from_db()
    assert advised.recall is not None
    assert answer.headers["Location"] == reverse("recall", args=[advised.recall.pk])
    assert advised.recall.state == State.TO_CONTACT
    recall_page = page_text(browser.get(answer.headers["Location"]))
    assert "Supplemental ultrasound: 4B: Suspicious, moderate suspicion" in recall_page
    assert "Result of a supplemental test" in recall_page
    assert 'name="answer"' not in page_text(browser.get(url))


def test_a_negative_result_leaves_the_list(
    client_for: ClientFor, scheduler_ana: User, advised: SupplementalScreening
) -> None:
    browser, url = client_for(scheduler_ana), reverse("supplemental_test", args=[advised.pk])
    today = f"{timezone.localtime(timezone=advised.site.zone):%Y-%m-%d}"
    answer = browser.post(url, {"answer": "result", "done_on": today, "result": Assessment.NEGATIVE.value})
    assert answer.headers["Location"] == reverse("supplemental")
    assert _names(browser.get(reverse("supplemental"))) == []


def test_a_manager_looks_and_enters_nothing(
    client_for: ClientFor, manager_mo: User, advised: SupplementalScreening
) -> None:
    browser = client_for(manager_mo)
    assert "Add a test" not in page_text(browser.get(reverse("supplemental")))
    url = reverse("supplemental_test", args=[advised.pk])
    assert 'name="answer"' not in page_text(browser.get(url))
    browser.post(url, {"answer": "declined", "note": "They said no."})
    advised.refresh_from_db()
    assert advised.status == "advised"


def test_the_queue_counts_the_days_from_the_supplemental_result(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    exam = ExamFactory.create(patient__site=shadyside, negative=True, received_at=timezone.now() - timedelta(days=90))
    row = advise_supplemental(exam, SupplementalTest.ULTRASOUND, by=INTAKE)
    done_on = timezone.localtime(timezone=shadyside.zone).date()
    record_supplemental(row.pk, SupplementalInput(done_on, Assessment.NEED_IMAGING), by=scheduler_ana)
    page = client_for(scheduler_ana).get(reverse("queue"))
    rows = [*page.context["due"], *page.context["not_due"]]
    assert [(one.name, one.resolution.short_text) for one in rows] == [(str(exam.patient), "Day 0 of 60")]
