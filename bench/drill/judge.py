"""Says what counts as lost, extra or wrong after a drill; no other module of the drills judges.

Judged is what the mail server kept against what the database owes, or what was found against what was expected. It
reads nothing by itself, so that the rules can be tried on made-up evidence.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

_ENDED_WITH_A_PERSON = frozenset({"failed", "to_print"})  # and a task says so
_ENDED_BY_AN_ACT = frozenset({"cancelled", "suppressed", "expired", "to_print"})
TOLD_IN_FLIGHT = ("in_flight", "person_changed")  # what the row says where an act met a message being sent


@dataclass(frozen=True, slots=True)
class Copy:
    """One message as the mail server kept it, answered or not."""

    recipients: tuple[str, ...]
    message_id: str
    at: float


@dataclass(frozen=True, slots=True)
class OwedMessage:
    """What the database says of one message, and what the drill did to it meanwhile."""

    message_id: str
    state: str
    address: str
    reason: str = ""
    may_have_arrived_twice: bool = False
    has_task: bool = False
    stopped_at: float | None = None  # the commit of an act after which it must not leave
    moved_at: float | None = None  # the commit after which it must go to `address` alone
    former_address: str = ""  # where it went before


@dataclass(frozen=True, slots=True)
class Verdict:
    """How much was lost, extra and wrong; `faults` counts each by its name."""

    faults: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    extra: int = 0
    wrong: int = 0
    allowed_extra: int = 0

    @property
    def is_kept(self) -> bool:
        return not self.lost and not self.wrong and self.extra <= self.allowed_extra

    def __add__(self, other: Self) -> "Verdict":
        return Verdict(
            self.faults + other.faults,
            self.lost + other.lost,
            self.extra + other.extra,
            self.wrong + other.wrong,
            self.allowed_extra + other.allowed_extra,
        )


def judge_messages(
    expected: int,
    owed: Mapping[str, OwedMessage],
    copies: Mapping[str, Sequence[Copy]],
    *,
    allowed_extra: int = 0,
    forgotten: frozenset[str] = frozenset(),
) -> Verdict:
    """Both by the number of the message. `allowed_extra`: how many were in flight at the faults, at most.

    `forgotten`: numbers that left, and of which a database brought back from a copy cannot know.
    """
    lost, wrong = Counter[str](), Counter[str]()
    lost["never planned"] = max(expected - len(owed), 0)
    wrong["that nobody owed"] = len(set(copies) - set(owed))
    for number, row in owed.items():
        arrived = copies.get(number, ())
        lost[f"left {row.state}"] += not _has_ended_well(row, arrived)
        told = row.may_have_arrived_twice or number in forgotten
        wrong["a copy of which the row says nothing"] += len(arrived) > 1 and not told
        wrong["under another Message-ID"] += any(one.message_id != row.message_id for one in arrived)
        wrong["to a wrong recipient"] += any(not _may_go_there(row, one) for one in arrived)
        wrong["after it was stopped"] += any(not _might_leave(row, one) for one in arrived)
    extra = sum(len(arrived) - 1 for arrived in copies.values())
    faults = +lost + +wrong
    if extra > allowed_extra:
        faults["copies beyond those in flight"] = extra - allowed_extra
    return Verdict(faults, lost.total(), extra, wrong.total(), allowed_extra)


def _has_ended_well(row: OwedMessage, arrived: Sequence[Copy]) -> bool:
    if row.state in _ENDED_WITH_A_PERSON and row.has_task:
        return True
    if row.stopped_at is not None and row.state in _ENDED_BY_AN_ACT:
        return True
    return row.state in ("accepted", "delivered") and bool(arrived)


def _may_go_there(row: OwedMessage, copy: Copy) -> bool:
    before = row.moved_at is not None and (copy.at <= row.moved_at or row.reason in TOLD_IN_FLIGHT)
    allowed = {row.address, row.former_address} if before else {row.address}
    return len(copy.recipients) == 1 and copy.recipients[0] in allowed


def _might_leave(row: OwedMessage, copy: Copy) -> bool:
    return row.stopped_at is None or copy.at <= row.stopped_at or row.reason in TOLD_IN_FLIGHT


def judge_uncertain_end(row: OwedMessage, arrived: Sequence[Copy], most: int) -> Verdict:
    """A message of which no try has an answer ends with a person after so many tries."""
    has_ended = row.state == "failed" and row.has_task
    faults = Counter({"goes on without end or without a task": int(not has_ended)})
    faults["a copy of which the row says nothing"] += len(arrived) > 1 and not row.may_have_arrived_twice
    return Verdict(+faults, extra=max(len(arrived) - 1, 0), wrong=faults.total(), allowed_extra=most - 1)


def judge_same(expected: Mapping[str, int], found: Mapping[str, int]) -> Verdict:
    """Each thing as often as expected: what is missing is lost, what is there too often is extra."""
    lost, extra = Counter(expected) - Counter(found), Counter(found) - Counter(expected)
    faults = Counter({f"missing: {name}": count for name, count in lost.items()})
    faults.update({f"too many: {name}": count for name, count in extra.items()})
    return Verdict(faults, lost.total(), extra.total())


def judge_facts(facts: Mapping[str, bool]) -> Verdict:
    """Each fact holds; one that does not is wrong."""
    faults = Counter(name for name, holds in facts.items() if not holds)
    return Verdict(faults, wrong=faults.total())


def add_up(verdicts: Iterable[Verdict]) -> Verdict:
    return sum(verdicts, Verdict())
