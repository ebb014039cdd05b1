"""Measures how many HL7 reports a second one listener stores, understands and acts on, beside a bare parse of them.

MESSAGES=1000 makes it quick, MESSAGES=100000 watches the listener's memory. A fresh database (SQLite, or one on the
server of DATABASE_URL); the sender is this process. Ends with status 1 when the rate or the memory misses its budget.
"""

import os
import sys
import time
from collections.abc import Iterator

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
from bench.budgets.line import Line, print_lines

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


def measure() -> Iterator[Line]:
    with fresh_installation(free_port()) as installation:
        from django.db import connection

        from exchange.models import Hl7Message

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
        parked = Hl7Message.objects.filter(state=Hl7Message.State.PARKED).count()
        vendor = connection.vendor
    count = PART * len(megabytes)
    spent = f"{1000 * cpu / count:.1f} ms of a processor each; {bare / seconds:.2f} of it a bare parse, {vendor}"
    yield Line("HL7 reports a second, acted on", count / seconds, MIN_MESSAGES_PER_SECOND, is_floor=True, detail=spent)
    growth, detail = megabytes[-1] / megabytes[0], f"{megabytes[-1]:.0f} MB; {count:,} reports, {parked} parked"
    yield Line("HL7 listener, memory last against first", growth, MAX_MEMORY_GROWTH, detail=detail)


if __name__ == "__main__":
    sys.exit(print_lines(measure()))
