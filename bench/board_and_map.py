"""Measures the board at 10,000 and 300,000 recalls and the live map at 1,000 and 100,000.

Each size is a database of its own on one PostgreSQL: two years of recalls, one in ten still open, so that what happened
in the last twelve weeks grows with the size. Prints the median milliseconds on the server with the queries: the board
with the figures the workers keep and while they are away, the map with kept counts (warm) and counted anew (cold).
Ends with status 1 when the board takes three times as long or more, or the warm map 1.2 times. Needs PostgreSQL.
"""

import os
import sys
from collections.abc import Callable
from typing import Any

from bench._cloned_rows import clone_row
from bench.desk_pages import RoleClients, configured_database, measure, use_database

BOARD_SIZES = tuple(int(size) for size in os.environ.get("BOARD_SIZES", "10000,300000").split(","))
MAP_SIZES = tuple(int(size) for size in os.environ.get("MAP_SIZES", "1000,100000").split(","))
BOARD_RATIO, MAP_RATIO = 3.0, 1.2
BOARD_QUERIES, MAP_QUERIES = 10, 8
CLONE_ID_BASE = 1_000_000  # the numbers of copied rows start here
_STATES = ("to_contact", "awaiting_outcome", "awaiting_priors", "biopsy_to_book")


class ClonedClinic:
    """Three recalls that lived their stories, and so many copies of their rows with other numbers and times."""

    def __init__(self, count: int) -> None:
        from clinic.factories import SiteFactory, UserFactory
        from clinic.roles import Role
        from recalls.testing.factories import RecallFactory

        self.site = SiteFactory.create(code="BENCH")
        people = {
            role: UserFactory.create(role=role, sites=[self.site])
            for role in (Role.SCHEDULER, Role.RADIOLOGIST, Role.MANAGER)
        }
        self.scheduler, self.radiologist, self.manager = people.values()
        closed, opened, booked = count * 90 // 100, count * 8 // 100, count * 2 // 100
        states = " ".join(f"WHEN {number} THEN '{state}'" for number, state in enumerate(_STATES))
        past = f"now() - interval '1 hour' - (n * 730.0 / {closed}) * interval '1 day'"
        recent = "now() - interval '1 hour' - (n % 90) * interval '1 day'"
        due = {"due_at": "now() + (n % 9 - 2) * interval '1 day'"}
        self._clone_recall(RecallFactory.create(site=self.site, closed_normal=True), CLONE_ID_BASE, closed, past, {
            "closed_at": f"{past} + (6 + n % 14) * interval '1 day'",
        })  # fmt: skip
        self._clone_recall(RecallFactory.create(site=self.site), 2 * CLONE_ID_BASE, opened, recent, {
            "state": f"CASE n % 4 {states} END", **due,
        })  # fmt: skip
        self._clone_recall(RecallFactory.create(site=self.site, booked=True), 3 * CLONE_ID_BASE, booked, recent, due)

    def _clone_recall(self, recall: Any, base: int, count: int, opened: str, changes: dict[str, str]) -> None:
        """`opened` and `changes` are SQL in n, the number of the copy."""
        number, kept = f"{base} + n", {"id": f"{base} + n"}
        language = {"language": "CASE WHEN n % 7 = 0 THEN 'es' ELSE 'en' END"}
        clone_row(recall.patient, count, {**kept, "mrn": f"'B' || {number}", **language})
        clone_row(recall.exam, count, {
            **kept, "patient_id": number, "accession": f"'A' || {number}", "reported_at": opened,
        })  # fmt: skip
        clone_row(recall, count, {
            **kept, "patient_id": number, "exam_id": number, "opened_at": opened, **changes,
        })  # fmt: skip
        theirs = {"recall_id": number}
        for place, event in enumerate(recall.events.order_by("version")):
            own = {"id": f"{base} + {place} * {CLONE_ID_BASE * 10} + n"}
            clone_row(event, count, {**own, **theirs, "at": f"{opened} + {place * 2} * interval '1 day'"})
        for visit in recall.appointments.all():
            clone_row(visit, count, {**kept, **theirs, "starts_at": f"{opened} + (5 + n % 14) * interval '1 day'"})
        for outcome in recall.outcomes.all():
            seen = {"appointment_id": number, "at": f"{opened} + (6 + n % 14) * interval '1 day'"}
            clone_row(outcome, count, {**kept, **theirs, **seen})


def build(count: int) -> tuple[str, ClonedClinic]:
    from django.core.management import call_command
    from django.db import connection

    home, name = connection.settings_dict["NAME"], f"board_{count}"
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}"')
    use_database(name)
    call_command("migrate", verbosity=0)
    clinic = ClonedClinic(count)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    use_database(home)
    print(f"{count:,} recalls written", flush=True)
    return name, clinic


def measure_and_print(
    name: str, desks: list[RoleClients], address: str, before: Callable[[], Any]
) -> tuple[float, int]:
    found = measure(desks, "manager", address, before)
    ratio, queries = found[-1][0] / found[0][0], max(count for _ms, count in found)
    times = "".join(f"{ms:12.1f}" for ms, _count in found)
    print(f"{name:44}{times}{ratio:8.2f}{queries:9d}", flush=True)
    return ratio, queries


def main() -> int:
    with configured_database():
        from django.core.cache import cache
        from django.db import connection

        if connection.vendor != "postgresql":
            print("LEFT OUT: the board's benchmark needs PostgreSQL.")
            return 0
        from reports.weekly_figures import store_weekly_figures

        desks = {size: RoleClients(*build(size)) for size in sorted({*BOARD_SIZES, *MAP_SIZES})}
        board, maps = [desks[size] for size in BOARD_SIZES], [desks[size] for size in MAP_SIZES]
        print(f"milliseconds (median), ratio, queries; the board at {BOARD_SIZES}, the map at {MAP_SIZES}")
        measure_and_print("board, the workers being away", board, "/board/", cache.clear)
        for desk in board:
            use_database(desk.name)
            store_weekly_figures()
        ratio, queries = measure_and_print("board", board, "/board/", lambda: None)
        measure_and_print("board, map counted anew", board, "/board/", cache.clear)
        warm, asked = measure_and_print("map, warm", maps, "/map/", lambda: None)
        measure_and_print("map, cold", maps, "/map/", cache.clear)
        measure_and_print("map's figures, warm", maps, "/map/figures/", lambda: None)
    good = ratio < BOARD_RATIO and queries <= BOARD_QUERIES and warm < MAP_RATIO and asked <= MAP_QUERIES
    print(f"budget: board under {BOARD_RATIO} and {BOARD_QUERIES} queries, warm map under {MAP_RATIO}: "
          f"{'held' if good else 'missed'}")  # fmt: skip
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
