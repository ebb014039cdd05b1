"""Prints how many product files a reader visits to follow six everyday walks through the running program.

`python -m tests.support.walks` loads the first row of docs/examples/results.csv into an empty clinic, sends its first
email to the mail server of the tests, and has a scheduler log a call and open two pages. Each walk gives one line:

- files: product files entered; stays: unbroken runs of calls in one file; returns: stays in a file left before;
- calls: calls of named functions, where a generator counts each time it goes on; functions: different ones called.

Lambdas, comprehensions, class bodies and migrations are left out. The mail walk starts with the URLs imported, the
pages are counted at their second visit, so that what is built once per process is not counted. The program is reached
by its command, task, models and addresses alone, so that the figures of two versions can be compared.
"""

import csv
import inspect
import io
import logging
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, time, timedelta
from itertools import groupby
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import django
import time_machine
from celery import current_app
from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db.models import Model
from django.test import Client, override_settings
from django.test.utils import setup_databases, setup_test_environment, teardown_databases, teardown_test_environment
from django.urls import get_resolver

from tests.settings import SCRATCH
from tests.support.smtp_sink import SmtpSink

PROJECT_ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (
    "config",
    "clinic",
    "desk",
    "patients",
    "recalls",
    "notifications",
    "exchange",
    "reports",
    "portal",
    "site_setup",
    "demo",
)
PRODUCT = tuple(f"{PROJECT_ROOT / package}{os.sep}" for package in PACKAGES)
SAMPLE = PROJECT_ROOT / "docs" / "examples" / "results.csv"
TUESDAY = datetime(2026, 11, 17, 15, 0, tzinfo=UTC)  # ten in the morning at the clinic; the sample row is a day old
LONGEST_WAIT = timedelta(days=14)  # the first email of a row is due long before
STEP = timedelta(hours=1)
MAIL_CLINIC, DESK_CLINIC = "SHADY", "DESK"  # two sites, so that the desk's queue holds the desk's recall alone
CALL = {"channel": "phone", "result": "no_answer"}


class Call(NamedTuple):
    """One call: the file relative to the checkout, and the qualified name of the function."""

    file: str
    function: str


Walk = list[Call]


@contextmanager
def traced() -> Iterator[Walk]:
    """The calls of product functions that this thread makes inside the block, in order."""
    walk: Walk = []

    def note(frame: FrameType, event: str, _argument: Any) -> None:
        code = frame.f_code
        if event != "call" or not code.co_filename.startswith(PRODUCT) or "/migrations/" in code.co_filename:
            return
        is_named_function = code.co_flags & inspect.CO_OPTIMIZED and not code.co_name.startswith("<")
        if is_named_function:
            walk.append(Call(os.path.relpath(code.co_filename, PROJECT_ROOT), code.co_qualname))

    sys.setprofile(note)
    try:
        yield walk
    finally:
        sys.setprofile(None)


def figures(walk: Walk) -> tuple[int, int, int, int, int]:
    """Files, stays, returns, calls and functions of a walk."""
    files = len({call.file for call in walk})
    stays = sum(1 for _ in groupby(walk, key=lambda call: call.file))
    return files, stays, stays - files, len(walk), len(set(walk))


@contextmanager
def empty_program() -> Iterator[tuple[time_machine.Traveller, SmtpSink]]:
    """An empty database, a stopped clock and a mail server, for the length of the block."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    logging.disable(logging.WARNING)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, SCRATCH, ignore_errors=True)
        setup_test_environment()
        stack.callback(teardown_test_environment)
        stack.callback(teardown_databases, setup_databases(verbosity=0, interactive=False), verbosity=0)
        sink = stack.enter_context(SmtpSink())
        mail = {"EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend", "EMAIL_PORT": sink.port}
        stack.enter_context(override_settings(**mail, EMAIL_HOST="127.0.0.1"))
        yield stack.enter_context(time_machine.travel(TUESDAY, tick=False)), sink


def import_all() -> None:
    """Import what a running process has imported: the addresses and the tasks."""
    assert get_resolver().url_patterns
    current_app.loader.import_default_modules()


def make_site(code: str) -> Model:
    """A site in Pittsburgh, open Monday to Friday from eight to five."""
    site = apps.get_model("clinic", "Site")._default_manager.create(
        code=code,
        name=f"{code.title()} Sample Imaging",
        sender_name=f"{code.title()} Sample Imaging",
        phone="+14125550100",
        contact_person="Nia Example-Navigator",
        address_line="1 Example Street",
        city="Pittsburgh",
        state="PA",
        postal_code="15232",
        subdivision="PA",
        time_zone="America/New_York",
    )
    hours = apps.get_model("clinic", "OpeningHours")._default_manager
    for weekday in range(5):
        hours.create(site=site, weekday=weekday, opens=time(8), closes=time(17))
    apps.get_model("clinic", "DeadlinePolicy")._default_manager.create(site=site)
    return site


def scheduler_at(site: Model) -> Client:
    """A browser in which a scheduler of the site is signed in."""
    user = get_user_model().objects.create_user(username="ana", first_name="Ana", email="ana@example.org")
    user.groups.set(apps.get_model("auth", "Group")._default_manager.filter(name="scheduler"))
    user.sites.set([site.pk])
    browser = Client()
    browser.force_login(user)
    return browser


def load_row(**changed: str) -> Walk:
    """Load the sample's first row, with some cells changed."""
    with SAMPLE.open(encoding="utf-8", newline="") as sample:
        row = {**next(csv.DictReader(sample)), **changed}
    file = SCRATCH / "row.csv"
    with file.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, list(row))
        writer.writeheader()
        writer.writerow(row)
    with traced() as walk:
        call_command("load_results", str(file), as_json=True, stdout=io.StringIO())
    return walk


def deliver_first_mail(clock: time_machine.Traveller, sink: SmtpSink) -> Walk:
    """The run of the delivery task in which the first email leaves; time moves on until it does."""
    deliver = current_app.tasks["notifications.tasks.deliver"]
    now = TUESDAY
    while now <= TUESDAY + LONGEST_WAIT:
        clock.move_to(now)
        with traced() as walk:
            deliver()
        if sink.received:
            return walk
        now += STEP
    raise SystemExit(f"no email left within {LONGEST_WAIT.days} days")


def ask(request: Callable[[], Any], status: int) -> Walk:
    """One request of the browser, which must be answered with that status."""
    with traced() as walk:
        answer = request()
    if answer.status_code != status:
        raise SystemExit(f"{answer.request['PATH_INFO']} answered {answer.status_code} and not {status}")
    return walk


def desk_walks(browser: Client, recall: int) -> dict[str, Walk]:
    """A logged call, then the queue and the page of that recall, each page at its second visit."""
    queue, page = "/queue/", f"/recalls/{recall}/"
    step = f"{page}log_contact/"
    for address in (queue, page):
        browser.get(address)
    fields = {field.name: field.value() for field in browser.get(step).context["form"]}
    typed = {name: value for name, value in fields.items() if value not in (None, "", False)} | CALL
    return {
        "POST log_contact": ask(lambda: browser.post(step, typed), 302),
        "GET queue": ask(lambda: browser.get(queue), 200),
        "GET recall page": ask(lambda: browser.get(page), 200),
    }


def walks() -> dict[str, Walk]:
    """Every walk by its name."""
    with empty_program() as (clock, sink):
        import_all()
        make_site(MAIL_CLINIC)
        loaded = load_row()
        mailed = deliver_first_mail(clock, sink)
        clock.move_to(TUESDAY)
        desk = make_site(DESK_CLINIC)
        # No letter to a referrer waits at the desk: it would be planned anew with the call.
        load_row(site=DESK_CLINIC, mrn="T900009", accession="T-CSV-9", referrer_name="")
        recall = apps.get_model("recalls", "Recall")._default_manager.latest("pk")
        first = {"CSV row -> owed rows": loaded, "drain -> mail": mailed, "CSV row -> mail": loaded + mailed}
        return first | desk_walks(scheduler_at(desk), recall.pk)


def main() -> None:
    """Print the table."""
    print(f"{'walk':<22}{'files':>8}{'stays':>8}{'returns':>9}{'calls':>8}{'functions':>11}")
    for name, walk in walks().items():
        files, stays, returns, calls, functions = figures(walk)
        print(f"{name:<22}{files:>8}{stays:>8}{returns:>9}{calls:>8}{functions:>11}")


if __name__ == "__main__":
    main()
