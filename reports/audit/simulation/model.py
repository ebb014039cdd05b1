"""Plays a year of a clinic day by day: recalls come in, are called, booked, missed, and seen."""

from collections import Counter, defaultdict
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from heapq import nlargest
from random import Random
from typing import Any

import simpy

from reports.audit.simulation.history import ClinicHistory, draw
from reports.audit.waits.survival import Waits

CALLS_A_DAY = 40  # of one scheduler: twelve minutes each, in eight hours
_MOST_ROUNDS = 12  # missed visits; whoever missed so many is out of reach
# What others have measured; the page and the documentation name each as assumed.
KEEPS_HELD_DATE = 0.10  # of those whom no call brings: 22.3 against 12.3 %, a fixed date against "call us"
HELD_AFTER = 5  # open days: within a week
TAKES_EARLIER = 0.10  # of those who are offered an earlier time
OFFERS_AT_ONCE = 5
NOTICE_DAYS = 3  # 72 hours


@dataclass(frozen=True, slots=True)
class Plan:
    """What the year is played with: staff, visits a day, the share worked up on the day of the result, and whether a
    date is held for each recall and freed times are offered to those who wait."""

    schedulers: int
    slots_a_day: int
    same_day_share: float = 0.0
    holds_dates: bool = False
    offers_earlier: bool = False


@dataclass(slots=True)
class _PlayedRecall:
    """One recall: the day on which it came, was first called and was seen; its own chance, whatever others do."""

    came: int
    chance: Random
    called: int | None = None
    seen: int | None = None
    is_same_day: bool = False


@dataclass(eq=False, slots=True)
class _Booking:
    """A visit that is ahead; `moved` wakes who waits for its day when that changes."""

    day: int
    moved: Any = None


@dataclass(frozen=True, slots=True)
class PlayedYear:
    """Waits in open days, and whether they were over when the year ended."""

    open_days: int
    recalls: int
    calls: int
    visits: int
    missed: int
    moved_earlier: int
    days_gained: int
    call_waits: Waits
    visit_waits: Waits


class _Clinic:
    def __init__(self, history: ClinicHistory, plan: Plan, last_day: int, seed: int) -> None:
        self.history, self.plan, self.last_day, self.seed = history, plan, last_day, seed
        self.env = simpy.Environment()
        self.callers = simpy.Resource(self.env, capacity=max(plan.schedulers, 1))
        self.taken: defaultdict[int, int] = defaultdict(int)
        self.ahead: set[_Booking] = set()
        self.records: list[_PlayedRecall] = []
        self.calls = self.missed = self.moved_earlier = self.days_gained = 0

    def play(self, arrivals: Iterator[float]) -> PlayedYear:
        self.env.process(self._arrivals(arrivals))
        self.env.run(until=self.last_day + 1)
        records = self.records
        visits = sum(one.seen is not None for one in records)
        call_waits = Counter(self._wait_of(one.came, one.called) for one in records if not one.is_same_day)
        visit_waits = Counter(self._wait_of(one.came, one.seen) for one in records)
        return PlayedYear(
            self.last_day, len(records), self.calls, visits, self.missed, self.moved_earlier, self.days_gained,
            call_waits, visit_waits,
        )  # fmt: skip

    def _wait_of(self, came: int, there: int | None) -> tuple[int, bool]:
        return (self.last_day if there is None else there) - came, there is not None

    def _chance(self, of_what: object) -> Random:
        """The same for the same seed and recall: two plans differ by the plan and not by luck."""
        return Random(f"{self.seed}/{of_what}")  # noqa: S311  no secret

    def at_random(self) -> Iterator[float]:
        """When recalls come at the clinic's own rate."""
        now, chance = 0.0, self._chance("arrivals")
        while self.history.recalls_a_day:
            now += chance.expovariate(self.history.recalls_a_day)
            yield now

    def _arrivals(self, arrivals: Iterator[float]) -> Generator[Any, Any, None]:
        for number, day in enumerate(arrivals):
            yield self.env.timeout(max(day - self.env.now, 0))
            record = _PlayedRecall(int(self.env.now), self._chance(number))
            self.records.append(record)
            if record.chance.random() < self.plan.same_day_share:
                record.seen, record.is_same_day = record.came, True
            else:
                self.env.process(self._recall(record))

    def _recall(self, record: _PlayedRecall) -> Generator[Any, Any, None]:
        """The clinic's own habit, then the queue for a caller, then the next free place; a missed visit begins anew."""
        chance, history = record.chance, self.history
        delay, booking = draw(history.delays, chance.random), draw(history.bookings, chance.random)
        is_called, keeps_date = chance.random() >= history.uncalled_share, chance.random() < KEEPS_HELD_DATE
        if delay is None or (is_called and booking is None):
            if self.plan.holds_dates and keeps_date:
                self.env.process(self._held_date(record))
            if delay is not None:
                yield self.env.timeout(delay)
                yield from self._calls_in_vain(record)
            return
        yield self.env.timeout(delay)
        if is_called:
            yield from self._calls_until_booked(record, booking or 0)
        yield from self._visits(record)

    def _calls_in_vain(self, record: _PlayedRecall) -> Generator[Any, Any, None]:
        for _try in range(record.chance.choice(self.history.in_vain)):
            yield from self._call(record)
            yield self.env.timeout(record.chance.choice(self.history.gaps))

    def _calls_until_booked(self, record: _PlayedRecall, days: int) -> Generator[Any, Any, None]:
        """The last of the calls, so many open days after the first, is the one that books."""
        yield from self._call(record)
        while days > 0:
            gap = min(max(record.chance.choice(self.history.gaps), 1), days)
            yield self.env.timeout(gap)
            days -= gap
            yield from self._call(record)

    def _call(self, record: _PlayedRecall) -> Generator[Any, Any, None]:
        with self.callers.request() as caller:
            yield caller
            yield self.env.timeout(1 / CALLS_A_DAY)
            self.calls += 1
        record.called = int(self.env.now) if record.called is None else record.called

    def _visits(self, record: _PlayedRecall) -> Generator[Any, Any, None]:
        """Until one is kept, or nobody books another one."""
        for number in range(_MOST_ROUNDS):
            steps = self.history.leads if number else self.history.first_leads(int(self.env.now) - record.came)
            lead = draw(steps, record.chance.random)
            first = int(self.env.now) + (self.history.leads[-1][0] if lead is None else lead)
            yield from self._visit(record, first)
            if record.seen is not None or (again := draw(self.history.again, record.chance.random)) is None:
                return
            yield self.env.timeout(again)
            yield from self._call(record)

    def _held_date(self, record: _PlayedRecall) -> Generator[Any, Any, None]:
        yield from self._visit(record, record.came + HELD_AFTER)

    def _visit(self, record: _PlayedRecall, first: int) -> Generator[Any, Any, None]:
        """On the first day with a free place from that day on; how it ends shows on the day, or before."""
        end, history = record.chance.random(), self.history
        booking = _Booking(self._free_day(first))
        self.taken[booking.day] += 1
        self.ahead.add(booking)
        is_cancelled = history.missed_share <= end < history.missed_share + history.cancelled_share
        notice = record.chance.choice(history.notices) if is_cancelled else 0
        while (left := booking.day - notice - self.env.now) > 0:
            booking.moved = self.env.event()
            yield self.env.timeout(left) | booking.moved
        self.ahead.discard(booking)
        if is_cancelled:
            self._free(booking.day)
        elif end < history.missed_share:
            self.missed += 1
        else:
            record.seen = max(int(self.env.now), booking.day)

    def _free_day(self, day: int) -> int:
        while self.taken[day] >= self.plan.slots_a_day:
            day += 1
        return day

    def _free(self, day: int) -> None:
        """A place on that day is free; offered to those who would gain most days, and theirs in turn once one moves."""
        self.taken[day] -= 1
        if not self.plan.offers_earlier or day - self.env.now < NOTICE_DAYS:
            return
        later = [one for one in self.ahead if one.day > day and not one.moved.triggered]
        for number, booking in enumerate(nlargest(OFFERS_AT_ONCE, later, key=lambda one: one.day)):
            if self._chance((day, number, self.env.now)).random() < TAKES_EARLIER:
                self.moved_earlier += 1
                self.days_gained += booking.day - day
                before, booking.day = booking.day, day
                self.taken[day] += 1
                booking.moved.succeed()
                self._free(before)
                return


def play_year(history: ClinicHistory, plan: Plan, open_days: int, seed: int) -> PlayedYear:
    """The same year for the same seed."""
    clinic = _Clinic(history, plan, open_days, seed)
    return clinic.play(clinic.at_random())


def play_again(history: ClinicHistory, plan: Plan, seed: int) -> PlayedYear:
    """The clinic's own time once more: recalls come on the days on which they came, and it ends today as that does."""
    return _Clinic(history, plan, history.open_days, seed).play(iter(map(float, history.arrivals)))
