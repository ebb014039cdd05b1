"""Compares speed and the cost of three kills with django-post_office, on the same messages in one run.

Each side gets the messages out with two processes to the same mail server. The peer does it in two steps: its caller
writes each message and hands it over, then it sends what it stored; we write when we send, so that each message says
what is true at that instant. Both steps and the second alone are printed, and the first figure is the like of ours.
Then each side sends once more while all its processes are killed (kill -9) three times and started again. Ends with
status 1 when we are slower, lose one, or send copies beyond what was in flight. Without the package
(`pip install ".[bench]"`) it says so and measures nothing. MESSAGES changes the number.
"""

import os
import signal
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from importlib.util import find_spec

from bench._test_installation import CountingMailServer, Installation, book_visits, fresh_installation
from bench.budgets.line import Line, print_lines
from bench.delivery import reset_to_due
from config.env import PROJECT_ROOT

MESSAGES = int(os.environ.get("MESSAGES", "300"))
TURNS = int(os.environ.get("TURNS", "3"))
KILLS, PROCESSES = 3, 2
LEASE_SECONDS = 7.0
LIMIT_SECONDS = 240.0  # of one pass over all messages: what is not through by then is killed, and counts as lost
_START = "import sys, django; django.setup(); print('ready', flush=True); sys.stdin.readline(); "
ENQUEUE_PROGRAMS = [
    _START + f"from bench import post_office_comparison as peer; peer.enqueue_with_post_office({share})"
    for share in range(PROCESSES)
]
OUR_PROGRAMS = PROCESSES * [
    _START + "from notifications.delivery import outbox, worker; outbox.reclaim_expired_leases(); worker.send_due(600)"
]
POST_OFFICE_PROGRAMS = [
    _START + "import logging; logging.getLogger('post_office').setLevel('WARNING'); "
    "from post_office.mail import send_queued_mail_until_done; "
    "from post_office.lockfile import default_lockfile; "
    f"send_queued_mail_until_done(default_lockfile, {PROCESSES})"
]


class BenchmarkSide:
    """One of the two, with what each of its processes runs."""

    def __init__(self, here: Installation, programs: Sequence[str]) -> None:
        self._here, self._programs = here, programs
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        pipe, environment = subprocess.PIPE, self._here.environment
        self._processes = [
            subprocess.Popen(
                [sys.executable, "-c", program],
                cwd=PROJECT_ROOT,
                env=environment,
                stdin=pipe,
                stdout=pipe,
                start_new_session=True,
            )
            for program in self._programs
        ]
        for process in self._processes:
            assert process.stdout is not None
            process.stdout.readline()

    def release(self) -> None:
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.write(b"go\n")
            process.stdin.flush()

    def wait(self) -> list[int]:
        """The exit status of each process; of one that does not end in time, that of its kill."""
        deadline = time.monotonic() + LIMIT_SECONDS
        while self.is_at_work and time.monotonic() < deadline:
            time.sleep(0.005)
        for process in self._processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
        return [process.wait() for process in self._processes]

    @property
    def is_at_work(self) -> bool:
        return any(process.poll() is None for process in self._processes)

    def kill(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
        self.wait()


def time_run(side: BenchmarkSide) -> float:
    side.start()
    started = time.perf_counter()
    side.release()
    if any(side.wait()):
        raise SystemExit("a process broke down: nothing was measured")
    return time.perf_counter() - started


def run_with_kills(side: BenchmarkSide, mail: CountingMailServer) -> dict[str, int]:
    """Lost and extra copies after three kills at a quarter, a half and three quarters."""
    before = mail.count
    for number in range(1, KILLS + 1):
        side.start()
        side.release()
        deadline = time.monotonic() + 60
        while (
            mail.count - before < MESSAGES * number // (KILLS + 1) and side.is_at_work and time.monotonic() < deadline
        ):
            time.sleep(0.002)
        side.kill()
    for _turn in range(2):  # the second finds what the first had to wait for
        side.start()
        side.release()
        side.wait()
        time.sleep(LEASE_SECONDS)
    side.start()
    side.release()
    side.wait()
    copies = Counter(number for _to, number, _name in mail.received[before:])
    return {"lost": MESSAGES - len(copies), "extra": copies.total() - len(copies)}


def enqueue_with_post_office(share: int) -> None:
    """Write every message of that share and store it with the peer, word for word as we would send it."""
    from django.core.files.base import ContentFile
    from post_office import mail as peer

    from bench.delivery import load_due_messages
    from notifications.rendering.email import build_email
    from patients.channels import get_patient_channels

    for row, known in load_due_messages(share, PROCESSES):
        message, copy = build_email(row, known, get_patient_channels(row.recall.patient))
        peer.send(
            message.to,
            message.from_email,
            subject=copy.subject,
            message=copy.text,
            html_message=copy.html,
            headers=message.extra_headers,
            attachments={"visit.ics": {"file": ContentFile(copy.calendar), "mimetype": "text/calendar"}},
        )


def measure() -> Iterator[Line]:
    if find_spec("post_office") is None:
        yield Line("delivery against django-post_office", None, 1.0, is_floor=True, detail="it is not installed")
        return
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench.post_office_settings"
    with ExitStack() as stack:
        mail = stack.enter_context(CountingMailServer())
        here = stack.enter_context(fresh_installation(mail.port))
        book_visits(MESSAGES)
        ours, theirs, written = (
            BenchmarkSide(here, OUR_PROGRAMS),
            BenchmarkSide(here, POST_OFFICE_PROGRAMS),
            BenchmarkSide(here, ENQUEUE_PROGRAMS),
        )
        writing, sending, sent_by_us = [], [], []
        for turn in range(TURNS):
            writing.append(time_run(written))
            sending.append(time_run(theirs))
            sent_by_us.append(time_run(ours))
            assert mail.count == 2 * MESSAGES * (turn + 1)
            reset_to_due()
        time_run(written)
        kills = {"theirs": run_with_kills(theirs, mail), "ours": run_with_kills(ours, mail)}
    both = [write + send for write, send in zip(writing, sending, strict=True)]
    yield _make_line("delivery against django-post_office", sent_by_us, both, 1.0)
    yield _make_line("delivery against its sending alone", sent_by_us, sending, None)
    yield from _kill_lines(kills)


def _make_line(name: str, ours: list[float], theirs: list[float], least: float | None) -> Line:
    ratio = statistics.median(other / mine for mine, other in zip(ours, theirs, strict=True))
    detail = f"{MESSAGES / statistics.median(ours):.0f} messages/s against {MESSAGES / statistics.median(theirs):.0f}"
    return Line(name, ratio, least, is_floor=True, detail=detail, facts={"ours": ours, "theirs": theirs})


def _kill_lines(kills: dict[str, dict[str, int]]) -> Iterator[Line]:
    theirs = kills["theirs"]
    detail = f"theirs: {theirs['lost']} lost, {theirs['extra']} extra"
    yield Line(f"lost after {KILLS} kills", kills["ours"]["lost"], 0, detail=detail)
    yield Line(f"extra copies after {KILLS} kills", kills["ours"]["extra"], KILLS * PROCESSES, detail=detail)


if __name__ == "__main__":
    sys.exit(print_lines(measure()))
