"""One connection to a receiver: hands over a message and reads its answer."""

import socket
import ssl
from dataclasses import dataclass

from exchange.hl7.mllp.framing import FrameDecoder, wrap
from exchange.models import Hl7Peer

TIMEOUT_SECONDS = 20.0
_MOST_ANSWER_BYTES = 64 * 1024
_ACCEPTED = frozenset({"AA", "CA"})


class PeerUnavailable(Exception):
    """The receiver cannot be reached; nothing was handed over."""


class AnswerLost(Exception):
    """The message was handed over, and nobody knows whether it arrived."""


@dataclass(frozen=True, slots=True)
class Answer:
    """MSA-1 of the answer."""

    code: str

    @property
    def is_accepted(self) -> bool:
        return self.code in _ACCEPTED


class MllpSession:
    """Opened at the first message and again when it was lost."""

    def __init__(self, peer: Hl7Peer) -> None:
        self._peer = peer
        self._socket: socket.socket | None = None

    def send(self, body: bytes, control_id: str) -> Answer:
        """Raises PeerUnavailable, or AnswerLost when the answer is missing or belongs to another message."""
        connection = self._socket or self._connect()
        try:
            connection.sendall(wrap(body))
            answer = _read_answer(connection)
        except OSError as error:
            self.close()
            raise AnswerLost(type(error).__name__) from None
        code, acknowledged = _read_msa(answer)
        if acknowledged != control_id:
            self.close()  # the next answer would be taken for another message's as well
            raise AnswerLost("no answer to this message")
        return Answer(code)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connect(self) -> socket.socket:
        try:
            plain = socket.create_connection((self._peer.host, self._peer.port), TIMEOUT_SECONDS)
            self._socket = _wrap_in_tls(plain, self._peer) if self._peer.uses_tls else plain
        except (OSError, ValueError) as error:  # a TLS error is an OSError, a bad host name a ValueError
            raise PeerUnavailable(type(error).__name__) from None
        return self._socket


def _wrap_in_tls(plain: socket.socket, peer: Hl7Peer) -> ssl.SSLSocket:
    try:
        context = ssl.create_default_context(cafile=peer.ca_file or None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if peer.cert_file:
            context.load_cert_chain(peer.cert_file, peer.key_file)
        return context.wrap_socket(plain, server_hostname=peer.host)
    except OSError:
        plain.close()
        raise


def _read_answer(connection: socket.socket) -> bytes:
    """The body of the next frame. Raises OSError when the connection ends before, or the answer has no end."""
    decoder, count = FrameDecoder(_MOST_ANSWER_BYTES), 0
    while count < _MOST_ANSWER_BYTES:
        received = connection.recv(4096)
        if not received:
            raise ConnectionResetError
        count += len(received)
        for frame in decoder.feed(received):
            if frame.fault is None:
                return frame.body
    raise ConnectionAbortedError


def _read_msa(answer: bytes) -> tuple[str, str]:
    """MSA-1 and MSA-2; empty where there is no MSA."""
    for segment in answer.replace(b"\n", b"\r").split(b"\r"):
        if segment.startswith(b"MSA") and len(segment) > 4:
            fields = segment[4:].split(segment[3:4])
            return fields[0].decode("latin-1").strip(), fields[1].decode("latin-1").strip() if len(fields) > 1 else ""
    return "", ""
