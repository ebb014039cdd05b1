"""Stands between a worker and a server, and cuts or hangs the connections through it."""

import random
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

Address = Path | int  # a socket file, or a port of this machine
_CHUNK = 65536
_COMMITS = (b"COMMIT", b"WITH taken AS")  # the end of a transaction, and the statement that records an acceptance
_NO_LINGER = b"\x01\x00\x00\x00\x00\x00\x00\x00"  # closing resets the connection, as a cable pulled out does


class FaultyProxy:
    """Threads are enough: the workers of a drill hold few connections."""

    def __init__(self, server: Address, listen: Address, seed: int) -> None:
        self._server, self._random = server, random.Random(seed)
        self._one_in = 0
        self.cuts = 0
        self._hung_until = 0.0
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._listener = _listen(listen)
        self.port = listen if isinstance(listen, Path) else int(self._listener.getsockname()[1])

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits for a connection
        self._listener.close()
        self.cut_all()

    def cut_commits(self, *, one_in: int) -> None:
        """Cut about one in so many connections when the answer to its COMMIT comes; 0 for none."""
        self._one_in = one_in

    def cut_all(self) -> None:
        """Reset every connection that is open now."""
        for pair in self._pairs[:]:
            self._cut(pair)

    def hang(self, seconds: float) -> None:
        """Nothing comes through for so long; the connections stay open."""
        self._hung_until = time.monotonic() + seconds
        time.sleep(seconds)

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self._listener.accept()
                server = _connect(self._server)
            except OSError:
                return
            pair = client, server
            self._pairs.append(pair)
            answers = _Answers()
            for run in (self._forward_questions, self._forward_answers):
                threading.Thread(target=run, args=(pair, answers), daemon=True).start()

    def _forward_questions(self, pair: tuple[socket.socket, socket.socket], answers: "_Answers") -> None:
        def look(data: bytes) -> bool:
            if self._one_in and any(word in data for word in _COMMITS) and self._random.randrange(self._one_in) == 0:
                answers.is_to_be_lost = True
            return True

        self._forward(pair, pair[0], pair[1], look)

    def _forward_answers(self, pair: tuple[socket.socket, socket.socket], answers: "_Answers") -> None:
        def look(_data: bytes) -> bool:
            if answers.is_to_be_lost:
                self.cuts += 1
            return not answers.is_to_be_lost

        self._forward(pair, pair[1], pair[0], look)

    def _forward(
        self,
        pair: tuple[socket.socket, socket.socket],
        source: socket.socket,
        target: socket.socket,
        look: Callable[[bytes], bool],
    ) -> None:
        with suppress(OSError):
            while data := source.recv(_CHUNK):
                while time.monotonic() < self._hung_until:
                    time.sleep(0.05)
                if not look(data):
                    break
                target.sendall(data)
        self._cut(pair)

    def _cut(self, pair: tuple[socket.socket, socket.socket]) -> None:
        with suppress(ValueError):
            self._pairs.remove(pair)
        for one in pair:
            with suppress(OSError):
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
                one.shutdown(socket.SHUT_RDWR)
            one.close()


class _Answers:
    """Of one connection: whether the next answer gets lost."""

    is_to_be_lost = False


def _listen(address: Address) -> socket.socket:
    if isinstance(address, int):
        return socket.create_server(("127.0.0.1", address))
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(address))
    listener.listen(64)
    return listener


def _connect(address: Address) -> socket.socket:
    if isinstance(address, int):
        return socket.create_connection(("127.0.0.1", address))
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(address))
    return connection
