"""Tests the drills on the real processes: kept promises stand in the table as kept, a broken one is found."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from config.env import PROJECT_ROOT
from tests.support.processes import make_environment

# A worker that takes one message as sent and sends nothing: what the drills are there to find.
DROPPING_WORKER = """
import os, sys
from django.core.mail.backends import smtp

send_messages = smtp.EmailBackend.send_messages

def drop_one(self, messages):
    try:
        os.close(os.open({marker!r}, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return send_messages(self, messages)
    return len(messages)

smtp.EmailBackend.send_messages = drop_one
from bench.drill.installation import short_waits
short_waits.main(*sys.argv[1:])
"""
PLAY = """
import json, sys
from pathlib import Path
from bench.drill import scene
from bench.drill.installation import stack
from bench.drill.outcome import is_broken
worker, template, *only = sys.argv[1:]
if worker:
    stack.SHORT_WAITS = Path(worker)
lines = scene.main("SQLite", 22, "short", set(only), Path(template))
print(json.dumps([line.as_json() for line in lines]))
sys.exit(is_broken(lines))
"""


def play(migrated_file: Path | None, folder: Path, *drills: str, worker: str = "") -> tuple[int, list[dict[str, Any]]]:
    """The exit status and the lines."""
    if migrated_file is None:
        pytest.skip("the drills on PostgreSQL run by themselves: make drill-short")
    template = folder / "template.sqlite3"
    shutil.copyfile(migrated_file, template)
    done = subprocess.run(
        [sys.executable, "-c", PLAY, worker, str(template), *drills],
        cwd=PROJECT_ROOT,
        env=make_environment(PYTHONPATH=str(PROJECT_ROOT), PATH=os.environ["PATH"]),
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout.splitlines()[-1])


@pytest.mark.long
def test_killed_processes_lose_no_message_and_print_no_letter_twice(migrated_file: Path | None, tmp_path: Path) -> None:
    status, lines = play(migrated_file, tmp_path, "kill-all-sqlite", "letters-sqlite")
    assert [(line["status"], line["lost"], line["faults"]) for line in lines] == [("kept", 0, {})] * 2
    assert status == 0


@pytest.mark.long
def test_a_worker_that_drops_one_message_is_found(migrated_file: Path | None, tmp_path: Path) -> None:
    program = tmp_path / "dropping_worker.py"
    program.write_text(DROPPING_WORKER.format(marker=str(tmp_path / "dropped")))
    status, (line,) = play(migrated_file, tmp_path, "kill-child-sqlite", worker=str(program))
    assert (line["status"], line["lost"]) == ("BROKEN", 1)
    assert line["faults"] == {"left accepted": 1}
    assert status == 1
