"""Measures lay summaries beside ten thousand and beside a million stored exams (PostgreSQL).

Two clinics in two databases of one server; all stored exams have their summary posted. In turns, so that both meet the
same noise, each clinic gets a day's new exams; the walk plans their summaries, and a person prints and posts a batch.
Prints the least milliseconds of each part and the ratio; ends with status 1 when a part takes more than 1.2 times as
long beside the million. SIZES=1000,100000, EXAMS=100 and ROUNDS=30 change the run.

Run it with `python -m tests.support.servers python -m bench.lay_summaries`.
"""

import os
import sys
import time
from collections.abc import Callable
from typing import Any

from bench._cloned_rows import clone_row
from bench._test_installation import create_site_that_is_always_open
from bench.desk_pages import configured_database, use_database

SIZES = tuple(int(size) for size in os.environ.get("SIZES", "10000,1000000").split(","))
EXAMS = int(os.environ.get("EXAMS", "100"))  # new ones in each round
ROUNDS = int(os.environ.get("ROUNDS", "30"))
MAX_RATIO = 1.2
CLONE_ID_BASE = 1_000_000  # the numbers of copied rows start here
PARTS = ("plan", "minute without news", "print", "post")


class ClinicOfYears:
    """One exam whose summary was posted, and so many copies of it over years; each round adds some new exams."""

    def __init__(self, count: int) -> None:
        from clinic.factories import UserFactory
        from notifications.delivery import lay_summary_batches
        from patients.factories import PatientFactory, ReferringProviderFactory
        from recalls.testing.factories import ExamFactory

        self.site = create_site_that_is_always_open(code="BENCH", sends_lay_summaries=True)
        self.scheduler = UserFactory.create(sites=[self.site])
        self.referrer = ReferringProviderFactory.create()
        patient = PatientFactory.create(site=self.site, no_email=True)
        self.exam = ExamFactory.create(patient=patient, negative=True, referrer=self.referrer)
        self.plan()
        lay_summary_batches.mark_posted(self.scheduler, self._make_batch(), None)
        self._store_past(count)
        self.added = 0

    def _store_past(self, count: int) -> None:
        from notifications.models import LaySummary

        summary = LaySummary.objects.get()
        number, at = f"{CLONE_ID_BASE} + n", f"now() - interval '40 days' - n * (interval '1400 days' / {count})"
        kept = {"id": number}
        clone_row(self.exam.patient, count, {**kept, "mrn": f"'B' || {number}"})
        clone_row(self.exam, count, {
            **kept, "patient_id": number, "accession": f"'A' || {number}", "reported_at": at, "created_at": at,
        })  # fmt: skip
        clone_row(summary, count, {
            **kept, "exam_id": number, "read_at": at, "leave_at": at, "alarm_at": at, "due_by": at, "sent_at": at,
            "created_at": at, "public_id": "gen_random_uuid()",
        })  # fmt: skip
        clone_row(summary.copy, count, {**kept, "summary_id": number, "letter": "'{}'"})  # else gigabytes
        clone_row(summary.events.get(), count, {**kept, "summary_id": number, "at": at})

    def add_exams(self) -> None:
        """The next rows of a results file: negative exams of new patients."""
        from django.utils import timezone

        from patients.models import Patient
        from recalls.models import ScreeningExam

        first, now = 100_000_000 + self.added, timezone.now()
        self.added += EXAMS
        patients = Patient.objects.bulk_create(
            Patient(
                pk=number, site=self.site, assigning_authority="BENCH", mrn=f"N{number}", given_name="Testa",
                family_name="Sample-Oak", birth_date="1970-01-01", address_line="12 Invented Lane", city="Pittsburgh",
            )
            for number in range(first, first + EXAMS)
        )  # fmt: skip
        ScreeningExam.objects.bulk_create(
            ScreeningExam(
                pk=patient.pk, site=self.site, patient=patient, accession=f"N{patient.pk}", exam_date=now.date(),
                reported_at=now, created_at=now, assessment="1", density="b", referrer=self.referrer,
            )
            for patient in patients
        )  # fmt: skip

    def plan(self) -> None:
        from notifications.planning.lay_summaries.walk import look_again_at_held, plan_new_readings

        plan_new_readings(3600)
        look_again_at_held()

    def minute_without_news(self) -> None:
        """What each delivery check costs while nothing has come in."""
        from notifications.planning.lay_summaries.alarms import raise_alarms

        self.plan()
        raise_alarms()

    def print_batch(self) -> None:
        self.batch = self._make_batch()

    def post_batch(self) -> None:
        from notifications.delivery import lay_summary_batches

        lay_summary_batches.mark_posted(self.scheduler, self.batch, None)

    def _make_batch(self) -> Any:
        from notifications.delivery import lay_summary_batches
        from notifications.models import LaySummaryBatch

        assert lay_summary_batches.make_batch(self.scheduler, self.site).pdf
        return LaySummaryBatch.objects.latest("pk")


def build(count: int) -> tuple[str, ClinicOfYears]:
    from django.core.management import call_command
    from django.db import connection

    home, name = connection.settings_dict["NAME"], f"summaries_{count}"
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}"')
    use_database(name)
    call_command("migrate", verbosity=0)
    started = time.perf_counter()
    clinic = ClinicOfYears(count)
    clinic.plan()  # the walk passes all that is stored
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    use_database(home)
    print(f"{count:,} exams written and walked in {time.perf_counter() - started:.0f} s", flush=True)
    return name, clinic


def time_round(clinic: ClinicOfYears) -> list[float]:
    """Milliseconds of each part for one day's new exams."""
    clinic.add_exams()
    steps: tuple[Callable[[], None], ...] = (
        clinic.plan, clinic.minute_without_news, clinic.print_batch, clinic.post_batch,
    )  # fmt: skip
    taken = []
    for step in steps:
        started = time.perf_counter()
        step()
        taken.append((time.perf_counter() - started) * 1000)
    return taken


def main() -> int:
    with configured_database():
        from django.db import connection

        if connection.vendor != "postgresql":
            print("LEFT OUT: needs PostgreSQL (python -m tests.support.servers python -m bench.lay_summaries)")
            return 0
        clinics = [build(size) for size in SIZES]
        taken: list[list[list[float]]] = [[] for _ in clinics]
        for turn in range(ROUNDS + 1):
            for place, (name, clinic) in enumerate(clinics):
                use_database(name)
                times = time_round(clinic)
                if turn:  # the first one warms the caches
                    taken[place].append(times)
    print(
        f"milliseconds (the best round: other programs disturb) for {EXAMS} new exams beside {SIZES} stored ones, ratio"
    )
    worst = 0.0
    for number, part in enumerate(PARTS):
        best = [min(times[number] for times in found) for found in taken]
        ratio = best[-1] / best[0]
        worst = max(worst, ratio)
        print(f"{part:22}" + "".join(f"{least:12.1f}" for least in best) + f"{ratio:8.2f}")
    print(f"budget: ratio {MAX_RATIO} or less: {'held' if worst <= MAX_RATIO else 'missed'}")
    return 0 if worst <= MAX_RATIO else 1


if __name__ == "__main__":
    sys.exit(main())
