"""Runs mutmut over the modules that hold the rules of the clinic and prints what the tests did not notice.

Each module is changed in a copy of the tracked files under .mutants/ and asked only of the tests of its subject.
The time is shared evenly; results stay in the copy, so the next run goes on with what was not tried. A module or a test
that has changed since is copied again, and mutmut decides what to try anew.
"""

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
COPIES = ROOT / ".mutants"
PACKAGES = (
    "clinic",
    "patients",
    "desk",
    "recalls",
    "notifications",
    "exchange",
    "reports",
    "portal",
    "site_setup",
    "operations",
    "demo",
    "config",
)
SUBJECTS: Mapping[str, tuple[str, ...]] = {
    "recalls/permissions.py": (
        "tests/rules/test_every_step.py",
        "tests/rules/test_concurrent_steps.py",
        "tests/rules/test_undo.py",
        "tests/desk/test_concurrent_edits.py",
    ),
    "recalls/deadlines.py": ("tests/rules/test_deadlines.py", "tests/rules/test_every_step.py"),
    "recalls/contact_ladder.py": (
        "tests/rules/test_contact_ladder.py",
        "tests/rules/test_next_attempt_time.py",
        "tests/rules/test_site_contact_ladder.py",
    ),
    "recalls/scheduling/slots.py": ("tests/booking/test_free_slots.py", "tests/booking/test_capacity.py"),
    "notifications/planning/rules.py": (
        "tests/notifications/planning/test_plan.py",
        "tests/notifications/planning/test_message_schedule.py",
        "tests/notifications/planning/test_outcome_release.py",
    ),
    "notifications/planning/channel_selection.py": (
        "tests/notifications/planning/test_plan.py",
        "tests/notifications/planning/test_referrers_caps_and_forecast.py",
        "tests/notifications/delivery/test_sms.py",
    ),
    "notifications/planning/daily_cap.py": ("tests/notifications/planning/test_referrers_caps_and_forecast.py",),
    "notifications/delivery/rate_limit.py": ("tests/faults/test_rate_limit.py",),
    "notifications/delivery/failures.py": ("tests/notifications/delivery/test_failures.py",),
    "notifications/inbound/unsubscribe.py": ("tests/notifications/inbound/test_unsubscribe.py",),
    "config/logs.py": (
        "tests/access/test_logs.py",
        "tests/access/test_request_ids.py",
        "tests/portal/test_privacy.py",
    ),
}
KILLED = {1, 3, 36, -24, 24, 152, 255}  # mutmut's exit codes: a test failed, or the change ran out of time
NOT_RUN = None


@dataclass(frozen=True)
class Figures:
    """How many mutants one module has, and what became of them."""

    mutants: int = 0
    killed: int = 0
    survived: int = 0

    @property
    def not_run(self) -> int:
        return self.mutants - self.killed - self.survived


def copy_of(module: str) -> Path:
    return COPIES / module.removesuffix(".py").replace("/", ".")


def prepare(module: str) -> None:
    """Bring the copy up to date with the tracked files and write mutmut's settings for this module."""
    tracked = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True)
    files = [name for name in tracked.split("\0") if (ROOT / name).is_file()]
    for name in files:
        target = copy_of(module) / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)
    beside = sorted({name.split("/")[0] for name in files} - {*PACKAGES, "tests", "pyproject.toml"})
    settings = {
        "source_paths": list(PACKAGES),
        "only_mutate": [module],
        "also_copy": beside,
        "do_not_mutate_patterns": [r'_\("', r"^\s*[a-z]?\"[^\"]*\",?\)?$"],  # sentences are held by tests/words
        "pytest_add_cli_args": ["-q", "-x", "-p", "no:cacheprovider", "-m", "not browser"],
        "pytest_add_cli_args_test_selection": list(SUBJECTS[module]),
        "process_isolation": "forkserver",  # each mutant's tests need a data folder of their own (tests/settings.py)
        "forkserver_warmup": "none",
        "timeout_constant": 30.0,
    }
    lines = "".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items())
    with (copy_of(module) / "pyproject.toml").open("a", encoding="utf-8") as pyproject:
        pyproject.write(f"\n[tool.mutmut]\n{lines}")


def run(module: str, seconds: float, children: int) -> str:
    """Let mutmut work for that long, then stop it. Says in words how it ended."""
    command = [str(Path(sys.executable).with_name("mutmut")), "run", "--max-children", str(children)]
    log = copy_of(module) / "mutmut.log"
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            command, cwd=copy_of(module), stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            stop_group(process)
            return "time over"
    return "all tried" if code == 0 else f"stopped with {code}, see mutmut.log"


def stop_group(process: subprocess.Popen[bytes]) -> None:
    """Stop mutmut with the workers it forked; each verdict is on disk as soon as it is known."""
    os.killpg(process.pid, signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(10)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def figures(module: str) -> Figures:
    """What mutmut has found so far in this module, over all runs."""
    meta = copy_of(module) / "mutants" / f"{module}.meta"
    if not meta.exists():
        return Figures()
    codes = Counter(json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"].values())
    killed = sum(codes[code] for code in KILLED)
    return Figures(codes.total(), killed, survived=codes.total() - killed - codes[NOT_RUN])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--children", type=int, required=True)
    chosen = parser.parse_args()
    print(f"{'module':46}{'mutants':>8}{'killed':>8}{'survived':>10}{'not run':>9}  ended", flush=True)
    for module in SUBJECTS:
        prepare(module)
        ended = run(module, chosen.minutes * 60 / len(SUBJECTS), chosen.children)
        found = figures(module)
        print(f"{module:46}{found.mutants:8}{found.killed:8}{found.survived:10}{found.not_run:9}  {ended}", flush=True)
    print("See one: cd .mutants/<module> && ../../.venv/bin/mutmut results; mutmut show NAME")


if __name__ == "__main__":
    main()
