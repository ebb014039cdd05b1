"""The odd happenings of a scheduler's calls, each in five clicks or fewer from the page of the recall."""

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from clinic.models import Site, User
from recalls.enums import ClosureReason, FindingKind, Side, WorkItemKind
from recalls.models import ContactAttempt, Recall, WorkItem
from recalls.testing.factories import ExamFactory, RecallFactory
from tests.browser.conftest import MOST_CLICKS, Clicks

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
OpenRecall = Callable[[Recall], Page]


@pytest.fixture
def open_recall(sign_in: Callable[[User], Page], live_server: LiveServer, scheduler_ana: User) -> OpenRecall:
    def go(recall: Recall) -> Page:
        page = sign_in(scheduler_ana)
        page.goto(live_server.url + reverse("recall", args=[recall.pk]))
        return page

    return go


def test_a_need_for_an_interpreter_is_logged_and_known_from_then_on(
    open_recall: OpenRecall, shadyside: Site, clicks: Clicks
) -> None:
    recall = RecallFactory.create(site=shadyside)
    page = open_recall(recall)
    clicks.click(page.locator(".call-form label", has_text="Needs an interpreter"))
    clicks.click(page.get_by_role("button", name="Save and stay"))
    expect(page.get_by_text("interpreter needed").first).to_be_visible()
    recall.patient.refresh_from_db()
    assert recall.patient.interpreter_needed
    assert WorkItem.objects.filter(recall=recall, kind=WorkItemKind.INTERPRETER, done_at=None).exists()
    assert clicks.count <= MOST_CLICKS


def test_a_patient_booked_elsewhere_is_transferred_and_their_report_is_asked_for(
    open_recall: OpenRecall, shadyside: Site, clicks: Clicks
) -> None:
    recall = RecallFactory.create(site=shadyside)
    page = open_recall(recall)
    clicks.click(page.get_by_role("link", name="Transfer").first)
    page.fill("[name=facility]", "Hillside Sample Imaging")
    page.fill("[name=note]", "The patient says: Tuesday, 9 am.")
    clicks.click(page.locator("form.step-form button[type=submit]").first)
    page.wait_for_load_state()
    recall.refresh_from_db()
    assert recall.closure_reason == ClosureReason.TRANSFERRED
    assert recall.report_requests.filter(facility="Hillside Sample Imaging", closed_at=None).exists()
    assert clicks.count <= MOST_CLICKS


def test_results_go_to_another_doctor_from_now_on(open_recall: OpenRecall, shadyside: Site, clicks: Clicks) -> None:
    recall = RecallFactory.create(site=shadyside)
    page = open_recall(recall)
    clicks.click(page.locator("details.edit-contact > summary"))
    clicks.click(page.locator("details.edit-contact details > summary"))
    page.fill("[name=contact-referrer_name]", "Dr. Example-Yew")
    page.fill("[name=contact-referrer_npi]", "")
    clicks.click(page.get_by_role("button", name="Save contact"))
    expect(page.locator("#reach [role=status]")).to_contain_text("Referring provider")
    recall.exam.refresh_from_db()
    assert recall.exam.referrer is not None
    assert recall.exam.referrer.name == "Dr. Example-Yew"
    assert clicks.count <= MOST_CLICKS


def test_one_call_for_two_recalls_of_a_patient_is_logged_for_both(
    open_recall: OpenRecall, shadyside: Site, clicks: Clicks
) -> None:
    recall = RecallFactory.create(site=shadyside)
    other = RecallFactory.create(exam=ExamFactory.create(patient=recall.patient))
    page = open_recall(recall)
    expect(page.get_by_role("link", name="screening of").first).to_be_visible()
    clicks.click(page.locator(".call-form label", has_text="No answer"))
    clicks.click(page.get_by_role("button", name="Save and stay"))
    page.wait_for_load_state()
    clicks.click(page.get_by_role("link", name="screening of").first)
    page.wait_for_url(f"**/recalls/{other.pk}/**")
    assert set(ContactAttempt.objects.values_list("recall_id", "result")) == {
        (recall.pk, "no_answer"),
        (other.pk, "no_answer"),
    }
    assert clicks.count <= MOST_CLICKS


def test_what_did_you_see_is_answered_from_the_script_or_passed_on_to_the_doctor(
    open_recall: OpenRecall, shadyside: Site, clicks: Clicks
) -> None:
    exam = ExamFactory.create(patient__site=shadyside, findings=[(FindingKind.MASS, Side.LEFT)])
    recall = RecallFactory.create(exam=exam)
    page = open_recall(recall)
    clicks.click(page.locator("details.script > summary"))
    expect(page.get_by_text("What did you see?")).to_be_visible()
    clicks.click(page.get_by_role("link", name="Ask the doctor to call").first)
    page.fill("[name=note]", "Is it the same lump as in 2019?")
    clicks.click(page.locator("form.step-form button[type=submit]").first)
    page.wait_for_load_state()
    task = WorkItem.objects.get(recall=recall, kind=WorkItemKind.DOCTOR_QUESTION)
    assert "the same lump" in task.reason
    assert clicks.count <= MOST_CLICKS
