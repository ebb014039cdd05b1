"""Tests that a radiologist may undo an outcome chosen by mistake before anybody was told of it."""

from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from time_machine import TimeMachineFixture

from clinic.models import Site, User
from desk.union_counts import fetch_counts
from notifications.enums import NotificationState
from notifications.models import Notification
from recalls import actions
from recalls.actions import OutcomeInput
from recalls.enums import Assessment, ClosureReason, State
from recalls.models import Outcome, OutcomeRetraction, Recall
from recalls.next_state import newest_outcome
from recalls.permissions import StepUnavailable
from recalls.testing.factories import RecallFactory
from recalls.undo_snapshot import UNDO_WINDOW
from reports.weekly_queries import weekly_count_queries
from tests.rules.step_actions import MONDAY

pytestmark = pytest.mark.django_db


@pytest.fixture
def attended_recall(shadyside: Site, time_machine: TimeMachineFixture) -> Recall:
    """The patient came this morning, and the outcome is awaited."""
    time_machine.move_to(MONDAY, tick=False)
    recall: Recall = RecallFactory.create(site=shadyside, attended=True)
    return recall


def _record_mistaken_outcome(recall: Recall, by: User, assessment: Assessment = Assessment.BENIGN) -> Outcome:
    actions.record_outcome(recall, OutcomeInput(assessment, release_at=timezone.now()), by=by)
    return Outcome.objects.get(recall=recall)


def _planned_messages(recall: Recall) -> set[tuple[str, str]]:
    rows = Notification.objects.filter(recall=recall, state=NotificationState.PLANNED)
    return set(rows.values_list("kind", "occasion"))


def test_a_retracted_outcome_does_not_count_and_its_row_and_history_stay(
    attended_recall: Recall, radiologist_rao: User
) -> None:
    slip = _record_mistaken_outcome(attended_recall, radiologist_rao)
    assert attended_recall.state == State.CLOSED
    actions.undo(attended_recall, by=radiologist_rao)
    assert (attended_recall.state, attended_recall.closure_reason, newest_outcome(attended_recall)) == (
        State.AWAITING_OUTCOME,
        "",
        None,
    )
    assert Outcome.all_objects.get(recall=attended_recall) == slip
    events = list(attended_recall.events.order_by("version"))
    assert all(later.previous_hash == earlier.hash == earlier.compute_hash() for earlier, later in pairwise(events))


def test_the_right_outcome_follows_as_if_there_had_been_no_other(
    attended_recall: Recall, radiologist_rao: User
) -> None:
    _record_mistaken_outcome(attended_recall, radiologist_rao, Assessment.PROBABLY_BENIGN)
    actions.undo(attended_recall, by=radiologist_rao)
    assert (attended_recall.follow_up_from, attended_recall.follow_up_on) == (None, None)
    right = _record_mistaken_outcome(attended_recall, radiologist_rao, Assessment.NEGATIVE)
    assert (attended_recall.state, attended_recall.closure_reason) == (State.CLOSED, ClosureReason.NORMAL)
    assert newest_outcome(attended_recall) == right


def test_a_retracted_outcome_is_in_no_message_and_no_figure(
    attended_recall: Recall, radiologist_rao: User, shadyside: Site
) -> None:
    owed = _planned_messages(attended_recall)
    figures = list(fetch_counts(weekly_count_queries([shadyside], timezone.now())))
    _record_mistaken_outcome(attended_recall, radiologist_rao)
    assert _planned_messages(attended_recall) != owed
    assert list(fetch_counts(weekly_count_queries([shadyside], timezone.now()))) != figures
    actions.undo(attended_recall, by=radiologist_rao)
    assert _planned_messages(attended_recall) == owed
    assert list(fetch_counts(weekly_count_queries([shadyside], timezone.now()))) == figures


def test_no_message_is_sent_within_the_undo_window(attended_recall: Recall, radiologist_rao: User) -> None:
    slip = _record_mistaken_outcome(attended_recall, radiologist_rao)
    assert Notification.objects.get(outcome=slip).due_at >= timezone.now() + UNDO_WINDOW


def test_after_ten_seconds_it_is_amended_with_a_reason(
    attended_recall: Recall, radiologist_rao: User, time_machine: TimeMachineFixture
) -> None:
    slip = _record_mistaken_outcome(attended_recall, radiologist_rao)
    time_machine.shift(UNDO_WINDOW + timedelta(seconds=1))
    with pytest.raises(StepUnavailable, match="Ten seconds are over"):
        actions.undo(attended_recall, by=radiologist_rao)
    assert newest_outcome(attended_recall) == slip


def test_a_retraction_cannot_be_changed(attended_recall: Recall, radiologist_rao: User) -> None:
    _record_mistaken_outcome(attended_recall, radiologist_rao)
    actions.undo(attended_recall, by=radiologist_rao)
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        OutcomeRetraction.objects.update(by="Somebody else")


def test_the_page_offers_undo_after_saving_and_shows_it_afterwards(
    attended_recall: Recall, radiologist_rao: User, client: Client
) -> None:
    client.force_login(radiologist_rao)
    url = reverse("step", args=[attended_recall.pk, "record_outcome"])
    form = client.get(url).context["form"]
    fresh = {field.name: field.value() for field in form if field.value() not in (None, "", False)}
    typed = {"assessment": Assessment.BENIGN, "telling": "now"}
    page = client.post(url, {**fresh, **typed}, follow=True)
    undo_url = reverse("undo", args=[attended_recall.pk])
    assert undo_url in page.text
    attended_recall.refresh_from_db()
    client.post(undo_url, {"version": attended_recall.version, "key": "once"})
    page = client.get(reverse("recall", args=[attended_recall.pk]))
    assert "undone" in page.text
    assert str(Assessment.BENIGN.label) in page.text
    attended_recall.refresh_from_db()
    assert attended_recall.state == State.AWAITING_OUTCOME
