"""Measures how fast a large results file is loaded and how much memory that takes.

Writes a file of invented patients, loads it into a fresh database (SQLite, or the server of DATABASE_URL), prints rows
a second and the most memory used, and ends with status 1 when either misses its budget. ROWS=1000 makes it quick.
"""

import csv
import os
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

ROWS = int(os.environ.get("ROWS", "100000"))
MIN_ROWS_PER_SECOND = 500
MAX_MEGABYTES = 300

SITES = ("NORTH", "SOUTH", "EAST")
COLUMNS = (
    "mrn", "family_name", "given_name", "birth_date", "accession", "exam_date", "assessment", "site", "sex", "language",
    "phone_mobile", "phone_home", "email", "email_consent", "sms_consent", "address_line", "city", "state",
    "postal_code",
    "referrer_name", "referrer_npi", "reported_at", "reader", "first_screen", "density", "findings", "comment",
)  # fmt: skip
# About 12 in 100 are recalled, as in a screening programme.
NEGATIVE_ASSESSMENTS = ("BI-RADS 1", "Negative", "2", "BI-RADS 2: Benign")
RECALL_ASSESSMENTS = (
    "BI-RADS 0: Need additional imaging evaluation",
    "0-AI",
    "0-AI",
    "Incomplete: need prior mammograms",
    "4B",
)


def make_rows(count: int) -> Iterator[tuple[str, ...]]:
    """The same invented rows each time; one patient in twenty has a second exam, one phone in fifty is no number."""
    chance = random.Random(7)
    today = date.today()
    for number in range(count):
        patient = number if number % 20 else max(0, number - 19)
        born = date(1950, 1, 1) + timedelta(days=patient * 37 % 12000)
        exam = today - timedelta(days=2 + number % 20)
        is_recalled = chance.random() < 0.12
        yield (
            f"B{patient:07d}", f"Sample-{patient % 9973}", f"Testa-{patient % 911}", born.isoformat(), f"X{number:08d}",
            exam.strftime("%m/%d/%Y") if number % 3 else exam.isoformat(),
            chance.choice(RECALL_ASSESSMENTS if is_recalled else NEGATIVE_ASSESSMENTS), SITES[patient % 3], "F",
            "Spanish" if patient % 9 == 0 else "en",
            "12" if number % 50 == 7 else f"412 555 01{patient % 100:02d}", f"(724) 555-01{patient % 97:02d}",
            f"testa{patient}@example.org", "yes", "", f"{patient % 400} Example Street", "Pittsburgh", "PA", "15232",
            f"Dr. Referra Example-{patient % 300}", f"{1000000000 + patient % 300}", f"{exam.isoformat()} 16:20",
            "Rada Example-Reader", "", "abcd"[patient % 4], "mass:left:upper outer" if is_recalled else "", "",
        )  # fmt: skip


def write_csv(path: Path, count: int) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(make_rows(count))


def fresh_database() -> None:
    from django.core.management import call_command
    from django.db import connection

    from clinic.factories import SiteFactory

    if connection.vendor == "sqlite":
        call_command("migrate", verbosity=0)
    else:
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    for code in SITES:
        SiteFactory.create(code=code)


def time_load(path: Path) -> float:
    """Seconds that the command took; the rows' lines are written as in real use, to a file nobody reads."""
    from django.core.management import call_command

    started = time.perf_counter()
    with open(os.devnull, "w") as nowhere:
        call_command("load_results", str(path), as_json=True, stdout=nowhere)
    return time.perf_counter() - started


def main() -> int:
    import django

    with tempfile.TemporaryDirectory(prefix="recalldesk-bench-") as folder:
        os.environ.update(DJANGO_SETTINGS_MODULE="config.settings", DATA_DIR=folder, LOG_LEVEL="WARNING")
        django.setup()
        path = Path(folder) / "results.csv"
        write_csv(path, ROWS)
        fresh_database()
        first, again = time_load(path), time_load(path)
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{ROWS} rows: {ROWS / first:.0f} rows/s (budget {MIN_ROWS_PER_SECOND}), "
        f"{megabytes:.0f} MB (budget {MAX_MEGABYTES})"
    )
    print(f"the same file again, which changes nothing: {ROWS / again:.0f} rows/s")
    return 0 if ROWS / first >= MIN_ROWS_PER_SECOND and megabytes <= MAX_MEGABYTES else 1


if __name__ == "__main__":
    sys.exit(main())
