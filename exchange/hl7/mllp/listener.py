"""Listens for MLLP connections, stores what comes, and wakes whoever applies it."""

import asyncio
import signal
import ssl
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

import structlog
from django.db import DatabaseError, InterfaceError, close_old_connections, connection
from django.utils import timezone

from clinic.models import Heartbeat
from exchange.hl7.mllp.applier import STOP_SECONDS, Applier
from exchange.hl7.mllp.connection import Limits, MllpConnection
from exchange.hl7.mllp.group_commit import GroupCommit
from exchange.hl7.store import Arrival, Receipt

HEARTBEAT_NAME = "hl7_listener"
HEARTBEAT_SECONDS = 20.0
_TLS_HANDSHAKE_SECONDS = 10.0
_BACKLOG = 100

log = structlog.get_logger(__name__)


class MllpListener:
    """The server; `on_ready` is told the port once it listens. `applier` has been started."""

    def __init__(self, limits: Limits, applier: Applier, on_ready: Callable[[int], None] = lambda _port: None) -> None:
        self._limits, self._applier, self._on_ready = limits, applier, on_ready
        self._connections: dict[asyncio.Task[None], MllpConnection] = {}
        self._commit = GroupCommit()
        self._stop = asyncio.Event()
        self._messages = 0
        self.lost_applier = False

    async def run(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> None:
        """Until `stop`, SIGTERM or SIGINT; then answers what was received, within `STOP_SECONDS`."""
        handshake = _TLS_HANDSHAKE_SECONDS if tls else None
        server = await asyncio.start_server(
            self._accept, host, port, ssl=tls, ssl_handshake_timeout=handshake, backlog=_BACKLOG
        )
        if threading.current_thread() is threading.main_thread():
            for signum in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(signum, self.stop)
        background = [asyncio.create_task(self._commit.run()), asyncio.create_task(self._beat())]
        if (sentinel := self._applier.sentinel) is not None:
            asyncio.get_running_loop().add_reader(sentinel, self._end_without_applier, sentinel)
        self._on_ready(server.sockets[0].getsockname()[1])
        try:
            await self._stop.wait()
        finally:
            server.close()
            await self._end_connections()
            for task in background:
                task.cancel()
            await asyncio.gather(*background, return_exceptions=True)
            await asyncio.to_thread(self._applier.stop)
            self._commit.close()

    def stop(self) -> None:
        self._stop.set()

    def _end_without_applier(self, sentinel: int) -> None:
        """What was stored is safe; the service manager starts both anew."""
        asyncio.get_running_loop().remove_reader(sentinel)
        self.lost_applier = not self._stop.is_set()
        self.stop()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._connections) >= self._limits.connections or self._stop.is_set():
            log.warning("hl7_connection_refused", open=len(self._connections))
            writer.transport.abort()
            return
        self._connections[task] = MllpConnection(reader, writer, self._limits, self._store)
        try:
            await self._connections[task].serve()
        except (OSError, TimeoutError) as error:
            log.info("hl7_connection_lost", error=type(error).__name__)
        except Exception as error:  # noqa: BLE001  asyncio would log it with what it says
            log.error("hl7_connection_failed", error=type(error).__name__)
        finally:
            del self._connections[task]
            writer.close()
            with suppress(OSError, TimeoutError):
                await writer.wait_closed()

    async def _store(self, arrivals: Sequence[Arrival]) -> list[Receipt | None]:
        receipts = await self._commit.store(arrivals)
        self._messages += sum(receipt is not None for receipt in receipts)
        self._applier.wake()
        return receipts

    async def _end_connections(self) -> None:
        for served in self._connections.values():
            served.stop()
        if tasks := list(self._connections):
            _done, late = await asyncio.wait(tasks, timeout=STOP_SECONDS)
            for task in late:
                task.cancel()

    async def _beat(self) -> None:
        started, stored = timezone.now(), 0
        while True:
            has_news, stored = self._messages > stored, self._messages
            await asyncio.get_running_loop().run_in_executor(
                self._commit.executor, _leave_mark, started, len(self._connections), has_news
            )
            await asyncio.sleep(HEARTBEAT_SECONDS)


def _leave_mark(started: object, connections: int, has_news: bool) -> None:
    """When the listener was last alive, and since when it has heard nothing."""
    close_old_connections()
    now = timezone.now()
    try:
        mark, _is_new = Heartbeat.objects.get_or_create(pk=HEARTBEAT_NAME)
        counts = mark.counts | {"connections": connections}
        if has_news:
            counts["heard_at"] = now.isoformat()
        Heartbeat.objects.filter(pk=HEARTBEAT_NAME).update(started_at=started, finished_at=now, counts=counts)
    except (DatabaseError, InterfaceError) as error:
        log.error("hl7_listener_left_no_mark", error=type(error).__name__)
        connection.close()
