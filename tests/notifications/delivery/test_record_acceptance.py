"""Tests what the database holds once the mail server accepted a message."""

import dataclasses
from typing import Any

import pytest
from django.db import DataError
from django.utils import timezone

from clinic.models import Site
from notifications.delivery import outbox
from notifications.delivery.claim_prefetch import ClaimPrefetcher
from notifications.delivery.worker import send_due
from notifications.enums import AttemptResult, NotificationKind, NotificationState
from notifications.models import DeliveryAttempt, Notification, RenderedMessage
from notifications.rendering.email import build_email
from patients.factories import PatientFactory
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from tests.notifications.clock import Clock, latest_notification
from tests.support.smtp_sink import SmtpSink

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


@pytest.fixture
def three(recall: Recall, shadyside: Site) -> list[Recall]:
    """Three recalls whose notices are due, in this order."""
    others = (PatientFactory.create(site=shadyside, email=f"no{number}@example.org") for number in (1, 2))
    return [recall, *(RecallFactory.create(patient=patient) for patient in others)]


def _states(recalls: list[Recall]) -> list[str]:
    return [latest_notification(recall, NotificationKind.RECALL_NOTICE).state for recall in recalls]


def test_what_was_taken_is_written_down_although_the_next_message_cannot_be_read(
    mail_server: SmtpSink, clock: Clock, three: list[Recall], monkeypatch: pytest.MonkeyPatch
) -> None:
    check = outbox._recheck_and_lease

    def fail_for_second(row: Notification, *rest: Any) -> Any:
        if row.recall == three[1]:
            raise LookupError("a fact is missing")
        return check(row, *rest)

    monkeypatch.setattr(outbox, "_recheck_and_lease", fail_for_second)
    assert send_due(10)[AttemptResult.ACCEPTED] == 2
    assert _states(three) == [NotificationState.ACCEPTED, NotificationState.FAILED, NotificationState.ACCEPTED]
    assert [len(mail_server.received), DeliveryAttempt.objects.filter(result=AttemptResult.ACCEPTED).count()] == [2, 2]


def test_a_copy_that_the_database_refuses_keeps_no_other_message_back(
    mail_server: SmtpSink, clock: Clock, three: list[Recall], monkeypatch: pytest.MonkeyPatch
) -> None:
    record = outbox.record_acceptance

    def refuse_first(claim: outbox.Claim, *rest: Any) -> bool:
        if claim.recall == three[0]:
            raise DataError("no such character")
        return record(claim, *rest)

    monkeypatch.setattr(outbox, "record_acceptance", refuse_first)
    assert send_due(10) == {AttemptResult.UNCERTAIN: 1, AttemptResult.ACCEPTED: 2}
    assert _states(three) == [NotificationState.SENDING, NotificationState.ACCEPTED, NotificationState.ACCEPTED]
    assert len(mail_server.received) == 3
