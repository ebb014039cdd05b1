"""What stands in the database once the server took a message? The same on every database."""

import dataclasses

import pytest
from django.utils import timezone

from notifications import outbox
from notifications.ahead import Ahead
from notifications.kinds import AttemptResult, Kind, NotificationState
from notifications.mime import compose
from notifications.models import RenderedMessage
from recalls.models import Recall
from tests.notifications.timeline import Clock, row_of

pytestmark = pytest.mark.django_db

S, R = NotificationState, AttemptResult


def test_a_message_that_was_taken_is_written_down_whole_or_not_at_all(clock: Clock, recall: Recall) -> None:
    claim = outbox.claim_next(Ahead())
    assert isinstance(claim, outbox.Claim)
    _mail, copy = compose(claim.row, claim.situation, claim.channels)
    late = dataclasses.replace(claim, token=claim.token - 1)
    assert not outbox.accept(late, copy)
    row = row_of(recall, Kind.RECALL_NOTICE)
    assert row.state == S.SENDING
    assert not row.attempts.exists()
    assert not RenderedMessage.objects.exists()
    assert outbox.accept(claim, copy)
    row = row_of(recall, Kind.RECALL_NOTICE)
    (attempt,) = row.attempts.all()
    assert (row.state, row.lease_until, row.accepted_at, row.attempt_count) == (S.ACCEPTED, None, timezone.now(), 1)
    assert (attempt.result, attempt.number, attempt.channel) == (R.ACCEPTED, 1, row.channel)
    assert (attempt.at, attempt.lease_token, attempt.smtp_code) == (timezone.now(), claim.token, None)
    kept = RenderedMessage.objects.get(notification=row)
    names = ["address", "subject", "text", "html", "calendar", "letter", "earlier"]
    assert [getattr(kept, name) for name in names] == [getattr(copy, name) for name in names]
