"""Tests that one task is open for one purpose, and that every reason for it can be read there."""

import pytest

from clinic.factories import get_site_staff
from clinic.models import Site
from notifications.models import LaySummary
from notifications.planning.lay_summaries.work_items import TaskRequest, open_tasks
from patients.models import ContactPoint
from recalls import actions
from recalls.actions import ContactAttemptInput
from recalls.enums import ContactChannel, ContactResult, WorkItemKind
from recalls.models import Recall, WorkItem
from recalls.testing.factories import RecallFactory

pytestmark = pytest.mark.django_db

WRONG_HOME = ContactAttemptInput(ContactChannel.PHONE, ContactResult.WRONG_NUMBER, point_kind=ContactPoint.Kind.HOME)


def test_a_second_reason_for_an_open_task_stands_before_the_first(shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside)
    actions.open_work_item(recall, WorkItemKind.VERIFY_CONTACT, "The letter came back.")
    actions.log_contact(recall, WRONG_HOME, by=get_site_staff(shadyside).scheduler)
    item = recall.work_items.get()
    assert item.reasons == ["A call reached a wrong number.", "The letter came back."]


def test_a_reason_given_again_is_said_once_and_first(shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside)
    for reason in ("First.", "Second.", "First."):
        item = actions.open_work_item(recall, WorkItemKind.INTERPRETER, reason)
    assert item.reasons == ["First.", "Second."]


def test_a_task_that_was_done_does_not_take_a_later_reason(shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside)
    done = actions.open_work_item(recall, WorkItemKind.INTERPRETER, "Asked on the phone.")
    actions.finish_work_item(done, by=get_site_staff(shadyside).scheduler)
    actions.open_work_item(recall, WorkItemKind.INTERPRETER, "Asked again.")
    assert [item.reason for item in recall.work_items.all()] == ["Asked on the phone.", "Asked again."]


def test_a_step_taken_back_takes_its_reason_back_and_leaves_the_others(shadyside: Site) -> None:
    recall, ana = RecallFactory.create(site=shadyside), get_site_staff(shadyside).scheduler
    actions.open_work_item(recall, WorkItemKind.VERIFY_CONTACT, "The letter came back.")
    actions.log_contact(recall, WRONG_HOME, by=ana)
    actions.undo(recall, by=ana)
    item = recall.work_items.get()
    assert (item.reasons, item.done_at) == (["The letter came back."], None)


def test_a_task_never_says_more_than_its_column_holds(shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside)
    for number in range(8):
        item = actions.open_work_item(recall, WorkItemKind.VERIFY_CONTACT, f"{number} " + "w" * 280)
    assert len(WorkItem.objects.get(pk=item.pk).reason) <= WorkItem.REASON_LENGTH
    assert item.reason.startswith("7 ")


def test_tasks_about_a_patient_without_recall_join_too(shadyside: Site) -> None:
    patient = RecallFactory.create(site=shadyside, closed_benign=True).patient
    actions.open_task_about(patient, WorkItemKind.VERIFY_CONTACT, "One.")
    item = actions.open_task_about(patient, WorkItemKind.VERIFY_CONTACT, "Two.")
    assert (item.recall, item.reasons) == (None, ["Two.", "One."])


@pytest.mark.parametrize("story", ["to_contact", "closed_benign"])
def test_reasons_that_come_in_bulk_join_as_well(shadyside: Site, story: str) -> None:
    recall: Recall = RecallFactory.create(site=shadyside, **({story: True} if story != "to_contact" else {}))
    summary = LaySummary(site=shadyside, exam=recall.exam)
    requests = [
        TaskRequest(summary, recall.exam, WorkItemKind.UNDELIVERABLE_MESSAGE, reason) for reason in ("One.", "Two.")
    ]
    open_tasks(requests)
    open_tasks(requests)
    (item,) = WorkItem.objects.filter(patient=recall.patient, kind=WorkItemKind.UNDELIVERABLE_MESSAGE)
    assert set(item.reasons) == {"One.", "Two."}
