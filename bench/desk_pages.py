"""Measures the pages of the desk with 1,000 and with 100,000 recalls.

Two clinics in two databases of one server (PostgreSQL; SQLite where there is none), and the desks' pages asked for
in turns, so that both sizes meet the same noise. Prints the median milliseconds on the server for each size, the ratio
and the number of queries; ends with status 1 when a page misses its budget on PostgreSQL. The numbers beside a queue's
links are some seconds old in a large clinic: "counted anew" shows the page that has to count. SIZES=1000,20000 and
ROUNDS=50 change the run.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.support import servers

SIZES = tuple(int(size) for size in os.environ.get("SIZES", "1000,100000").split(","))
ROUNDS = int(os.environ.get("ROUNDS", "40"))
MAX_RATIO = 1.2
MAX_QUERIES_BY_PAGE = {"recall page": 18}  # any other page: MAX_QUERIES; see docs/decisions/0011
MAX_QUERIES = 8
MAX_RECOUNT_MS = 1_000  # the page that counts anew, with the most recalls; it comes once in half a minute
# What is asked for, by whom; the ratio does not hold for the last ones.
PAGES: dict[str, tuple[str, str]] = {
    "queue": ("scheduler", "/queue/"),
    "queue, to call now": ("scheduler", "/queue/?why=call"),
    "queue, visits booked": ("scheduler", "/queue/scheduled/"),
    "recall page": ("scheduler", "/recalls/{recall}/"),
    "worklist": ("radiologist", "/worklist/"),
    "workflow map": ("manager", "workflow_map"),
    "appointments": ("scheduler", "appointments"),
}
UNBUDGETED_PAGES: dict[str, tuple[str, str]] = {
    "queue, counted anew": ("scheduler", "/queue/"),
    "queue, no phone that works": ("scheduler", "/queue/?why=no-phone"),
    "queue, letter to print": ("scheduler", "/queue/?why=letter"),
}


@contextmanager
def configured_database() -> Iterator[None]:
    """Settings for a database of this run's own, and Django set up on it."""
    import django

    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="recalldesk-bench-"))
        os.environ.update(DJANGO_SETTINGS_MODULE="config.settings", DATA_DIR=folder, LOG_LEVEL="WARNING")
        if "DATABASE_URL" not in os.environ:
            try:
                os.environ["DATABASE_URL"] = stack.enter_context(servers.run_postgres())
            except servers.ServerNotFoundError as reason:
                print(f"On SQLite, because {reason}.")
        django.setup()
        from django.core.management import call_command
        from django.db import connection

        call_command("collectstatic", interactive=False, verbosity=0)
        call_command("check")  # reads every page, so that none is read while the clock runs
        try:
            yield
        finally:
            connection.close()


def use_database(name: str) -> None:
    """Go on in that database of the same server."""
    from django.core.cache import cache
    from django.db import connection

    connection.close()
    connection.settings_dict["NAME"] = name
    cache.clear()


def build_clinic(count: int) -> tuple[str, Any]:
    """A database with a clinic of that size; its name and the clinic."""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    from bench._large_clinic import LargeClinic

    started = time.perf_counter()
    if connection.vendor == "postgresql":
        name = f"desk_{count}"
        with connection.cursor() as cursor:
            cursor.execute(f'CREATE DATABASE "{name}"')
    else:
        name = str(Path(settings.DATA_DIR) / f"desk_{count}.sqlite3")
    home = connection.settings_dict["NAME"]
    use_database(name)
    call_command("migrate", verbosity=0)
    clinic = LargeClinic(count)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
    use_database(home)
    print(f"{count} recalls written in {time.perf_counter() - started:.0f} s", flush=True)
    return name, clinic


class RoleClients:
    """The browsers of one clinic, one for each role."""

    def __init__(self, name: str, clinic: Any) -> None:
        from django.test import Client

        from recalls.models import Recall

        self.name = name
        use_database(name)
        self.recall = Recall.objects.filter(state="to_contact").order_by("due_at").values_list("pk", flat=True)[0]
        self.browsers = {role: Client(SERVER_NAME="localhost") for role in ("scheduler", "radiologist", "manager")}
        for role, browser in self.browsers.items():
            browser.force_login(getattr(clinic, role))

    def time_request(self, role: str, address: str) -> float:
        """Milliseconds from the request to the whole page."""
        started = time.perf_counter()
        answer = self.browsers[role].get(address.format(recall=self.recall))
        assert answer.status_code == 200, (address, answer.status_code)
        return (time.perf_counter() - started) * 1000

    def count_queries(self, role: str, address: str) -> int:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as taken:
            self.time_request(role, address)
        return len(taken)


def resolve_page(page: str) -> str:
    """A URL name where it is no address; empty when no page has that name."""
    from django.urls import NoReverseMatch, reverse

    try:
        return page if page.startswith("/") else reverse(page)
    except NoReverseMatch:
        return ""


def measure(desks: list[RoleClients], role: str, address: str, before: Callable[[], Any]) -> list[tuple[float, int]]:
    """For each clinic the median time and the number of queries, asked in turns of five."""
    taken: list[list[float]] = [[] for _ in desks]
    queries = [0] * len(desks)
    for _ in range(max(ROUNDS // 5, 1)):
        for at, desk in enumerate(desks):
            use_database(desk.name)
            desk.time_request(role, address)  # opens the connection, and counts what is kept for some seconds
            for _ in range(5):
                before()
                taken[at].append(desk.time_request(role, address))
    for at, desk in enumerate(desks):
        use_database(desk.name)
        desk.time_request(role, address)
        before()
        queries[at] = desk.count_queries(role, address)
    return [(statistics.median(times), count) for times, count in zip(taken, queries, strict=True)]


def main() -> int:
    with configured_database():
        from django.core.cache import cache
        from django.db import connection

        desks = [RoleClients(*build_clinic(count)) for count in SIZES]
        heads = "".join(f"{size:>12,}" for size in SIZES)
        print(f"{connection.vendor}, median milliseconds of {ROUNDS}\n{'page':30}{heads}{'ratio':>8}{'queries':>9}")
        missed = []
        for name, (role, page) in (PAGES | UNBUDGETED_PAGES).items():
            if not (address := resolve_page(page)):
                print(f"{name:30} no such page yet")
                continue
            found = measure(desks, role, address, cache.clear if "anew" in name else lambda: None)
            ratio, most = found[-1][0] / found[0][0], max(count for _ms, count in found)
            times = "".join(f"{ms:12.1f}" for ms, _count in found)
            print(f"{name:30}{times}{ratio:8.2f}{most:9d}", flush=True)
            over = (
                ratio > MAX_RATIO or most > MAX_QUERIES_BY_PAGE.get(name, MAX_QUERIES)
                if name in PAGES
                else "anew" in name and found[-1][0] > MAX_RECOUNT_MS
            )
            missed += [name] * over
        budget = (
            f"ratio {MAX_RATIO}, {MAX_QUERIES} queries (recall page {MAX_QUERIES_BY_PAGE['recall page']}), "
            f"{MAX_RECOUNT_MS} ms to count anew"
        )
        print(f"budget: {budget}; missed by: {', '.join(missed) or 'none'}")
        return 1 if missed and connection.vendor == "postgresql" else 0


if __name__ == "__main__":
    sys.exit(main())
