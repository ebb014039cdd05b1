"""Drills that the operator is called, by mail and by webhook, when something is late, down or wrong with the clock."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from bench.drill.batch import book
from bench.drill.clock import movable_clock, movable_environment, set_clock
from bench.drill.installation.servers import MailServer
from bench.drill.installation.short_waits import TICK_SECONDS
from bench.drill.installation.stack import Stack
from bench.drill.judge import Verdict, judge_facts
from bench.drill.outcome import Outcome, Scale
from config.env import PROJECT_ROOT

_CALL_SECONDS = 120.0  # until this drill gives up
_NO_WORKERS, _NO_MAIL = timedelta(minutes=15), timedelta(minutes=20)
_WATCH_PROGRAM = """
import django
from django.core.management import execute_from_command_line
django.setup()
from reports.management.commands import watch
watch.ROUND_SECONDS = 2.0
execute_from_command_line(["manage.py", "watch"])
"""


def miss_workers(stack: Stack, scale: Scale) -> Outcome:
    """All workers and beats are gone for a quarter of an hour of the watch's moved clock."""
    for name in set(stack.names) - {"web", "listener"}:
        stack.processes[name].kill()
    verdict, seconds = _call_operator(stack, movable_environment(stack, _NO_WORKERS), ("Worker", "Scheduler service"))
    stack.start()
    return Outcome("no worker and no beat for 15 minutes", verdict, seconds)


def miss_mail(stack: Stack, scale: Scale) -> Outcome:
    """The mail server is away and messages are owed for 20 minutes of a clock that is not the database's."""
    with movable_clock(stack):
        batch = book(stack, 5)
        stack.mail.kill()
        batch.release()
        time.sleep(3 * TICK_SECONDS)
        set_clock(stack, _NO_MAIL)
        verdict, seconds = _call_operator(
            stack, movable_environment(stack, _NO_MAIL), ("Mail", "Messages", "Server time")
        )
        stack.mail.start()
        batch.finish()
    return Outcome("mail away, messages owed and clocks apart for 20 minutes", verdict + batch.judge(), seconds)


def _call_operator(stack: Stack, moved: Mapping[str, str], names: tuple[str, ...]) -> tuple[Verdict, float]:
    """Whether the watch told of each by webhook, and wrote to the operator; the seconds until it had."""
    operator = MailServer(stack.folder / f"operator-{len(list(stack.folder.glob('operator-*')))}", 1)
    with _chat_program() as (url, texts):
        addresses = {"ALERT_EMAIL": "operator@example.org", "ALERT_EMAIL_URL": f"smtp://127.0.0.1:{operator.port}"}
        variables = stack.environment | addresses | {"ALERT_WEBHOOK_URL": url} | dict(moved)
        watch = subprocess.Popen([sys.executable, "-c", _WATCH_PROGRAM], cwd=PROJECT_ROOT, env=variables)
        began = time.monotonic()
        try:
            while time.monotonic() - began < _CALL_SECONDS and not (operator.count and _are_named(names, texts)):
                time.sleep(0.2)
        finally:
            watch.kill()
            watch.wait()
            operator.kill()
    facts = {"the operator is written to": operator.count > 0}
    facts |= {f"the chat program is told of: {name}": _are_named((name,), texts) for name in names}
    return judge_facts(facts), time.monotonic() - began


def _are_named(names: tuple[str, ...], texts: list[str]) -> bool:
    return all(any(line.startswith(f"{name}:") for text in texts for line in text.splitlines()) for name in names)


@contextmanager
def _chat_program() -> Iterator[tuple[str, list[str]]]:
    """The address that a webhook is sent to, and the texts that came."""
    texts: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            texts.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"])
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", texts
    finally:
        server.shutdown()
        server.server_close()
