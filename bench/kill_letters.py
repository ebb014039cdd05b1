"""Checks that no letter is printed twice or lost when the worker is killed while a batch is made and noted as posted.

A real Celery worker makes the batch and then writes it down as posted; each time it is killed (kill -9, with all its
children) at points chosen by a seed, then started again. Prints a table and ends with status 1 when a promise is
broken: each letter once in the pile, once in the mail house's file, once noted as printed. LETTERS, KILLS and SEED
change it.
"""

import csv
import io
import os
import random
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from celery import current_app
from django.db import connection

from bench._test_installation import (
    CountingMailServer,
    Installation,
    create_site_that_is_always_open,
    fresh_installation,
)

LETTERS = int(os.environ.get("LETTERS", "300"))
KILLS = int(os.environ.get("KILLS", "3"))  # while the letters are made, and as many while they are noted as posted
SEED = int(os.environ.get("SEED", "22"))
TIMEOUT_SECONDS = 300.0  # for each half
WORKER = ("-m", "bench.short_timeout_worker", "--concurrency=2")


def main() -> int:
    with CountingMailServer() as mail, fresh_installation(mail.port) as here:
        from notifications.letter_batches import jobs
        from notifications.models import BatchLetter, LetterBatch

        batch = queue_batch()
        rows = batch.letters
        state = BatchLetter.State
        kill_at_random_points(
            here,
            lambda: rows.exclude(state=state.WAITING).count(),
            lambda: LetterBatch.objects.filter(pk=batch.pk, state=LetterBatch.State.READY).exists(),
        )
        assert jobs.queue_posted(batch, by=batch.made_by)
        kill_at_random_points(
            here,
            lambda: rows.exclude(state=state.READY).count(),
            lambda: not rows.filter(state=state.READY).exists(),
        )
        return report(batch)


def queue_batch() -> Any:
    """Letters of patients with names that nobody else bears."""
    from clinic.factories import get_site_staff
    from notifications.delivery.worker import send_due
    from notifications.letter_batches import jobs
    from patients.factories import PatientFactory
    from recalls.testing.factories import RecallFactory

    site = create_site_that_is_always_open()
    for number in range(LETTERS):
        name = f"Sample-{number:05}"
        RecallFactory.create(patient=PatientFactory.create(site=site, no_email=True, family_name=name))
    while sum(send_due(600).values()):
        pass
    batch = jobs.queue_batch(get_site_staff(site).scheduler, site)
    assert batch is not None
    return batch


def kill_at_random_points(here: Installation, count: Callable[[], int], is_done: Callable[[], bool]) -> None:
    chance = random.Random(SEED)
    marks = sorted(chance.sample(range(LETTERS // 10, LETTERS * 9 // 10), KILLS))
    for mark in marks:
        worker = here.start(f"worker{mark}", *WORKER)
        wait_for(partial(_has, count, mark))
        time.sleep(chance.uniform(0, 0.03))
        worker.kill()
        print(f"killed after {count()} letters", flush=True)
    worker = here.start("worker-last", *WORKER)
    wait_for(is_done)
    worker.stop()


def _has(count: Callable[[], int], mark: int) -> bool:
    return count() >= mark


def wait_for(condition: Callable[[], object]) -> None:
    """Ask for the sweep of batches each second, as beat does each minute, until the condition holds."""
    deadline, next_sweep = time.monotonic() + TIMEOUT_SECONDS, 0.0
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit("the letters were not done in time")
        if time.monotonic() > next_sweep:
            current_app.send_task("notifications.tasks.sweep_letter_batches", expires=1.0)
            next_sweep = time.monotonic() + 1.0
        time.sleep(0.01)


def report(batch: Any) -> int:
    from pypdf import PdfReader

    from notifications.letter_batches import files
    from notifications.models import DeliveryAttempt

    pile = " ".join(page.extract_text() for page in PdfReader(files.folder_of(batch) / files.PILE).pages)
    addressed = Counter(word for word in pile.split() if word.startswith("Sample-") and word[7:].isdecimal())
    with zipfile.ZipFile(files.folder_of(batch) / files.MAIL_HOUSE) as archive:
        listed = Counter(
            row["letter"] for row in csv.DictReader(io.StringIO(archive.read("letters.csv").decode("utf-8-sig")))
        )
        single = len(archive.namelist()) - 1
    printed = Counter(DeliveryAttempt.objects.filter(result="accepted").values_list("notification", flat=True))
    table = {
        "database": connection.vendor,
        "letters owed": LETTERS,
        "kills": 2 * KILLS,
        "lost from the pile": LETTERS - len(addressed),
        "lost from the mail house's list": LETTERS - len(listed),
        "lost single PDFs": LETTERS - single,
        "not noted as printed": batch.letters.exclude(notification__state="accepted").count(),
        "called untrue though posted": batch.letters.exclude(state="posted").count(),
        "twice in the pile": sum(addressed.values()) - len(addressed),
        "twice in the list": sum(listed.values()) - len(listed),
        "noted as printed twice": sum(printed.values()) - len(printed),
    }
    for name, value in table.items():
        print(f"{name:45} {value}")
    return 1 if any(value for value in list(table.values())[3:]) else 0


if __name__ == "__main__":
    sys.exit(main())
