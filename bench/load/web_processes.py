"""Measures what a second web process brings: requests a second with one and with two, in turns, at 1,000,000 recalls.

Eight schedulers without a pause keep every process busy. A figure and no budget: on a machine of two processors the
schedulers and PostgreSQL take their part of both. TURNS=3 and LOAD_SECONDS change the run.
"""

import os
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from bench._two_sizes import make_databases
from bench.budgets.line import Line, print_lines
from bench.desk_pages import configured_database
from bench.load import locust_run
from bench.load.web_server import copied_database, sign_in_schedulers, web_server, write_staff

TURNS = int(os.environ.get("TURNS", "3"))
SECONDS = min(float(os.environ.get("LOAD_SECONDS", "15")), 15.0)
USERS = 8
PROCESSES = (1, 2)


def measure() -> Iterator[Line]:
    name = "web: two processes against one"
    with ExitStack() as stack:
        stack.enter_context(configured_database())
        from django.db import connection

        if connection.vendor != "postgresql" or "REDIS_URL" not in os.environ or not locust_run.is_installed():
            yield Line(name, None, detail="needs PostgreSQL, REDIS_URL and locust")
            return
        make_databases()
        stack.enter_context(copied_database())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="recalldesk-load-")))
        people = sign_in_schedulers(USERS, runs=2 * TURNS * len(PROCESSES))
        rates: dict[int, list[float]] = {count: [] for count in PROCESSES}
        for _turn in range(TURNS):
            for count in PROCESSES:
                with web_server(count) as server:
                    locust_run.run(server.url, write_staff(people, folder), users=4, seconds=2, wait=0.1)
                    staff = write_staff(people, folder)
                    found = locust_run.run(server.url, staff, users=USERS, seconds=SECONDS, wait=0.0)
                    rates[count].append(found.per_second)
    one, two = (statistics.median(found) for found in rates.values())
    detail = f"{two:.1f} requests/s against {one:.1f}, {os.cpu_count()} processors"
    yield Line(name, two / one, detail=detail, facts={"rates": rates})


if __name__ == "__main__":
    sys.exit(print_lines(measure()))
