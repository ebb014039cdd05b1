"""Which small tasks are open, and who ticks them off?"""

import pytest
from django.urls import reverse

from clinic.models import Site, User
from recalls.actions import finish_work_item, open_patient_work_item
from recalls.factories import RecallFactory
from recalls.permissions import NotPermitted
from recalls.states import WorkItemKind
from tests.desk.conftest import SignIn, words

pytestmark = pytest.mark.django_db


def test_a_task_says_what_why_and_for_whom_and_leads_to_her(
    at_desk: SignIn, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, wrong_number=True, patient__family_name="Sample-Oak")
    page = words(at_desk(scheduler_ana).get(reverse("work")))
    for said in ("Check phone or email", "A call reached a wrong number.", "Sample-Oak, Testa"):
        assert said in page
    assert f'href="{reverse("recall", args=[recall.pk])}"' in page


def test_a_task_about_a_patient_without_a_recall_is_there_too(
    at_desk: SignIn, scheduler_ana: User, shadyside: Site
) -> None:
    patient = RecallFactory.create(site=shadyside, closed_normal=True).patient
    open_patient_work_item(patient, WorkItemKind.VERIFY_CONTACT, "The address in the file has no street.")
    assert "The address in the file has no street." in words(at_desk(scheduler_ana).get(reverse("work")))


def test_a_task_that_is_done_leaves_the_list(at_desk: SignIn, scheduler_ana: User, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, wrong_number=True)
    task, browser = recall.work_items.get(), at_desk(scheduler_ana)
    assert browser.post(reverse("work_done", args=[task.pk])).headers["Location"] == reverse("work")
    page = words(browser.get(reverse("work")))
    assert "Done: Check phone or email." in page
    assert "No task is open." in page


def test_ticked_off_on_the_recalls_page_she_stays_there(at_desk: SignIn, scheduler_ana: User, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, wrong_number=True)
    answer = at_desk(scheduler_ana).post(
        reverse("work_done", args=[recall.work_items.get().pk]), {"recall": str(recall.pk)}
    )
    assert answer.headers["Location"] == reverse("recall", args=[recall.pk])


def test_pages_of_tasks_follow_each_other(at_desk: SignIn, scheduler_ana: User, shadyside: Site) -> None:
    recalls = RecallFactory.create_batch(27, site=shadyside)
    for recall in recalls:
        open_patient_work_item(recall.patient, WorkItemKind.VERIFY_CONTACT, "Check.")
    browser = at_desk(scheduler_ana)
    first = browser.get(reverse("work"))
    second = browser.get(reverse("work") + first.context["older"])
    names = [task.name for page in (first, second) for task in page.context["tasks"]]
    assert sorted(names) == sorted(str(recall.patient) for recall in recalls)
    assert second.context["older"] == ""


def test_a_task_of_another_site_is_not_ticked_off_whatever_asks_for_it(stranger: User, shadyside: Site) -> None:
    task = RecallFactory.create(site=shadyside, wrong_number=True).work_items.get()
    with pytest.raises(NotPermitted):
        finish_work_item(task, by=stranger)
    task.refresh_from_db()
    assert task.done_at is None
