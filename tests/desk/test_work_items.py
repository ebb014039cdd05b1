"""The list of work items, and marking one as done."""

import pytest
from django.urls import reverse

from clinic.models import Site, User
from recalls.actions import finish_work_item, open_patient_work_item
from recalls.enums import WorkItemKind
from recalls.permissions import NotPermitted
from recalls.testing.factories import RecallFactory
from tests.desk.conftest import ClientFor, linked_url, page_text

pytestmark = pytest.mark.django_db


def test_a_work_item_shows_kind_reason_and_patient_and_links_to_the_recall(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, wrong_number=True, patient__family_name="Sample-Oak")
    response = client_for(scheduler_ana).get(reverse("work_items"))
    page = page_text(response)
    for said in ("Check phone or email", "A call reached a wrong number.", "Sample-Oak, Testa"):
        assert said in page
    assert linked_url(response, reverse("recall", args=[recall.pk]))


def test_a_task_about_a_patient_without_a_recall_is_there_too(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    patient = RecallFactory.create(site=shadyside, closed_normal=True).patient
    open_patient_work_item(patient, WorkItemKind.VERIFY_CONTACT, "The address in the file has no street.")
    assert "The address in the file has no street." in page_text(client_for(scheduler_ana).get(reverse("work_items")))


def test_a_task_that_is_done_leaves_the_list(client_for: ClientFor, scheduler_ana: User, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, wrong_number=True)
    task, browser = recall.work_items.get(), client_for(scheduler_ana)
    assert browser.post(reverse("work_item_done", args=[task.pk])).headers["Location"] == reverse("work_items")
    page = page_text(browser.get(reverse("work_items")))
    assert "Done: Check phone or email." in page
    assert "No task is open." in page


def test_a_work_item_done_on_the_recall_page_stays_on_that_page(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, wrong_number=True)
    answer = client_for(scheduler_ana).post(
        reverse("work_item_done", args=[recall.work_items.get().pk]), {"recall": str(recall.pk)}
    )
    assert answer.headers["Location"] == reverse("recall", args=[recall.pk])


def test_pages_of_tasks_follow_each_other(client_for: ClientFor, scheduler_ana: User, shadyside: Site) -> None:
    recalls = RecallFactory.create_batch(27, site=shadyside)
    for recall in recalls:
        open_patient_work_item(recall.patient, WorkItemKind.VERIFY_CONTACT, "Check.")
    browser = client_for(scheduler_ana)
    first = browser.get(reverse("work_items"))
    second = browser.get(reverse("work_items") + first.context["next_page_url"])
    names = [task.name for page in (first, second) for task in page.context["work_items"]]
    assert sorted(names) == sorted(str(recall.patient) for recall in recalls)
    assert second.context["next_page_url"] == ""


def test_a_task_of_another_site_is_not_ticked_off_whatever_asks_for_it(
    other_site_scheduler: User, shadyside: Site
) -> None:
    task = RecallFactory.create(site=shadyside, wrong_number=True).work_items.get()
    with pytest.raises(NotPermitted):
        finish_work_item(task, by=other_site_scheduler)
    task.refresh_from_db()
    assert task.done_at is None
