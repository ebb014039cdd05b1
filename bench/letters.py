"""Measures a batch of letters with a logo against setting the same letters as one PDF and nothing else.

Prints seconds on the clock and of the processor for the whole job in the worker's slices of time (asked again whether
each is true, set one by one, stored, the pile and the mail house's file), for noting it as posted and for the bare
setting, and the size of the files; ends with status 1 above the goal. LETTERS changes the number.
"""

import os
import random
import struct
import sys
import time
import zlib
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, NamedTuple

from bench._test_installation import CountingMailServer, create_site_that_is_always_open, fresh_installation

LETTERS = int(os.environ.get("LETTERS", "1000"))
MAX_SECONDS = 120.0


def main() -> int:
    with ExitStack() as stack:
        mail = stack.enter_context(CountingMailServer())
        stack.enter_context(fresh_installation(mail.port))
        batch = queue_batch()
        making, slices = clock(lambda: work_until_done(batch))
        show_files(batch)
        posting, _slices = clock(lambda: post(batch))
        bare, made = clock(lambda: set_bare(batch))
    print(f"{made} letters made in {slices} slices: {making}; noted as posted: {posting}; set and nothing else: {bare}")
    return 0 if made == LETTERS and making.seconds / made * 1000 <= MAX_SECONDS else 1


class Spent(NamedTuple):
    """Seconds on the clock, and of the processor in this process and its threads."""

    seconds: float
    processor: float

    def __str__(self) -> str:
        return f"{self.seconds:.1f} s ({self.processor:.1f} s of processor)"


def clock(work: Callable[[], int]) -> tuple[Spent, int]:
    started, used = time.monotonic(), time.process_time()
    result = work()
    return Spent(time.monotonic() - started, time.process_time() - used), result


def queue_batch() -> Any:
    from clinic.factories import get_site_staff
    from notifications.delivery.worker import send_due
    from notifications.letter_batches import jobs
    from notifications.models import Letterhead
    from patients.factories import PatientFactory
    from recalls.testing.factories import RecallFactory

    site = create_site_that_is_always_open()
    Letterhead.objects.create(
        site=site, lines="Accredited by nobody\nwww.example.org", logo=invented_logo(), logo_kind="png"
    )
    for _number in range(LETTERS):
        RecallFactory.create(patient=PatientFactory.create(site=site, no_email=True))
    while sum(send_due(600).values()):
        pass
    batch = jobs.queue_batch(get_site_staff(site).scheduler, site)
    assert batch is not None
    return batch


def invented_logo() -> bytes:
    """A PNG of noise, which nothing makes small: about 40 kB."""
    side = 112
    noise = random.Random(22)
    rows = b"".join(b"\0" + noise.randbytes(side * 3) for _row in range(side))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def work_until_done(batch: Any) -> int:
    """How many slices of a task's time it took."""
    from notifications.letter_batches import jobs

    slices = 1
    while not jobs.work_on_batch(batch.pk):
        slices += 1
    return slices


def show_files(batch: Any) -> None:
    from notifications.letter_batches import files

    for name in (files.PILE, files.MAIL_HOUSE):
        print(f"{name}: {(files.folder_of(batch) / name).stat().st_size / 1e6:.1f} MB")


def post(batch: Any) -> int:
    from notifications.letter_batches import jobs

    jobs.queue_posted(batch, by=batch.made_by)
    return work_until_done(batch)


def set_bare(batch: Any) -> int:
    from notifications.models import RenderedMessage
    from notifications.rendering import letter_pdf

    copies = list(RenderedMessage.objects.filter(notification__batch_letters__batch=batch))
    letter_pdf.render_pdf(copy.letter for copy in copies)
    return len(copies)


if __name__ == "__main__":
    sys.exit(main())
