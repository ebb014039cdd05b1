"""Holds that the listener's second process applies what was stored, and that neither goes on without the other."""

import os
import re
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.hl7.mllp_client import Sender
from tests.hl7.sample_messages import ack_fields, make_oru
from tests.support.processes import Process, make_environment, run_process, wait_until

LISTEN = ("manage.py", "listen_hl7", "--port", "0")


@pytest.fixture
def listener(tmp_path: Path, ready_folder: Path) -> Iterator[Process]:
    with run_process(LISTEN, make_environment(DATA_DIR=str(ready_folder)), tmp_path / "log") as process:
        assert wait_until(lambda: "hl7_listener_ready" in process.output), process.output
        yield process


def _send(listener: Process) -> list[str]:
    (port,) = re.findall(r'"port": (\d+)', listener.output)
    with Sender(int(port)) as sender:
        return ack_fields(sender.send(make_oru("1")))


def _states(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "recalldesk.sqlite3")) as database:
        return [state for (state,) in database.execute("SELECT state FROM exchange_hl7message")]


def _child_of(process: Process) -> int:
    return int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0])


def test_a_message_is_applied_by_the_second_process_and_a_stop_ends_both(listener: Process, ready_folder: Path) -> None:
    assert _send(listener) == ["MSA", "AA", "1"]
    assert wait_until(lambda: _states(ready_folder) == ["parked"])  # no sender of that name is set up
    child = _child_of(listener)
    assert listener.stop() == 0, listener.output
    assert not Path(f"/proc/{child}").exists()


def test_a_killed_applier_ends_the_listener_so_that_both_are_started_anew(listener: Process) -> None:
    os.kill(_child_of(listener), signal.SIGKILL)
    assert listener.wait() != 0
    assert "The process that applies messages has ended" in listener.output


def test_a_killed_listener_leaves_no_process_behind(listener: Process) -> None:
    child = _child_of(listener)
    os.kill(listener.pid, signal.SIGKILL)
    assert wait_until(lambda: not Path(f"/proc/{child}").exists())
