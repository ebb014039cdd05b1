"""Drills changes of the installation: old and new program side by side, and a database brought back from a copy."""

import shutil
import subprocess
import sys
import tarfile
import time
from io import BytesIO
from pathlib import Path

from bench.drill.batch import book
from bench.drill.crashes import SLOW
from bench.drill.installation.commands import run_command
from bench.drill.installation.short_waits import TICK_SECONDS
from bench.drill.installation.stack import Stack
from bench.drill.judge import judge_facts, judge_messages
from bench.drill.outcome import CannotRunHere, Outcome, Scale
from config.env import PROJECT_ROOT

_NEWEST, _OLDEST = 1, 40  # commits back, among which the older program is looked for


def roll_over(stack: Stack, scale: Scale) -> Outcome:
    """One process after the other goes from the older program to this one while messages leave."""
    folder = stack.folder / "older"
    commit = unpack_older_program(folder)
    count, worst = scale.pick(short=80, long=300), 0.0
    names = [*stack.worker_names, "beat0", "beat1", "web"]
    for name in names:
        stack.processes[name].stop()
        stack.start_one(name, code=folder)
    batch = book(stack, count)
    stack.mail.behave(seconds=2 * SLOW)
    batch.release()
    for number, name in enumerate(names):
        batch.wait_for_mark((number + 1) * count // (len(names) + 2))
        stack.processes[name].stop()
        stack.start_one(name)
        worst = max(worst, batch.seconds_until_next())
    batch.finish()
    stack.mail.behave()
    return Outcome(f"{count} messages, {len(names)} processes from {commit[:7]} to this program", batch.judge(), worst)


def unpack_older_program(folder: Path) -> str:
    """The oldest of the last commits that has the same tables, in that folder; its name."""
    git = shutil.which("git")
    if git is None or not (PROJECT_ROOT / ".git").exists():
        raise CannotRunHere("the older program is taken from git, which is not here")

    def run(*arguments: str) -> bytes:
        return subprocess.run([git, *arguments], cwd=PROJECT_ROOT, check=True, capture_output=True).stdout

    def tables(commit: str) -> list[str]:
        listed = run("ls-tree", "-r", "--name-only", commit).decode().splitlines()
        return [name for name in listed if "/migrations/" in name]

    commits = run("log", "--first-parent", "--format=%H", f"--max-count={_OLDEST}").decode().split()
    same = [commit for commit in commits[_NEWEST:] if tables(commit) == tables(commits[0])]
    if not same:
        raise CannotRunHere("no older commit has the tables of this one")
    folder.mkdir()
    with tarfile.open(fileobj=BytesIO(run("archive", same[-1]))) as archive:
        archive.extractall(folder, filter="data")
    return same[-1]


def restore_copy(stack: Stack, scale: Scale) -> Outcome:
    """A back-up made in the midst of sending is brought back: nothing leaves until a person lets it, then all owed."""
    from django.db import connection

    assert stack.postgres is not None
    count = scale.pick(short=80, long=300)
    batch = book(stack, count)
    stack.mail.behave(seconds=2 * SLOW)
    batch.release()
    batch.wait_for_mark(count // 4)
    at_copy = batch.arrived
    key, copy = _back_up(stack)
    batch.wait_for_mark(count * 3 // 4)
    stack.kill_everything()
    left_since = batch.arrived - at_copy
    connection.close()
    began = time.monotonic()
    stack.postgres.run_tool("dropdb", "--force", "recalldesk")
    stack.postgres.run_tool("createdb", "recalldesk")
    restored = run_command(stack, "restore", str(copy), "--identity", str(key))
    if restored.returncode:
        print(restored.stdout, restored.stderr, file=sys.stderr, flush=True)
    stack.mail.behave()
    before = stack.mail.count
    stack.start()
    facts = {
        "counts are equal and the history verifies": restored.returncode == 0,
        "nothing leaves until a person lets it": _is_silent(stack, before),
    }
    batch.release()
    worst = time.monotonic() - began
    batch.finish()
    owed = batch.owed_messages()
    # Some of these had left when the copy was made: the database knows of them, and sends them no more.
    forgotten = frozenset(entry["number"] for entry in stack.mail.entries()[:before]) & set(owed)
    copies = batch.copies(set(owed))
    verdict = judge_messages(count, owed, copies, allowed_extra=left_since, forgotten=forgotten)
    tried = f"{count} messages, copy of {count // 4} sent brought back at {count * 3 // 4}"
    return Outcome(tried, verdict + judge_facts(facts), worst)


def _back_up(stack: Stack) -> tuple[Path, Path]:
    """The private key and the encrypted copy, as an operator makes them."""
    key, folder = stack.folder / "backup.key", stack.folder / "backups"
    public = run_command(stack, "backup_key", str(key)).stdout.splitlines()[0].partition("=")[2]
    run_command(stack, "backup", environment={"BACKUP_RECIPIENTS": public, "BACKUP_DIR": str(folder)})
    return key, next(path for path in folder.iterdir() if path.is_file())


def _is_silent(stack: Stack, before: int) -> bool:
    """Whether nothing has left although the workers have looked for what is due."""
    from clinic.models import Heartbeat

    sweep = Heartbeat.objects.filter(pk="sweep")
    swept = list(sweep.values_list("finished_at"))
    stack.wait_for(lambda: list(sweep.values_list("finished_at")) != swept)
    time.sleep(3 * TICK_SECONDS)
    return stack.mail.count == before
