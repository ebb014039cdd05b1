"""Wakes a worker after a commit; the wake-up may be lost, refused or come twice.

The row in the database is what is owed, and the minute's sweep finds it without any nudge.
"""

import logging
import threading
import time

from celery import current_app
from django.db import connection, transaction
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)

DELIVER_TASK = "notifications.tasks.deliver"
_WAKEUP_DELAY_SECONDS = 1.0  # seconds until the woken worker looks: one nudge serves all that is written meanwhile
_WAKEUP_EXPIRES_SECONDS = 60.0  # seconds: by then a sweep has been
_BROKER_RETRY_SECONDS = 30.0  # seconds without another try: whoever acts must not wait for a broker that is down


class WorkerWakeup:
    """Wakes a worker, at most once in a while in each process."""

    def __init__(self) -> None:
        self._not_before = 0.0
        self._lock = threading.Lock()

    def __call__(self) -> None:
        with self._lock:
            if time.monotonic() < self._not_before:
                return
            # Shorter than the woken worker's delay, so that nothing falls between two nudges.
            self._not_before = time.monotonic() + _WAKEUP_DELAY_SECONDS * 0.9
        try:
            current_app.send_task(DELIVER_TASK, countdown=_WAKEUP_DELAY_SECONDS, expires=_WAKEUP_EXPIRES_SECONDS)
        except (OperationalError, OSError) as error:
            self._not_before = time.monotonic() + _BROKER_RETRY_SECONDS
            log.warning("no worker could be woken: %s", type(error).__name__)


wake_worker = WorkerWakeup()


def wake_worker_after_commit() -> None:
    """Once in a transaction, however many recalls it moves."""
    if not any(entry[1] is wake_worker for entry in connection.run_on_commit):
        transaction.on_commit(wake_worker)
