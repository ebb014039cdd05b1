"""Measures the memory that the files of 1,000,000 exams and of every open recall take while they stream.

Each file is taken to its end from the database of the open clinic (`bench._two_sizes`) through the real page, in a
process of its own; ends with status 1 when one took 300 MB or more. Needs PostgreSQL.
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from bench._two_sizes import database_name, make_databases
from bench.budgets.line import Line, print_lines
from bench.desk_pages import configured_database, use_database
from config.env import PROJECT_ROOT

FILES = ("exams", "recalls")
MAX_MEGABYTES = 300.0


def measure() -> Iterator[Line]:
    with configured_database():
        from django.db import connection

        if connection.vendor != "postgresql":
            yield Line("memory of an export, MB", None, MAX_MEGABYTES, detail="needs PostgreSQL")
            return
        make_databases()
        for name in FILES:
            command = [sys.executable, "-m", "bench.exports", name]
            answer = subprocess.run(
                command, cwd=PROJECT_ROOT, env=os.environ, stdout=subprocess.PIPE, check=True, text=True
            )
            found = json.loads(answer.stdout.splitlines()[-1])
            rate = f"{found['rows'] / found['seconds']:,.0f} a second"
            detail = f"{found['rows']:,} rows, {rate}; {found['before']:.0f} before the first"
            yield Line(f"export of {name}, MB of memory", found["megabytes"], MAX_MEGABYTES, detail=detail, facts=found)


def take(name: str) -> None:
    """The file as a manager takes it; prints how long it was and how much memory this process ever held."""
    with configured_database():
        from django.test import Client

        from bench.pages_at_size import People

        use_database(database_name("open"))
        people: Any = People()
        browser = Client(SERVER_NAME="localhost")
        browser.force_login(people.manager)
        asked = {"file": name, "reason": "Measured.", "since": "2020-01-01", "until": "2029-01-01"}
        started, rows, before = time.perf_counter(), 0, _held_megabytes()
        answer: Any = browser.post("/lists/files/", asked)
        assert answer.status_code == 200, answer.status_code
        for part in answer.streaming_content:
            rows += part.count(b"\r\n")
    found = {"rows": rows - 1, "seconds": time.perf_counter() - started}
    print(json.dumps({**found, "megabytes": _held_megabytes(), "before": before}))


def _held_megabytes() -> float:
    """The most this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    if sys.argv[1:]:
        take(sys.argv[1])
    else:
        sys.exit(print_lines(measure()))
