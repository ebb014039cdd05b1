"""Tries two web hosts with separate settings on one PostgreSQL and Redis, one by a pooler, one beside a hot standby.

Host A reaches PostgreSQL through PgBouncer in transaction mode, host B directly, with reports from a hot standby. Each
line is a rule that must hold; ends with status 1 when one does not. Where PgBouncer is missing, host A goes directly.
"""

import concurrent.futures
import os
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import psycopg
from django.utils import timezone

from bench.budgets.line import Line, print_lines
from bench.desk_pages import configured_database
from bench.load.database_servers import hot_standby, pooler
from bench.load.web_server import WebServer, web_server
from tests.support import servers

PAGES = (
    "/queue/", "/queue/?why=bounced", "/queue/scheduled/", "/recalls/{recall}/", "/recalls/{recall}/log_contact/",
    "/letters/", "/work/", "/appointments/", "/search/", "/downtime/", "/messages/coming/",
    "/messages/of-recall/{recall}/", "/recalls/{recall}/book_appointment/",
)  # fmt: skip
REPORTS = ("/audit/?year={year}", "/audit/waits/?year={year}", "/board/", "/map/", "/lists/work/", "/lists/files/")
RECALLS, ADDED = 200, 3


def measure() -> Iterator[Line]:
    with ExitStack() as stack:
        primary = stack.enter_context(servers.run_postgres())
        os.environ["DATABASE_URL"] = primary
        if "REDIS_URL" not in os.environ:
            os.environ["REDIS_URL"] = stack.enter_context(servers.run_redis())
        stack.enter_context(configured_database())
        clinic = _fill()
        copies = stack.enter_context(ExitStack())
        standby = copies.enter_context(hot_standby(primary))
        pooled, said = _pooler_settings(stack, primary)
        first = stack.enter_context(_host(stack, **pooled))
        second = stack.enter_context(_host(stack, DATABASE_URL=primary, REPORTS_DATABASE_URL=standby))
        people = {role: _Browser(getattr(clinic, role)) for role in ("scheduler", "manager")}
        yield Line("two hosts: pages that failed", _count_failures(people, first, second), 0, detail=said)
        logged = _log_at_both(people["scheduler"], first, second)
        yield Line("two hosts: contacts beyond one of a form to both", abs(logged - 1), 0)
        yield from _hold_standby(people["manager"], standby, first, second)
        copies.close()
        rows = _count_rows(people["manager"], second)
        yield Line("two hosts: rows of a file, the standby being away", rows, RECALLS + ADDED, is_floor=True)


def _fill() -> Any:
    from django.core.management import call_command

    from bench._large_clinic import LargeClinic
    from clinic.models import Heartbeat

    call_command("migrate", verbosity=0)
    clinic = LargeClinic(RECALLS)
    Heartbeat.objects.update_or_create(pk="sweep", defaults={"started_at": timezone.now()})
    return clinic


def _pooler_settings(stack: ExitStack, primary: str) -> tuple[dict[str, str], str]:
    try:
        url = stack.enter_context(pooler(primary))
    except servers.ServerNotFoundError as reason:
        return {"DATABASE_URL": primary}, f"without a pooler: {reason}"
    return {"DATABASE_URL": url, "DATABASE_POOLED": "1"}, "host A through PgBouncer, transaction mode"


def _host(stack: ExitStack, **settings: str) -> Any:
    """A web server with a data folder of its own; secrets, database and broker are the same."""
    from django.conf import settings as ours

    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="recalldesk-host-"))
    os.symlink(ours.STATIC_ROOT, f"{folder}/static")
    return web_server(1, DATA_DIR=folder, **settings)


class _Browser:
    """One session, which both hosts are shown."""

    def __init__(self, user: Any) -> None:
        import httpx
        from django.test import Client

        browser = Client(SERVER_NAME="localhost")
        browser.force_login(user)
        self._token = uuid.uuid4().hex
        cookies = [f"{name}={morsel.value}" for name, morsel in browser.cookies.items()]
        headers = {"Cookie": "; ".join([*cookies, f"csrftoken={self._token}"])}
        self._client = httpx.Client(headers=headers, timeout=60)

    def get(self, host: WebServer, path: str) -> Any:
        return self._client.get(f"{host.url}{path}")

    def post(self, host: WebServer, path: str, fields: dict[str, Any]) -> Any:
        return self._client.post(f"{host.url}{path}", data={"csrfmiddlewaretoken": self._token, **fields})


def _count_failures(people: dict[str, _Browser], *hosts: WebServer) -> int:
    from recalls.models import Recall

    known = {"recall": Recall.objects.filter(state="to_contact")[0].pk, "year": timezone.now().year}
    failures = 0
    for role, paths in (("scheduler", PAGES), ("manager", REPORTS)):
        for path in (path.format(**known) for path in paths):
            statuses = [people[role].get(host, path).status_code for host in hosts]
            if statuses != [200, 200]:
                print(f"{path}: {statuses}")
                failures += 1
    return failures


def _log_at_both(person: _Browser, *hosts: WebServer) -> int:
    """The same form reaches both hosts at one instant; how many contacts it left."""
    from recalls.models import ContactAttempt, Recall

    recall = Recall.objects.filter(state="to_contact").order_by("-due_at")[0]
    before = ContactAttempt.objects.filter(recall=recall).count()
    fields = {
        "channel": "phone", "result": "no_answer", "version": recall.version, "key": str(uuid.uuid4()), "then": "stay",
    }  # fmt: skip
    with concurrent.futures.ThreadPoolExecutor(len(hosts)) as pool:
        path = f"/recalls/{recall.pk}/log_contact/"
        list(pool.map(lambda host: person.post(host, path, fields), hosts))
    return ContactAttempt.objects.filter(recall=recall).count() - before


def _hold_standby(manager: _Browser, standby: str, first: WebServer, second: WebServer) -> Iterator[Line]:
    """While the standby may not go on, a file from host B lacks what was added: it was read there."""
    from patients.models import Patient
    from recalls.models import ScreeningExam

    with psycopg.connect(standby, autocommit=True) as connection:
        connection.execute("SELECT pg_wal_replay_pause()")
    patient, today = Patient.objects.all()[0], timezone.now().date()
    for number in range(ADDED):
        ScreeningExam.objects.create(
            site=patient.site, patient=patient, accession=f"HELD{number}", exam_date=today, assessment="1"
        )
    lacking = _count_rows(manager, first) - _count_rows(manager, second)
    yield Line("two hosts: rows that a standby on hold lacks", lacking, ADDED, is_floor=True)


def _count_rows(manager: _Browser, host: WebServer) -> int:
    asked = {"file": "exams", "reason": "Tried.", "since": "2020-01-01", "until": "2029-01-01"}
    return int(manager.post(host, "/lists/files/", asked).text.count("\r\n")) - 1


if __name__ == "__main__":
    sys.exit(print_lines(measure()))
