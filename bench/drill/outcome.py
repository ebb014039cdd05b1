"""What a drill hands back, what it is given, and how it says that it cannot run here."""

import random
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from bench.drill.installation.stack import Stack
from bench.drill.judge import Verdict

Amount = TypeVar("Amount")


class CannotRunHere(Exception):
    """The machine lacks what the drill needs; the argument says what."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is tried, and the chance by which: the same seed gives the same plan."""

    chance: random.Random
    is_short: bool  # also for CI, which plays fewer drills

    def pick(self, *, short: Amount, long: Amount) -> Amount:
        return short if self.is_short else long


@dataclass(frozen=True, slots=True)
class Outcome:
    tried: str
    verdict: Verdict
    recovery_seconds: float | None = None  # the longest after a fault until work went on


@dataclass(frozen=True, slots=True)
class Drill:
    name: str
    promise: str
    play: Callable[[Stack, Scale], Outcome]
    is_in_short_form: bool = False
    is_in_ci: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table."""

    seed: int
    drill: str
    promise: str
    tried: str
    lost: int
    extra: int
    allowed_extra: int
    wrong: int
    recovery_seconds: float | None
    status: str  # kept, BROKEN, FAILED, not run
    faults: dict[str, int]
    seconds: float

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


KEPT, BROKEN, FAILED, NOT_RUN = "kept", "BROKEN", "FAILED", "not run"


def is_broken(lines: Iterable[Line]) -> bool:
    """Whether a promise was broken or a drill did not come to its end; then the run ends with status 1."""
    return any(line.status in (BROKEN, FAILED) for line in lines)


def make_line(drill: Drill, seed: int, seconds: float, outcome: Outcome) -> Line:
    found = outcome.verdict
    return Line(
        seed, drill.name, drill.promise, outcome.tried, found.lost, found.extra, found.allowed_extra, found.wrong,
        outcome.recovery_seconds, KEPT if found.is_kept else BROKEN, dict(found.faults), round(seconds, 1),
    )  # fmt: skip


def make_empty_line(drill: Drill, seed: int, status: str, why: str) -> Line:
    """A drill that did not come to an end (FAILED, which counts as broken) or cannot run here."""
    return Line(seed, drill.name, drill.promise, why, 0, 0, 0, 0, None, status, {}, 0.0)
