"""Prints the lines of the drills as a table."""

from collections.abc import Sequence

from bench.drill.outcome import FAILED, NOT_RUN, Line

_HEAD = ("drill", "tried", "lost", "extra", "wrong", "recovers", "")


def format_table(lines: Sequence[Line]) -> str:
    """A row for each drill and seed under its promise; below a broken one what was found."""
    rows = [_HEAD, *(_cells(line) for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    written = [_join(_HEAD, widths)]
    for promise in dict.fromkeys(line.promise for line in lines):
        written.append(f"\n{promise}.")
        for line in (one for one in lines if one.promise == promise):
            written.append(_join(_cells(line), widths))
            written += [f"      {count} times: {name}" for name, count in line.faults.items()]
    return "\n".join(written)


def _cells(line: Line) -> tuple[str, ...]:
    name = f"  {line.drill} ({line.seed})"
    if line.status in (FAILED, NOT_RUN):
        return (name, line.tried, "-", "-", "-", "-", line.status)
    extra = f"{line.extra} of {line.allowed_extra}" if line.allowed_extra else str(line.extra)
    seconds = "-" if line.recovery_seconds is None else f"{line.recovery_seconds:.1f} s"
    return (name, line.tried, str(line.lost), extra, str(line.wrong), seconds, line.status)


def _join(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
