"""Tests what the database holds once the mail server accepted a message."""

import dataclasses

import pytest
from django.utils import timezone

from notifications.delivery import outbox
from notifications.delivery.claim_prefetch import ClaimPrefetcher
from notifications.enums import AttemptResult, NotificationKind, NotificationState
from notifications.models import RenderedMessage
from notifications.rendering.email import build_email
from recalls.models import Recall
from tests.notifications.clock import Clock, latest_notification

pytestmark = pytest.mark.django_db


def test_a_message_that_was_taken_is_written_down_whole_or_not_at_all(clock: Clock, recall: Recall) -> None:
    claim = outbox.claim_next(ClaimPrefetcher())
    assert isinstance(claim, outbox.Claim)
    _mail, copy = build_email(claim.row, claim.snapshot, claim.channels)
    late = dataclasses.replace(claim, token=claim.token - 1)
    assert not outbox.record_acceptance(late, copy, timezone.now())
    row = latest_notification(recall, NotificationKind.RECALL_NOTICE)
    assert row.state == NotificationState.SENDING
    assert not row.attempts.exists()
    assert not RenderedMessage.objects.exists()
    assert outbox.record_acceptance(claim, copy, timezone.now())
    row = latest_notification(recall, NotificationKind.RECALL_NOTICE)
    (attempt,) = row.attempts.all()
    assert (row.state, row.lease_until, row.accepted_at, row.attempt_count) == (
        NotificationState.ACCEPTED,
        None,
        timezone.now(),
        1,
    )
    assert (attempt.result, attempt.number, attempt.channel) == (AttemptResult.ACCEPTED, 1, row.channel)
    assert (attempt.at, attempt.lease_token, attempt.smtp_code) == (timezone.now(), claim.token, None)
    kept = RenderedMessage.objects.get(notification=row)
    names = ["address", "subject", "text", "html", "calendar", "letter", "earlier"]
    assert [getattr(kept, name) for name in names] == [getattr(copy, name) for name in names]
