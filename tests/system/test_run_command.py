"""Holds that the run command starts everything, stops cleanly, and says why it cannot start."""

import signal
import socket
import urllib.request
from pathlib import Path

import pytest

from config import broker
from config.embedded import broker_socket
from tests.support.processes import free_port, make_environment, run_process, wait_until

RUN = ("-m", "config.run")


def _is_responding(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/", timeout=2) as response:
            return bool(response.read() == b"ok")
    except OSError:
        return False


@pytest.mark.long
def test_one_command_starts_the_desk_and_an_interrupt_stops_all_of_it(tmp_path: Path) -> None:
    folder, port = tmp_path / "var", free_port()
    environment = make_environment(DATA_DIR=str(folder), PORT=str(port))
    with run_process(RUN, environment, tmp_path / "log") as desk:
        address = f"Recall Desk is at http://127.0.0.1:{port}/"
        assert wait_until(lambda: address in desk.output or desk.has_ended, seconds=300)
        assert _is_responding(port), desk.output
        assert wait_until(lambda: " ready." in desk.output), desk.output
        assert desk.stop(signal.SIGINT) == 0, desk.output
        assert "Traceback" not in desk.output
    assert not _is_responding(port)
    assert not broker.is_reachable(f"unix://{broker_socket(folder)}")


def test_a_taken_port_is_said_so_before_anything_is_done(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        environment = make_environment(DATA_DIR=str(tmp_path / "var"), PORT=str(port))
        with run_process(RUN, environment, tmp_path / "log") as desk:
            assert desk.wait() == 1
            assert f"Port {port} is taken" in desk.output
    assert not (tmp_path / "var" / "recalldesk.sqlite3").exists()


def test_a_second_start_on_the_same_data_is_refused_in_words(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    with run_process(("-m", "config.broker"), make_environment(DATA_DIR=str(folder)), tmp_path / "broker-log"):
        assert broker.wait_until_reachable(f"unix://{broker_socket(folder)}", seconds=20)
        environment = make_environment(DATA_DIR=str(folder), PORT=str(free_port()))
        with run_process(RUN, environment, tmp_path / "log") as desk:
            assert desk.wait() == 1
            assert "already runs" in desk.output


def test_a_wrong_setting_is_said_in_one_line_without_a_stack_of_code(tmp_path: Path) -> None:
    with run_process(RUN, make_environment(DATA_DIR=str(tmp_path / "var"), LOG_LEVEL="LOUD"), tmp_path / "log") as desk:
        assert desk.wait() == 1
        assert "LOG_LEVEL: " in desk.output
        assert "Traceback" not in desk.output
