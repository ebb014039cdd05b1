"""Measures how fast a large results file is loaded, beside bulk_create of the same rows, and how much memory it takes.

Writes a file of invented patients and loads it into a fresh database (SQLite, or the server of DATABASE_URL), in turns
with bulk_create of as many patients, exams and recalls and nothing else. Prints rows a second, their ratio and the most
memory used, and ends with status 1 when one misses its budget. ROWS=4000 makes it quick.
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
from itertools import islice
from pathlib import Path

from bench.budgets.line import Line, print_lines

ROWS = int(os.environ.get("ROWS", "100000"))
MIN_ROWS_PER_SECOND = 500
MIN_RATIO = 0.5  # of bulk_create of patient, exam and recall alone
TURNS = 4
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


def write_csv(path: Path, count: int, first: int = 0) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(islice(make_rows(first + count), first, None))


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


def time_bulk_create(count: int, turn: int) -> float:
    """Seconds for the bare rows of as many patients with an exam each, one in eight recalled, 500 at a time."""
    from django.db import transaction
    from django.utils import timezone

    from clinic.models import Site
    from patients.models import Patient
    from recalls.models import Recall, ScreeningExam

    site, now = Site.objects.get(code=SITES[0]), timezone.now()
    bare = Patient._base_manager  # without the search terms that the product's own manager writes
    started = time.perf_counter()
    for start in range(0, count, 500):
        with transaction.atomic():
            patients = bare.bulk_create(
                Patient(site=site, assigning_authority=f"BARE{turn}", mrn=f"B{number}", family_name="Sample",
                        given_name="Testa", birth_date=now.date(), address_line="1 Example Street", city="Pittsburgh")
                for number in range(start, min(start + 500, count))
            )  # fmt: skip
            exams = ScreeningExam.objects.bulk_create(
                ScreeningExam(site=site, patient=patient, accession=f"BARE{turn}-{patient.mrn}", exam_date=now.date(),
                              reported_at=now, assessment="0-AI")
                for patient in patients
            )  # fmt: skip
            Recall.objects.bulk_create(
                Recall(site=site, patient=exam.patient, exam=exam, state="to_contact", state_since=now, clock_from=now,
                       contact_since=now, opened_at=now, target_at=now, due_at=now, version=1)
                for exam in exams[::8]
            )  # fmt: skip
    return time.perf_counter() - started


def measure() -> Iterator[Line]:
    import django

    with tempfile.TemporaryDirectory(prefix="recalldesk-bench-") as folder:
        os.environ.update(DJANGO_SETTINGS_MODULE="config.settings", DATA_DIR=folder, LOG_LEVEL="WARNING")
        django.setup()
        path, part = Path(folder) / "results.csv", ROWS // TURNS
        fresh_database()
        load = bare = again = 0.0
        held = []
        for turn in range(TURNS):
            write_csv(path, part, turn * part)
            load += time_load(path)
            bare += time_bulk_create(part, turn)
            again += time_load(path)
            held.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    rate, detail = ROWS / load, f"{ROWS:,} rows; {ROWS / load:.0f} rows/s against {ROWS / bare:.0f}"
    yield Line("load_results against bulk_create", bare / load, MIN_RATIO, is_floor=True, detail=detail)
    yield Line("load_results, rows a second", rate, MIN_ROWS_PER_SECOND, is_floor=True)
    yield Line("load_results, the same file again, rows a second", ROWS / again)
    grown = f"after each quarter: {', '.join(f'{megabytes:.0f}' for megabytes in held)}"
    yield Line("load_results, MB of memory", held[-1], MAX_MEGABYTES, detail=grown, facts={"held": held})


if __name__ == "__main__":
    sys.exit(print_lines(measure()))
