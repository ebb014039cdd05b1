"""Runs the whole installation for `make run`.

It readies the database and the static files, makes the demo clinic in an empty installation (DEMO=no: prints the code
with which a clinic is set up in the browser), then runs the processes of
the Procfile under honcho until Ctrl-C. The private broker starts before the others and stops after them, so that no
process finds it missing.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import django
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connections

from config import broker, health_probe
from config.env import PROJECT_ROOT, Environment, read_environment

BROKER_START_SECONDS = 20.0
BROKER_STOP_SECONDS = 10.0
WEB_START_SECONDS = 60.0
PROCESSES = ("web", "worker", "beat")


def main() -> int:
    """Run the whole installation; returns the exit status for the shell."""
    env = read_environment()
    if not _port_is_free(env.bind, env.port):
        print(f"Port {env.port} is taken by another program. Stop that one, or choose another: make run PORT=8001")
        return 1
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    if not env.redis_url and broker.is_reachable(settings.REDIS_URL):
        print(f"Recall Desk already runs with the data in {settings.DATA_DIR}. Stop it first, or set DATA_DIR.")
        return 1
    _prepare(env)
    with _private_broker(env):
        return _run_until_stopped(env)


def _port_is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _prepare(env: Environment) -> None:
    print("Preparing the database and the static files ...", flush=True)
    call_command("migrate", verbosity=0, interactive=False)
    call_command("collectstatic", verbosity=0, interactive=False)
    if apps.is_installed("demo") and env.demo:
        call_command("demo", if_empty=True)
    call_command("setup_code", if_empty=True)
    connections.close_all()


@contextmanager
def _private_broker(env: Environment) -> Iterator[None]:
    """The private broker, running; nothing where REDIS_URL names another one."""
    if env.redis_url:
        yield
        return
    # Its own session keeps the terminal's Ctrl-C away from it: it has to outlive the processes that use it.
    server = subprocess.Popen([sys.executable, "-m", "config.broker"], cwd=PROJECT_ROOT, start_new_session=True)
    try:
        if not broker.wait_until_reachable(settings.REDIS_URL, seconds=BROKER_START_SECONDS):
            raise SystemExit(f"The broker did not start. {settings.DATA_DIR}/broker.log says why.")
        yield
    finally:
        server.terminate()
        try:
            server.wait(BROKER_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _run_until_stopped(env: Environment) -> int:
    """Run honcho until it ends by itself (its status is returned) or a signal asks for the end (0)."""
    honcho = subprocess.Popen(
        [sys.executable, "-m", "honcho", "start", *PROCESSES],
        cwd=PROJECT_ROOT,
        env=os.environ | {"PORT": str(env.port), "PUBLIC_URL": settings.PUBLIC_URL},  # honcho renumbers PORT
        start_new_session=True,
    )
    stopping = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopping.set()
        honcho.terminate()

    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, stop)
    threading.Thread(target=_announce, args=(env, stopping), daemon=True).start()
    status = honcho.wait()
    return 0 if stopping.is_set() else status


def _announce(env: Environment, stopping: threading.Event) -> None:
    """Print the address once the web server answers there."""
    deadline = time.monotonic() + WEB_START_SECONDS
    while not stopping.is_set() and time.monotonic() < deadline:
        if health_probe.web_server_responds(env):
            print(f"\nRecall Desk is at {settings.PUBLIC_URL}/ (Ctrl-C stops it)\n", flush=True)
            return
        time.sleep(0.2)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ImproperlyConfigured as fault:
        sys.exit(str(fault))
