"""Races 1,000 holds and 200 bookings for the rooms of one site by 20 threads, on PostgreSQL or on SQLite.

Prints how many were held and booked, how long it took and every fault; ends with status 1 where a room was overfilled
or somebody was left without an answer. DATABASE_URL names the database, HOLDS, BOOKINGS, WORKERS and ROOMS the size.
"""

import os
import sys
import time

from bench.desk_pages import configured_database

HOLDS, BOOKINGS, WORKERS, ROOMS = (
    int(os.environ.get(name, usual))
    for name, usual in (("HOLDS", "1000"), ("BOOKINGS", "200"), ("WORKERS", "20"), ("ROOMS", "40"))
)
_MADE_AT_ONCE = 100


def main() -> int:
    with configured_database():
        from django.core.management import call_command
        from django.db import connection, transaction

        from clinic.factories import SiteFactory, get_site_staff
        from recalls.models import Recall, SlotPolicy
        from recalls.testing.factories import RecallFactory, RoomFactory
        from tests.support.slot_race import race

        call_command("migrate", verbosity=0)
        site = SiteFactory.create()
        SlotPolicy.objects.create(site=site, holds_slots=True, notice_hours=24)
        RoomFactory.create_batch(ROOMS, site=site)
        began = time.perf_counter()
        to_hold, to_book = list[Recall](), list[Recall]()
        for recalls, count in ((to_hold, HOLDS), (to_book, BOOKINGS)):
            for first in range(0, count, _MADE_AT_ONCE):
                with transaction.atomic():  # one flush to the disk for many
                    recalls += RecallFactory.create_batch(min(_MADE_AT_ONCE, count - first), site=site)
        print(f"{HOLDS + BOOKINGS} recalls made in {time.perf_counter() - began:.1f} s", flush=True)
        began = time.perf_counter()
        result = race(site, to_hold, to_book, get_site_staff(site).scheduler, WORKERS)
        seconds = time.perf_counter() - began
        print(f"{connection.vendor}: {result.held} held, {result.full} found no time, {result.booked} booked by")
        print(f"{WORKERS} threads in {seconds:.1f} s; {result.again} tried again; {len(result.faults)} faults")
        print("\n".join(result.faults[:20]))
        return 1 if result.faults else 0


if __name__ == "__main__":
    sys.exit(main())
