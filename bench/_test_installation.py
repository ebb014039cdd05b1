"""Builds the installation of the delivery benchmarks: a clinic that is always open, with messages due now.

PostgreSQL and Redis where DATABASE_URL and REDIS_URL name some (an empty database of its own is made there), else
SQLite and the private broker. The mail server is a real one in a process of its own.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import time, timedelta
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit

import django
import holidays
import psycopg
from django.core.management import call_command
from django.utils import timezone
from psycopg.sql import SQL, Identifier

from config.env import PROJECT_ROOT
from tests.support import servers
from tests.support.processes import Process

EVERY_DAY = range(7)


@dataclass(frozen=True, slots=True)
class Installation:
    """A folder of its own, and the environment in which all its processes run."""

    folder: Path
    environment: dict[str, str]

    def start(self, name: str, *arguments: str) -> Process:
        return Process(arguments, self.environment, self.folder / f"{name}.log")


@contextmanager
def fresh_installation(mail_port: int) -> Iterator[Installation]:
    """Ready to work in, also for this process: Django is set up and the tables are there."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="recalldesk-bench-")))
        wanted = {
            "DATA_DIR": str(folder),
            "EMAIL_URL": f"smtp://127.0.0.1:{mail_port}",
            "LOG_LEVEL": "WARNING",
            "REDIS_URL": os.environ.get("REDIS_URL") or stack.enter_context(servers.run_redis()),
            "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "config.settings"),
        }
        if address := os.environ.get("DATABASE_URL"):
            wanted["DATABASE_URL"] = stack.enter_context(_create_database(address, folder.name))
        elif ready := os.environ.get("MIGRATED_FILE"):
            shutil.copyfile(ready, folder / "recalldesk.sqlite3")
        os.environ.update(wanted)
        _set_up()
        yield Installation(folder, dict(os.environ))


@contextmanager
def _create_database(address: str, name: str) -> Iterator[str]:
    """A new database on that server, dropped at the end."""
    name = name.replace("-", "_")
    with psycopg.connect(address, autocommit=True) as server:
        server.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        try:
            yield urlunsplit(urlsplit(address)._replace(path=f"/{name}"))
        finally:
            server.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


def _set_up() -> None:
    django.setup()
    call_command("migrate", verbosity=0)


def create_site_that_is_always_open(**fields: Any) -> Any:
    """A site whose messages leave at any hour of any day, today also on a public holiday."""
    from clinic.factories import SiteFactory
    from clinic.models import OpeningHours

    hours = {"send_from": time(0), "send_until": time(23, 59, 59), "hours": (time(0), time(23, 59))}
    site = SiteFactory.create(**hours, **fields)
    OpeningHours.objects.filter(site=site).delete()
    OpeningHours.objects.bulk_create(
        OpeningHours(site=site, weekday=day, opens=time(0), closes=time(23, 59)) for day in EVERY_DAY
    )
    site = type(site).objects.get(pk=site.pk)
    today = timezone.now().date()
    site.country = next(code for code in ("US", "GB", "DE") if today not in holidays.country_holidays(code))
    site.subdivision = ""
    site.save()
    return site


def book_visits(count: int) -> None:
    """Open that many recalls and book each a visit: one confirmation with its calendar entry is due for each, now."""
    from clinic import calendar
    from clinic.factories import get_site_staff
    from patients.factories import PatientFactory
    from recalls import actions
    from recalls.actions import Slot
    from recalls.testing.factories import RecallFactory

    site = create_site_that_is_always_open()
    scheduler = get_site_staff(site).scheduler
    day = calendar.next_open_day(site, calendar.local_day(site, timezone.now()) + timedelta(days=14))
    slot = Slot(site, calendar.instant(site, day, time(10)))
    for number in range(count):
        patient = PatientFactory.create(site=site, email=f"patient{number}@example.org", consents={})
        actions.book_appointment(RecallFactory.create(patient=patient), slot, by=scheduler)


class CountingMailServer:
    """A mail server in a process of its own; it keeps who got which message, in the order of arrival."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench._counting_mail_server"],
            cwd=PROJECT_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.port = int(self._query())
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def _query(self, question: str = "") -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        if question:
            self._process.stdin.write(question.encode() + b"\n")
            self._process.stdin.flush()
        return self._process.stdout.readline().decode()

    @property
    def count(self) -> int:
        return int(self._query("count"))

    @property
    def received(self) -> list[tuple[str, str, str]]:
        """Recipient, notification and Message-ID of each message."""
        return [tuple(entry) for entry in json.loads(self._query("all"))]
