"""What is done from a task's own link closes the task, and what does not do it leaves it open."""

import pytest
from django.urls import reverse

from clinic.models import Site, User
from recalls import actions
from recalls.actions import Slot
from recalls.enums import WorkItemKind
from recalls.models import Recall, WorkItem
from recalls.testing.factories import RecallFactory
from tests.desk.conftest import ClientFor, client_for
from tests.rules.step_actions import tomorrow_at_ten

__all__ = ["client_for"]
pytestmark = pytest.mark.django_db


def _settle(browser_for: ClientFor, user: User, task: WorkItem, result: str) -> bool:
    """Whether the task is done after a call logged from its link in the list."""
    browser = browser_for(user)
    rows = browser.get(reverse("work_items")).context["work_items"]
    (link,) = [row.settle_url for row in rows if row.pk == task.pk]
    form = browser.get(link).context["form"]
    sent = {field.name: field.value() for field in form if field.value() not in (None, "", False)}
    assert browser.post(link, sent | {"result": result}).status_code == 302
    task.refresh_from_db()
    return task.done_at is not None


@pytest.mark.parametrize(("result", "done"), [("reached_calls_back", True), ("refused", True), ("no_answer", False)])
def test_a_request_is_settled_by_reaching_the_patient_from_it(
    result: str, done: bool, client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside)
    task = actions.open_work_item(recall, WorkItemKind.PATIENT_REQUEST, "Another time.")
    assert _settle(client_for, scheduler_ana, task, result) == done


def test_a_question_for_the_doctor_is_not_settled_by_a_scheduler(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside)
    task = actions.open_work_item(recall, WorkItemKind.DOCTOR_QUESTION, "Is it bad?")
    assert not _settle(client_for, scheduler_ana, task, "reached_calls_back")


def test_a_task_of_another_recall_is_not_closed_by_its_number(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    recall, other = RecallFactory.create(site=shadyside), RecallFactory.create(site=shadyside)
    task = actions.open_work_item(other, WorkItemKind.PATIENT_REQUEST, "Another time.")
    address = f"{reverse('step', args=[recall.pk, 'add_note'])}?task={task.pk}"
    browser = client_for(scheduler_ana)
    sent = {field.name: field.value() for field in browser.get(address).context["form"] if field.value()}
    assert browser.post(address, sent | {"note": "Seen."}).status_code == 302
    task.refresh_from_db()
    assert task.done_at is None


def test_booking_with_an_interpreter_settles_the_task_to_book_one(scheduler_ana: User, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside)
    actions.open_work_item(recall, WorkItemKind.INTERPRETER, "Speaks Polish.")
    fresh = Recall.objects.select_related("site", "patient").get(pk=recall.pk)
    actions.book_appointment(fresh, Slot(fresh.site, tomorrow_at_ten(fresh.site), interpreter=True), by=scheduler_ana)
    assert not WorkItem.objects.filter(recall=recall, done_at=None).exists()
