"""Measures how many HL7 reports a second one listener stores, understands and acts on, beside a bare parse of them.

MESSAGES=1000 makes it quick, MESSAGES=100000 watches the listener's memory. A fresh database (SQLite, or one on the
server of DATABASE_URL); the sender is this process. Ends with status 1 when the rate or the memory misses its budget.
"""

import os
import sys
import time

import hl7

from bench._hl7_feed import (
    FACILITIES,
    Feed,
    cpu_seconds,
    free_port,
    listener,
    make_report,
    resident_megabytes,
    set_up_senders,
)
from bench._test_installation import fresh_installation

MESSAGES = int(os.environ.get("MESSAGES", "6000"))
WARM_UP = 200
PART = min(10_000, MESSAGES // 2)  # after each the memory is read
MIN_MESSAGES_PER_SECOND = 200
MAX_MEMORY_GROWTH = 1.1  # of the memory after the last part to that after the first


def make_parts(first: int, count: int) -> list[list[bytes]]:
    """The reports of each sender, together that many."""
    return [[make_report(number, name) for number in range(first, first + count // 2)] for name in FACILITIES]


def time_bare_parse(bodies: list[bytes]) -> float:
    """Seconds for python-hl7 alone."""
    started = time.perf_counter()
    for body in bodies:
        hl7.parse(body.decode())
    return time.perf_counter() - started


def send_and_wait(port: int, parts: list[list[bytes]]) -> float:
    """Seconds from the first byte until nothing waits to be applied any more."""
    from exchange.models import Hl7Message

    started = time.perf_counter()
    feeds = [Feed(port, part) for part in parts]
    for feed in feeds:
        feed.start()
    for feed in feeds:
        feed.join()
    while Hl7Message.objects.filter(state=Hl7Message.State.RECEIVED).exists():
        time.sleep(0.05)
    assert sum(feed.refused for feed in feeds) == 0
    return time.perf_counter() - started


def main() -> int:
    with fresh_installation(free_port()) as installation:
        from django.db.models import Count

        from exchange.models import Hl7Message
        from recalls.models import Recall

        set_up_senders()
        with listener(installation, port := free_port()) as process:
            send_and_wait(port, make_parts(10**6, WARM_UP))
            seconds, bare, cpu, megabytes = 0.0, 0.0, -cpu_seconds(process), list[float]()
            for first in range(0, MESSAGES - PART + 1, PART):
                parts = make_parts(first // 2, PART)
                seconds += send_and_wait(port, parts)
                megabytes.append(resident_megabytes(process))
                bare += time_bare_parse([body for part in parts for body in part])
            cpu += cpu_seconds(process)
        states = dict(Hl7Message.objects.values_list("state").annotate(Count("pk")))
        recalls = Recall.objects.count()
    count = PART * len(megabytes)
    rate, growth = count / seconds, megabytes[-1] / megabytes[0]
    print(
        f"{count} reports: {rate:.0f}/s stored, understood and acted on (budget {MIN_MESSAGES_PER_SECOND}); "
        f"the listener used {1000 * cpu / count:.1f} ms of a processor for each; "
        f"a bare parse takes {bare / seconds:.2f} of the time ({count / bare:.0f}/s); states {states}, "
        f"{recalls} recalls; memory of the listener after each {PART}: "
        f"{', '.join(f'{held:.0f}' for held in megabytes)} MB, the last {growth:.2f} of the first"
    )
    return 0 if rate >= MIN_MESSAGES_PER_SECOND and growth <= MAX_MEMORY_GROWTH else 1


if __name__ == "__main__":
    sys.exit(main())
