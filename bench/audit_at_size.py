"""Measures the pages of the audit where a year holds 1,000,000 screenings and 100,000 recalls.

On PostgreSQL, or SQLite where there is none or DATABASE_URL names it. The rows are written by the database itself past
its triggers, the facts of the recalls are filled in afterwards, and the months are counted as the workers do. Prints
the seconds that the request and its server process kept a processor busy, the most of three, and how long the workers
take for the year. EXAMS=100000, YEARS=4 change the run: over how many years the screenings are spread; the pages show
one of them. A clinic that is there already, of DATABASE_URL, is used as it is.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from bench.budgets.line import Line, print_lines
from bench.budgets.processor_time import ServerProcess
from bench.desk_pages import configured_database, use_database

EXAMS = int(os.environ.get("EXAMS", "1000000"))
YEARS = int(os.environ.get("YEARS", "1"))
YEAR = 2025
MAX_SECONDS = 2.0
ROUNDS = 3
PAGES = (
    *(f"/audit/?year={YEAR}&by={by}" for by in ("all", "site", "reader", "age", "density", "language", "indication")),
    f"/audit/waits/?year={YEAR}",
    *(f"/audit/waits/?year={YEAR}&by={by}" for by in ("age", "language")),
    *(f"/audit/equity/?year={YEAR}&by={by}" for by in ("age", "language")),
    f"/audit/month/{YEAR}/6/",
)
READER_PAGES = (f"/audit/?year={YEAR}&by=age&own=1", "/audit/cases/", "/audit/trend/")


def measure() -> Iterator[Line]:
    with configured_database():
        from django.core.management import call_command
        from django.db import connection
        from django.test import Client

        home = connection.settings_dict["NAME"]
        if connection.vendor == "postgresql":
            _use_own_database()
        call_command("migrate", verbosity=0)
        manager, reader = _people() or _fill()
        spent = _clock(connection.vendor)
        began = spent()
        months = _count_year()
        yield Line("audit: the year counted by the workers", spent() - began, detail=f"seconds, {months} months")
        for user, pages in ((manager, PAGES), (reader, READER_PAGES)):
            browser = Client(SERVER_NAME="localhost")
            browser.force_login(user)
            browser.get(pages[0])  # loads the library of statistics
            for page in pages:
                taken = max(_seconds(browser, page, spent) for _round in range(ROUNDS))
                yield Line(f"audit: {page}", taken, MAX_SECONDS, detail=f"seconds, {EXAMS:,} exams")
        use_database(home)


def _use_own_database() -> None:
    """Of the same server: other parts of a run work in the usual one, and find there only what they made."""
    from django.db import connection

    name = f"audit_{EXAMS}_{YEARS}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if cursor.fetchone() is None:
            cursor.execute(f'CREATE DATABASE "{name}"')
    use_database(name)


def _clock(vendor: str) -> Any:
    """Seconds of a processor so far: of this process, and of its server where it has one."""
    if vendor == "sqlite":
        return time.process_time
    server = ServerProcess()
    return lambda: server.busy_ms() / 1000 + time.process_time()


def _seconds(browser: Any, page: str, spent: Any) -> float:
    began = spent()
    answer = browser.get(page)
    assert answer.status_code == 200, page
    return float(spent() - began)


def _count_year() -> int:
    """As the workers do every few minutes."""
    from clinic.models import Site
    from reports.audit.keeping import count_month

    months = [(site, date(YEAR, month, 1)) for site in Site.objects.all() for month in range(1, 13)]
    for site, month in months:
        count_month(site, month)
    return len(months)


def _people() -> tuple[Any, Any] | None:
    """The manager and a reader of a clinic that is there already."""
    from clinic.models import User

    manager = User.objects.filter(username="bench-manager").first()
    return (manager, User.objects.get(username="bench-reader-0")) if manager else None


def _fill() -> tuple[Any, Any]:
    """Rows in the usual shares, straight in the tables: one in ten called back, one in seven of these biopsied."""
    from clinic.factories import SiteFactory, UserFactory
    from clinic.roles import Role
    from recalls.kept_facts.upkeep import fill_facts

    sites = [SiteFactory.create(code=f"BENCH{number}") for number in range(2)]
    readers = [
        UserFactory.create(username=f"bench-reader-{number}", role=Role.RADIOLOGIST, sites=sites)
        for number in range(10)
    ]
    manager = UserFactory.create(username="bench-manager", role=Role.MANAGER, sites=sites)
    first, reader = sites[0].pk, readers[0].pk
    assert [site.pk for site in sites] == [first, first + 1]
    assert [one.pk for one in readers] == list(range(reader, reader + 10))
    with _without_triggers():
        for statement in _statements(first, reader):
            _execute(statement)
    fill_facts()
    _execute("ANALYZE")
    return manager, readers[0]


@contextmanager
def _without_triggers() -> Iterator[None]:
    """On SQLite they are dropped and made anew; PostgreSQL passes them over."""
    from django.db import connection

    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            triggers = cursor.fetchall()
        for name, _sql in triggers:
            _execute(f'DROP TRIGGER "{name}"')
        yield
        for _name, sql in triggers:
            _execute(sql)
        return
    _execute("SET session_replication_role = replica")
    yield
    _execute("SET session_replication_role = DEFAULT")


def _statements(site: int, reader: int) -> list[str]:
    exam_day = _days_after(f"'{YEAR + 1 - YEARS}-01-01'", f"n % ({YEARS} * 365)")
    return [
        _insert("patients_patient", EXAMS // 2, {
            "id": "n", "site_id": f"{site} + n % 2", "assigning_authority": "'BENCH'", "mrn": "'M' || n",
            "family_name": "'Sample'", "given_name": "'Testa'", "birth_date": _days_after("'1945-01-01'", "n % 13000"),
            "sex": "'F'", "language": "CASE WHEN n % 6 = 0 THEN 'es' ELSE 'en' END", "voicemail": "'ask'",
        }),
        _insert("recalls_screeningexam", EXAMS, {
            "id": "n", "site_id": f"{site} + n % 2", "patient_id": f"1 + n % {EXAMS // 2}", "accession": "'A' || n",
            "exam_date": exam_day, "reported_at": exam_day,
            "assessment": "CASE WHEN n % 10 > 0 THEN '1' WHEN n % 200 = 0 THEN '0-PRIOR' ELSE '0-AI' END",
            "birads_edition": "'5'", "recall_kind": "'finding'", "density": "substr('abcd', 1 + n % 4, 1)",
            "reader_id": f"{reader} + n % 10",
        }),
        _insert("recalls_recall", EXAMS // 10, {
            "id": "n", "site_id": f"{site} + (n * 10) % 2", "patient_id": f"1 + (n * 10) % {EXAMS // 2}",
            "exam_id": "n * 10", "kind": "'finding'", "state": "'awaiting_outcome'", "version": "1",
            "opened_at": _of_exam("reported_at"), "clock_from": _of_exam("reported_at"),
            "due_at": _of_exam("reported_at"),
        }),
        _insert("recalls_outcome", EXAMS // 11, {
            "id": "n", "recall_id": "n", "basis": "'visit'", "round": "0", "birads_edition": "'5'",
            "assessment": "CASE WHEN n % 7 = 0 THEN '4B' WHEN n % 7 = 1 THEN '3' ELSE '2' END", "by": "'Dr. Rao'",
            "user_id": f"{reader} + n % 10", "read_at": _days_after(_of_exam("exam_date"), "9"),
            "at": _days_after(_of_exam("exam_date"), "9"),
        }),
        _insert("recalls_lesion", EXAMS // 80, {
            "id": "n", "recall_id": "n * 7", "number": "1", "by": "'Dr. Rao'",
        }),
        _insert("recalls_biopsy", EXAMS // 80, {
            "id": "n", "recall_id": "n * 7", "lesion_id": "n", "by": "'Dr. Rao'",
            "done_on": _days_after(_of_exam("exam_date", "n * 70"), "16"),
        }),
        _insert("recalls_pathologyresult", EXAMS // 80, {
            "id": "n", "recall_id": "n * 7", "lesion_id": "n", "biopsy_id": "n", "source": "'biopsy'",
            "result": "CASE WHEN n % 4 = 0 THEN 'invasive' ELSE 'benign' END", "by": "'Dr. Rao'", "size_mm": "n % 30",
            "nodes": "'neg'", "at": _days_after(_of_exam("exam_date", "n * 70"), "20"),
        }),
        _insert("recalls_contactattempt", EXAMS // 8, {
            "id": "n", "recall_id": f"1 + n % {EXAMS // 10}", "channel": "'phone'", "result": "'no_answer'",
            "by": "'Ana'", "at": _days_after(_of_exam("exam_date", f"10 + n % {EXAMS // 10} * 10"), "1 + n % 3"),
        }),
        _insert("recalls_appointment", EXAMS // 11, {
            "id": "n", "recall_id": "n", "site_id": f"{site} + (n * 10) % 2", "kind": "'diagnostic'",
            "status": "'attended'", "length_minutes": "60", "starts_at": _days_after(_of_exam("exam_date"), "8"),
        }),
        _insert("recalls_resultdisclosure", EXAMS // 11, {
            "id": "n", "recall_id": "n", "method": "'phone'", "told_by": "'Dr. Rao'", "told_to": "'patient'",
            "by": "'Dr. Rao'", "told_at": _days_after(_of_exam("exam_date"), "10 + n % 3"),
        }),
    ]  # fmt: skip


def _of_exam(column: str, number: str = "n * 10") -> str:
    return f"(SELECT e.{column} FROM recalls_screeningexam e WHERE e.id = {number})"


def _days_after(day: str, days: str) -> str:
    from django.db import connection

    if connection.vendor == "sqlite":
        return f"date({day}, ({days}) || ' days')"
    return f"(CAST({day} AS date) + CAST({days} AS integer))"


def _uuid() -> str:
    from django.db import connection

    return "lower(hex(randomblob(16)))" if connection.vendor == "sqlite" else "gen_random_uuid()"


def _insert(table: str, count: int, values: dict[str, str]) -> str:
    """`values` are SQL by column, in n, from 1 on; any other column that may not be empty gets nothing of its kind."""
    from django.apps import apps
    from django.db import connection

    model = next(model for model in apps.get_models() if model._meta.db_table == table)
    for field in model._meta.concrete_fields:
        column = str(field.column)
        if column in values or field.null:
            continue
        kind = field.get_internal_type()
        empty = {"BooleanField": "false", "DateTimeField": "CURRENT_TIMESTAMP", "JSONField": "'{}'"}.get(kind)
        values[column] = empty or ("0" if "Integer" in kind else "''")
    names = ", ".join(f'"{name}"' for name in values)
    numbers = f"(WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {count}) SELECT n FROM c) s"
    if connection.vendor != "sqlite":
        numbers = f"generate_series(1, {count}) s(n)"
    return f'INSERT INTO "{table}" ({names}) SELECT {", ".join(values.values())} FROM {numbers}'


def _execute(statement: str) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement)


if __name__ == "__main__":
    sys.exit(print_lines(measure()))
