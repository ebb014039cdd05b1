"""Races holds and bookings for the same rooms by many threads, and says whether a room was overfilled or one lost."""

import queue
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice, pairwise

from django.core.exceptions import ValidationError
from django.db import OperationalError, connection
from django.utils import timezone

from clinic import calendar
from clinic.actors import SYSTEM
from clinic.models import Site, User
from recalls import actions
from recalls.enums import ROOM_OCCUPYING_STATUSES, VisitKind
from recalls.models import Appointment, HeldSlot, Recall
from recalls.permissions import StepUnavailable
from recalls.scheduling import slots

_TRIES = 60  # a desk that lost a time to somebody else takes the next one
_CHOICE = 12  # free times among which the desks choose


@dataclass(frozen=True, slots=True)
class RaceResult:
    """What came of the race; `faults` name each overlap, each error and each recall without an answer."""

    held: int
    booked: int
    full: int
    # How often somebody waited in vain for the one writer of SQLite, was asked to try again, and did.
    again: int
    faults: list[str]


def race(site: Site, to_hold: list[Recall], to_book: list[Recall], desk: User, workers: int) -> RaceResult:
    """Hold a time for each of the one and book one for each of the other, by so many threads at once."""
    work: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
    faults, full, again = list[str](), list[int](), list[str]()
    every = max(len(to_hold) // max(len(to_book), 1), 1)
    for number, recall in enumerate(to_hold):
        work.put(lambda recall=recall: _hold(recall, full))  # type: ignore[misc]
        if number % every == 0 and number // every < len(to_book):
            other = to_book[number // every]
            work.put(lambda recall=other, turn=number: _book(site, recall, desk, turn))  # type: ignore[misc]

    def run() -> None:
        try:
            while True:
                try:
                    act = work.get_nowait()
                except queue.Empty:
                    return
                try:
                    act()
                except OperationalError as error:
                    if "locked" not in str(error) or len(again) >= _TRIES * workers:
                        faults.append(f"{type(error).__name__}: {error}")
                        continue
                    again.append(str(error))
                    work.put(act)
                except Exception as error:  # noqa: BLE001  counted as a fault
                    faults.append(f"{type(error).__name__}: {error}")
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _number in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    held = HeldSlot.objects.standing(timezone.now()).filter(recall__in=to_hold).count()
    booked = Appointment.objects.filter(recall__in=to_book, status__in=ROOM_OCCUPYING_STATUSES).count()
    lost = len(to_hold) - held - len(full), len(to_book) - booked
    faults += [
        f"{name}: {count} without an answer" for name, count in zip(("held", "booked"), lost, strict=True) if count
    ]
    return RaceResult(held, booked, len(full), len(again), faults + find_overlaps())


def _hold(recall: Recall, full: list[int]) -> None:
    try:
        actions.hold_time(recall, by=SYSTEM)
    except StepUnavailable:
        full.append(recall.pk)


def _book(site: Site, recall: Recall, desk: User, turn: int) -> None:
    rooms = slots.rooms_for_visit_kind(site, VisitKind.DIAGNOSTIC)
    for attempt in range(_TRIES):
        now = timezone.now()
        first = calendar.next_open_day(site, calendar.local_day(site, now) + timedelta(days=1))
        free = list(islice(slots.iter_free_slots(site, rooms, 60, first, 30, now, recall=recall), _CHOICE))
        one = free[(turn + attempt) % len(free)]
        try:
            actions.book_appointment(recall, actions.Slot(site, one.starts_at, room=one.room), by=desk)
        except ValidationError:
            continue
        return


def find_overlaps() -> list[str]:
    """Each pair of a visit or a standing hold that share a room and a minute."""
    spans = defaultdict(list)
    visits = Appointment.objects.filter(status__in=ROOM_OCCUPYING_STATUSES, room__isnull=False)
    for rows in (visits, HeldSlot.objects.standing(timezone.now())):
        for room, starts_at, minutes in rows.values_list("room", "starts_at", "length_minutes"):
            spans[room].append((starts_at, starts_at + timedelta(minutes=minutes)))
    found = []
    for room, taken in spans.items():
        taken.sort()
        found += [f"room {room}: {one[0]} and {two[0]}" for one, two in pairwise(taken) if two[0] < one[1]]
    return found
