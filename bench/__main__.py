"""Measures every budget in one run and prints one table; status 1 when one is missed or a part broke down.

`python -m bench`, or `make bench`. On a PostgreSQL and a Redis of its own, or those of DATABASE_URL and REDIS_URL: then
the databases of both sizes stay there for the next run. BENCH=short is the form of some minutes, with 100,000 recalls;
PARTS=delivery,load chooses parts. Writes results.json, results.md and chart.svg to var/bench/.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench._two_sizes import READY
from bench.budgets import chart
from bench.budgets.line import Line, format_line, format_markdown
from bench.budgets.plan import PARTS, PARTS_AT_SIZE, settings_of
from config.env import PROJECT_ROOT
from tests.support import servers

FOLDER = PROJECT_ROOT / "var" / "bench"
IS_SHORT = os.environ.get("BENCH") == "short"
ONLY = os.environ.get("PARTS", "").replace(",", " ").split()
# A server with room for 1,000,000 recalls; its statistics are taken once they are written.
POSTGRES_SETTINGS = {
    "shared_buffers": "1GB", "max_wal_size": "8GB", "maintenance_work_mem": "512MB", "max_connections": "120",
}  # fmt: skip


def main() -> int:
    lines, began = list[dict[str, Any]](), time.monotonic()
    with ExitStack() as stack:
        environment = dict(os.environ)
        if "DATABASE_URL" not in environment:
            environment["DATABASE_URL"] = stack.enter_context(servers.run_postgres(None, **POSTGRES_SETTINGS))
        if "REDIS_URL" not in environment:
            environment["REDIS_URL"] = stack.enter_context(servers.run_redis())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="recalldesk-bench-")))
        parts = [part for part in PARTS if not ONLY or any(word in part for word in ONLY)]
        if PARTS_AT_SIZE.intersection(parts):
            subprocess.run([sys.executable, "-m", "bench._two_sizes"], cwd=PROJECT_ROOT, env=environment, check=True)
            environment[READY] = "yes"
        for part in parts:
            print(f"== {part}, {time.monotonic() - began:.0f} s", flush=True)
            lines += run_part(part, environment, folder / f"{part}.jsonl")
    seconds = time.monotonic() - began
    failed = [line["name"] for line in lines if Line(**_fields(line)).is_failure]
    print(f"\n{'what':46}{'measured':>9}{'limit':>12}")
    for line in lines:
        print(format_line(Line(**_fields(line))))
    print(f"{len(lines)} lines in {seconds / 60:.0f} minutes; missed: {'; '.join(failed) or 'none'}")
    write(lines, seconds)
    return int(bool(failed))


def run_part(part: str, environment: dict[str, str], path: Path) -> Iterator[dict[str, Any]]:
    command = [sys.executable, "-m", "bench.budgets.part", part, str(path)]
    smaller = settings_of(part, IS_SHORT)
    answer = subprocess.run(command, cwd=PROJECT_ROOT, env=smaller | environment, check=False)
    if path.exists():
        yield from ({**json.loads(line), "part": part} for line in path.read_text().splitlines())
    if answer.returncode:
        broken = Line(part, None, is_broken=True, detail=f"ended with status {answer.returncode}")
        yield {**broken.as_json(), "part": part}


def _fields(line: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in line.items() if name not in ("verdict", "part")}


def write(lines: list[dict[str, Any]], seconds: float) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    about = {"is_short": IS_SHORT, "seconds": seconds, "processors": os.cpu_count(), "load": os.getloadavg()}
    (FOLDER / "results.json").write_text(json.dumps({**about, "lines": lines}, indent=1) + "\n")
    (FOLDER / "results.md").write_text(format_markdown(Line(**_fields(line)) for line in lines))
    chart.draw(lines, FOLDER / "chart.svg")
    print(f"written to {FOLDER}: results.json, results.md, chart.svg")


if __name__ == "__main__":
    sys.exit(main())
