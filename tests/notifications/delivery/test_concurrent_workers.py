"""Tests two workers, two sweeps, or a worker and a person at the same instant, with real transactions."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from clinic.factories import get_site_staff
from clinic.models import Site
from notifications import tasks
from notifications.delivery import outbox
from notifications.delivery.claim_prefetch import ClaimPrefetcher
from notifications.delivery.worker import send_due
from notifications.enums import NotificationKind, NotificationState
from notifications.models import DeliveryAttempt, Notification
from patients.factories import PatientFactory
from recalls import actions
from recalls.models import Recall
from recalls.tasks import apply_due_steps
from recalls.testing.factories import RecallFactory
from tests.notifications.clock import Clock, latest_notification
from tests.support.smtp_sink import SmtpReply, SmtpSink

pytestmark = pytest.mark.django_db(transaction=True)  # two connections must see each other's commits


def at_once(*jobs: Callable[[], Any]) -> list[Any]:
    """Run the jobs in threads of their own, started together."""
    ready = threading.Barrier(len(jobs))

    def run(job: Callable[[], Any]) -> Any:
        try:
            ready.wait(10)
            return job()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as threads:
        return [done.result(60) for done in [threads.submit(run, job) for job in jobs]]


def test_two_workers_never_send_one_message_twice(clock: Clock, shadyside: Site, mail_server: SmtpSink) -> None:
    for number in range(30):
        RecallFactory.create(patient=PatientFactory.create(site=shadyside, email=f"no{number}@example.org"))
    at_once(*[lambda: send_due(30)] * 3)
    copies = Counter(received.message["X-Notification-ID"] for received in mail_server.received)
    assert len(copies) == 30
    assert set(copies.values()) == {1}
    assert DeliveryAttempt.objects.count() == 30


def test_two_sweeps_take_a_lost_message_back_once(clock: Clock, recall: Recall, mail_server: SmtpSink) -> None:
    assert isinstance(outbox.claim_next(ClaimPrefetcher()), outbox.Claim)
    clock.move_to("2026-11-10", "08:30")
    results = at_once(tasks.sweep, tasks.sweep)
    assert sum(result["reclaimed"] for result in results) == 1
    assert len(mail_server.received) == 1


def test_two_ticks_at_once_move_a_recall_once(clock: Clock, shadyside: Site) -> None:
    recall = RecallFactory.create(probably_benign=True, site=shadyside)
    clock.move_to("2027-06-01")
    results = at_once(apply_due_steps, apply_due_steps)
    assert sum(result["follow_up_due"] for result in results) == 1
    assert recall.events.filter(step="follow_up_due").count() == 1


@pytest.mark.parametrize("turn", range(5))
def test_a_message_is_either_stopped_or_says_that_it_was_on_its_way(
    turn: int, clock: Clock, recall: Recall, mail_server: SmtpSink
) -> None:
    """The patient declines while a worker is at work: whoever is first, the row tells what happened."""
    scheduler = get_site_staff(recall.site).scheduler
    mine = Recall.objects.select_related("site").get(pk=recall.pk)
    at_once(lambda: send_due(10), lambda: actions.decline(mine, by=scheduler, note="Wants no additional imaging."))
    row = latest_notification(recall, NotificationKind.RECALL_NOTICE)
    if mail_server.received:
        assert row.state == NotificationState.ACCEPTED
    else:
        assert row.state == NotificationState.CANCELLED
    send_due(5)
    assert len(mail_server.received) <= 1
    assert not Notification.objects.filter(recall=recall, state=NotificationState.PLANNED).exists()


def test_two_sweeps_bring_a_written_result_back_once(clock: Clock, shadyside: Site, mail_server: SmtpSink) -> None:
    recall = RecallFactory.create(site=shadyside, closed_normal=True, patient__address_line="")
    mail_server.reply = SmtpReply.REFUSE
    send_due(30)
    assert latest_notification(recall, NotificationKind.OUTCOME_NORMAL).state == NotificationState.FAILED
    results = at_once(tasks.bring_back_undelivered, tasks.bring_back_undelivered)
    assert sum(result["brought_back"] for result in results) == 1
    assert recall.events.filter(step="result_undelivered").count() == 1
