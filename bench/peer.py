"""How do we compare with django-post_office: speed, and what three kills cost? The same messages, in one run.

Each side sends with two processes to the same mail server; then once more while all its processes are killed (kill -9)
three times and started again. Ends with status 1 when we are slower, lose one, or send copies beyond what was in
flight. Without the package (`pip install ".[bench]"`) it says so and measures nothing. MESSAGES changes the number.
"""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack
from importlib.util import find_spec

from bench._installation import Installation, MailServer, book_visits, fresh_installation
from bench.delivery import plan_again
from config.env import CHECKOUT

MESSAGES = int(os.environ.get("MESSAGES", "1000"))
KILLS, PROCESSES = 3, 2
LEASE_SECONDS = 7.0
_START = "import sys, django; django.setup(); print('ready', flush=True); sys.stdin.readline(); "
OURS = (
    _START + "from notifications import outbox; outbox.reclaim(); from notifications.delivery import drain; drain(600)"
)
THEIRS = _START + (
    "import logging; logging.getLogger('post_office').setLevel('WARNING'); "
    "from post_office.mail import send_queued_mail_until_done; "
    "from post_office.lockfile import default_lockfile; "
    f"send_queued_mail_until_done(default_lockfile, {PROCESSES})"
)


class Side:
    """One of the two, with the processes it needs."""

    def __init__(self, here: Installation, code: str, count: int) -> None:
        self._here, self._code, self._count = here, code, count
        self._processes: list[subprocess.Popen[bytes]] = []

    def ready(self) -> None:
        command, pipe = [sys.executable, "-c", self._code], subprocess.PIPE
        self._processes = [
            subprocess.Popen(
                command, cwd=CHECKOUT, env=self._here.environment, stdin=pipe, stdout=pipe, start_new_session=True
            )
            for _ in range(self._count)
        ]
        for process in self._processes:
            assert process.stdout is not None
            process.stdout.readline()

    def go(self) -> None:
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.write(b"go\n")
            process.stdin.flush()

    def wait(self) -> None:
        for process in self._processes:
            process.wait()

    def kill(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
        self.wait()


def speed(side: Side) -> float:
    side.ready()
    started = time.perf_counter()
    side.go()
    side.wait()
    return MESSAGES / (time.perf_counter() - started)


def with_kills(side: Side, mail: MailServer) -> dict[str, int]:
    """Lost and extra copies after three kills at a quarter, a half and three quarters."""
    before = mail.count
    for number in range(1, KILLS + 1):
        side.ready()
        side.go()
        deadline = time.monotonic() + 60
        while mail.count - before < MESSAGES * number // (KILLS + 1) and time.monotonic() < deadline:
            time.sleep(0.002)
        side.kill()
    for _turn in range(2):  # the second finds what the first had to wait for
        side.ready()
        side.go()
        side.wait()
        time.sleep(LEASE_SECONDS)
    side.ready()
    side.go()
    side.wait()
    copies = Counter(number for _to, number, _name in mail.received[before:])
    return {"lost": MESSAGES - len(copies), "extra": copies.total() - len(copies)}


def hand_to_the_peer() -> None:
    """The same messages, word for word."""
    from post_office import mail as peer

    from notifications.mime import compose
    from notifications.models import Notification
    from notifications.situation import situation_of
    from patients.channels import channels_of

    for row in Notification.objects.filter(kind="appointment_confirmation").select_related("recall__patient"):
        message, copy = compose(row, situation_of(row.recall), channels_of(row.patient))
        peer.send(
            message.to,
            message.from_email,
            subject=copy.subject,
            message=copy.text,
            html_message=copy.html,
            headers=message.extra_headers,
        )


def main() -> int:
    if find_spec("post_office") is None:
        print("LEFT OUT: django-post_office is not installed")
        return 0
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench.peer_settings"
    with ExitStack() as stack:
        mail = stack.enter_context(MailServer())
        here = stack.enter_context(fresh_installation(mail.port))
        book_visits(MESSAGES)
        ours, theirs = Side(here, OURS, PROCESSES), Side(here, THEIRS, 1)
        hand_to_the_peer()
        figures = {"theirs": speed(theirs), "ours": speed(ours)}
        hand_to_the_peer()
        plan_again()
        kills = {"theirs": with_kills(theirs, mail), "ours": with_kills(ours, mail)}
    for name, rate in figures.items():
        print(f"{name:8} {rate:6.0f} messages/s; after {KILLS} kills: {kills[name]}")
    allowed = KILLS * PROCESSES
    kept = figures["ours"] >= figures["theirs"] and kills["ours"]["lost"] == 0 and kills["ours"]["extra"] <= allowed
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
