"""Runs the real web server on a copy of the large database, with people signed in, and counts what it takes."""

import json
import os
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from bench._two_sizes import database_name
from bench.desk_pages import use_database
from tests.support.processes import WEB, Process, free_port, make_environment, wait_until

COPY = "sizes_load"
RECALLS_EACH = 40
_START_SECONDS = 60.0


@contextmanager
def copied_database() -> Iterator[None]:
    """A copy of the open clinic's database that may be written to; our connection is in it."""
    from django.db import connection

    home = connection.settings_dict["NAME"]
    use_database(home)
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{COPY}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{COPY}" TEMPLATE "{database_name("open")}"')
    use_database(COPY)
    try:
        yield
    finally:
        use_database(home)
        with connection.cursor() as cursor:
            cursor.execute(f'DROP DATABASE "{COPY}" WITH (FORCE)')


def sign_in_schedulers(count: int, runs: int) -> list[dict[str, Any]]:
    """So many schedulers of the clinic: a cookie and recalls to call in so many runs for each."""
    from django.test import Client

    from clinic.factories import UserFactory
    from clinic.models import Site, User
    from clinic.roles import Role
    from recalls.models import Recall

    site, staff = Site.objects.get(code="BENCH"), []
    to_call = Recall.objects.filter(state="to_contact").order_by("due_at").values_list("pk", flat=True)
    recalls = list(to_call[: count * runs * RECALLS_EACH])
    for number in range(count):
        name = f"load-{number}"
        user = User.objects.filter(username=name).first() or UserFactory.create(
            username=name, role=Role.SCHEDULER, sites=[site]
        )
        browser = Client(SERVER_NAME="localhost")
        browser.force_login(user)
        cookie = "; ".join(f"{key}={morsel.value}" for key, morsel in browser.cookies.items())
        staff.append({"cookie": cookie, "recalls": recalls[number::count]})
    return staff


@dataclass(frozen=True, slots=True)
class WebServer:
    """A running one, and where it answers."""

    process: Process
    url: str

    def processor_seconds(self) -> float:
        return tree_seconds(self.process.pid)


@contextmanager
def web_server(processes: int, database: str = COPY, **changes: str) -> Iterator[WebServer]:
    """gunicorn with so many processes on that database; `changes` are variables of its environment."""
    from django.conf import settings

    port = free_port()
    wanted = {
        "DATABASE_URL": urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{database}")),
        "REDIS_URL": os.environ["REDIS_URL"],
        "DATA_DIR": str(settings.DATA_DIR),
        "SECRET_KEY": settings.SECRET_KEY,
        "LOG_LEVEL": "ERROR",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PORT": str(port),
        "WEB_WORKERS": str(processes),
    }
    with tempfile.TemporaryDirectory(prefix="recalldesk-web-") as folder:
        process = Process(WEB, make_environment(**wanted | changes), Path(folder) / "web.log")
        try:
            url = f"http://localhost:{port}"
            if not wait_until(lambda: _answers(f"{url}/health/ready/"), seconds=_START_SECONDS):
                raise SystemExit(f"The web server did not start: {process.output[-2000:]}")
            yield WebServer(process, url)
        finally:
            process.kill()


def _answers(url: str) -> bool:
    with suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:
        return bool(answer.status == 200)
    return False


def tree_seconds(pid: int) -> float:
    """Processor time of a process and all below it so far, ended ones included (Linux)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):  # it ended meanwhile, and counts with the process above it
        return 0.0
    own = sum(int(fields[number]) for number in (11, 12, 13, 14)) / os.sysconf("SC_CLK_TCK")
    return own + sum(tree_seconds(int(child)) for child in children)


def database_server_pid() -> int:
    """Of the PostgreSQL on this machine that our connection speaks to."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = cursor.fetchone()[0]
    fields = Path(f"/proc/{backend}/stat").read_text().rpartition(")")[2].split()
    return int(fields[1])


def write_staff(people: list[dict[str, Any]], folder: Path) -> Path:
    """A file for one run; its recalls are taken from each, as a call a minute after another is asked about."""
    taken = [{**person, "recalls": person["recalls"][:RECALLS_EACH]} for person in people]
    for person in people:
        del person["recalls"][:RECALLS_EACH]
    path = folder / "staff.json"
    path.write_text(json.dumps(taken))
    return path
