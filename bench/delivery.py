"""Measures delivery against a bare loop that builds and sends the same messages and records nothing.

On the same due messages and the same mail server, in turns: a bare loop that loads the facts of all messages in a few
queries, then builds and sends each over one connection and writes nothing; one worker process; two worker processes,
which claim, ask again whether it is still true, build, send and write down each message. Prints both ratios to the bare
loop, the median of TURNS=3; ends with status 1 below the goal. MESSAGES changes the number.
"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

from django.db import connection

from bench._test_installation import CountingMailServer, Installation, book_visits, fresh_installation
from bench.budgets.line import Line, print_lines
from config.env import PROJECT_ROOT

if TYPE_CHECKING:
    from notifications.models import Notification
    from notifications.planning.snapshot import RecallSnapshot

MESSAGES = int(os.environ.get("MESSAGES", "1000"))
TURNS = int(os.environ.get("TURNS", "3"))
MIN_RATIOS = {1: 0.6, 2: 0.7}  # by the number of workers
_WORKER_PROGRAM = """
import sys, django
django.setup()
from notifications.delivery.worker import send_due
print("ready", flush=True)
sys.stdin.readline()
send_due(600)
"""


def measure() -> Iterator[Line]:
    rates: dict[str, list[float]] = {"bare": [], "1": [], "2": []}
    with ExitStack() as stack:
        mail = stack.enter_context(CountingMailServer())
        here = stack.enter_context(fresh_installation(mail.port))
        book_visits(MESSAGES)
        for turn in range(TURNS):
            rates["bare"].append(MESSAGES / time_bare_loop())
            for workers in MIN_RATIOS:
                reset_to_due()
                rates[f"{workers}"].append(MESSAGES / time_workers(here, workers))
            assert mail.count == (turn + 1) * MESSAGES * 3
            reset_to_due()
    for workers, least in MIN_RATIOS.items():
        name = f"delivery, {workers} worker{'s' * (workers > 1)} against a bare loop"
        yield _make_line(name, rates[f"{workers}"], rates["bare"], least)
    yield _make_line("delivery, two workers against one", rates["2"], rates["1"], None)


def _make_line(name: str, ours: list[float], theirs: list[float], least: float | None) -> Line:
    """The median of the ratios turn by turn."""
    ratio = statistics.median(mine / other for mine, other in zip(ours, theirs, strict=True))
    detail = f"{statistics.median(ours):.0f} messages/s against {statistics.median(theirs):.0f}, {connection.vendor}"
    return Line(name, ratio, least, is_floor=True, detail=detail, facts={"ours": ours, "theirs": theirs})


def time_bare_loop() -> float:
    """Seconds for the messages without a single promise."""
    from django.core.mail import get_connection

    from notifications.rendering.email import build_email
    from patients.channels import get_patient_channels

    started = time.perf_counter()
    with get_connection() as post:
        for row, known in load_due_messages():
            message, _copy = build_email(row, known, get_patient_channels(row.recall.patient), post)
            post.send_messages([message])
    return time.perf_counter() - started


def load_due_messages(share: int = 0, of: int = 1) -> "list[tuple[Notification, RecallSnapshot]]":
    """The confirmations of one of so many shares with all facts about them, in a few queries."""
    from django.db.models import F, prefetch_related_objects
    from django.db.models.functions import Mod

    from notifications.models import Notification
    from notifications.planning.snapshot import load_snapshots

    rows = Notification.objects.filter(kind="appointment_confirmation").alias(share=Mod(F("recall_id"), of))
    mine = list(rows.filter(share=share).select_related("recall__site", "recall__exam", "recall__patient"))
    prefetch_related_objects([row.recall.patient for row in mine], "contact_points", "consents")
    site = mine[0].recall.site  # whose calendar is read once
    for row in mine:
        row.recall.site = site
    return list(zip(mine, load_snapshots([row.recall for row in mine]), strict=True))


def time_workers(here: Installation, count: int) -> float:
    """Seconds until that many processes, ready at the start, have sent everything."""
    processes = [_start_worker(here) for _ in range(count)]
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()
    started = time.perf_counter()
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.flush()
    broken = [process.returncode for process in processes if process.wait()]
    if broken:
        raise SystemExit(f"a worker ended with {broken[0]}: nothing was measured")
    return time.perf_counter() - started


def _start_worker(here: Installation) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", _WORKER_PROGRAM]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=PROJECT_ROOT, env=here.environment, stdin=pipe, stdout=pipe)


def reset_to_due() -> None:
    """All confirmations are due once more, as if they had not been sent."""
    from notifications.enums import NotificationState
    from notifications.models import Notification, RenderedMessage

    RenderedMessage.objects.all().delete()
    sent = Notification.objects.filter(kind="appointment_confirmation")
    sent.update(state=NotificationState.PLANNED, accepted_at=None, attempt_count=0)
    connection.close()


if __name__ == "__main__":
    sys.exit(print_lines(measure()))
