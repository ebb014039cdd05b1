"""Tests that a recall which cannot move by itself holds up none of those that can, however many there are."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clinic.actors import INTAKE
from clinic.factories import get_site_staff
from clinic.models import Site
from recalls import actions, tasks
from recalls.actions import open_recall
from recalls.enums import State
from recalls.models import Recall
from recalls.tasks import apply_due_steps
from recalls.testing.factories import RecallFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def queued(shadyside: Site) -> list[Recall]:
    """Three that fail each time, due the longest, and two holds that end."""
    rows: list[Recall] = [RecallFactory.create(site=shadyside) for _ in range(3)]
    rows += [RecallFactory.create(site=shadyside, on_hold=True) for _ in range(2)]
    for number, recall in enumerate(rows):
        Recall.objects.filter(pk=recall.pk).update(wake_at=timezone.now() - timedelta(minutes=9 - number))
    return rows


def _states(rows: list[Recall]) -> list[str]:
    return [Recall.objects.get(pk=recall.pk).state for recall in rows]


def test_recalls_that_cannot_move_hold_up_nobody_behind_them(
    queued: list[Recall], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "BATCH_SIZE", 2)
    found = apply_due_steps()
    assert (found["failed"], found["resume"]) == (3, 2)
    assert _states(queued[3:]) == [State.TO_CONTACT] * 2
    assert all(recall.events.filter(step="resume").exists() for recall in queued[3:])


def test_a_run_whose_time_is_over_is_gone_on_with_where_it_stopped(
    queued: list[Recall], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "DUE_STEPS_SECONDS", 0.0)  # each run comes to one recall
    assert [apply_due_steps()["resume"] for _minute in range(5)] == [0, 0, 0, 1, 1]
    assert apply_due_steps()["failed"] == 0, "behind the last there is nobody"
    assert apply_due_steps()["failed"] == 1, "then it begins anew"


def test_a_declined_visit_waits_for_the_end_of_the_exams_other_recall_without_being_tried(shadyside: Site) -> None:
    recall: Recall = RecallFactory.create(site=shadyside, declined=True)
    beside = open_recall(recall.exam, by=INTAKE).recall
    Recall.objects.filter(pk=recall.pk).update(wake_at=timezone.now())
    apply_due_steps()
    with CaptureQueriesContext(connection) as taken:
        assert not any(apply_due_steps().values())
    assert not [query for query in taken.captured_queries if "SAVEPOINT" in query["sql"]], "no recall was locked"
    actions.decline(beside, by=get_site_staff(shadyside).navigator, note="Goes elsewhere.")
    assert apply_due_steps()["offer_again"] == 1
    assert _states([recall]) == [State.TO_CONTACT]
