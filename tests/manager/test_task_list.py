"""Holds that a task has a due time, an owner, a phone and the page that settles it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from time_machine import TimeMachineFixture

from clinic.models import AccessLog, Site, User
from recalls import actions
from recalls.enums import WorkItemKind
from recalls.models import WorkItem
from recalls.presenters.work_items import SETTLED_BY, WorkItemRow
from recalls.testing.factories import RecallFactory
from tests.support.admin_pages import signed_in_client

TUESDAY = datetime(2026, 3, 17, 15, 0, tzinfo=UTC)  # 11 am in Pittsburgh
pytestmark = pytest.mark.django_db
TASKS = "/work/"


@pytest.fixture(autouse=True)
def _on_tuesday(time_machine: TimeMachineFixture) -> None:
    time_machine.move_to(TUESDAY, tick=False)


def _task(site: Site, kind: WorkItemKind = WorkItemKind.VERIFY_CONTACT) -> WorkItem:
    return actions.open_work_item(RecallFactory.create(site=site), kind, "Look.")


def _rows(client: Client, **asked: str) -> list[WorkItemRow]:
    rows: list[WorkItemRow] = client.get(TASKS, asked).context["work_items"]
    return rows


@pytest.mark.parametrize(
    ("kind", "now", "due"),
    [
        (WorkItemKind.PATIENT_REQUEST, TUESDAY, datetime(2026, 3, 17, 21, 0, tzinfo=UTC)),
        (WorkItemKind.PATIENT_REQUEST, datetime(2026, 3, 17, 22, 0, tzinfo=UTC), datetime(2026, 3, 18, 21, tzinfo=UTC)),
        (WorkItemKind.PRINT_LETTER, TUESDAY, datetime(2026, 3, 18, 21, 0, tzinfo=UTC)),
        (WorkItemKind.PRINT_LETTER, datetime(2026, 3, 20, 15, tzinfo=UTC), datetime(2026, 3, 23, 21, tzinfo=UTC)),
    ],
)
def test_a_patients_request_is_due_the_same_day_and_all_else_the_next_open_day(
    kind: WorkItemKind, now: datetime, due: datetime, shadyside: Site, time_machine: TimeMachineFixture
) -> None:
    time_machine.move_to(now, tick=False)
    assert _task(shadyside, kind).due_at == due


def test_the_first_due_stands_first_and_the_overdue_are_marked(scheduler_ana: User, shadyside: Site) -> None:
    later, sooner = _task(shadyside), _task(shadyside, WorkItemKind.PATIENT_REQUEST)
    WorkItem.objects.filter(pk=later.pk).update(due_at=TUESDAY - timedelta(days=2))
    rows = _rows(signed_in_client(scheduler_ana))
    assert [row.pk for row in rows] == [later.pk, sooner.pk]
    assert [row.due.text for row in rows] == ["2 days late", "today"]


def test_a_task_says_whom_to_call_and_the_log_says_who_saw_it(scheduler_ana: User, shadyside: Site) -> None:
    task = _task(shadyside)
    (row,) = _rows(signed_in_client(scheduler_ana))
    assert row.phones[0].text.startswith("(724) 555-")
    assert AccessLog.objects.get(page="tasks").patient_id == task.patient_id


def test_every_kind_of_task_leads_to_the_page_that_settles_it(
    scheduler_ana: User, shadyside: Site, subtests: pytest.Subtests
) -> None:
    assert set(SETTLED_BY) == set(WorkItemKind)
    tasks = [_task(shadyside, kind) for kind in WorkItemKind]
    ana = signed_in_client(scheduler_ana)
    rows = {row.pk: row for row in _rows(ana)}
    for task in tasks:
        with subtests.test(WorkItemKind(task.kind).value):
            assert rows[task.pk].settle_label
            assert ana.get(rows[task.pk].settle_url).status_code == 200


def test_a_task_of_a_patient_without_a_recall_leads_where_it_can(scheduler_ana: User, shadyside: Site) -> None:
    patient = RecallFactory.create(site=shadyside, closed_normal=True).patient
    actions.open_patient_work_item(patient, WorkItemKind.PATIENT_REQUEST, "Asked.")
    (row,) = _rows(signed_in_client(scheduler_ana))
    assert (row.settle_url, row.settle_label) == ("", "")


def test_tasks_are_narrowed_by_kind_and_owner(manager_mo: User, scheduler_ana: User, shadyside: Site) -> None:
    letter, check = _task(shadyside, WorkItemKind.PRINT_LETTER), _task(shadyside)
    actions.assign_work_item(check, scheduler_ana, by=manager_mo)
    ana = signed_in_client(scheduler_ana)
    assert [row.pk for row in _rows(ana, kind="print_letter")] == [letter.pk]
    assert [(row.pk, row.assigned_to) for row in _rows(ana, owner="mine")] == [
        (check.pk, scheduler_ana.get_full_name())
    ]
    assert [row.pk for row in _rows(ana, owner="everybodys")] == [letter.pk]
    assert ana.get(TASKS, {"kind": "nothing"}).status_code == 404
    assert ana.get(TASKS, {"owner": "somebody"}).status_code == 404


def test_a_manager_gives_several_tasks_at_once_and_the_row_says_who_gave_them(
    manager_mo: User, scheduler_ana: User, shadyside: Site, foothills: Site
) -> None:
    tasks, other = [_task(shadyside), _task(shadyside)], _task(foothills)
    mo = signed_in_client(manager_mo)
    sent = {"task": [task.pk for task in (*tasks, other)], "assignee": str(scheduler_ana.pk)}
    assert "2 tasks are assigned." in mo.post(reverse("assign_tasks"), sent, follow=True).text
    assert [row.assigned_by for row in _rows(mo)] == [f"given by {manager_mo.get_full_name()}"] * 2
    other.refresh_from_db()
    assert other.assigned_to is None
    mo.post(reverse("assign_tasks"), sent | {"assignee": "everybody"})
    assert not WorkItem.objects.filter(assigned_to=scheduler_ana).exists()


def test_tasks_are_not_given_to_nobody_in_particular(manager_mo: User, shadyside: Site) -> None:
    answer = signed_in_client(manager_mo).post(reverse("assign_tasks"), {"task": [_task(shadyside).pk]})
    assert answer.status_code == 422
    assert "Choose a person, or everybody." in answer.text


@pytest.mark.parametrize("who", ["scheduler_ana", "navigator_nia", "radiologist_rao"])
def test_only_a_manager_gives_tasks(
    who: str, scheduler_bea: User, shadyside: Site, request: pytest.FixtureRequest
) -> None:
    client = signed_in_client(request.getfixturevalue(who))
    sent = {"task": [_task(shadyside).pk], "assignee": str(scheduler_bea.pk)}
    assert client.post(reverse("assign_tasks"), sent).status_code == 403
    assert "assign-tasks" not in client.get(TASKS).text


@pytest.mark.usefixtures("seen_once")
def test_the_page_costs_the_same_queries_for_one_task_and_for_many(scheduler_ana: User, shadyside: Site) -> None:
    ana = signed_in_client(scheduler_ana)
    _task(shadyside)
    _rows(ana)
    with CaptureQueriesContext(connection) as few:
        _rows(ana)
    for _number in range(5):
        _task(shadyside)
    with CaptureQueriesContext(connection) as many:
        _rows(ana)
    assert len(few) == len(many) <= 6
