"""Runs what may stand beside PostgreSQL: a hot standby made by pg_basebackup, and PgBouncer in transaction mode."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit, urlunsplit

from tests.support import servers

POOLER = "pgbouncer"
POOLER_PORT = 6432
_START_SECONDS = 30.0
_POOLER_SETTINGS = """[databases]
* = host={host}
[pgbouncer]
listen_port = {port}
listen_addr =
unix_socket_dir = {folder}
auth_type = trust
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = 20
max_client_conn = 400
logfile = {folder}/log
pidfile = {folder}/pid
"""


def socket_folder(url: str) -> str:
    return parse_qs(urlsplit(url).query)["host"][0]


@contextmanager
def hot_standby(primary: str) -> Iterator[str]:
    """The address of a copy that follows the server of that address; it ends with the block."""
    with _unprivileged_folder("recalldesk-standby-") as (folder, user):
        programs = _programs(folder)
        copy = ["-h", socket_folder(primary), "-U", "test", "-D", str(folder / "data"), "-R", "-X", "stream"]
        subprocess.run([programs / "pg_basebackup", *copy, "-c", "fast"], user=user, cwd=folder, check=True)
        (folder / "data").chmod(0o700)
        options = {"listen_addresses": "", "unix_socket_directories": str(folder), "fsync": "off"}
        settings = [word for key, value in options.items() for word in ("-c", f"{key}={value}")]
        command = [str(programs / "postgres"), "-D", str(folder / "data"), *settings]
        server = subprocess.Popen(command, user=user, cwd=folder, stderr=subprocess.DEVNULL)
        try:
            _wait_for(folder / ".s.PGSQL.5432")
            time.sleep(1)
            yield urlunsplit(urlsplit(primary)._replace(query=f"host={folder}"))
        finally:
            server.send_signal(signal.SIGINT)  # at once, whoever is connected
            server.wait(_START_SECONDS)


@contextmanager
def pooler(primary: str) -> Iterator[str]:
    """The address at which PgBouncer hands out connections of that server, one for each transaction."""
    program = shutil.which(POOLER, path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        raise servers.ServerNotFoundError(f"{POOLER} is not on this machine (Debian: apt install pgbouncer)")
    with _unprivileged_folder("recalldesk-pooler-") as (folder, user):
        named = {"host": socket_folder(primary), "folder": folder, "port": POOLER_PORT}
        (folder / "pooler.ini").write_text(_POOLER_SETTINGS.format(**named))
        (folder / "users").write_text('"test" ""\n')
        command = [program, "-q", str(folder / "pooler.ini")]
        server = subprocess.Popen(command, user=user, cwd=folder, stderr=subprocess.DEVNULL)
        try:
            _wait_for(folder / f".s.PGSQL.{POOLER_PORT}")
            yield urlunsplit(urlsplit(primary)._replace(query=f"host={folder}&port={POOLER_PORT}"))
        finally:
            server.terminate()
            server.wait(_START_SECONDS)


@contextmanager
def _unprivileged_folder(prefix: str) -> Iterator[tuple[Path, str | None]]:
    """Of the user who runs the server: PostgreSQL and PgBouncer refuse to run as root."""
    with tempfile.TemporaryDirectory(prefix=prefix) as name:
        folder, user = Path(name), servers.UNPRIVILEGED_USER if os.geteuid() == 0 else None
        folder.chmod(0o755)
        if user:
            shutil.chown(folder, user)
        yield folder, user


def _programs(folder: Path) -> Path:
    found = servers.postgres_programs()
    return servers._copy_readable(found, folder) if os.geteuid() == 0 else found


def _wait_for(socket: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not socket.exists():
        if time.monotonic() > deadline:
            raise servers.ServerNotFoundError(f"nothing answers at {socket}")
        time.sleep(0.05)
