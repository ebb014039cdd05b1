"""A listener in a thread of the test, and a sender that speaks MLLP over a real socket."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from exchange.hl7.mllp.applier import Applier
from exchange.hl7.mllp.connection import Limits
from exchange.hl7.mllp.listener import MllpListener
from tests.hl7.sample_messages import frame

SECONDS = 10.0


@contextmanager
def run_listener(limits: Limits | None = None, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """The port of a running listener, which has stopped when the block ends."""
    is_ready, ports, listeners, loops = threading.Event(), [0], [], []

    async def serve() -> None:
        def note(port: int) -> None:
            ports[0] = port
            is_ready.set()

        applier = Applier()
        applier.start_thread()
        listeners.append(MllpListener(limits or Limits(), applier, note))
        loops.append(asyncio.get_running_loop())
        await listeners[0].run("127.0.0.1", 0, tls)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert is_ready.wait(SECONDS)
    try:
        yield ports[0]
    finally:
        loops[0].call_soon_threadsafe(listeners[0].stop)
        thread.join(SECONDS)
        assert not thread.is_alive()


class Sender:
    """One connection; `send` waits for the answer."""

    def __init__(self, port: int, tls: ssl.SSLContext | None = None) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), SECONDS)
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_hostname="127.0.0.1")
        self._rest = b""

    def __enter__(self) -> "Sender":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, body: bytes) -> bytes:
        self.socket.sendall(frame(body))
        return self.receive()

    def receive(self) -> bytes:
        """The next answer; empty when the listener hung up."""
        while b"\x1c\r" not in self._rest:
            try:
                received = self.socket.recv(65536)
            except ConnectionResetError:
                return b""
            if not received:
                return b""
            self._rest += received
        answer, _end, self._rest = self._rest.partition(b"\x1c\r")
        return answer.removeprefix(b"\x0b")
