"""Checks that nothing is lost, doubled, sent to somebody else or sent after its cancellation under faults.

2,000 recalls made by the real actions owe 2,000 confirmations. While real Celery workers send them, the whole group is
killed (kill -9) 20 times and single children 20 times, Redis is killed and wiped, PostgreSQL stopped at once and
started again, the mail server killed for a while; it also refuses, puts off, hangs up and loses its 250 by itself.
Visits are cancelled meanwhile. All moments come from a seed. This script plays the beat. Prints a table and ends with
status 1 when a promise is broken. MESSAGES, KILLS, CANCELS and SEED change the play; needs no server.
"""

import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import django

from bench.fault_environment import CONCURRENCY, FaultEnvironment, fault_environment

MESSAGES = int(os.environ.get("MESSAGES", "2000"))
KILLS = int(os.environ.get("KILLS", "20"))  # of the group, and as many of single children
CANCELS = int(os.environ.get("CANCELS", "200"))
SEED = int(os.environ.get("SEED", "22"))
TIMEOUT_SECONDS = 240.0  # seconds without the next mark, or until everything has ended
MAIL_AWAY = 8.0  # seconds
KIND = "appointment_confirmation"


class FaultRun:
    """What happens, in the order of arriving messages."""

    def __init__(self, here: FaultEnvironment) -> None:
        self.here, self.random = here, random.Random(SEED)
        self.next_sweep = 0.0
        self.cancelled: dict[int, float] = {}
        self.restarts = 0

    def run(self) -> None:
        acts: list[Callable[[], object]] = [*[self.kill_group] * KILLS, *[self.kill_child] * KILLS]
        acts += [self.here.redis.kill_and_wipe, self.mail_away, partial(self.restart_postgres, signal.SIGQUIT)]
        acts += [partial(self.restart_postgres, signal.SIGINT)]
        self.random.shuffle(acts)
        marks = sorted(self.random.sample(range(MESSAGES // 50, MESSAGES * 9 // 10), len(acts)))
        waiting = self.visits_to_cancel()
        self.here.start_worker()
        for number, (mark, act) in enumerate(zip(marks, acts, strict=True)):
            self.wait_for(partial(self.has_arrived, mark))
            time.sleep(self.random.uniform(0, 0.02))
            act()
            for recall in waiting[number :: len(acts)]:
                self.cancel(recall)
        self.wait_for(self.all_ended)

    def visits_to_cancel(self) -> list[int]:
        from recalls.models import Recall

        return self.random.sample(list(Recall.objects.values_list("pk", flat=True)), CANCELS)

    def kill_group(self) -> None:
        self.here.worker.kill()
        self.here.start_worker()

    def kill_child(self) -> None:
        self.wait_for(lambda: self.here.worker.kill_a_child(self.random.randrange(CONCURRENCY)))

    def mail_away(self) -> None:
        self.here.mail.kill()
        ends = time.monotonic() + MAIL_AWAY
        self.wait_for(lambda: time.monotonic() > ends)
        self.here.mail.start()

    def restart_postgres(self, how: signal.Signals) -> None:
        self.here.postgres.restart(how)
        self.restarts += 1

    def cancel(self, number: int) -> None:
        from django.db import OperationalError, connection

        from clinic.factories import get_site_staff
        from recalls import actions
        from recalls.models import Recall

        for _turn in range(20):
            try:
                recall = Recall.objects.select_related("site").get(pk=number)
                actions.cancel_appointment(recall, by=get_site_staff(recall.site).scheduler)
            except OperationalError:  # PostgreSQL was restarted under us
                connection.close()
                time.sleep(0.5)
            else:
                self.cancelled[number] = time.time()
                return
        raise SystemExit("a visit could not be cancelled")

    def has_arrived(self, count: int) -> bool:
        """Whether the mail server has taken that many messages."""
        return bool(self.here.mail.count >= count)

    def wait_for(self, condition: Callable[[], object]) -> None:
        """Ask for a sweep each second, as beat does each minute, until the condition holds."""
        from celery import current_app
        from kombu.exceptions import OperationalError

        deadline = time.monotonic() + TIMEOUT_SECONDS
        while not condition():
            if time.monotonic() > deadline:
                raise SystemExit("the messages did not arrive in time")
            if time.monotonic() > self.next_sweep:
                self.next_sweep = time.monotonic() + 1.0
                for _ in range(CONCURRENCY):
                    try:
                        current_app.send_task("notifications.tasks.sweep", expires=1.0)
                    except (OperationalError, OSError):
                        break  # Redis is away
                self.here.keep_worker_up()
            time.sleep(0.005)

    def all_ended(self) -> bool:
        from django.db import OperationalError, connection

        from notifications.models import Notification

        time.sleep(0.2)
        try:
            return not Notification.objects.filter(kind=KIND, state__in=["planned", "sending"]).exists()
        except OperationalError:
            connection.close()
            return False


def report(play: FaultRun, seconds: float) -> int:
    from notifications.models import Notification

    book = [json.loads(line) for line in play.here.mail.log_path.read_text().splitlines()]
    kept: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for entry in book:
        if entry["fate"] in ("kept", "lost"):
            kept[entry["number"]].append(entry)
    rows = list(Notification.objects.filter(kind=KIND).select_related("recall", "patient"))
    numbers = set(Notification.objects.values_list("public_id", flat=True))
    broken = count_broken_guarantees(play, rows, kept) | {
        "that nobody owed": len(set(kept) - {str(number) for number in numbers})
    }
    extra = sum(len(copies) - 1 for copies in kept.values())
    fates = Counter(entry["fate"] for entry in book)
    allowed = fates["lost"] + KILLS * (CONCURRENCY + 1) + play.restarts * CONCURRENCY
    silent = sum(len(kept.get(str(row.public_id), [])) > 1 and not row.may_have_arrived_twice for row in rows)
    table: dict[str, object] = {
        "messages owed": len(rows),
        "kills of the group / of a child": f"{KILLS} / {KILLS}",
        "250 lost / 451 / 550 / cut off": " / ".join(str(fates[name]) for name in ("lost", "busy", "refused", "cut")),
        "visits cancelled meanwhile": len(play.cancelled),
        "workers that ended by themselves": play.here.worker_exits,
        **broken,
        "copied without saying so on the row": silent,
        "extra copies": extra,
        "extra copies allowed (in flight at a fault)": allowed,
        "seconds": round(seconds),
    }
    for name, value in table.items():
        print(f"{name:45} {value}")
    kept_all = len(rows) == MESSAGES and not any(broken.values()) and not silent and extra <= allowed
    print("every promise was kept" if kept_all else "A PROMISE WAS BROKEN")
    return 0 if kept_all else 1


def count_broken_guarantees(play: FaultRun, rows: list[Any], kept: dict[str, list[dict[str, Any]]]) -> dict[str, int]:
    """How often each one was broken."""
    from patients.models import ContactPoint
    from recalls.models import WorkItem

    points = ContactPoint.objects.filter(kind="email").values_list("patient_id", "value")
    address, tasks = dict(points), set(WorkItem.objects.values_list("recall_id", flat=True))
    broken = Counter[str]()
    for row in rows:
        copies, called_off = kept.get(str(row.public_id), []), play.cancelled.get(row.recall_id)
        ended_well = (
            (row.state == "accepted" and copies)
            or (row.state in ("failed", "to_print") and row.recall_id in tasks)  # refused by the server for good
            or (row.state == "cancelled" and called_off is not None)
        )
        broken["lost"] += not ended_well
        broken["to a wrong recipient"] += any(copy["to"] != [address[row.patient_id]] for copy in copies)
        broken["under another Message-ID"] += any(copy["name"] != row.message_id for copy in copies)
        late = called_off is not None and any(copy["at"] > called_off for copy in copies)
        broken["sent after cancel"] += late and row.reason != "in_flight"
    names = ("lost", "to a wrong recipient", "under another Message-ID", "sent after cancel")
    return {name: broken[name] for name in names}


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="recalldesk-faults-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with fault_environment(folder, SEED) as here:
            django.setup()
            from django.core.management import call_command

            from bench._test_installation import book_visits

            started = time.monotonic()
            call_command("migrate", verbosity=0)
            book_visits(MESSAGES)
            print(f"{MESSAGES} recalls made in {time.monotonic() - started:.0f} s", flush=True)
            play = FaultRun(here)
            play.run()
            return report(play, time.monotonic() - started)


if __name__ == "__main__":
    sys.exit(main())
