"""Measures every list, number and minute's task at 1,000,000 recalls against 10,000, in both shapes of a large clinic.

Three databases on one PostgreSQL (`bench._two_sizes`), asked in turns within one run. Prints the median milliseconds
that the request and its server process kept a processor busy, the ratios and the queries; ends with status 1 when one
is missed. ROUNDS=40 and ONLY=board,map change the run; with DATABASE_URL the databases stay there for the next run.
"""

import os
import statistics
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from bench._two_sizes import SHAPES, database_name, make_databases
from bench.budgets.line import Line, print_lines
from bench.budgets.processor_time import TURN, time_turn
from bench.desk_pages import RoleClients, configured_database, use_database

ROUNDS = int(os.environ.get("ROUNDS", "20"))
ONLY = [word for word in os.environ.get("ONLY", "").split(",") if word]
MAX_RATIO = 1.2
MAX_QUEUE_QUERIES = 8
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


class People:
    """The staff of one database by role."""

    def __init__(self) -> None:
        from clinic.factories import UserFactory
        from clinic.models import Site, User
        from clinic.roles import Role

        site = Site.objects.get(code="BENCH")
        for role in (Role.SCHEDULER, Role.RADIOLOGIST, Role.MANAGER, Role.ADMINISTRATOR):
            found = User.objects.filter(groups__name=role).order_by("pk").first()
            setattr(self, role.value, found or UserFactory.create(username=f"bench-{role}", role=role, sites=[site]))


class Desk(RoleClients):
    """One database's browsers, and the tasks of its workers."""

    def __init__(self, shape: str) -> None:
        from django.test import Client

        self.shape = shape
        use_database(database_name(shape))
        people: Any = People()
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


def measure_line(desks: list[Desk], name: str, work: Callable[[Desk], Any]) -> Line:
    """The same work in each database in turns; before a page that counts anew everything that is kept is dropped."""
    from django.core.cache import cache
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    taken: dict[str, list[float]] = {desk.shape: [] for desk in desks}
    queries = 0
    for _ in range(max(ROUNDS // TURN, 1)):
        for desk in desks:
            use_database(desk.name)
            work(desk)  # opens the connection, and writes down what a session is due once a minute
            with CaptureQueriesContext(connection) as asked:
                work(desk)
            queries = max(queries, len(asked))
            before = cache.clear if "anew" in name else lambda: None
            taken[desk.shape] += time_turn(partial(work, desk), before)
    return make_line(name, {shape: statistics.median(times) for shape, times in taken.items()}, queries)


def make_line(name: str, ms: dict[str, float], queries: int) -> Line:
    ratios = {shape: ms[shape] / ms["small"] for shape in SHAPES if shape != "small"}
    said = ", ".join(f"{shape} {ratio:.2f}" for shape, ratio in ratios.items())
    detail = f"{said}; {ms['small']:.1f} ms, {queries} queries"
    facts = {"ms": ms, "ratios": ratios, "queries": queries}
    return Line(f"size: {name}", max(ratios.values()), MAX_RATIO, detail=detail, facts=facts)


def measure() -> Iterator[Line]:
    with configured_database():
        from django.db import connection

        if connection.vendor != "postgresql":
            yield Line("size: every page and task", None, MAX_RATIO, detail="needs PostgreSQL")
            return
        make_databases()
        desks, most = [Desk(shape) for shape in SHAPES], 0
        work: dict[str, Callable[[Desk], Any]] = {name: partial(_open_page, page) for name, page in PAGES.items()}
        work |= {name: partial(_run_task, task) for name, task in _tasks().items()}
        for name, what in work.items():
            if ONLY and not any(word in name for word in ONLY):
                continue
            if name == "board":
                _count_weeks(desks)
            yield (line := measure_line(desks, name, what))
            if name.startswith("queue"):
                most = max(most, line.facts["queries"])
        yield Line("queries of a queue page, the most", most, MAX_QUEUE_QUERIES)


if __name__ == "__main__":
    sys.exit(print_lines(measure()))
