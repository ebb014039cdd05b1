"""Holds that the operator is told what is late or down, once, until it is over, and never anything about a patient."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError
from django.utils import timezone
from pydantic import SecretStr
from pytest_django import Settings
from time_machine import TimeMachineFixture, escape_hatch

from clinic.models import Heartbeat, Site, User
from config.connections import alert_email_server
from notifications.models import Notification
from recalls.testing.factories import RecallFactory
from reports.watch import faults, rounds
from reports.watch.rounds import Watch
from tests.board.conftest import ReadBoard
from tests.support.processes import free_port
from tests.support.smtp_sink import SmtpSink

TUESDAY = datetime(2026, 3, 17, 15, 0, tzinfo=UTC)
PARTS = ("worker", "beat", "sweep", "loop")

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _all_is_well(time_machine: TimeMachineFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    time_machine.move_to(TUESDAY, tick=False)
    _let_others_agree(monkeypatch)
    monkeypatch.setattr(rounds, "CLOCK_TOLERANCE", timedelta(days=1))  # these tests move the clock
    _mark(*PARTS)


def _let_others_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    """No broker runs here, and a database server's clock does not travel with the test."""
    monkeypatch.setattr(rounds, "_broker_answers", lambda: True)
    monkeypatch.setattr(faults, "_database_time", lambda now: now)


def _mark(*names: str, ago: timedelta = timedelta(0)) -> None:
    for name in names:
        Heartbeat.objects.update_or_create(name=name, defaults={"finished_at": timezone.now() - ago})


@pytest.fixture
def inbox(settings: Settings) -> Iterator[SmtpSink]:
    """The operator's mail server, another one than the clinic's."""
    with SmtpSink() as sink:
        settings.ALERT_EMAIL = ["operator@example.org"]
        settings.ALERT_EMAIL_SERVER = alert_email_server(SecretStr(sink.url))
        yield sink


def _look_twice(watch: Watch) -> None:
    watch.look()
    watch.look()


def test_nothing_is_said_while_all_is_well(inbox: SmtpSink) -> None:
    watch = Watch()
    _look_twice(watch)
    assert watch.look() == []
    assert inbox.received == []


def test_a_dead_worker_is_told_once_until_it_is_over(inbox: SmtpSink, time_machine: TimeMachineFixture) -> None:
    watch = Watch()
    _mark("worker", ago=timedelta(minutes=12))
    watch.look()
    assert inbox.received == []  # one look may have come in the midst of a restart
    _look_twice(watch)
    (told,) = inbox.received
    assert told.recipients == ("operator@example.org",)
    assert told.message["Subject"] == "Recall Desk: Worker down"
    assert "Worker: down, since Tue 17 Mar" in told.message.get_content()
    assert "/board/" in told.message.get_content()
    _mark("worker")
    _look_twice(watch)
    assert inbox.received[1].message["Subject"] == "Recall Desk: over: Worker"
    _look_twice(watch)
    assert len(inbox.received) == 2


def test_what_gets_worse_or_lasts_six_hours_is_told_again(inbox: SmtpSink, time_machine: TimeMachineFixture) -> None:
    watch = Watch()
    _mark("beat", ago=timedelta(minutes=4))
    _look_twice(watch)
    _mark("beat", ago=timedelta(minutes=11))
    _look_twice(watch)
    time_machine.move_to(TUESDAY + timedelta(hours=6, minutes=1), tick=False)
    _mark("worker", "sweep", "loop")
    _look_twice(watch)
    assert [mail.message["Subject"] for mail in inbox.received] == [
        "Recall Desk: Scheduler service late",
        "Recall Desk: Scheduler service down",
        "Recall Desk: Scheduler service down",
    ]


def test_a_message_owed_for_a_quarter_of_an_hour_is_told_without_a_word_of_its_patient(
    inbox: SmtpSink, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside)
    Notification.objects.filter(recall=recall).update(not_before=timezone.now() - timedelta(minutes=16))
    _look_twice(Watch())
    (told,) = inbox.received
    assert told.message["Subject"].startswith("Recall Desk: ")
    assert "overdue" in told.message.get_content()
    for word in (recall.patient.family_name, recall.patient.mrn, recall.patient.given_name):
        assert word not in told.raw.decode()


def test_an_operator_whose_mail_server_is_away_is_told_when_it_is_back(inbox: SmtpSink, settings: Settings) -> None:
    there = settings.ALERT_EMAIL_SERVER
    settings.ALERT_EMAIL_SERVER = alert_email_server(SecretStr(f"smtp://127.0.0.1:{free_port()}"))
    watch = Watch()
    _mark("worker", ago=timedelta(minutes=12))
    _look_twice(watch)
    settings.ALERT_EMAIL_SERVER = there
    watch.look()
    assert len(inbox.received) == 1


def test_a_database_that_does_not_answer_is_told(inbox: SmtpSink, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise DatabaseError

    monkeypatch.setattr(rounds, "find_faults", refuse)
    _look_twice(Watch())
    assert inbox.received[0].message["Subject"] == "Recall Desk: Database down"


@pytest.mark.parametrize("later", [timedelta(minutes=5), -timedelta(minutes=5)])
def test_a_clock_that_was_set_is_a_fault(
    inbox: SmtpSink, later: timedelta, time_machine: TimeMachineFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    _let_others_agree(monkeypatch)
    watch = Watch()
    time_machine.move_to(TUESDAY + later, tick=False)
    _mark(*PARTS)
    assert [str(fault.name) for fault in watch.look()] == ["Server time"]


def test_a_part_whose_clock_runs_ahead_is_a_fault(inbox: SmtpSink) -> None:
    _mark("worker", ago=-timedelta(seconds=45))
    assert [fault.sentence for fault in Watch().look()] == ["Server time: late, two machines differ by 45 seconds."]


def test_a_database_on_a_machine_with_another_time_is_a_fault(inbox: SmtpSink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "_database_time", lambda now: now - timedelta(minutes=2))
    assert [fault.sentence for fault in Watch().look()] == ["Server time: late, two machines differ by 120 seconds."]


def test_the_database_is_asked_for_its_own_time(
    time_machine: TimeMachineFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    real = datetime.fromtimestamp(escape_hatch.time.time(), UTC)
    assert abs(faults._database_time(real) - real) < timedelta(seconds=30)


def test_a_chat_program_is_told_the_same(settings: Settings) -> None:
    bodies: list[dict[str, str]] = []

    class Chat(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Not to the terminal."""

    with HTTPServer(("127.0.0.1", 0), Chat) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings.ALERT_WEBHOOK_URL = f"http://127.0.0.1:{server.server_port}/hook"
        _mark("sweep", ago=timedelta(minutes=3))
        _look_twice(Watch())
        server.shutdown()
    (body,) = bodies
    assert (
        body["text"]
        .replace("\xa0", " ")
        .startswith("Recall Desk: Delivery check late\nDelivery check: late, last run 3 minutes ago.")
    )


def test_the_board_shows_a_watch_that_ended(read_board: ReadBoard, manager_mo: User) -> None:
    _mark("watch", ago=timedelta(hours=1))
    assert "Watch that calls the operator: down" in read_board(manager_mo)


def test_a_watch_that_would_tell_nobody_does_not_start() -> None:
    with pytest.raises(CommandError, match="ALERT_EMAIL"):
        call_command("watch")
