"""Tests that a worker sends nothing more while the database does not take what it sent last."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from django.db import OperationalError

from clinic.models import Heartbeat, Site
from notifications import tasks
from notifications.delivery import outbox, unrecorded
from notifications.delivery.worker import send_due
from notifications.enums import AttemptResult, NotificationKind, NotificationState, StatusReason
from notifications.models import Notification, RenderedMessage
from patients.factories import PatientFactory
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from tests.notifications.clock import Clock, latest_notification
from tests.support.smtp_sink import SmtpSink

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_waits() -> Iterator[None]:
    yield
    unrecorded._waiting.clear()


@pytest.fixture
def other(recall: Recall, shadyside: Site) -> Recall:
    """Due behind `recall`."""
    return RecallFactory.create(patient=PatientFactory.create(site=shadyside, email="other@example.org"))


def _notice(recall: Recall) -> Notification:
    return latest_notification(recall, NotificationKind.RECALL_NOTICE)


class Disk:
    """Of the database: while it is full no copy can be kept, nor the trial of whether one can."""

    is_full = True

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        record, prove = outbox.record_acceptance, unrecorded._prove_room

        def record_unless_full(claim: outbox.Claim, copy: RenderedMessage, now: datetime) -> bool:
            self._refuse_if_full()
            return record(claim, copy, now)

        def prove_unless_full() -> None:
            self._refuse_if_full()
            prove()

        monkeypatch.setattr(outbox, "record_acceptance", record_unless_full)
        monkeypatch.setattr(unrecorded, "_prove_room", prove_unless_full)

    def _refuse_if_full(self) -> None:
        if self.is_full:
            raise OperationalError("disk full")


def _refuse_copy_of(recall: Recall, monkeypatch: pytest.MonkeyPatch) -> None:
    record = outbox.record_acceptance

    def refuse(claim: outbox.Claim, copy: RenderedMessage, now: datetime) -> bool:
        if claim.recall == recall:
            raise OperationalError("the copy of this one alone")
        return record(claim, copy, now)

    monkeypatch.setattr(outbox, "record_acceptance", refuse)


def test_what_was_sent_is_written_down_before_anything_else_leaves(
    clock: Clock, recall: Recall, other: Recall, mail_server: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch)
    with pytest.raises(OperationalError):
        send_due(5)
    assert send_due(5) == {}
    clock.move_to("2026-11-10", "08:21")
    tasks.sweep()
    assert [mail.recipients[0] for mail in mail_server.received] == ["testa.oak@example.org"]
    disk.is_full = False
    clock.move_to("2026-11-10", "12:00")
    tasks.sweep()
    assert len(mail_server.received) == 2
    first, second = _notice(recall), _notice(other)
    assert (first.state, second.state) == (NotificationState.ACCEPTED, NotificationState.ACCEPTED)
    assert [attempt.result for attempt in first.attempts.all()] == [AttemptResult.ACCEPTED]
    assert not first.may_have_arrived_twice
    assert first.accepted_at is not None
    assert second.accepted_at is not None
    assert first.accepted_at < second.accepted_at, "the time at which it left, not at which it could be written down"
    assert not Heartbeat.objects.filter(pk="room").exists()


def test_a_full_disk_on_which_small_rows_still_find_room_lets_nothing_leave(
    clock: Clock, recall: Recall, other: Recall, mail_server: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    Disk(monkeypatch)
    with pytest.raises(OperationalError):
        send_due(5)
    for hour in ("09:00", "10:00", "11:00"):
        clock.move_to("2026-11-10", hour)
        outbox.reclaim_expired_leases()  # by another process
        assert send_due(5) == {}
    assert len(mail_server.received) == 1


def test_a_message_that_alone_cannot_be_written_down_ends_with_a_person_and_the_others_leave(
    clock: Clock, recall: Recall, other: Recall, mail_server: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    _refuse_copy_of(recall, monkeypatch)
    for hour in ("08:20", "08:30", "08:40", "08:50", "09:00"):
        clock.move_to("2026-11-10", hour)
        try:
            tasks.sweep()
        except OperationalError:
            continue
    assert _notice(other).state == NotificationState.ACCEPTED
    row = _notice(recall)
    assert (row.state, row.reason) == (NotificationState.FAILED, StatusReason.UNCERTAIN_TOO_OFTEN)
    assert recall.work_items.exists()
    assert len(mail_server.received) == 4
