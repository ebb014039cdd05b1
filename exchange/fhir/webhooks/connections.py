"""Connections that end after some seconds whatever comes: a receiver that sends a byte now and then holds nobody up."""

import socket
import threading
from contextlib import suppress

from urllib3.connection import HTTPConnection, HTTPSConnection

TRY_SECONDS = 15.0  # from the connection to the answer; timeouts of sockets begin anew with each byte


class _HangingUp(HTTPConnection):
    """Keeps a second handle on the socket: TLS takes the first one over."""

    _timer: threading.Timer | None = None

    def _new_conn(self) -> socket.socket:
        made = super()._new_conn()
        handle = made.dup()
        self._timer = threading.Timer(TRY_SECONDS, _hang_up, [handle])
        self._timer.daemon = True
        self._timer.start()
        return made

    def close(self) -> None:
        super().close()
        if self._timer is not None:
            self._timer.cancel()
            _hang_up(*self._timer.args)
            self._timer = None


def _hang_up(handle: socket.socket) -> None:
    with suppress(OSError), handle:  # the other side, or the timer, was there first
        handle.shutdown(socket.SHUT_RDWR)


class HangingUpHttpConnection(_HangingUp):
    """Without TLS."""


class HangingUpHttpsConnection(_HangingUp, HTTPSConnection):
    """With TLS, whose handshake counts as well."""
