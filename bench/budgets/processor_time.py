"""Counts how long this process and its server keep a processor busy, which says the same beside other work."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

TURN = 5  # times before the other side's turn


class ServerProcess:
    """The process of PostgreSQL behind our connection, on this machine. It does the work of a query alone."""

    def __init__(self) -> None:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("SET max_parallel_workers_per_gather = 0")
            cursor.execute("SELECT pg_backend_pid()")
            self._file = Path(f"/proc/{cursor.fetchone()[0]}/schedstat")

    def busy_ms(self) -> float:
        return int(self._file.read_text().split()[0]) / 1_000_000


def time_turn(work: Callable[[], Any], before: Callable[[], Any] = lambda: None) -> list[float]:
    """Milliseconds of both processes for each time of a turn; the connection is open already."""
    server, taken = ServerProcess(), []
    for _ in range(TURN):
        before()
        started = server.busy_ms() + time.process_time() * 1000
        work()
        taken.append(server.busy_ms() + time.process_time() * 1000 - started)
    return taken
