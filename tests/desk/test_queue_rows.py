"""What stands on a row of the queue, and which rows stand on top."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from clinic.models import Site, User
from recalls.actions.contact import open_work_item
from recalls.enums import WorkItemKind
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from tests.desk.conftest import ClientFor, page_text

pytestmark = pytest.mark.django_db


def _queue(client_for: ClientFor, user: User) -> Any:
    return client_for(user).get(reverse("queue"))


def test_what_the_patient_asked_for_stands_before_a_later_and_lesser_task(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside)
    open_work_item(recall, WorkItemKind.PATIENT_REQUEST, "wants another time")
    open_work_item(recall, WorkItemKind.VERIFY_CONTACT, "A call reached a wrong number.")
    (row,) = _queue(client_for, scheduler_ana).context["patient_requests"]
    assert "wants another time" in row.work_item


def test_a_recall_that_only_a_signature_can_end_stands_behind_what_a_scheduler_may_do(
    client_for: ClientFor, scheduler_ana: User, manager_mo: User, shadyside: Site
) -> None:
    complete = RecallFactory.create(site=shadyside, ladder_complete=True)
    fresh = RecallFactory.create(site=shadyside)
    Recall.objects.update(due_at=timezone.now() - timedelta(minutes=1))
    page = _queue(client_for, scheduler_ana)
    assert [row.pk for row in page.context["due"]] == [fresh.pk]
    assert [row.pk for row in page.context["for_signer"]] == [complete.pk]
    assert "Every try was made: a radiologist or manager decides" in page_text(page)
    for_manager = _queue(client_for, manager_mo)
    assert complete.pk in [row.pk for row in for_manager.context["due"]]
    assert for_manager.context["for_signer"] == []


def test_only_a_row_past_its_target_is_marked_late(client_for: ClientFor, scheduler_ana: User, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside)
    now = timezone.now()
    Recall.objects.filter(pk=recall.pk).update(due_at=now - timedelta(hours=1), target_at=now + timedelta(days=2))
    assert "is-past" not in page_text(_queue(client_for, scheduler_ana))
    Recall.objects.filter(pk=recall.pk).update(target_at=now - timedelta(days=3))
    page = page_text(_queue(client_for, scheduler_ana))
    assert page.count("is-past") == 1
    assert "3 days late" in page


def test_the_language_is_named_where_it_is_not_the_desks_own(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    RecallFactory.create(site=shadyside)
    RecallFactory.create(site=shadyside, patient__spanish_speaker=True)
    page = _queue(client_for, scheduler_ana)
    assert sorted(row.other_language for row in page.context["due"] + page.context["not_due"]) == ["", "Spanish"]
