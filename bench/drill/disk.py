"""Drills a full disk: reading goes on, forms are refused whole and kept, and all goes on once there is room."""

import os
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any
from uuid import uuid4

from bench.drill.batch import book
from bench.drill.installation.pages import SAVED, Browser
from bench.drill.installation.short_waits import LEASE
from bench.drill.installation.stack import IN_FLIGHT, Stack
from bench.drill.judge import Verdict, judge_facts, judge_same
from bench.drill.outcome import CannotRunHere, Outcome, Scale

MEGABYTES = 400  # PostgreSQL's own files take about 150
_FILLER = "filler"
_READ = ("/queue/", "/queue/to_contact/", "/downtime/")


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system in memory of its own; needs root."""
    folder.mkdir(parents=True)
    mount = shutil.which("mount")
    options = f"size={MEGABYTES}m,mode=755"
    if (
        mount is None
        or subprocess.run(
            [mount, "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=False, capture_output=True
        ).returncode
    ):
        raise CannotRunHere("a small disk cannot be mounted here: that needs root, and a container that allows it")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=False)


def fill_disk(stack: Stack, scale: Scale) -> Outcome:
    """Filled to the last byte while messages leave and forms are sent; freed; the same forms are sent again."""
    from django.db import connection

    from clinic.factories import get_site_staff

    assert stack.small_disk is not None
    count, forms = scale.pick(short=60, long=150), scale.pick(short=6, long=20)
    batch = book(stack, count)
    browser = Browser(stack.web_port, get_site_staff(batch.site).scheduler)
    pages = [*_READ, *(f"/recalls/{recall.pk}/" for recall in batch.recalls[:5])]
    typed = [_note(recall) for recall in batch.recalls[:forms]]
    warm = [browser.get(page).status for page in pages]
    stack.mail.behave(seconds=0.05)
    batch.release()
    batch.wait_for_mark(count // 10)
    # Neither our connection nor the listener's must be what keeps the database readable.
    connection.close()
    stack.processes["listener"].stop()
    filler = stack.small_disk / _FILLER
    fill(filler)
    refused = [browser.post(path, fields) for path, fields in typed]
    read = _read_while_full(browser, pages, filler, scale.pick(short=5.0, long=1.5 * LEASE.total_seconds()))
    filler.unlink()
    stack.start()
    began = time.monotonic()
    again = [form for form, answer in zip(typed, refused, strict=True) if answer.status != SAVED]
    saved = [browser.post_until_saved(path, fields) for path, fields in again]
    recovered = time.monotonic() - began
    batch.finish()
    stack.mail.behave()
    words = Counter(answer.status for answer in refused)
    facts = {
        _with_answers("every page is read before", warm): set(warm) == {200},
        _with_answers("reading goes on", read): set(read) == {200},
        _with_answers("a form is saved or refused with 503 and Retry-After", words.elements()): all(
            map(_is_clear, refused)
        ),
        _with_answers("a form is saved once there is room", chain(*saved)): all(SAVED in found for found in saved),
    }
    tried = f"{count} messages, {forms} forms ({words[503]} refused), {len(read)} pages"
    verdict = batch.judge(IN_FLIGHT) + _judge_notes(batch.recalls[:forms]) + judge_facts(facts)
    return Outcome(tried, verdict, recovered)


def _read_while_full(browser: Browser, pages: Sequence[str], filler: Path, seconds: float) -> list[int]:
    """The status of each page while the disk stays full, whatever the database gives back meanwhile."""
    statuses: list[int] = []
    until = time.monotonic() + seconds
    while time.monotonic() < until or not statuses:
        fill(filler)
        statuses += [browser.get(page).status for page in pages]
    return statuses


def _judge_notes(recalls: Sequence[Any]) -> Verdict:
    """Each form that was sent is one note."""
    from recalls.models import RecallEvent

    notes = Counter(RecallEvent.objects.filter(recall__in=recalls, step="add_note").values_list("recall", flat=True))
    return judge_same({str(one.pk): 1 for one in recalls}, {str(pk): found for pk, found in notes.items()})


def _with_answers(fact: str, statuses: Iterable[int]) -> str:
    """Whoever reads that it did not hold sees what was answered instead."""
    return f"{fact}, answers: {dict(Counter(statuses))}"


def _is_clear(answer: Any) -> bool:
    return answer.status == SAVED or (answer.status == 503 and "retry-after" in answer.headers)


def _note(recall: Any) -> tuple[str, dict[str, Any]]:
    recall.refresh_from_db()
    typed = {"note": f"Drill {recall.pk} {'x' * 2000}", "version": recall.version, "key": str(uuid4())}
    return f"/recalls/{recall.pk}/add_note/", typed


def fill(path: Path) -> None:
    """Write until nothing more fits."""
    with path.open("ab", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    os.write(file.fileno(), b"\0" * size)
            except OSError:
                continue
