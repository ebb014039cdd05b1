"""What the page of a recall says of lesions, results told, outside reports and other recalls, and to whom."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from clinic.factories import get_site_staff
from clinic.models import AccessLog, Site, User
from patients.factories import PatientFactory
from recalls import actions
from recalls.models import OutsideReport, Recall
from recalls.testing.factories import ExamFactory, RecallFactory
from tests.desk.conftest import ClientFor, StepFormClient, page_text

TUESDAY_MORNING = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_tuesday_morning")]


@pytest.fixture
def _tuesday_morning() -> object:
    with time_machine.travel(TUESDAY_MORNING, tick=False):
        yield


def _page(client_for: ClientFor, user: User, recall: Recall) -> str:
    return page_text(client_for(user).get(reverse("recall", args=[recall.pk])))


def test_the_page_shows_each_lesion_with_its_stage_what_was_told_and_who_took_over(
    client_for: ClientFor, navigator_nia: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, cancer=True)
    page = _page(client_for, navigator_nia, recall)
    for said in (
        "1: right, calcifications", "4B: Suspicious, moderate suspicion", "Malignant, invasive", "signed by",
        "Settled", "What the patient was told", "understood: Asked when, and how long it takes.",
        "Dr. Sample-Surgeon, Hillside Sample Hospital",
    ):  # fmt: skip
        assert said in page


def test_the_history_says_how_a_result_was_told_and_what_an_outside_report_was_about(
    client_for: ClientFor, navigator_nia: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, transferred=True)
    typed = {"kind": "imaging", "facility": "Hillside Clinic", "performed_on": "2026-11-24", "source": "fax"}
    form = StepFormClient(client_for(navigator_nia), recall, "record_outside")
    form.send(**typed, assessment="2", told_there="Dr. Sample-Ash")
    story = _page(client_for, navigator_nia, recall).partition("History, newest first")[2]
    for said in ("Imaging work-up, Hillside Clinic", "told: By the clinic that did the test, Dr. Sample-Ash"):
        assert said in story


def _report_with_file(client_for: ClientFor, user: User, site: Site) -> OutsideReport:
    recall = RecallFactory.create(site=site, transferred=True)
    file = SimpleUploadedFile("report.pdf", b"%PDF-1.4 a scanned page")
    StepFormClient(client_for(user), recall, "record_outside").send(
        kind="imaging", facility="Hillside Clinic", performed_on="2026-11-24", source="fax", assessment="2", file=file
    )
    return OutsideReport.objects.get(recall=recall)


def test_an_outside_report_is_given_out_as_a_download_only_and_the_look_is_logged(
    client_for: ClientFor, navigator_nia: User, shadyside: Site
) -> None:
    report = _report_with_file(client_for, navigator_nia, shadyside)
    address = reverse("outside_report", args=[report.recall_id, report.pk])
    assert address in _page(client_for, navigator_nia, report.recall)
    answer: Any = client_for(navigator_nia).get(address)
    assert b"".join(answer.streaming_content) == b"%PDF-1.4 a scanned page"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="report.pdf"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    seen = AccessLog.objects.filter(page="outside report", user=navigator_nia)
    assert seen.get().patient_id == report.recall.patient_id


def test_an_outside_report_is_given_out_to_nobody_of_another_site_or_role(
    client_for: ClientFor, navigator_nia: User, other_site_scheduler: User, administrator_ada: User, shadyside: Site
) -> None:
    report = _report_with_file(client_for, navigator_nia, shadyside)
    other = RecallFactory.create(site=shadyside)
    address = reverse("outside_report", args=[report.recall_id, report.pk])
    assert client_for(other_site_scheduler).get(address).status_code == 404
    assert client_for(administrator_ada).get(address).status_code == 403
    wrong = reverse("outside_report", args=[other.pk, report.pk])
    assert client_for(navigator_nia).get(wrong).status_code == 404


def test_two_open_recalls_of_one_patient_know_of_each_other(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    first = RecallFactory.create(site=shadyside)
    second = RecallFactory.create(exam=ExamFactory.create(patient=first.patient, received_at=timezone.now()))
    page = _page(client_for, scheduler_ana, first)
    assert "Also open:" in page
    assert reverse("recall", args=[second.pk]) in page
    assert "one call serves both" in page
    actions.void(second, by=get_site_staff(shadyside).radiologist, note="Opened in error.")
    assert "Also open:" not in _page(client_for, scheduler_ana, first)


def test_a_moved_exam_is_hidden_from_the_wrong_patients_page_which_lists_what_they_were_told(
    client_for: ClientFor, navigator_nia: User, manager_mo: User, shadyside: Site
) -> None:
    right = PatientFactory.create(site=shadyside, mrn="T-1", birth_date=date(1970, 3, 1))
    recall = RecallFactory.create(site=shadyside, cancer=True, ended_at=timezone.now() - timedelta(days=1))
    StepFormClient(client_for(manager_mo), recall, "move_exam").send(
        mrn="T-1", birth_date="1970-03-01", note="Filed under the wrong person."
    )
    page = _page(client_for, navigator_nia, recall)
    for said in ("The exam was moved to the patient it belongs to", "By phone, ", "Phone call: Reached, ready to book"):
        assert said in page
    for hidden in ("Calcifications", "4B: Suspicious", "Malignant, invasive", recall.exam.accession, right.mrn):
        assert hidden not in page


def test_the_wishes_about_results_stand_at_the_head_of_the_page(
    client_for: ClientFor, navigator_nia: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside)
    StepFormClient(client_for(navigator_nia), recall, "record_wishes").send(
        channel="in_person", proxy_name="Sam Sample", wish="Not by letter."
    )
    assert "In person, through Sam Sample" in _page(client_for, navigator_nia, recall)


def test_the_chase_list_groups_what_is_owed_by_institution_and_logs_each_asking(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    first, second = RecallFactory.create_batch(2, site=shadyside, transferred=True)
    browser, address = client_for(scheduler_ana), reverse("report_requests")
    (group,) = browser.get(address).context["groups"]
    assert (group.facility, len(group.rows)) == ("Hillside Sample Clinic", 2)
    assert "555" in group.phones
    answer = StepFormClient(browser, first, "ask_report", address).send(note="Fax promised.")
    assert answer.headers["Location"].startswith(address)
    (group,) = browser.get(address).context["groups"]
    asked = {row.url: (row.times_asked, row.is_past) for row in group.rows}
    assert asked[reverse("recall", args=[first.pk])] == ("asked 1 time", False)
    assert asked[reverse("recall", args=[second.pk])] == ("not asked yet", False)
    with time_machine.travel(timezone.now() + timedelta(days=20), tick=False):
        (group,) = client_for(scheduler_ana).get(address).context["groups"]
        assert [row.is_past for row in group.rows] == [True, True]


def test_the_chase_list_is_paged_without_a_gap(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recalls.selectors.report_requests.PAGE_SIZE", 2)
    recalls = RecallFactory.create_batch(5, site=shadyside, transferred=True)
    seen, address, browser = [], reverse("report_requests"), client_for(scheduler_ana)
    more = ""
    for _page_number in range(3):
        page = browser.get(f"{address}{more}")
        seen += [row.url for group in page.context["groups"] for row in group.rows]
        more = page.context["next_page_url"]
    assert (seen, more) == ([reverse("recall", args=[recall.pk]) for recall in recalls], "")
