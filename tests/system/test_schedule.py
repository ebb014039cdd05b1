"""Holds that everything the scheduler service asks for exists, and that a killed worker comes back alone."""

import os
import re
import signal
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine

from config.beat import ClockSafeScheduler
from config.celery import BEAT_SCHEDULE, TICK_SECONDS, app
from reports.health_checks import STUCK_CHECK_PERIOD
from tests.support.processes import free_port, make_environment, run_process, wait_until


def test_every_periodic_task_exists() -> None:
    app.loader.import_default_modules()
    unknown = {entry["task"] for entry in BEAT_SCHEDULE.values()} - set(app.tasks)
    assert unknown == set()


def test_the_board_knows_how_often_the_next_step_check_runs() -> None:
    assert timedelta(seconds=float(str(BEAT_SCHEDULE["loop"]["schedule"]))) == STUCK_CHECK_PERIOD


@pytest.mark.parametrize("is_restarted", [False, True])
def test_a_clock_that_was_a_day_ahead_for_a_minute_does_not_end_the_periodic_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_restarted: bool
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(ClockSafeScheduler, "apply_entry", lambda _self, entry, **_: asked.append(entry.name))
    monkeypatch.setattr(ClockSafeScheduler, "producer", None)

    def run_for_a_minute(scheduler: ClockSafeScheduler, clock: time_machine.Traveller) -> set[str]:
        asked.clear()
        for _ in range(60):
            while scheduler.tick() == 0:
                pass
            clock.shift(1.5)
        return set(asked)

    each_minute = {name for name, entry in BEAT_SCHEDULE.items() if entry["schedule"] == TICK_SECONDS}
    file = str(tmp_path / "schedule")
    scheduler = ClockSafeScheduler(app, schedule_filename=file)
    with time_machine.travel("2026-11-10T15:00:00Z", tick=False) as clock:
        assert "sweep" in run_for_a_minute(scheduler, clock)
        clock.shift(timedelta(days=1))
        assert each_minute <= run_for_a_minute(scheduler, clock)
        clock.shift(-timedelta(days=1))
        if is_restarted:
            scheduler.close()
            scheduler = ClockSafeScheduler(app, schedule_filename=file)
        assert each_minute <= run_for_a_minute(scheduler, clock)
    scheduler.close()


@pytest.mark.long
def test_a_killed_worker_is_started_again_and_the_others_go_on(tmp_path: Path, ready_folder: Path) -> None:
    environment = make_environment(DATA_DIR=str(ready_folder), PORT=str(free_port()), DEMO="no")
    with run_process(("-m", "config.run"), environment, tmp_path / "log") as desk:
        assert wait_until(lambda: " ready." in desk.output or desk.has_ended, seconds=300), desk.output
        os.kill(_child_of(desk.output, "worker"), signal.SIGKILL)
        assert wait_until(lambda: desk.output.count(" ready.") == 2, seconds=60), desk.output
        assert "Ended with status -9; starts again in 1 s." in desk.output
        assert not re.search(r"(web|beat)\.1 .*stopped", desk.output)
        assert desk.stop(signal.SIGINT) == 0, desk.output


def _child_of(output: str, name: str) -> int:
    """The process that the keeper of that name started."""
    keeper = re.findall(rf"{name}\.1 started \(pid=(\d+)\)", output)[0]
    return int(subprocess.run(["pgrep", "-P", keeper], capture_output=True, text=True, check=True).stdout.split()[0])
