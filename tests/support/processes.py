"""Runs Recall Desk's real processes with the real settings on a folder of their own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from config.env import PROJECT_ROOT, Environment

STOP_SECONDS = 30.0
# Short ways to start each process alone, as the Procfile does.
WEB = ("-m", "gunicorn", "-c", "config/gunicorn.py")
WORKER = ("-m", "celery", "-q", "-A", "config", "worker", "--without-gossip", "--without-mingle")
BEAT = ("-m", "celery", "-q", "-A", "config", "beat", "--pidfile=")
BROKER = ("-m", "config.broker")


class Process:
    """One running process and all it started; its output goes to a file."""

    def __init__(self, arguments: tuple[str, ...], environment: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("wb") as output:
            self._popen = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=PROJECT_ROOT,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def output(self) -> str:
        """All it has written so far, both streams."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop, wait, and return its exit status."""
        if self._popen.poll() is None:
            self._popen.send_signal(how)
        try:
            return self._popen.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self) -> None:
        """kill -9, to the process and its children at once."""
        with suppress(ProcessLookupError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait(STOP_SECONDS)

    @property
    def has_ended(self) -> bool:
        return self._popen.poll() is not None

    def wait(self, seconds: float = STOP_SECONDS) -> int:
        """Wait until it ends by itself; returns its exit status."""
        return self._popen.wait(seconds)


@contextmanager
def run_process(arguments: tuple[str, ...], environment: dict[str, str], log: Path) -> Iterator[Process]:
    """The process for the length of a block; killed at its end if it still runs."""
    process = Process(arguments, environment, log)
    try:
        yield process
    finally:
        process.kill()


def make_environment(**variables: str) -> dict[str, str]:
    """This shell's environment with none of Recall Desk's variables but the given ones."""
    ours = {str(field.validation_alias) for field in Environment.model_fields.values()} | {"DJANGO_SETTINGS_MODULE"}
    return {name: value for name, value in os.environ.items() if name not in ours} | variables


def free_port() -> int:
    """A port that the operating system says is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], object], *, seconds: float = 30.0) -> bool:
    """Whether the condition came true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False
