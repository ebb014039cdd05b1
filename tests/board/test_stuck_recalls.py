"""Holds that an open recall without a next step is reported on the board, by command and to the monitor."""

import json
import logging
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from time_machine import TimeMachineFixture

from clinic.models import Site, User
from recalls.enums import AppointmentStatus
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from recalls.testing.scenarios import SCENARIOS
from reports import tasks
from tests.board.conftest import ReadBoard

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _use_temporary_file(settings: Settings, tmp_path: Path) -> None:
    settings.LOOP_FILE = tmp_path / "loop-checked.json"


def _run_check(*options: str) -> tuple[int, str]:
    """Status and words of the command."""
    said = StringIO()
    try:
        call_command("check_loop", *options, stdout=said)
    except SystemExit as end:
        return int(str(end.code)), said.getvalue()
    return 0, said.getvalue()


def _delete_appointments(recall: Recall) -> None:
    recall.appointments.update(status=AppointmentStatus.CANCELLED)


def _set_unknown_state(recall: Recall) -> None:
    Recall.objects.filter(pk=recall.pk).update(state="of_the_future", version=recall.version + 1)


def _mistype_year(recall: Recall) -> None:
    Recall.objects.filter(pk=recall.pk).update(due_at=timezone.now().replace(year=2999), version=recall.version + 1)


def _forget_visit(recall: Recall) -> None:
    long_past = timezone.now() - timedelta(days=15)
    recall.appointments.update(starts_at=long_past)
    Recall.objects.filter(pk=recall.pk).update(due_at=long_past, version=recall.version + 1)


def _hide_past_visit(recall: Recall) -> None:
    recall.appointments.update(starts_at=timezone.now() - timedelta(days=3))
    ahead = timezone.now() + timedelta(days=90)
    Recall.objects.filter(pk=recall.pk).update(due_at=ahead, version=recall.version + 1)


_FORGOTTEN = "has a visit long past, and nobody has marked whether the patient came"
FAULTS = {
    "due_too_far": ("is due so far ahead that no rule can have set it: was the year mistyped?", _mistype_year),
    "visit_forgotten": (_FORGOTTEN, _forget_visit),
    "visit_forgotten, hidden": (_FORGOTTEN, _hide_past_visit),
    "no_visit": ("counts as booked, and no visit is booked", _delete_appointments),
    "no_queue": ("stands in a state that no queue shows", _set_unknown_state),
}


@pytest.mark.parametrize("story", sorted(SCENARIOS))
def test_no_scenario_leaves_a_recall_without_a_next_step(story: str, shadyside: Site) -> None:
    RecallFactory.create(site=shadyside, **{story: True})
    assert _run_check() == (0, f"{Recall.objects.still_open().count()} open recalls checked, 0 without a next step.\n")


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_each_fault_is_told_by_number_and_ends_with_one(fault: str, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, booked=True)
    RecallFactory.create(site=shadyside)
    words, harm = FAULTS[fault]
    harm(recall)
    assert _run_check() == (1, f"recall #{recall.pk} {words}\n2 open recalls checked, 1 without a next step.\n")
    status, said = _run_check("--json")
    assert (status, json.loads(said)) == (
        1,
        {"checked": 2, "violations": [{"recall": recall.pk, "fault": fault.split(",")[0]}]},
    )


def test_no_name_is_printed(shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, booked=True)
    _delete_appointments(recall)
    said = _run_check()[1] + _run_check("--json")[1]
    assert recall.patient.family_name not in said
    assert recall.patient.mrn not in said


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_the_boards_red_list_names_what_the_command_names(
    fault: str, read_board: ReadBoard, client: Client, manager_mo: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, booked=True)
    assert "Open recalls without a next step none" in read_board(manager_mo)
    FAULTS[fault][1](recall)
    assert "Open recalls without a next step 1" in read_board(manager_mo)
    client.force_login(manager_mo)
    assert list(client.get("/admin/recalls/recall/?due=none").context["cl"].queryset) == [recall]


class _Monitor(BaseHTTPRequestHandler):
    asked: list[str] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def monitor(settings: Settings) -> Iterator[list[str]]:
    """What a dead man's switch on this machine was asked."""
    server = HTTPServer(("127.0.0.1", 0), _Monitor)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.LOOP_PING_URL = f"http://127.0.0.1:{server.server_port}/ping/"
    _Monitor.asked.clear()
    yield _Monitor.asked
    server.shutdown()
    server.server_close()


def test_the_hourly_check_writes_a_heartbeat_a_file_and_pings_the_monitor(
    read_board: ReadBoard, manager_mo: User, shadyside: Site, monitor: list[str], settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    recall = RecallFactory.create(site=shadyside, booked=True)
    assert "Next-step check: not run yet." in read_board(manager_mo)
    assert tasks.check_stuck_recalls() == 0
    assert monitor == ["/ping"]
    assert "Next-step check: up." in read_board(manager_mo)
    left = json.loads(settings.LOOP_FILE.read_text())
    assert (left["checked"], left["without_next_step"]) == (1, 0)
    assert settings.LOOP_FILE.stat().st_mode & 0o077 == 0
    _delete_appointments(recall)
    with caplog.at_level(logging.ERROR):
        assert tasks.check_stuck_recalls() == 1
    assert monitor == ["/ping", "/ping/fail"]
    assert f"open recalls without a next step: #{recall.pk}" in caplog.text
    assert json.loads(settings.LOOP_FILE.read_text())["without_next_step"] == 1


def test_a_monitor_that_does_not_answer_stops_nothing(shadyside: Site, settings: Settings) -> None:
    settings.LOOP_PING_URL = "http://127.0.0.1:9/ping"
    assert tasks.check_stuck_recalls() == 0
    assert settings.LOOP_FILE.exists()


def test_a_check_that_stopped_running_shows_on_the_board(
    read_board: ReadBoard, manager_mo: User, time_machine: TimeMachineFixture
) -> None:
    time_machine.move_to(timezone.now(), tick=False)
    tasks.check_stuck_recalls()
    time_machine.shift(timedelta(hours=3).total_seconds())
    assert "Next-step check: late, last run 3 hours ago." in read_board(manager_mo)
