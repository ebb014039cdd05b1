"""Runs locust's schedulers against a web server and reads what it measured."""

import csv
import os
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from config.env import PROJECT_ROOT

TOOL = "locust"


@dataclass(frozen=True, slots=True)
class LoadResult:
    """Requests and failures, how many a second, and milliseconds by page at centiles."""

    requests: int
    failures: int
    per_second: float
    median_ms: float
    p95_ms: float
    p99_ms: float
    by_page: dict[str, dict[str, float]]
    said: str  # each kind of failure with its number


def is_installed() -> bool:
    return find_spec(TOOL) is not None


def run(url: str, staff: Path, *, users: int, seconds: float, wait: float) -> LoadResult:
    """So many people for so long, each about so many seconds between two clicks."""
    prefix = staff.parent / f"load-{users}"
    command = [
        sys.executable, "-m", TOOL, "-f", "bench/load/schedulers.py", "--headless", "--only-summary",
        "-u", f"{users}", "-r", f"{max(users / 10, 1):.0f}", "-t", f"{seconds + 10:.0f}s", "--reset-stats",
        "--host", url, "--csv", str(prefix), "--exit-code-on-error", "0", "--loglevel", "ERROR",
    ]  # fmt: skip
    environment = {**os.environ, "LOAD_STAFF": str(staff), "LOAD_WAIT": str(wait)}
    subprocess.run(command, cwd=PROJECT_ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
    with Path(f"{prefix}_stats.csv").open() as file:
        rows = {row["Name"]: row for row in csv.DictReader(file)}
    with Path(f"{prefix}_failures.csv").open() as file:
        failures = [f"{row['Occurrences']} {row['Error'][:60]}" for row in csv.DictReader(file)]
    everything = rows.pop("Aggregated")
    return LoadResult(
        requests=int(everything["Request Count"]),
        failures=int(everything["Failure Count"]),
        per_second=float(everything["Requests/s"]),
        median_ms=_centile(everything, "50%"),
        p95_ms=_centile(everything, "95%"),
        p99_ms=_centile(everything, "99%"),
        by_page={
            name: {"n": float(row["Request Count"]), "p50": _centile(row, "50%"), "p95": _centile(row, "95%")}
            for name, row in rows.items()
        },
        said="; ".join(failures),
    )


def _centile(row: dict[str, str], name: str) -> float:
    return float(row[name]) if row[name] not in ("", "N/A") else 0.0
