"""Measures one run that offers free times, with 10,000 patients who wait for an earlier one at one site.

Prints how many offers were made and how long it took; ends with status 1 over the budget of 10 seconds. DATABASE_URL
names the database, WAITING the number of patients.
"""

import os
import sys
import time
from datetime import timedelta
from typing import Any

from bench.desk_pages import configured_database

WAITING = int(os.environ.get("WAITING", "10000"))
BUDGET = 10.0  # seconds


def main() -> int:
    with configured_database():
        from django.core.management import call_command
        from django.db import connection
        from django.utils import timezone

        from clinic.factories import SiteFactory, get_site_staff
        from patients.models import Patient
        from recalls import actions
        from recalls.models import Appointment, Recall, ScreeningExam, SlotPolicy, WaitingListEntry
        from recalls.testing.factories import RecallFactory, RoomFactory

        call_command("migrate", verbosity=0)
        site, now = SiteFactory.create(), timezone.now()
        SlotPolicy.objects.create(site=site, offers_earlier=True, offers_never_booked=True)
        rooms = RoomFactory.create_batch(4, site=site)
        ana, one = get_site_staff(site).scheduler, RecallFactory.create(site=site)
        # Rows as they are, copied: what is measured is the run, not how they came about.
        patients = Patient.objects.bulk_create(
            [_copy(one.patient, mrn=f"B{number}") for number in range(WAITING)], batch_size=1000
        )
        exams = ScreeningExam.objects.bulk_create(
            [_copy(one.exam, patient=who, accession=f"B{who.pk}") for who in patients], batch_size=1000
        )
        recalls = Recall.objects.bulk_create(
            [_copy(one, patient=exam.patient, exam=exam, state="scheduled") for exam in exams], batch_size=1000
        )
        visits = Appointment.objects.bulk_create(
            [
                Appointment(
                    recall=recall, site=site, starts_at=now + timedelta(days=40, minutes=number), created_at=now
                )
                for number, recall in enumerate(recalls)
            ],
            batch_size=1000,
        )
        WaitingListEntry.objects.bulk_create(
            [WaitingListEntry(appointment=visit, by=ana.username) for visit in visits], batch_size=1000
        )
        began = time.perf_counter()
        made = actions.offer_earlier_times()
        seconds = time.perf_counter() - began
        print(f"{connection.vendor}: {WAITING} wait, {len(rooms)} rooms, {made} offers in {seconds:.1f} s")
        return 1 if seconds > BUDGET or not made else 0


def _copy(row: Any, **changes: Any) -> Any:
    """A new row like that one, but for what differs."""
    values = {field.name: getattr(row, field.name) for field in row._meta.concrete_fields if not field.primary_key}
    return type(row)(**(values | changes))


if __name__ == "__main__":
    sys.exit(main())
