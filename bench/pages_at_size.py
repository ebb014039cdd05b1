"""Measures every list, number and minute's task at 1,000,000 recalls against 10,000, in both shapes of a large clinic.

Three databases on one PostgreSQL (`bench._two_sizes`), asked in turns within one run. Prints the median milliseconds
that the request and its server process kept a processor busy, the ratios and the queries, writes them as JSON to
var/bench/, and ends with status 1 when a ratio is missed. ROUNDS=40 and ONLY=board,map change the run; with
DATABASE_URL the databases stay on that server for the next run.
"""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bench._two_sizes import SHAPES, database_name, make_databases
from bench.desk_pages import RoleClients, configured_database, use_database
from config.env import PROJECT_ROOT

ROUNDS = int(os.environ.get("ROUNDS", "20"))
ONLY = [word for word in os.environ.get("ONLY", "").split(",") if word]
MAX_RATIO = 1.2
TURN = 5  # requests to one database before the next one's turn
RESULTS = PROJECT_ROOT / "var" / "bench" / "pages_at_size.json"
PAGES: dict[str, tuple[str, str]] = {
    "queue": ("scheduler", "/queue/"),
    "queue, counted anew": ("scheduler", "/queue/"),
    **{
        f"queue, {why}": ("scheduler", f"/queue/?why={why}")
        for why in ("call", "book", "no-phone", "tried", "bounced", "opted-out", "interpreter", "no-slot", "letter")
    },
    "queue, past target": ("scheduler", "/queue/?why=past-target"),
    "queue, in Spanish": ("scheduler", "/queue/?language=es"),
    "queue, visits booked": ("scheduler", "/queue/scheduled/"),
    "recall page": ("scheduler", "/recalls/{recall}/"),
    "worklist": ("radiologist", "/worklist/"),
    "own recalls": ("radiologist", "/my-recalls/"),
    "own recalls, cancers": ("radiologist", "/my-recalls/?show=cancer"),
    "board": ("manager", "/board/"),
    "map": ("manager", "/map/"),
    "map, counted anew": ("manager", "/map/"),
    "letters": ("scheduler", "/letters/"),
    "tasks": ("scheduler", "/work/"),
    "appointments": ("scheduler", "/appointments/"),
    "admin, recalls": ("administrator", "/admin/recalls/recall/"),
    "admin, recalls of a state": ("administrator", "/admin/recalls/recall/?state__exact=follow_up"),
    "admin, events": ("administrator", "/admin/recalls/recallevent/"),
    "admin, patients": ("administrator", "/admin/patients/patient/"),
    "admin, messages": ("administrator", "/admin/notifications/notification/"),
    "admin, failed messages": ("administrator", "/admin/notifications/notification/?state__exact=failed"),
}


@dataclass
class Line:
    """What was measured of one page or task: median milliseconds by shape, and the most queries."""

    name: str
    ms: dict[str, float]
    queries: int

    @property
    def ratios(self) -> dict[str, float]:
        return {shape: self.ms[shape] / self.ms["small"] for shape in SHAPES if shape != "small"}

    @property
    def is_missed(self) -> bool:
        return max(self.ratios.values()) > MAX_RATIO


class _People:
    """The staff of one database by role."""

    def __init__(self) -> None:
        from clinic.factories import UserFactory
        from clinic.models import Site, User
        from clinic.roles import Role

        site = Site.objects.get(code="BENCH")
        for role in (Role.SCHEDULER, Role.RADIOLOGIST, Role.MANAGER, Role.ADMINISTRATOR):
            found = User.objects.filter(groups__name=role).order_by("pk").first()
            setattr(self, role.value, found or UserFactory.create(username=f"bench-{role}", role=role, sites=[site]))


class _Server:
    """The server's process behind our connection, on this machine: how long it has kept a processor busy.

    Unlike the time that passes, it says the same however much else runs. One process does the work of a query alone.
    """

    def __init__(self) -> None:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("SET max_parallel_workers_per_gather = 0")
            cursor.execute("SELECT pg_backend_pid()")
            self._file = Path(f"/proc/{cursor.fetchone()[0]}/schedstat")

    def busy_ms(self) -> float:
        return int(self._file.read_text().split()[0]) / 1_000_000


class Desk(RoleClients):
    """One database's browsers, and the tasks of its workers."""

    def __init__(self, shape: str) -> None:
        from django.test import Client

        self.shape = shape
        use_database(database_name(shape))
        people: Any = _People()
        super().__init__(database_name(shape), people)
        self.browsers["administrator"] = Client(SERVER_NAME="localhost")
        self.browsers["administrator"].force_login(people.administrator)


def _tasks() -> dict[str, Callable[[], Any]]:
    from recalls.kept_facts.upkeep import sum_count_lines
    from recalls.selectors.stuck_recalls import find_stuck_recalls
    from reports.weekly_figures import store_weekly_figures

    return {
        "next-step check": find_stuck_recalls,
        "weekly figures": store_weekly_figures,
        "numbers summed up": sum_count_lines,
    }


def _open_page(page: tuple[str, str], desk: Desk) -> None:
    desk.time_request(*page)


def _run_task(task: Callable[[], Any], _desk: Desk) -> None:
    task()


def _count_weeks(desks: list[Desk]) -> None:
    """As the workers do every five minutes: without them the board counts the weeks itself."""
    from reports.weekly_figures import store_weekly_figures

    for desk in desks:
        use_database(desk.name)
        store_weekly_figures()


def measure(desks: list[Desk], name: str, work: Callable[[Desk], Any]) -> Line:
    """The same work in each database in turns; before a page that counts anew everything that is kept is dropped."""
    from django.core.cache import cache
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    taken: dict[str, list[float]] = {desk.shape: [] for desk in desks}
    queries = 0
    for _ in range(max(ROUNDS // TURN, 1)):
        for desk in desks:
            use_database(desk.name)
            with CaptureQueriesContext(connection) as asked:
                work(desk)  # opens the connection
            queries = max(queries, len(asked))
            server = _Server()
            for _ in range(TURN):
                if "anew" in name:
                    cache.clear()
                started = server.busy_ms() + time.process_time() * 1000
                work(desk)
                taken[desk.shape].append(server.busy_ms() + time.process_time() * 1000 - started)
    return Line(name, {shape: statistics.median(times) for shape, times in taken.items()}, queries)


def main() -> int:
    with configured_database():
        from django.db import connection

        if connection.vendor != "postgresql":
            print("LEFT OUT: the pages at their size need PostgreSQL.")
            return 0
        make_databases()
        desks = [Desk(shape) for shape in SHAPES]
        heads = "".join(f"{shape:>10}" for shape in (*SHAPES, "open:1", "grown:1", "queries"))
        print(f"median milliseconds of {ROUNDS}, ratios\n{'':28}{heads}")
        lines = []
        work: dict[str, Callable[[Desk], Any]] = {name: partial(_open_page, page) for name, page in PAGES.items()}
        work |= {name: partial(_run_task, task) for name, task in _tasks().items()}
        for name, what in work.items():
            if ONLY and not any(word in name for word in ONLY):
                continue
            if name == "board":
                _count_weeks(desks)
            line = measure(desks, name, what)
            lines.append(line)
            numbers = "".join(f"{number:10.1f}" for number in line.ms.values())
            numbers += "".join(f"{ratio:10.2f}" for ratio in line.ratios.values())
            print(f"{name:28}{numbers}{line.queries:10d}{'  MISSED' if line.is_missed else ''}", flush=True)
    _write(RESULTS, lines)
    missed = [line.name for line in lines if line.is_missed]
    print(f"budget: ratio {MAX_RATIO}; missed by: {', '.join(missed) or 'none'}; written to {RESULTS}")
    return 1 if missed else 0


def _write(path: Path, lines: list[Line]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    found = [{"name": line.name, "ms": line.ms, "ratios": line.ratios, "queries": line.queries} for line in lines]
    path.write_text(json.dumps({"rounds": ROUNDS, "max_ratio": MAX_RATIO, "lines": found}, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
