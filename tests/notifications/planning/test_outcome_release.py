"""Tests that the patient hears of an outcome only after a radiologist released it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from clinic.models import User
from notifications.enums import NotificationKind
from recalls import actions
from recalls.actions import OutcomeInput, Slot
from recalls.enums import Assessment
from recalls.models import Recall
from recalls.undo_snapshot import UNDO_WINDOW
from tests.notifications.clock import Clock, at, latest_notification, sent_messages

pytestmark = pytest.mark.django_db
RELEASED_KINDS = [
    (Assessment.NEGATIVE, "normal"),
    (Assessment.BENIGN, "benign"),
    (Assessment.PROBABLY_BENIGN, "probably_benign"),
]


@pytest.fixture
def attended_recall(clock: Clock, recall: Recall, scheduler_ana: User) -> Recall:
    """The patient came on Tuesday, 24 November, at half past ten."""
    actions.book_appointment(recall, Slot(recall.site, at("2026-11-24", "10:30")), by=scheduler_ana)
    clock.run_until("2026-11-24", "12:00")
    actions.mark_attended(recall, by=scheduler_ana)
    return recall


def _result_messages(recall: Recall) -> list[str]:
    return [line for line in sent_messages(recall) if "outcome_" in line]


@pytest.mark.parametrize(("assessment", "kind"), RELEASED_KINDS)
def test_an_outcome_kept_back_for_a_talk_is_not_told_before_it_is_released(
    assessment: Assessment, kind: str, clock: Clock, attended_recall: Recall, radiologist_rao: User
) -> None:
    actions.record_outcome(attended_recall, OutcomeInput(assessment), by=radiologist_rao)
    clock.run_until("2026-12-10", "11:00")
    assert _result_messages(attended_recall) == []
    actions.release_outcome(attended_recall, timezone.now(), by=radiologist_rao)
    clock.run_until("2026-12-11")
    assert _result_messages(attended_recall) == [f"Thu 2026-12-10 11:00 outcome_{kind}"]


def test_an_outcome_released_for_a_set_time_waits_for_it(
    clock: Clock, attended_recall: Recall, radiologist_rao: User
) -> None:
    later = at("2026-11-30", "09:00")
    actions.record_outcome(attended_recall, OutcomeInput(Assessment.BENIGN, release_at=later), by=radiologist_rao)
    clock.run_until("2026-11-30", "08:59")
    assert not any("_results" in line for line in sent_messages(attended_recall)), "asked to call before it is written"
    assert _result_messages(attended_recall) == []
    clock.run_until("2026-11-30", "09:00")
    assert _result_messages(attended_recall) == ["Mon 2026-11-30 09:00 outcome_benign"]


def test_an_outcome_amended_before_its_time_is_never_told_in_its_old_words(
    clock: Clock, attended_recall: Recall, radiologist_rao: User
) -> None:
    later = at("2026-11-30", "09:00")
    actions.record_outcome(attended_recall, OutcomeInput(Assessment.NEGATIVE, release_at=later), by=radiologist_rao)
    clock.run_until("2026-11-27")
    actions.amend_outcome(attended_recall, OutcomeInput(Assessment.BENIGN), reason="Seen again.", by=radiologist_rao)
    clock.run_until("2026-12-20")
    assert _result_messages(attended_recall) == []
    actions.release_outcome(attended_recall, timezone.now(), by=radiologist_rao)
    clock.run_until("2026-12-22")
    assert _result_messages(attended_recall) == ["Mon 2026-12-21 08:00 outcome_benign"]


def test_an_outcome_released_at_once_leaves_when_it_can_no_longer_be_undone_and_is_of_use_for_thirty_days(
    clock: Clock, attended_recall: Recall, radiologist_rao: User
) -> None:
    now = timezone.now()
    actions.record_outcome(attended_recall, OutcomeInput(Assessment.BENIGN, release_at=now), by=radiologist_rao)
    row = latest_notification(attended_recall, NotificationKind.OUTCOME_BENIGN)
    assert row.due_at == now + UNDO_WINDOW
    assert row.expires_at == row.due_at + timedelta(days=30)
    assert row.outcome == attended_recall.outcomes.get()
