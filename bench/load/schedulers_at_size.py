"""Measures the desk under load: 50 and 200 schedulers who look and log calls for two minutes at 1,000,000 recalls.

locust plays them, ten seconds between two clicks, against the real web server with two processes on a copy of the open
clinic's database. Prints the 95th centile, what failed, deadlocks, and the processor's time of a request. LOAD_USERS,
LOAD_SECONDS and LOAD_WAIT change the run; ends with status 1 when a limit is missed. Needs PostgreSQL and Redis.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from bench._two_sizes import make_databases
from bench.budgets.line import Line, print_lines
from bench.desk_pages import configured_database
from bench.load import locust_run
from bench.load.web_server import (
    copied_database,
    database_server_pid,
    sign_in_schedulers,
    tree_seconds,
    web_server,
    write_staff,
)

USERS = tuple(int(word) for word in os.environ.get("LOAD_USERS", "50,200").split(","))
SECONDS = float(os.environ.get("LOAD_SECONDS", "120"))
WAIT = float(os.environ.get("LOAD_WAIT", "10"))
WEB_PROCESSES = 2
MAX_P95_MS = 300.0


def measure() -> Iterator[Line]:
    with ExitStack() as stack:
        stack.enter_context(configured_database())
        from django.db import connection

        missing = "" if connection.vendor == "postgresql" else "needs PostgreSQL"
        missing = missing or ("" if "REDIS_URL" in os.environ else "needs REDIS_URL")
        if missing or not locust_run.is_installed():
            yield Line("load: 95th centile, ms", None, MAX_P95_MS, detail=missing or "locust is not installed")
            return
        make_databases()
        stack.enter_context(copied_database())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="recalldesk-load-")))
        people = sign_in_schedulers(max(USERS), runs=2 * len(USERS))
        for users in USERS:
            with web_server(WEB_PROCESSES) as server:
                # Each process reads its pages once.
                locust_run.run(server.url, write_staff(people, folder), users=4, seconds=5, wait=0.1)
                before, deadlocks, database = server.processor_seconds(), _deadlocks(), database_server_pid()
                database_before = tree_seconds(database)
                staff = write_staff(people, folder)
                found = locust_run.run(server.url, staff, users=users, seconds=SECONDS, wait=WAIT)
                web = 1000 * (server.processor_seconds() - before) / max(found.requests, 1)
                stored = 1000 * (tree_seconds(database) - database_before) / max(found.requests, 1)
                deadlocks = _deadlocks() - deadlocks
            yield from _lines(users, found, deadlocks, web, stored)


def _lines(users: int, found: locust_run.LoadResult, deadlocks: int, web: float, stored: float) -> Iterator[Line]:
    pages = ", ".join(f"{name} {times['p95']:.0f}" for name, times in found.by_page.items())
    detail = f"median {found.median_ms:.0f}, 99th {found.p99_ms:.0f}; {pages}; {found.per_second:.1f} requests/s"
    name = f"load: {users} schedulers"
    facts = {**asdict(found), "load_average": os.getloadavg()}
    yield Line(f"{name}, 95th centile, ms", found.p95_ms, MAX_P95_MS, detail=detail, facts=facts)
    yield Line(f"{name}, requests that failed", found.failures, 0, detail=found.said)
    yield Line(f"{name}, deadlocks", deadlocks, 0)
    spent = f"web {web:.0f}, PostgreSQL {stored:.0f}, of a processor; with the seconds in which they arrive"
    yield Line(f"{name}, processor ms a request", web + stored, detail=spent)


def _deadlocks() -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


if __name__ == "__main__":
    sys.exit(print_lines(measure()))
