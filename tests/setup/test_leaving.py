"""Nobody's account ends with work in its hands: it is asked to whom the recalls and tasks go."""

import pytest
from django.test import Client
from django.urls import reverse

from clinic.models import Site, User
from recalls import actions
from recalls.enums import WorkItemKind
from recalls.models import Recall, WorkItem
from recalls.testing.factories import RecallFactory
from tests.desk.conftest import ClientFor, client_for, page_text

__all__ = ["client_for"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(client_for: ClientFor, administrator_ada: User) -> Client:
    return client_for(administrator_ada)


@pytest.fixture
def given(shadyside: Site, scheduler_ana: User, manager_mo: User) -> tuple[Recall, WorkItem]:
    """A recall and a task that are Ana's."""
    recall = RecallFactory.create(site=shadyside)
    actions.assign(recall, scheduler_ana, by=manager_mo)
    task = actions.open_work_item(recall, WorkItemKind.VERIFY_CONTACT, "No number.")
    actions.assign_work_item(task, scheduler_ana, by=manager_mo)
    return recall, task


def test_the_page_counts_the_work_and_gives_it_to_the_person_chosen(
    ada: Client, given: tuple[Recall, WorkItem], scheduler_ana: User, navigator_nia: User
) -> None:
    address = reverse("setup_leave", args=[scheduler_ana.pk])
    assert "<strong>1</strong> open recall" in page_text(ada.get(address))
    assert ada.post(address, {}).status_code == 200  # it asks to whom
    assert ada.post(address, {"assignee": str(navigator_nia.pk)}).status_code == 302
    scheduler_ana.refresh_from_db()
    recall, task = given
    recall.refresh_from_db()
    task.refresh_from_db()
    assert (scheduler_ana.is_active, recall.assigned_to, task.assigned_to) == (False, navigator_nia, navigator_nia)
    assert "ended the account" in recall.events.latest("pk").note


def test_work_goes_back_to_everybody_when_that_is_chosen_and_the_account_opens_again(
    ada: Client, given: tuple[Recall, WorkItem], scheduler_ana: User
) -> None:
    ada.post(reverse("setup_leave", args=[scheduler_ana.pk]), {"assignee": "everybody"})
    given[0].refresh_from_db()
    assert given[0].assigned_to is None
    ada.post(reverse("setup_come_back", args=[scheduler_ana.pk]))
    scheduler_ana.refresh_from_db()
    assert scheduler_ana.is_active


def test_who_left_is_out_at_once_and_an_old_session_does_not_come_back_with_the_account(
    client_for: ClientFor, ada: Client, scheduler_ana: User
) -> None:
    desk = client_for(scheduler_ana)
    assert desk.get(reverse("queue")).status_code == 200
    ada.post(reverse("setup_leave", args=[scheduler_ana.pk]), {})
    assert desk.get(reverse("queue")).status_code == 302
    ada.post(reverse("setup_come_back", args=[scheduler_ana.pk]))
    assert desk.get(reverse("queue")).status_code == 302


def test_one_ends_neither_their_own_account_nor_one_of_another_site(
    ada: Client, administrator_ada: User, other_site_scheduler: User
) -> None:
    administrator_ada.sites.set([administrator_ada.sites.order_by("pk")[0]])
    for person in (administrator_ada, other_site_scheduler):
        assert ada.get(reverse("setup_leave", args=[person.pk])).status_code == 404
