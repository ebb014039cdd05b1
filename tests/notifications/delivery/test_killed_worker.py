"""Tests that a worker killed with kill -9 loses and doubles nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.env import PROJECT_ROOT
from tests.support.processes import make_environment


@pytest.mark.long
def test_a_worker_killed_twice_loses_nothing_and_copies_bear_the_same_message_id(migrated_file: Path | None) -> None:
    """The benchmark in small; it ends with status 1 when a promise is broken and prints what it counted."""
    given = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL") if name in os.environ}
    settings_module = "tests.notifications.delivery.short_lease_settings"
    play = {"MESSAGES": "40", "KILLS": "2", "DJANGO_SETTINGS_MODULE": settings_module}
    if migrated_file is not None:
        play["MIGRATED_FILE"] = str(migrated_file)
    done = subprocess.run(
        [sys.executable, "-m", "bench.kill_worker"],
        cwd=PROJECT_ROOT,
        env=make_environment(**given, **play),
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "lost                                          0" in done.stdout
