"""Holds that the board says whether mail, worker, beat and broker are alive."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings
from time_machine import TimeMachineFixture

from clinic.models import Heartbeat, Site, User
from notifications.delivery.worker import send_due
from notifications.enums import AttemptResult, NotificationState
from notifications.models import DeliveryAttempt, Notification
from notifications.tasks import sweep
from recalls.testing.factories import RecallFactory
from tests.board.conftest import ReadBoard
from tests.support.processes import free_port

TUESDAY = datetime(2026, 3, 17, 15, 0, tzinfo=UTC)  # 11 am in Pittsburgh

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _on_tuesday(time_machine: TimeMachineFixture) -> None:
    time_machine.move_to(TUESDAY, tick=False)


def _set_heartbeat(name: str, ago: timedelta) -> None:
    Heartbeat.objects.update_or_create(name=name, defaults={"finished_at": timezone.now() - ago})


@pytest.fixture
def message(shadyside: Site) -> Notification:
    recall = RecallFactory.create(site=shadyside)
    Notification.objects.all().delete()
    now = timezone.now()
    return Notification.objects.create(
        recall=recall, patient=recall.patient, kind="recall_notice", occasion="test", due_at=now, not_before=now
    )


def _record_attempt(message: Notification, result: AttemptResult, ago: timedelta) -> None:
    number = message.attempts.count() + 1
    DeliveryAttempt.objects.create(
        notification=message, number=number, lease_token=number, result=result, at=timezone.now() - ago
    )


@pytest.mark.parametrize(
    ("ago", "sentence"),
    [
        (timedelta(seconds=50), "Scheduler service: up."),
        (timedelta(minutes=4), "Scheduler service: late, last run 4 minutes ago."),
        (timedelta(hours=2), "Scheduler service: down, since Tue 17 Mar, 9:00 am."),
    ],
)
def test_beat_is_up_late_or_down_since(ago: timedelta, sentence: str, read_board: ReadBoard, manager_mo: User) -> None:
    _set_heartbeat("beat", ago)
    assert sentence in read_board(manager_mo)


def test_a_part_that_never_ran_is_down(read_board: ReadBoard, manager_mo: User) -> None:
    assert "Worker: down, no sign of life yet." in read_board(manager_mo)


def test_a_check_that_never_ran_is_no_alarm_until_its_first_hour_is_over(
    read_board: ReadBoard, manager_mo: User, time_machine: TimeMachineFixture
) -> None:
    assert "Next-step check: not run yet." in read_board(manager_mo)
    Heartbeat.objects.create(name="beat", started_at=timezone.now() - timedelta(minutes=25), finished_at=timezone.now())
    assert "Next-step check: not run yet, first due by 11:35 am." in read_board(manager_mo)
    time_machine.shift(timedelta(minutes=41))
    assert "Next-step check: down, never ran, was due by 11:35 am." in read_board(manager_mo)


def test_the_first_sign_of_life_is_kept(time_machine: TimeMachineFixture) -> None:
    sweep()
    time_machine.shift(timedelta(minutes=30))
    sweep()
    beat = Heartbeat.objects.get(name="beat")
    assert (beat.started_at, beat.finished_at) == (TUESDAY, TUESDAY + timedelta(minutes=30))


def test_the_same_mark_is_judged_anew_at_each_reading(
    read_board: ReadBoard, manager_mo: User, time_machine: TimeMachineFixture
) -> None:
    _set_heartbeat("worker", timedelta(0))
    assert "Worker: up." in read_board(manager_mo)
    time_machine.shift(timedelta(minutes=5))
    assert "Worker: late, last task 5 minutes ago." in read_board(manager_mo)


def test_mail_that_was_never_used_is_neither_up_nor_down(read_board: ReadBoard, manager_mo: User) -> None:
    assert "Mail: not used yet." in read_board(manager_mo)


def test_mail_is_up_once_the_server_took_a_message(
    read_board: ReadBoard, manager_mo: User, message: Notification
) -> None:
    _record_attempt(message, AttemptResult.ACCEPTED, timedelta(minutes=2))
    Notification.objects.update(state=NotificationState.ACCEPTED)
    assert "Mail: up, last accepted 2 minutes ago." in read_board(manager_mo)


def test_mail_is_down_when_the_last_word_was_a_broken_connection(
    read_board: ReadBoard, manager_mo: User, message: Notification
) -> None:
    _record_attempt(message, AttemptResult.ACCEPTED, timedelta(hours=3))
    _record_attempt(message, AttemptResult.CONNECTION_FAILED, timedelta(minutes=1))
    assert "Mail: down, last accepted 3 hours ago." in read_board(manager_mo)


def test_mail_is_down_since_the_workers_could_not_reach_the_server(
    read_board: ReadBoard, manager_mo: User, message: Notification, settings: Settings
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    send_due(5)
    assert "Mail: down, since" in read_board(manager_mo)


def test_mail_is_late_when_messages_wait_and_none_was_taken_lately(
    read_board: ReadBoard, manager_mo: User, message: Notification, time_machine: TimeMachineFixture
) -> None:
    _record_attempt(message, AttemptResult.ACCEPTED, timedelta(minutes=1))
    time_machine.shift(timedelta(minutes=11))
    words = read_board(manager_mo)
    assert "Mail: late, last accepted 12 minutes ago." in words
    assert "1 message is overdue, by 11 minutes." in words


def test_overdue_messages_are_told_with_the_oldest(
    read_board: ReadBoard, manager_mo: User, message: Notification, time_machine: TimeMachineFixture
) -> None:
    assert "No message is overdue." in read_board(manager_mo)
    time_machine.shift(timedelta(minutes=4))
    assert "1 Due now oldest 4 minutes 0 Overdue" in read_board(manager_mo)
    time_machine.shift(timedelta(minutes=4))
    Notification.objects.create(
        recall=message.recall,
        patient=message.patient,
        kind="please_call",
        occasion="test",
        due_at=timezone.now() - timedelta(minutes=6),
        not_before=timezone.now() - timedelta(minutes=6),
    )
    assert "2 messages are overdue, the oldest by 8 minutes." in read_board(manager_mo)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"first_failed_at": TUESDAY, "attempt_count": 1}, "1 Put off, tried again by itself"),
        ({"state": NotificationState.FAILED}, "1 Failed or came back"),
        ({"state": NotificationState.BOUNCED}, "1 Failed or came back"),
        ({"state": NotificationState.SUPPRESSED}, "1 Held back"),
    ],
)
def test_a_message_in_trouble_is_counted(
    fields: dict[str, object], words: str, read_board: ReadBoard, manager_mo: User, message: Notification
) -> None:
    Notification.objects.update(**fields)
    assert words in read_board(manager_mo)


def test_the_broker_is_asked_while_the_page_is_made(
    read_board: ReadBoard, manager_mo: User, settings: Settings, redis_url: str, tmp_path: Path
) -> None:
    settings.REDIS_URL = f"unix://{tmp_path}/nobody.sock"
    assert "Broker: down, no answer." in read_board(manager_mo)
    settings.REDIS_URL = redis_url
    assert "Broker: up." in read_board(manager_mo)
