"""Names the checks of the history against its seals; each package that holds facts adds its own (`AppConfig.ready`)."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol


class Fault(NamedTuple):
    """What is wrong with a block, recall or message, by its number; the sentence names no person."""

    number: int
    sentence: str


class Check(Protocol):
    """Goes through its rows in the order of their numbers, some at a time."""

    def batches(self, after: int = 0) -> Iterator[tuple[int | None, int, Sequence[Any]]]:
        """The number of the last row (None at the end), how many were checked, and what is wrong with them."""


_checks: dict[str, Callable[[], Check]] = {}


def register_check(kind: str, make: Callable[[], Check]) -> None:
    """`kind` names what is checked, in the singular: "block", "recall"."""
    _checks[kind] = make


def get_checks() -> dict[str, Callable[[], Check]]:
    """By kind, in the order in which they run."""
    return dict(_checks)
