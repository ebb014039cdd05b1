"""Tests that a worker killed with kill -9 in the midst of a batch of letters prints none twice and loses none."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.env import PROJECT_ROOT
from tests.support.processes import make_environment


@pytest.mark.long
def test_a_worker_killed_over_letters_loses_none_prints_none_twice_and_notes_each_once(
    migrated_file: Path | None,
) -> None:
    """The benchmark in small; it ends with status 1 when a promise is broken and prints what it counted."""
    given = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL") if name in os.environ}
    play = {"LETTERS": "60", "KILLS": "1"}
    if migrated_file is not None:
        play["MIGRATED_FILE"] = str(migrated_file)
    done = subprocess.run(
        [sys.executable, "-m", "bench.kill_letters"],
        cwd=PROJECT_ROOT,
        env=make_environment(**given, **play),
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "lost from the pile                            0" in done.stdout
