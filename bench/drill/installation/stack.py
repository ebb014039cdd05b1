"""Runs the whole installation as in production, with every process doubled that may be, for drills to break."""

import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.drill.installation.servers import START_SECONDS, MailServer, ManagedProcess, PostgresServer, RedisServer
from config.env import PROJECT_ROOT
from tests.support.processes import WEB, free_port, make_environment

CONCURRENCY = 2
WORKERS = 2
IN_FLIGHT = CONCURRENCY * WORKERS  # messages at one instant, at most
PATIENCE_SECONDS = 300.0  # without an end of what is waited for: other programs may need the processors
RECOVERY_SECONDS = 180.0
NO_CHANGES: Mapping[str, str] = {}
PREPARED = "prepared"  # beside the template
_LOG_LINES, _LOG_WIDTH = 15, 600  # of each process
SHORT_WAITS = Path(__file__).with_name("short_waits.py")


class Stack:
    """PostgreSQL or SQLite, Redis, the mail server; and web, two workers, two beats and a listener on top of them."""

    worker_names = tuple(f"worker{number}" for number in range(WORKERS))
    names = ("web", *worker_names, "beat0", "beat1", "listener")

    def __init__(self, folder: Path, seed: int, template: Path, small_disk: Path | None = None) -> None:
        """`template` holds the migrated database: a stopped PostgreSQL's folder or a file of SQLite.

        `small_disk` is where the database's files go, to be filled.
        """
        self.folder, self.small_disk, self.clock_file = folder, small_disk, folder / "clock"
        self.data = (small_disk if small_disk and not template.is_dir() else folder) / "data"
        self.data.mkdir(mode=0o700)
        (self.data / "static").symlink_to(template.parent / PREPARED / "static")
        self.postgres: PostgresServer | None = None
        if template.is_dir():
            self.postgres = PostgresServer((small_disk or folder) / "postgres", template)
        else:
            shutil.copyfile(template, self.data / "recalldesk.sqlite3")
        self.redis, self.mail = RedisServer(folder / "redis"), MailServer(folder / "mail", seed)
        self.web_port, self.hl7_port = free_port(), free_port()
        self.environment = self._make_environment()
        self.processes: dict[str, ManagedProcess] = {}
        self.ended_by_themselves = 0

    def _make_environment(self) -> dict[str, str]:
        wanted = {
            "DATA_DIR": str(self.data),
            "REDIS_URL": self.redis.url,
            "EMAIL_URL": f"smtp://127.0.0.1:{self.mail.port}",
            "LOG_LEVEL": "ERROR",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PORT": str(self.web_port),
            "WEB_WORKERS": "2",
            "WORKER_CONCURRENCY": str(CONCURRENCY),
        }
        if self.postgres is not None:
            wanted["DATABASE_URL"] = self.postgres.url()
        return make_environment(**wanted)

    def set_up_django(self) -> None:
        """Makes this process one of the installation's, which acts on recalls and reads what became of them."""
        import django

        for name in set(os.environ) - set(self.environment):
            del os.environ[name]
        os.environ.update(self.environment)
        django.setup()

    def start(self, changes: Mapping[str, str] = NO_CHANGES) -> None:
        """Start what does not run; `changes` are variables of its environment."""
        for name in self.names:
            if name not in self.processes or self.processes[name].has_ended:
                self.start_one(name, changes)
        self._wait_for_web()

    def start_one(
        self, name: str, changes: Mapping[str, str] = NO_CHANGES, *, code: Path = PROJECT_ROOT
    ) -> ManagedProcess:
        """One process of the installation, of this program or of the older one in the folder `code`."""
        environment = self.environment | dict(changes)
        # The program of that folder and nothing beside the script: an older one has no drill.
        environment |= {"PYTHONPATH": str(code), "PYTHONSAFEPATH": "1"}
        command = [sys.executable, *self._arguments(name)]
        self.processes[name] = ManagedProcess(command, environment, self.folder / f"{name}.log", folder=code)
        return self.processes[name]

    def _arguments(self, name: str) -> list[str]:
        if name.startswith("worker"):
            return [str(SHORT_WAITS), "worker", f"--concurrency={CONCURRENCY}", "-n", f"{name}@drill"]
        if name.startswith("beat"):
            return [str(SHORT_WAITS), "beat", "-s", str(self.folder / f"{name}.schedule")]
        if name == "listener":
            return ["manage.py", "listen_hl7", "--port", str(self.hl7_port)]
        return list(WEB)

    def _wait_for_web(self) -> None:
        self.wait_for(lambda: is_listening(self.web_port) and is_listening(self.hl7_port), START_SECONDS)

    @property
    def workers(self) -> list[ManagedProcess]:
        return [self.processes[name] for name in self.worker_names]

    def kill_everything(self) -> None:
        """kill -9 to all processes of the installation at one instant; the servers stay."""
        for process in self.processes.values():
            process.signal_group()
        for process in self.processes.values():
            process.kill()

    def keep_up(self) -> None:
        """What a service manager does: what ended by itself starts anew with what it was started with."""
        for process in self.processes.values():
            if process.has_ended:
                self.ended_by_themselves += 1
                process.start()

    def wait_for(self, condition: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> bool:
        """Whether the condition came true in time; keeps every process up meanwhile."""
        deadline, next_look = time.monotonic() + seconds, 0.0
        while not condition():
            if time.monotonic() > deadline:
                return False
            if time.monotonic() > next_look:
                self.keep_up()
                next_look = time.monotonic() + 1.0
            time.sleep(0.02)
        return True

    def restart_everything(self, changes: Mapping[str, str] = NO_CHANGES) -> None:
        """Every process anew; `changes` are variables of its environment."""
        self.kill_everything()
        self.start(changes)

    def print_logs(self) -> None:
        """The end of what each process wrote down: a broken promise is looked for there."""
        for name, process in self.processes.items():
            for line in process.output.splitlines()[-_LOG_LINES:]:
                print(f"    {name}: {line[:_LOG_WIDTH]}", file=sys.stderr)

    def shut_down(self) -> None:
        for process in [*self.processes.values(), self.mail, self.redis]:
            process.signal_group()
        if self.postgres is not None:
            self.postgres.kill()


def is_listening(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


@contextmanager
def running_stack(seed: int, template: Path, small_disk: Path | None = None) -> Iterator[Stack]:
    """Started and with this process in it; everything ends with the block."""
    with tempfile.TemporaryDirectory(prefix="recalldesk-drill-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        stack = Stack(folder, seed, template, small_disk)
        try:
            stack.set_up_django()
            stack.start()
            yield stack
        finally:
            stack.shut_down()
