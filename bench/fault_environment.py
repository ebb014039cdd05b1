"""Starts the servers of the fault injection: PostgreSQL, broker, mail server and workers that it may kill.

All of them are its own: throwaway folders, socket files, one port that the operating system chose.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Self

from config import broker
from config.env import PROJECT_ROOT
from tests.support import servers
from tests.support.processes import free_port

CONCURRENCY = 2


class ManagedProcess:
    """One process and all it starts, in a session of its own."""

    def __init__(self, command: list[str], environment: dict[str, str], log: Path, user: str | None = None) -> None:
        self._command, self._environment, self._log, self._user = command, environment, log, user
        self.start()

    def start(self) -> None:
        with self._log.open("ab") as output:
            self._popen: subprocess.Popen[bytes] = subprocess.Popen(
                self._command,
                cwd=PROJECT_ROOT if self._user is None else "/",
                env=self._environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
                user=self._user,
            )

    def kill(self) -> None:
        """kill -9 to the whole group at once."""
        if self._popen.poll() is None:
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait(30)

    @property
    def has_ended(self) -> bool:
        return self._popen.poll() is not None

    def kill_a_child(self, number: int) -> bool:
        """kill -9 to one of its children (Linux); False while it has none."""
        found = Path(f"/proc/{self._popen.pid}/task/{self._popen.pid}/children").read_text().split()
        if found:
            with suppress(ProcessLookupError):
                os.kill(int(found[number % len(found)]), signal.SIGKILL)
        return bool(found)

    def stop(self, how: signal.Signals) -> None:
        self._popen.send_signal(how)
        self._popen.wait(60)


class PostgresServer(ManagedProcess):
    """Keeps what was committed when it is stopped at once, as a real one does; only a power cut would lose it."""

    def __init__(self, folder: Path) -> None:
        root = os.geteuid() == 0
        self.folder, user = folder, servers.UNPRIVILEGED_USER if root else None
        folder.mkdir()
        programs = servers.postgres_programs()
        if root:
            programs = servers._copy_readable(programs, folder)
            shutil.chown(folder, servers.UNPRIVILEGED_USER)
        data = folder / "data"
        initdb = [str(programs / "initdb"), "--no-sync", "--auth=trust", "--username=test", "--encoding=UTF8"]
        subprocess.run([*initdb, "--locale=C", str(data)], user=user, cwd="/", check=True, stdout=subprocess.DEVNULL)
        options = {"listen_addresses": "", "unix_socket_directories": str(folder), "fsync": "off"}
        settings = [word for key, value in options.items() for word in ("-c", f"{key}={value}")]
        super().__init__(
            [str(programs / "postgres"), "-D", str(data), *settings], dict(os.environ), folder / "log", user
        )
        self.wait()
        subprocess.run([programs / "createdb", "-h", folder, "-U", "test", "recalldesk"], cwd="/", check=True)
        self.url = f"postgres://test@/recalldesk?host={folder}"

    def wait(self) -> None:
        import psycopg

        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                psycopg.connect(host=str(self.folder), user="test", dbname="postgres").close()
                return
            except psycopg.OperationalError:
                time.sleep(0.1)
        raise RuntimeError("PostgreSQL did not start")

    def restart(self, how: signal.Signals) -> None:
        """SIGQUIT ends it at once, as a crash would; SIGINT cuts every connection."""
        self.stop(how)
        self.start()
        self.wait()


class RedisServer(ManagedProcess):
    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        socket = folder / "redis.sock"
        self.url = f"unix://{socket}"
        super().__init__(broker.server_command(socket, folder), dict(os.environ), folder / "log")
        broker.wait_until_reachable(self.url, seconds=30)

    def kill_and_wipe(self) -> None:
        self.kill()
        shutil.rmtree(self.folder / "appendonlydir", ignore_errors=True)
        self.start()
        broker.wait_until_reachable(self.url, seconds=30)


class FaultyMailServer(ManagedProcess):
    def __init__(self, folder: Path, seed: int) -> None:
        folder.mkdir()
        self.port, self.log_path = free_port(), folder / "book.jsonl"
        self.log_path.touch()
        command = [sys.executable, "-m", "bench.faulty_mail_server", str(self.port), str(self.log_path), str(seed)]
        super().__init__(command, dict(os.environ), folder / "log")
        self._file: IO[str] = self.log_path.open()
        self._lines = 0

    @property
    def count(self) -> int:
        """How many messages it has been given so far."""
        self._lines += sum(1 for _line in self._file)
        return self._lines


class FaultEnvironment:
    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.postgres, self.redis = PostgresServer(folder / "postgres"), RedisServer(folder / "redis")
        self.mail = FaultyMailServer(folder / "mail", seed)
        data = folder / "data"
        data.mkdir(mode=0o700)
        os.environ |= {
            "DATA_DIR": str(data),
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": self.redis.url,
            "EMAIL_URL": f"smtp://127.0.0.1:{self.mail.port}",
            "LOG_LEVEL": "ERROR",
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }
        self._workers: list[ManagedProcess] = []
        self.worker_exits = 0

    @property
    def worker(self) -> ManagedProcess:
        return self._workers[-1]

    def keep_worker_up(self) -> None:
        """What a service manager does: a worker that ended by itself, as one may without its broker, starts anew."""
        if self.worker.has_ended:
            self.worker_exits += 1
            self.start_worker()

    def start_worker(self) -> None:
        command = [sys.executable, "-m", "bench.short_timeout_worker", f"--concurrency={CONCURRENCY}"]
        self._workers.append(ManagedProcess(command, dict(os.environ), self.folder / "worker.log"))

    def shut_down(self) -> Self:
        for program in [*self._workers, self.mail, self.redis]:
            program.kill()
        self.postgres.stop(signal.SIGQUIT)
        return self


@contextmanager
def fault_environment(folder: Path, seed: int) -> Iterator[FaultEnvironment]:
    here = FaultEnvironment(folder, seed)
    try:
        yield here
    finally:
        here.shut_down()
