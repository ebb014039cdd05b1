"""Checks that nothing is lost, doubled or sent to somebody else when the worker is killed at work.

Due messages are made by the real actions; a real Celery worker sends them to a real mail server and is killed (kill -9,
with all its children) at moments chosen by a seed, then started again. This script plays the beat that asks for a sweep
every second. Prints a table and ends with status 1 when a promise is broken: nothing lost, copies only of what was
being sent at a kill and only under the same Message-ID. MESSAGES, KILLS and SEED change the play.
"""

import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import partial

from celery import current_app
from django.db import connection

from bench._test_installation import CountingMailServer, Installation, book_visits, fresh_installation
from tests.support.processes import WORKER

MESSAGES = int(os.environ.get("MESSAGES", "500"))
KILLS = int(os.environ.get("KILLS", "3"))
SEED = int(os.environ.get("SEED", "22"))
TIMEOUT_SECONDS = 300.0  # seconds for everything to arrive; a lease takes two minutes of it
CONCURRENCY = 2  # what is being sent at one instant, at most


def main() -> int:
    with CountingMailServer() as mail, fresh_installation(mail.port) as here:
        book_visits(MESSAGES)
        started = time.monotonic()
        kill_at_random_points(here, mail)
        finish(here)
        return report(mail, time.monotonic() - started)


def kill_at_random_points(here: Installation, mail: CountingMailServer) -> None:
    """Kill the worker each time so many messages have arrived, at another point of its work each time."""
    chance = random.Random(SEED)
    marks = sorted(chance.sample(range(MESSAGES // 10, MESSAGES * 9 // 10), KILLS))
    for number, mark in enumerate(marks):
        worker = here.start(f"worker{number}", *WORKER, f"--concurrency={CONCURRENCY}")
        wait_for(partial(_has, mail, mark))
        time.sleep(chance.uniform(0, 0.01))
        worker.kill()
        print(f"killed after {mail.count} messages had arrived", flush=True)


def _has(mail: CountingMailServer, count: int) -> bool:
    return mail.count >= count


def finish(here: Installation) -> None:
    from notifications.enums import NotificationState
    from notifications.models import Notification

    waiting = Notification.objects.filter(kind="appointment_confirmation").exclude(state=NotificationState.ACCEPTED)
    worker = here.start("worker-last", *WORKER, f"--concurrency={CONCURRENCY}")
    wait_for(lambda: not waiting.exists())
    worker.stop()


def wait_for(condition: Callable[[], object]) -> None:
    """Ask for a sweep each second, as beat does each minute, until the condition holds."""
    deadline, next_sweep = time.monotonic() + TIMEOUT_SECONDS, 0.0
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit("the messages did not arrive in time")
        if time.monotonic() > next_sweep:
            for _ in range(CONCURRENCY):
                current_app.send_task("notifications.tasks.sweep", expires=1.0)
            next_sweep = time.monotonic() + 1.0
        time.sleep(0.002)


def report(mail: CountingMailServer, seconds: float) -> int:
    from notifications.models import Notification

    rows = Notification.objects.filter(kind="appointment_confirmation")
    owed = {str(row.public_id): row.message_id for row in rows}
    points = rows.values_list("public_id", "patient__contact_points__value").filter(
        patient__contact_points__kind="email"
    )
    addresses = {str(number): address for number, address in points}
    copies = Counter(number for _to, number, _name in mail.received)
    doubtful = rows.filter(may_have_arrived_twice=True).count()
    broken = {
        "lost": len(set(owed) - set(copies)),
        "copies under another Message-ID": sum(owed.get(number) != name for _to, number, name in mail.received),
        "to a wrong recipient": sum(addresses.get(number) != to for to, number, _name in mail.received),
        "that nobody owed": len(set(copies) - set(owed)),
    }
    extra = sum(copies.values()) - len(copies)
    table = {
        "database": connection.vendor,
        "messages owed": len(owed),
        "kills": KILLS,
        **broken,
        "extra copies": extra,
        "extra copies allowed (being sent at a kill)": KILLS * CONCURRENCY,
        "rows that say: may have arrived twice": doubtful,
        "most copies of one message": max(copies.values(), default=0),
        "seconds in all, leases included": round(seconds, 1),
    }
    for name, value in table.items():
        print(f"{name:45} {value}")
    kept = len(owed) == MESSAGES and not any(broken.values()) and extra <= min(KILLS * CONCURRENCY, doubtful)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
