"""Holds that a worker that is asked to stop ends after the message in hand and leaves the others owed."""

import multiprocessing
import time

import pytest
from celery.signals import worker_shutting_down

from clinic.models import Site
from notifications.delivery import work_time
from notifications.delivery.work_time import WorkTime
from notifications.delivery.worker import send_due
from notifications.enums import NotificationKind, NotificationState
from notifications.models import Notification
from patients.factories import PatientFactory
from recalls.testing.factories import RecallFactory
from tests.notifications.clock import Clock
from tests.support.smtp_sink import SmtpReply, SmtpSink


@pytest.fixture(autouse=True)
def _not_asked_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work_time, "_stop_asked", multiprocessing.Event())


def _ask_to_stop() -> None:
    worker_shutting_down.send(sender="worker", sig="SIGTERM", how="Warm", exitcode=0)


@pytest.mark.django_db
def test_a_worker_that_is_asked_to_stop_sends_the_message_in_hand_and_no_other(
    mail_server: SmtpSink, clock: Clock, shadyside: Site
) -> None:
    for number in range(3):
        RecallFactory.create(site=shadyside, patient=PatientFactory.create(email=f"testa.{number}@example.org"))

    def stop_meanwhile(_recipient: str) -> SmtpReply:
        _ask_to_stop()
        return SmtpReply.ACCEPT

    mail_server.reply = stop_meanwhile
    assert send_due(40) == {"accepted": 1}
    assert len(mail_server.received) == 1
    owed = Notification.objects.filter(kind=NotificationKind.RECALL_NOTICE, state=NotificationState.PLANNED)
    assert owed.filter(lease_until=None).count() == 2
    assert not Notification.objects.filter(state=NotificationState.SENDING).exists()


def test_a_forked_process_hears_of_the_stop_that_only_its_worker_was_asked_for() -> None:
    begun = multiprocessing.get_context("fork")
    started, heard = begun.Event(), begun.Value("b", 0)

    def work() -> None:
        run = WorkTime(20)
        started.set()
        while not run.is_over():
            time.sleep(0.01)
        heard.value = 1

    child = begun.Process(target=work)
    child.start()
    assert started.wait(10)
    _ask_to_stop()
    child.join(10)
    assert heard.value == 1
    assert child.exitcode == 0
