"""Tests that a message of which nobody knows the end is not sent without end: after three tries a person has it."""

import pytest
from django.db import DataError

from notifications import tasks
from notifications.delivery import outbox
from notifications.delivery.claim_prefetch import ClaimPrefetcher
from notifications.delivery.failures import DeliveryFailure
from notifications.enums import AttemptResult, NotificationKind, NotificationState, StatusReason
from notifications.models import Notification
from recalls.enums import WorkItemKind
from recalls.models import Recall
from tests.notifications.clock import Clock, latest_notification
from tests.support.smtp_sink import SmtpSink

pytestmark = pytest.mark.django_db

_MORNING = ("08:20", "08:30", "08:40", "08:50", "09:00")


def _notice(recall: Recall) -> Notification:
    return latest_notification(recall, NotificationKind.RECALL_NOTICE)


def _assert_given_to_a_person(recall: Recall) -> None:
    row = _notice(recall)
    assert (row.state, row.reason) == (NotificationState.FAILED, StatusReason.UNCERTAIN_TOO_OFTEN)
    assert row.may_have_arrived_twice
    assert [attempt.result for attempt in row.attempts.all()] == [AttemptResult.UNCERTAIN] * 3
    task = recall.work_items.get(kind=WorkItemKind.CALL_DELIVERY_FAILED)
    assert "Three tries ended without an answer" in task.reason


def test_a_message_whose_sender_dies_each_time_is_a_persons_after_three(clock: Clock, recall: Recall) -> None:
    for hour in _MORNING:
        outbox.claim_next(ClaimPrefetcher())  # its sender dies
        clock.move_to("2026-11-10", hour)
        outbox.reclaim_expired_leases()
    _assert_given_to_a_person(recall)


def test_a_message_whose_copy_the_database_refuses_leaves_three_times_at_most(
    clock: Clock, recall: Recall, mail_server: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_given: object) -> bool:
        raise DataError

    monkeypatch.setattr(outbox, "record_acceptance", refuse)
    for hour in _MORNING:
        tasks.sweep()
        clock.move_to("2026-11-10", hour)
    outbox.reclaim_expired_leases()
    assert len(mail_server.received) == 3
    _assert_given_to_a_person(recall)


def test_a_connection_lost_after_the_text_is_tried_three_times(
    clock: Clock, recall: Recall, mail_server: SmtpSink
) -> None:
    failure = DeliveryFailure(AttemptResult.UNCERTAIN, StatusReason.UNCERTAIN)
    for hour in ("09:00", "11:00", "14:00"):
        claim = outbox.claim_next(ClaimPrefetcher())
        assert isinstance(claim, outbox.Claim)
        outbox.record_failure(claim, failure)
        clock.move_to("2026-11-10", hour)
    assert outbox.claim_next(ClaimPrefetcher()) is None
    _assert_given_to_a_person(recall)
