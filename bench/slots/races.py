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


def main() -> int:
    with configured_database():
        from django.core.management import call_command
        from django.db import connection

        from clinic.factories import SiteFactory, get_site_staff
        from recalls.models import SlotPolicy
        from recalls.testing.factories import RecallFactory, RoomFactory
        from tests.support.slot_race import race

        call_command("migrate", verbosity=0)
        site = SiteFactory.create()
        SlotPolicy.objects.create(site=site, holds_slots=True, notice_hours=24)
        RoomFactory.create_batch(ROOMS, site=site)
        to_hold, to_book = (RecallFactory.create_batch(count, site=site) for count in (HOLDS, BOOKINGS))
        began = time.perf_counter()
        result = race(site, to_hold, to_book, get_site_staff(site).scheduler, WORKERS)
        seconds = time.perf_counter() - began
        print(f"{connection.vendor}: {result.held} held, {result.full} found no time, {result.booked} booked by")
        print(f"{WORKERS} threads in {seconds:.1f} s; {len(result.faults)} faults")
        print("\n".join(result.faults[:20]))
        return 1 if result.faults else 0


if __name__ == "__main__":
    sys.exit(main())
