"""The web server's worker: a request reaches a thread when all of it has arrived, so that a stalled one holds none.

The kernel keeps what has arrived meanwhile; the worker only peeks at it. A body too large for that is read by a thread,
by no more than half of them at a time and with a limit of time between two pieces.
"""

import re
import socket
import struct
import time
from enum import Enum, auto
from typing import Any

from gunicorn.http.parser import RequestParser
from gunicorn.workers.gthread import TConn, ThreadWorker

ARRIVAL_SECONDS = 10.0  # for a whole request, and between two pieces of a large body
MAX_HEAD = 16 * 1024
MAX_WAITED_FOR = 48 * 1024  # bytes of head and body; the kernel's buffer holds more
_TICK, _LONG_TICK = 0.01, 0.1  # seconds between two looks at what has not arrived
_YOUNG_SECONDS = 1.0
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,15})[ \t]*\r\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)


class RequestArrival(Enum):
    """How much of a request is there."""

    PART = auto()
    WHOLE = auto()
    LARGE = auto()
    NEVER = auto()


def judge_arrival(seen: bytes) -> RequestArrival:
    """By the first bytes that have arrived."""
    end = seen.find(b"\r\n\r\n")
    if end < 0:
        return RequestArrival.PART if len(seen) < MAX_HEAD else RequestArrival.WHOLE  # the parser refuses such a head
    head = seen[: end + 4]
    if _CHUNKED.search(head):
        return RequestArrival.LARGE
    found = _LENGTH.search(head)
    needed = len(head) + (int(found[1]) if found else 0)
    if needed > MAX_WAITED_FOR:
        return RequestArrival.LARGE
    return RequestArrival.WHOLE if len(seen) >= needed else RequestArrival.PART


class ArrivedThreadWorker(ThreadWorker):
    """Gunicorn's threads, kept for requests that have arrived."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._arriving: dict[TConn, float] = {}
        self._large: set[TConn] = set()

    def enqueue_req(self, conn: TConn) -> None:
        """Called by Gunicorn in the main thread for each connection that may hold a request."""
        if isinstance(conn.parser, RequestParser) and conn.parser.unreader.buf.getvalue():
            super().enqueue_req(conn)  # the next request was read together with the one before
        elif not self._admit(conn):
            self._arriving[conn] = time.monotonic()

    def wait_for_and_dispatch_events(self, timeout: float | None) -> None:
        if self._arriving:
            youngest = time.monotonic() - max(self._arriving.values())
            timeout = _TICK if youngest < _YOUNG_SECONDS else _LONG_TICK
        super().wait_for_and_dispatch_events(timeout)
        for conn, since in list(self._arriving.items()):
            if self._admit(conn):
                del self._arriving[conn]
            elif time.monotonic() - since > ARRIVAL_SECONDS:
                del self._arriving[conn]
                self._drop(conn)

    def finish_request(self, conn: TConn, fs: Any) -> None:
        self._large.discard(conn)
        super().finish_request(conn, fs)

    def _admit(self, conn: TConn) -> bool:
        """Give the connection to a thread, or drop one that was hung up; False while it is to be waited for."""
        arrival = _look_at(conn.sock)
        if arrival == RequestArrival.NEVER:
            self._drop(conn)
            return True
        if arrival == RequestArrival.LARGE:
            if len(self._large) >= max(1, self.cfg.threads // 2):
                return False
            self._large.add(conn)
            limit = struct.pack("ll", int(ARRIVAL_SECONDS), 0)
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        if arrival == RequestArrival.PART:
            return False
        conn.data_ready = True
        super().enqueue_req(conn)
        return True

    def _drop(self, conn: TConn) -> None:
        self.nr_conns -= 1
        conn.close()


def _look_at(connection: socket.socket) -> RequestArrival:
    connection.setblocking(False)
    try:
        seen = connection.recv(MAX_WAITED_FOR, socket.MSG_PEEK)
    except BlockingIOError:
        return RequestArrival.PART
    except OSError:
        return RequestArrival.NEVER
    return judge_arrival(seen) if seen else RequestArrival.NEVER
