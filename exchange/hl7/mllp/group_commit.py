"""Stores what several connections received in one transaction: one commit serves many acknowledgments."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import structlog
from django.db import InterfaceError, OperationalError, close_old_connections, connection, connections

from exchange.hl7.store import Arrival, Receipt, store_arrivals

GROUP_SIZE = 200  # messages in one transaction
GROUP_BYTES = 16 * 1024 * 1024  # after which no further message joins it

log = structlog.get_logger(__name__)


class GroupCommit:
    """One thread with one database connection writes; whoever waits gets the receipts once they are committed."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[tuple[Sequence[Arrival], asyncio.Future[list[Receipt | None]]]] = asyncio.Queue()
        self.executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="hl7-store")

    async def store(self, arrivals: Sequence[Arrival]) -> list[Receipt | None]:
        """One receipt for each, None for what could not be stored: the sender has to send it again."""
        future: asyncio.Future[list[Receipt | None]] = asyncio.get_running_loop().create_future()
        await self._queue.put((arrivals, future))
        return await future

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            group = [await self._queue.get()]
            count, size = len(group[0][0]), _size_of(group[0][0])
            while not self._queue.empty() and count < GROUP_SIZE and size < GROUP_BYTES:
                group.append(self._queue.get_nowait())
                count, size = count + len(group[-1][0]), size + _size_of(group[-1][0])
            arrivals = [arrival for part, _future in group for arrival in part]
            receipts = iter(await asyncio.get_running_loop().run_in_executor(self.executor, _store, arrivals))
            for part, future in group:
                mine = [next(receipts) for _arrival in part]
                if not future.cancelled():
                    future.set_result(mine)

    def close(self) -> None:
        self.executor.submit(connections.close_all)  # in its thread, whose connection it is
        self.executor.shutdown()


def _size_of(arrivals: Sequence[Arrival]) -> int:
    return sum(len(arrival.body) for arrival in arrivals)


def _store(arrivals: Sequence[Arrival]) -> list[Receipt | None]:
    close_old_connections()
    try:
        return [*store_arrivals(arrivals)]
    except (OperationalError, InterfaceError) as error:
        log.error("hl7_messages_not_stored", count=len(arrivals), error=type(error).__name__)
        connection.close()
        return [None] * len(arrivals)
    except Exception as error:  # noqa: BLE001  whatever is wrong with one message must not stop the others
        if len(arrivals) == 1:
            log.error("hl7_messages_not_stored", count=1, error=type(error).__name__)
            return [None]
    return [receipt for arrival in arrivals for receipt in _store([arrival])]
