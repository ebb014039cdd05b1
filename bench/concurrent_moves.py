"""Measures what the kept numbers cost fifty people who move recalls at once.

Each of MOVERS=50 threads holds recalls of its own at one site and lets them go on, through the real actions, with the
triggers that keep facts and numbers and without them, in turns. Prints moves a second, their ratio and what failed;
ends with status 1 when a number differs from a recount afterwards, a move failed, or moves got slower than the budget.
Needs PostgreSQL.
"""

import os
import statistics
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from bench.budgets.line import Line, print_lines
from bench.desk_pages import configured_database

MOVERS = int(os.environ.get("MOVERS", "50"))
MOVES_EACH = int(os.environ.get("MOVES_EACH", "8"))
TURNS = 4
MIN_RATIO = 0.8  # with the triggers, against without


def _move(scheduler: Any, recall_ids: list[int]) -> int:
    """Hold each of these recalls and let it go on, both of which change its state; how many moves failed."""
    from django.db import connection
    from django.utils import timezone

    from recalls import actions
    from recalls.models import Recall

    failed, until = 0, (timezone.now() + timedelta(days=9)).date()
    for number in range(MOVES_EACH):
        recall = Recall.objects.select_related("site").get(pk=recall_ids[number // 2 % len(recall_ids)])
        try:
            actions.resume(recall, by=scheduler) if number % 2 else actions.hold(
                recall, until, by=scheduler, note="The patient travels."
            )
        except Exception as error:  # noqa: BLE001  counted
            print(type(error).__name__, error)
            failed += 1
    connection.close()
    return failed


def _moves_a_second(scheduler: Any, recalls: list[list[int]]) -> tuple[float, int]:
    started = time.perf_counter()
    with ThreadPoolExecutor(MOVERS) as pool:
        failed = sum(pool.map(lambda mine: _move(scheduler, mine), recalls))
    return MOVERS * MOVES_EACH / (time.perf_counter() - started), failed


def measure() -> Iterator[Line]:
    with configured_database():
        from django.core.management import call_command
        from django.db import connection

        if connection.vendor != "postgresql":
            yield Line("moves a second with kept numbers against without", None, MIN_RATIO, detail="needs PostgreSQL")
            return
        call_command("migrate", verbosity=0)
        from clinic.factories import SiteFactory, UserFactory, get_site_staff
        from clinic.models import Site, User
        from recalls.kept_facts import triggers, upkeep
        from recalls.testing.factories import RecallFactory

        for factory, model in (
            (SiteFactory, Site),
            (UserFactory, User),
        ):  # an earlier run on this server made those that are there
            factory.reset_sequence(model.objects.count())  # type: ignore[no-untyped-call]
        site = SiteFactory.create()
        recalls = [[RecallFactory.create(site=site).pk for _ in range(2)] for _ in range(MOVERS)]
        scheduler = get_site_staff(site).scheduler
        rates: dict[str, list[float]] = {"with": [], "without": []}
        failures = wrong = 0
        for turn in range(TURNS * 2):
            kind = "without" if turn % 2 else "with"
            (triggers.remove if kind == "without" else triggers.install)(connection)
            rate, failed = _moves_a_second(scheduler, recalls)
            rates[kind].append(rate)
            failures += failed
            if kind == "without":
                upkeep.check_and_mend()
            else:
                wrong += sum(upkeep.check_and_mend())
    kept, bare = statistics.median(rates["with"]), statistics.median(rates["without"])
    detail = f"{MOVERS} movers; {kept:.0f} moves/s against {bare:.0f}"
    name = "moves a second with kept numbers against without"
    yield Line(name, kept / bare, MIN_RATIO, is_floor=True, detail=detail)
    yield Line("moves that failed, deadlocks", failures, 0)
    yield Line("numbers that differ from a recount", wrong, 0)


if __name__ == "__main__":
    sys.exit(print_lines(measure()))
