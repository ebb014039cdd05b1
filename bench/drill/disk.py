"""Drills a full disk: reading goes on, forms are refused whole and kept, and all goes on once there is room."""

import os
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from bench.drill.batch import book
from bench.drill.installation.pages import SAVED, Browser
from bench.drill.installation.stack import Stack
from bench.drill.judge import judge_facts, judge_same
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
    from clinic.factories import get_site_staff
    from recalls.models import RecallEvent

    assert stack.small_disk is not None
    count, forms = scale.pick(short=60, long=150), scale.pick(short=6, long=20)
    batch = book(stack, count)
    browser = Browser(stack.web_port, get_site_staff(batch.site).scheduler)
    pages = [*_READ, *(f"/recalls/{recall.pk}/" for recall in batch.recalls[:5])]
    warm = [browser.get(page).status for page in pages]
    stack.mail.behave(seconds=0.05)
    batch.release()
    batch.wait_for_mark(count // 10)
    filler = stack.small_disk / _FILLER
    fill(filler)
    typed = [_note(recall) for recall in batch.recalls[:forms]]
    refused = [browser.post(path, fields) for path, fields in typed]
    fill(filler)  # what PostgreSQL gave back meanwhile
    read = [browser.get(page).status for _turn in range(3) for page in pages]
    filler.unlink()
    began = time.monotonic()
    again = [form for form, answer in zip(typed, refused, strict=True) if answer.status != SAVED]
    saved = [browser.post_until_saved(path, fields) for path, fields in again]
    recovered = time.monotonic() - began
    batch.finish()
    stack.mail.behave()
    notes = Counter(
        RecallEvent.objects.filter(recall__in=batch.recalls, step="add_note").values_list("recall", flat=True)
    )
    facts = {
        "every page is read before": set(warm) == {200},
        "reading goes on": set(read) == {200},
        "a form is saved or refused with 503 and Retry-After": all(_is_clear(answer) for answer in refused),
        "a form is saved once there is room": all(SAVED in found for found in saved),
    }
    same = judge_same(
        {str(one.pk): 1 for one in batch.recalls[:forms]}, {str(pk): found for pk, found in notes.items()}
    )
    words = Counter(answer.status for answer in refused)
    tried = f"{count} messages, {forms} forms ({words[503]} refused), {len(read)} pages"
    return Outcome(tried, batch.judge(batch.count_uncertain_tries()) + same + judge_facts(facts), recovered)


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
