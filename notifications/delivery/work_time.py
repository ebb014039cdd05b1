"""Tells a running task when to end: its seconds are over, or its worker was asked to stop.

The flag lives in memory that a worker shares with the processes it forks: only the first of them hears SIGTERM.
"""

import multiprocessing
import time

from celery.signals import worker_shutting_down

_stop_asked = multiprocessing.Event()


@worker_shutting_down.connect
def ask_tasks_to_end(**_: object) -> None:
    """Each task ends after the piece in hand; what is left is still owed in the database."""
    _stop_asked.set()


class WorkTime:
    """So many seconds of work from now on."""

    def __init__(self, seconds: float) -> None:
        self._began, self._seconds = time.monotonic(), seconds

    def is_over(self, share: float = 1.0) -> bool:
        """Whether that share of the seconds is over, or the worker is to stop."""
        return _stop_asked.is_set() or time.monotonic() - self._began >= self._seconds * share
