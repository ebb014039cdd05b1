"""Applies what the listener stored, beside it: in a process of its own, so that the two use two processors."""

import multiprocessing
import os
import select
import signal
import threading
from contextlib import suppress
from multiprocessing.context import ForkProcess

import structlog
from django.db import close_old_connections, connection, connections

from exchange.hl7.processing import process_received

STOP_SECONDS = 10.0
_APPLY_SECONDS = 5.0  # before it looks whether it is to stop
_LOOK_SECONDS = 5.0  # how often it looks without being woken

log = structlog.get_logger(__name__)


class Applier:
    """Applies received messages when woken, and looks by itself now and then.

    It is told by a pipe: a byte wakes it, the pipe's end stops it, also when the listener was killed.
    """

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)
        self._worker: threading.Thread | ForkProcess | None = None

    def start_thread(self) -> None:
        self._worker = threading.Thread(target=self._run, name="hl7-apply", daemon=True)
        self._worker.start()

    def start_process(self) -> None:
        """Before the listener opens a socket or starts a thread: a fork would copy them."""
        connections.close_all()
        self._worker = multiprocessing.get_context("fork").Process(target=self._run_alone, name="hl7-apply")
        self._worker.start()
        os.close(self._reader)

    @property
    def sentinel(self) -> int | None:
        """Becomes readable when the process ends; None for a thread."""
        return self._worker.sentinel if isinstance(self._worker, ForkProcess) else None

    def wake(self) -> None:
        with suppress(BlockingIOError, BrokenPipeError):  # it has enough to wake it, or is gone
            os.write(self._writer, b"w")

    def stop(self) -> None:
        """Waits until what was received is applied, within `STOP_SECONDS`."""
        os.close(self._writer)
        if self._worker is not None:
            self._worker.join(STOP_SECONDS)

    def _run_alone(self) -> None:
        os.close(self._writer)
        for signum in (signal.SIGINT, signal.SIGTERM):  # sent to the whole group; the listener says when to stop
            signal.signal(signum, signal.SIG_IGN)
        self._run()

    def _run(self) -> None:
        is_last = False
        while True:
            close_old_connections()
            try:
                process_received(_APPLY_SECONDS)
            except Exception as error:  # noqa: BLE001  it goes on, and no log shows a message's words
                log.error("hl7_messages_not_applied", error=type(error).__name__)
                connection.close()
            if is_last:
                break
            ready, _writable, _failed = select.select([self._reader], [], [], _LOOK_SECONDS)
            is_last = bool(ready) and not os.read(self._reader, 65536)
        connection.close()
        os.close(self._reader)
