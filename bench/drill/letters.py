"""Drills letters: the worker is killed while a batch is made and while it is noted as posted."""

import csv
import io
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from bench.drill.installation.stack import Stack
from bench.drill.judge import Verdict, add_up, judge_same
from bench.drill.outcome import Outcome, Scale


def kill_over_letters(stack: Stack, scale: Scale) -> Outcome:
    """Each letter once in the pile, once in the mail house's file, once noted as printed."""
    from notifications.letter_batches import jobs
    from notifications.models import BatchLetter, LetterBatch

    count, kills = scale.pick(short=50, long=200), scale.pick(short=1, long=3)
    batch = _queue_batch(count)
    rows, state = batch.letters, BatchLetter.State
    ready = LetterBatch.objects.filter(pk=batch.pk, state=LetterBatch.State.READY)
    worst = _kill_workers(stack, scale, count, kills, lambda: rows.exclude(state=state.WAITING).count(), ready.exists)
    assert jobs.queue_posted(batch, by=batch.made_by)
    posted = rows.filter(state=state.READY)
    count_posted = rows.exclude(state=state.READY).count
    again = _kill_workers(stack, scale, count, kills, count_posted, lambda: not posted.exists())
    return Outcome(f"{count} letters, {2 * kills} kills of all workers", _judge(batch), max(worst, again))


def _queue_batch(count: int) -> Any:
    """Letters of patients with names that nobody else bears."""
    from bench._test_installation import create_site_that_is_always_open
    from clinic.factories import get_site_staff
    from clinic.models import Site
    from notifications.delivery import restore_guard
    from notifications.delivery.worker import send_due
    from notifications.letter_batches import jobs
    from patients.factories import PatientFactory
    from recalls.testing.factories import RecallFactory

    restore_guard.unfreeze_sending()
    site = create_site_that_is_always_open(code=f"DRILL{Site.objects.count()}")
    for number in range(count):
        name = f"Sample-{site.code}-{number:05}"
        RecallFactory.create(patient=PatientFactory.create(site=site, no_email=True, family_name=name))
    while sum(send_due(600).values()):
        pass
    batch = jobs.queue_batch(get_site_staff(site).scheduler, site)
    assert batch is not None
    return batch


def _kill_workers(
    stack: Stack, scale: Scale, count: int, kills: int, done: Callable[[], int], is_over: Callable[[], bool]
) -> float:
    """The longest time from a kill until another letter was done."""
    worst = 0.0
    for mark in sorted(scale.chance.sample(range(count // 10, count * 9 // 10), kills)):
        stack.wait_for(partial(_has_reached, done, mark))
        for worker in stack.workers:
            worker.signal_group()
        began, before = time.monotonic(), done()
        stack.wait_for(partial(_goes_on, done, before, is_over))
        worst = max(worst, time.monotonic() - began)
    stack.wait_for(is_over)
    return worst


def _has_reached(done: Callable[[], int], mark: int) -> bool:
    return done() >= mark


def _goes_on(done: Callable[[], int], before: int, is_over: Callable[[], bool]) -> bool:
    return done() > before or is_over()


def _judge(batch: Any) -> Verdict:
    from pypdf import PdfReader

    from notifications.letter_batches import files
    from notifications.models import DeliveryAttempt

    names = [str(name) for name in batch.letters.values_list("notification__patient__family_name", flat=True)]
    pile = "\n".join(page.extract_text() for page in PdfReader(files.folder_of(batch) / files.PILE).pages)
    piled = Counter(word for word in pile.split() if word in set(names))
    with zipfile.ZipFile(files.folder_of(batch) / files.MAIL_HOUSE) as archive:
        rows = csv.DictReader(io.StringIO(archive.read("letters.csv").decode("utf-8-sig")))
        listed = Counter(row["letter"] for row in rows)
        single = len(archive.namelist()) - 1
    numbers = list(batch.letters.values_list("notification", flat=True))
    printed = Counter(
        DeliveryAttempt.objects.filter(notification__in=numbers, result="accepted").values_list(
            "notification", flat=True
        )
    )
    return add_up(
        [
            judge_same(
                {f"in the pile: {name}": 1 for name in names}, {f"in the pile: {name}": piled[name] for name in names}
            ),
            judge_same({"lines for the mail house": len(names)}, {"lines for the mail house": len(listed)}),
            judge_same({}, {f"listed twice: {name}": number - 1 for name, number in listed.items()}),
            judge_same({"single PDFs": len(names)}, {"single PDFs": single}),
            judge_same({f"printed: {pk}": 1 for pk in numbers}, {f"printed: {pk}": printed[pk] for pk in numbers}),
            judge_same({"posted": len(names)}, {"posted": batch.letters.filter(state="posted").count()}),
        ]
    )
