"""Runs the servers that a drill may kill: PostgreSQL, the broker and the mail server, each on a folder of its own.

All of them are its own: socket files, and ports that the operating system chose.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from bench.drill.installation.mail_server import BEHAVIOUR_FILE, Behaviour
from config import broker
from config.env import PROJECT_ROOT
from tests.support import servers
from tests.support.processes import free_port

START_SECONDS = 180.0
STOP_SECONDS = 90.0  # until a drill gives up; what a promise allows is judged elsewhere


class ManagedProcess:
    """One process and all it starts, in a session of its own."""

    def __init__(
        self,
        command: list[str],
        environment: Mapping[str, str],
        log: Path,
        *,
        folder: Path = PROJECT_ROOT,
        user: str | None = None,
    ) -> None:
        self.command, self.environment, self.log = command, dict(environment), log
        self._folder, self._user = folder, user
        self.start()

    def start(self) -> None:
        with self.log.open("ab") as output:
            self._popen: subprocess.Popen[bytes] = subprocess.Popen(
                self.command,
                cwd=self._folder,
                env=self.environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
                user=self._user,
            )

    def kill(self) -> None:
        """kill -9 to the whole group at once."""
        self.signal_group()
        self._popen.wait(STOP_SECONDS)

    def signal_group(self) -> None:
        """kill -9 without waiting for it."""
        if self._popen.poll() is None:
            os.killpg(self._popen.pid, signal.SIGKILL)

    def kill_a_child(self, number: int) -> bool:
        """kill -9 to one of its children (Linux); False while it has none."""
        found = self.children()
        if found:
            with suppress(ProcessLookupError):
                os.kill(found[number % len(found)], signal.SIGKILL)
        return bool(found)

    def children(self) -> list[int]:
        try:
            text = Path(f"/proc/{self._popen.pid}/task/{self._popen.pid}/children").read_text()
        except FileNotFoundError:
            return []
        return [int(word) for word in text.split()]

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def has_ended(self) -> bool:
        return self._popen.poll() is not None

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> float:
        """Ask it to stop and wait; the seconds it took."""
        began = time.monotonic()
        if self._popen.poll() is None:
            self._popen.send_signal(how)
        try:
            self._popen.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        return time.monotonic() - began

    def wait(self, seconds: float) -> int:
        return self._popen.wait(seconds)


class PostgresServer(ManagedProcess):
    """Keeps what was committed when it is stopped at once, and flushes it to the disk as a real one does."""

    def __init__(self, folder: Path, template: Path | None = None) -> None:
        """`template` is the folder of one that was stopped: its databases are copied."""
        root = os.geteuid() == 0
        user = servers.UNPRIVILEGED_USER if root else None
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.programs = servers.postgres_programs()
        if root:
            self.programs = servers._copy_readable(self.programs, folder)
            folder.chmod(0o755)
            shutil.chown(folder, servers.UNPRIVILEGED_USER)
        data = folder / "data"
        if template is None:
            initdb = [str(self.programs / "initdb"), "--no-sync", "--auth=trust", "--username=test"]
            initdb += ["--encoding=UTF8", "--locale=C", str(data)]
            subprocess.run(initdb, user=user, cwd="/", check=True, stdout=subprocess.DEVNULL)
        else:
            subprocess.run(["cp", "-a", str(template / "data"), str(data)], check=True)
        options = {"listen_addresses": "", "unix_socket_directories": str(folder), "fsync": "on"}
        options |= {"max_connections": "80", "min_wal_size": "32MB", "max_wal_size": "64MB"}
        settings = [word for key, value in options.items() for word in ("-c", f"{key}={value}")]
        command = [str(self.programs / "postgres"), "-D", str(data), *settings]
        super().__init__(command, os.environ, folder / "log", folder=Path("/"), user=user)
        self.wait_until_ready()
        if template is None:
            self.run_tool("createdb", "recalldesk")

    def url(self, database: str = "recalldesk", folder: Path | None = None) -> str:
        return f"postgres://test@/{database}?host={folder or self.folder}"

    def run_tool(self, name: str, *arguments: str) -> None:
        """createdb, dropdb, pg_dump and so on, at this server."""
        program = self.programs / name
        found = str(program) if program.exists() else shutil.which(name) or str(program)
        subprocess.run([found, "-h", str(self.folder), "-U", "test", *arguments], cwd="/", check=True)

    def wait_until_ready(self) -> None:
        import psycopg

        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                psycopg.connect(host=str(self.folder), user="test", dbname="postgres").close()
                return
            except psycopg.OperationalError:
                time.sleep(0.1)
        raise RuntimeError(f"PostgreSQL did not start: {self.output[-2000:]}")

    def restart(self, how: signal.Signals) -> None:
        """SIGQUIT ends it at once, as a crash would; SIGINT cuts every connection."""
        self.stop(how)
        self.start()
        self.wait_until_ready()


class RedisServer(ManagedProcess):
    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        socket = folder / "redis.sock"
        self.url = f"unix://{socket}"
        super().__init__(broker.server_command(socket, folder), os.environ, folder / "log")
        broker.wait_until_reachable(self.url, seconds=START_SECONDS)

    def wipe(self) -> None:
        """All that it holds is gone while it runs."""
        import redis

        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def come_back_empty(self) -> None:
        """Started anew after `kill`, without what it had on the disk."""
        shutil.rmtree(self.folder / "appendonlydir", ignore_errors=True)
        self.start()
        broker.wait_until_reachable(self.url, seconds=START_SECONDS)


class MailServer(ManagedProcess):
    """The mail server of the drills in a process of its own, and what it has been given."""

    def __init__(self, folder: Path, seed: int) -> None:
        folder.mkdir()
        self.port, self.book = free_port(), folder / "book.jsonl"
        self.book.touch()
        self._behaviour_file = folder / BEHAVIOUR_FILE
        self.behave()
        command = [
            sys.executable,
            "-m",
            "bench.drill.installation.mail_server",
            str(self.port),
            str(self.book),
            str(seed),
        ]
        super().__init__(command, os.environ, folder / "log")
        self._file: IO[str] = self.book.open()
        self._lines = 0

    def behave(self, **behaviour: Any) -> None:
        """From the next message on; what is not named is as in a well server."""
        draft = self._behaviour_file.with_suffix(".new")
        draft.write_text(json.dumps(asdict(Behaviour(**behaviour))))
        draft.replace(self._behaviour_file)

    @property
    def count(self) -> int:
        """How many messages it has been given so far."""
        self._lines += sum(1 for _line in self._file)
        return self._lines

    def entries(self) -> list[dict[str, Any]]:
        """Each message it was given: to, number, message_id, at, fate."""
        return [json.loads(line) for line in self.book.read_text().splitlines()]
