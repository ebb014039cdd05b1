"""Measures how many HL7 reports a second one listener stores, understands and acts on, beside a bare parse of them.

MESSAGES=1000 makes it quick. A fresh database (SQLite, or one on the server of DATABASE_URL); the sender is this
process. Ends with status 1 when the rate misses its budget.
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
    peak_megabytes,
    set_up_senders,
)
from bench._test_installation import fresh_installation

MESSAGES = int(os.environ.get("MESSAGES", "6000"))
WARM_UP = 200
MIN_MESSAGES_PER_SECOND = 200


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
        half = MESSAGES // 2
        parts = [[make_report(number, name) for number in range(half)] for name in FACILITIES]
        warm_up = [[make_report(10**6 + number, name) for number in range(WARM_UP // 2)] for name in FACILITIES]
        with listener(installation, port := free_port()) as process:
            send_and_wait(port, warm_up)
            cpu = cpu_seconds(process)
            middle = [part[: half // 4] for part in parts]
            seconds = send_and_wait(port, middle)
            quarter_megabytes = peak_megabytes(process)
            seconds += send_and_wait(port, [part[half // 4 :] for part in parts])
            megabytes = peak_megabytes(process)
            cpu = cpu_seconds(process) - cpu
        bare = time_bare_parse([body for part in parts for body in part])
        states = dict(Hl7Message.objects.values_list("state").annotate(Count("pk")))
        recalls = Recall.objects.count()
    rate = 2 * half / seconds
    print(
        f"{2 * half} reports: {rate:.0f}/s stored, understood and acted on (budget {MIN_MESSAGES_PER_SECOND}); "
        f"the listener used {1000 * cpu / (2 * half):.1f} ms of a processor for each; "
        f"a bare parse takes {bare / seconds:.2f} of the time ({2 * half / bare:.0f}/s); states {states}, "
        f"{recalls} recalls; the listener held {quarter_megabytes:.0f} MB after a quarter, {megabytes:.0f} MB at last"
    )
    return 0 if rate >= MIN_MESSAGES_PER_SECOND else 1


if __name__ == "__main__":
    sys.exit(main())
