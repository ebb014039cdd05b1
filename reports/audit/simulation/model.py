"""Plays a year of a clinic day by day: recalls come in, are called, booked, missed, and seen."""

from collections import Counter, defaultdict
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import simpy

from reports.audit.simulation.history import ClinicHistory, draw
from reports.audit.waits.survival import Waits

CALLS_A_DAY = 40  # of one scheduler: twelve minutes each, in eight hours
_MOST_ROUNDS = 12  # of calls and missed visits; whoever was in none of them is out of reach


@dataclass(frozen=True, slots=True)
class Plan:
    """What the year is played with: staff, visits a day, and the share worked up on the day of the result."""

    schedulers: int
    slots_a_day: int
    same_day_share: float = 0.0


@dataclass(slots=True)
class _PlayedRecall:
    """One recall: the day on which it came, was first called and was seen."""

    came: int
    called: int | None = None
    seen: int | None = None
    is_same_day: bool = False


@dataclass(frozen=True, slots=True)
class PlayedYear:
    """Waits in open days, and whether they were over when the year ended."""

    open_days: int
    recalls: int
    calls: int
    visits: int
    missed: int
    call_waits: Waits
    visit_waits: Waits


class _Clinic:
    def __init__(self, history: ClinicHistory, plan: Plan, last_day: int, seed: int) -> None:
        self.history, self.plan, self.last_day = history, plan, last_day
        self.chance = Random(seed)  # noqa: S311  the same year for the same seed, no secret
        self.env = simpy.Environment()
        self.callers = simpy.Resource(self.env, capacity=max(plan.schedulers, 1))
        self.taken: defaultdict[int, int] = defaultdict(int)
        self.records: list[_PlayedRecall] = []
        self.calls = self.missed = 0

    def play(self, arrivals: Iterator[float]) -> PlayedYear:
        self.env.process(self._arrivals(arrivals))
        self.env.run(until=self.last_day + 1)
        records = self.records
        visits = sum(one.seen is not None for one in records)
        call_waits = Counter(self._wait_of(one.came, one.called) for one in records if not one.is_same_day)
        visit_waits = Counter(self._wait_of(one.came, one.seen) for one in records)
        return PlayedYear(self.last_day, len(records), self.calls, visits, self.missed, call_waits, visit_waits)

    def _wait_of(self, came: int, there: int | None) -> tuple[int, bool]:
        return (self.last_day if there is None else there) - came, there is not None

    def at_random(self) -> Iterator[float]:
        """When recalls come at the clinic's own rate."""
        now = 0.0
        while self.history.recalls_a_day:
            now += self.chance.expovariate(self.history.recalls_a_day)
            yield now

    def _arrivals(self, arrivals: Iterator[float]) -> Generator[Any, Any, None]:
        for day in arrivals:
            yield self.env.timeout(max(day - self.env.now, 0))
            record = _PlayedRecall(int(self.env.now))
            self.records.append(record)
            if self.chance.random() < self.plan.same_day_share:
                record.seen, record.is_same_day = record.came, True
            else:
                self.env.process(self._recall(record))

    def _recall(self, record: _PlayedRecall) -> Generator[Any, Any, None]:
        """The clinic's own habit, then the queue for a caller, then the next free place; a missed visit begins anew."""
        delay = draw(self.history.delays, self.chance.random)
        if delay is None:
            return
        yield self.env.timeout(delay)
        comes = self.chance.random() < self.history.comes_share
        for _round in range(_MOST_ROUNDS if comes else self.chance.choice(self.history.in_vain)):
            yield from self._call()
            record.called = int(self.env.now) if record.called is None else record.called
            if not comes or self.chance.random() >= self.history.booked_share:
                yield self.env.timeout(self.chance.choice(self.history.gaps))
                continue
            yield self.env.timeout(self._days_to_visit())
            end = self.chance.random()
            if end >= self.history.missed_share + self.history.cancelled_share:
                record.seen = int(self.env.now)
                return
            self.missed += end < self.history.missed_share

    def _call(self) -> Generator[Any, Any, None]:
        with self.callers.request() as caller:
            yield caller
            yield self.env.timeout(1 / CALLS_A_DAY)
            self.calls += 1

    def _days_to_visit(self) -> float:
        """To the first day with a free place that is no earlier than visits of this clinic are booked ahead."""
        lead = draw(self.history.leads, self.chance.random)
        day = int(self.env.now) + (lead if lead is not None else self.history.leads[-1][0])
        while self.taken[day] >= self.plan.slots_a_day:
            day += 1
        self.taken[day] += 1
        return max(day - float(self.env.now), 0)


def play_year(history: ClinicHistory, plan: Plan, open_days: int, seed: int) -> PlayedYear:
    """The same year for the same seed."""
    clinic = _Clinic(history, plan, open_days, seed)
    return clinic.play(clinic.at_random())


def play_again(history: ClinicHistory, plan: Plan, seed: int) -> PlayedYear:
    """The clinic's own time once more: recalls come on the days on which they came, and it ends today as that does."""
    return _Clinic(history, plan, history.open_days, seed).play(iter(map(float, history.arrivals)))
