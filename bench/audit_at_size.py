"""Measures the pages of the audit with 1,000,000 screenings and 100,000 recalls.

On PostgreSQL, or SQLite where there is none or DATABASE_URL names it. Prints the milliseconds of each page on the
server, the slowest of three; ends with status 1 when one takes 2 s or longer. EXAMS=100000, YEARS=1 change the run:
over how many years the screenings are spread; the page shows one of them. PROFILE="/audit/?year=2025" prints where a
page's time goes.
"""

import os
import sys
import time
from typing import Any

from bench.desk_pages import configured_database

EXAMS = int(os.environ.get("EXAMS", "1000000"))
YEARS = int(os.environ.get("YEARS", "4"))
MAX_MS = 2_000
ROUNDS = 3
PAGES = (
    *(f"/audit/?year=2025&by={by}" for by in ("all", "site", "reader", "age", "density", "language", "indication")),
    "/audit/waits/?year=2025",
    "/audit/waits/?year=2025&by=age",
    "/audit/equity/?year=2025&by=language",
)


def main() -> int:
    with configured_database():
        from django.core.management import call_command
        from django.test import Client

        call_command("migrate", verbosity=0)
        manager = _fill()

        browser = Client()
        browser.force_login(manager)
        browser.get(PAGES[0])  # loads the library of statistics
        if os.environ.get("PROFILE"):
            import cProfile
            import pstats

            for page in os.environ["PROFILE"].split(","):
                with cProfile.Profile() as seen:
                    browser.get(page)
                pstats.Stats(seen).sort_stats("tottime").print_stats(12)
        slowest = {page: max(_milliseconds(browser, page) for _round in range(ROUNDS)) for page in PAGES}
    for page, taken in slowest.items():
        print(f"{taken:7.0f} ms  {page}")
    return int(max(slowest.values()) >= MAX_MS)


def _milliseconds(browser: Any, page: str) -> float:
    began = time.perf_counter()
    answer = browser.get(page)
    assert answer.status_code == 200
    return (time.perf_counter() - began) * 1000


def _fill() -> Any:
    """Rows in the usual shares, straight in the tables: one in ten called back, one in seven of these biopsied."""
    from clinic.factories import SiteFactory, UserFactory
    from clinic.roles import Role

    sites = [SiteFactory.create(code=f"BENCH{number}") for number in range(2)]
    readers = [UserFactory.create(role=Role.RADIOLOGIST, sites=sites) for _number in range(10)]
    manager = UserFactory.create(role=Role.MANAGER, sites=sites)
    first, reader = sites[0].pk, readers[0].pk
    assert [site.pk for site in sites] == [first, first + 1]
    assert [one.pk for one in readers] == list(range(reader, reader + 10))
    for statement in _statements(first, reader):
        _execute(statement)
    return manager


def _statements(site: int, reader: int) -> list[str]:
    exam_day = _days_after(f"'{2026 - YEARS}-01-01'", f"n % ({YEARS} * 365)")
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
        if connection.vendor != "sqlite":
            cursor.execute("ANALYZE")


if __name__ == "__main__":
    sys.exit(main())
