"""One line of the table of `make bench`: what was measured, its limit, and whether it is met."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

NAME_WIDTH, NUMBER_WIDTH = 46, 9


@dataclass(frozen=True, slots=True)
class Line:
    """`value` is None where nothing could be measured; without a limit it is a figure and no budget."""

    name: str
    value: float | None
    limit: float | None = None
    is_floor: bool = False  # the limit is the least, not the most
    detail: str = ""
    is_broken: bool = False
    facts: dict[str, Any] = field(default_factory=dict)  # what the value was made of, for the file

    @property
    def verdict(self) -> str:
        if self.is_broken:
            return "BROKE DOWN"
        if self.value is None:
            return "not measured"
        if self.limit is None:
            return ""
        is_met = self.value >= self.limit if self.is_floor else self.value <= self.limit
        return "met" if is_met else "MISSED"

    @property
    def is_failure(self) -> bool:
        return self.verdict in ("MISSED", "BROKE DOWN")

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "verdict": self.verdict}


def format_line(line: Line) -> str:
    sign = ">=" if line.is_floor else "<="
    limit = "" if line.limit is None else f"{sign} {_number(line.limit)}"
    value = "-" if line.value is None else _number(line.value)
    row = f"{line.name:{NAME_WIDTH}}{value:>{NUMBER_WIDTH}}{limit:>{NUMBER_WIDTH + 3}}  {line.verdict:13}{line.detail}"
    return row.rstrip()


def format_markdown(lines: Iterable[Line]) -> str:
    """The table as it stands in docs/scale.md."""
    rows = ["| what | measured | limit | | |", "|---|---|---|---|---|"]
    for line in lines:
        value = "-" if line.value is None else _number(line.value)
        limit = "" if line.limit is None else f"{_number(line.limit)} or {'more' if line.is_floor else 'less'}"
        rows.append(f"| {line.name} | {value} | {limit} | {line.verdict.lower()} | {line.detail} |")
    return "\n".join(rows) + "\n"


def _number(value: float) -> str:
    return f"{value:.2f}" if abs(value) < 10 else f"{value:,.0f}"


def print_lines(lines: Iterable[Line]) -> int:
    """Print each as it comes; the status of a run: 1 when one is missed."""
    status = 0
    for line in lines:
        print(format_line(line), flush=True)
        status |= int(line.is_failure)
    return status
