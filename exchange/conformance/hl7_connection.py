"""Speaks MLLP to an address and reads what is answered."""

import socket
from dataclasses import dataclass

import hl7

from exchange.conformance.kit import CheckFailed
from exchange.hl7.mllp.framing import FrameDecoder, wrap

ANSWER_SECONDS = 10.0
SILENCE_SECONDS = 2.0  # after which no answer is taken to come
_MOST_ANSWER_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Acknowledgment:
    """MSA-1, MSA-2, the message type and the codes of ERR."""

    code: str
    control_id: str
    message_type: str
    receiver: str
    errors: tuple[str, ...]


class Hl7Connection:
    """One connection, opened with the first bytes that are sent."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._socket: socket.socket | None = None
        self._decoder = FrameDecoder(_MOST_ANSWER_BYTES)

    def __enter__(self) -> "Hl7Connection":
        return self

    def __exit__(self, *_: object) -> None:
        if self._socket is not None:
            self._socket.close()

    def ask(self, message: bytes) -> Acknowledgment:
        """Send a message and read its answer. Raises CheckFailed where there is none."""
        answer = self.send_raw(wrap(message))
        if answer is None:
            raise CheckFailed("no answer")
        return answer

    def send_raw(self, sent: bytes, *, is_end: bool = False, seconds: float = ANSWER_SECONDS) -> Acknowledgment | None:
        """Send bytes as they are; `is_end` says that no more will come. None where nothing is answered."""
        if self._socket is None:
            self._socket = socket.create_connection(self._address, ANSWER_SECONDS)
        self._socket.settimeout(seconds)
        self._socket.sendall(sent)
        if is_end:
            self._socket.shutdown(socket.SHUT_WR)
        try:
            while received := self._socket.recv(4096):
                for frame in self._decoder.feed(received):
                    return _read_acknowledgment(frame.body)
        except (TimeoutError, ConnectionResetError):
            pass
        return None


def _read_acknowledgment(body: bytes) -> Acknowledgment:
    """Raises CheckFailed for an answer that is none."""
    try:
        answer = hl7.parse(body.decode("latin-1"))
        header, acknowledged = answer.segment("MSH"), answer.segment("MSA")
        errors = [segment for segment in answer if str(segment[0]) == "ERR"]
    except (hl7.HL7Exception, KeyError, IndexError):
        raise CheckFailed("an answer without MSH or MSA") from None
    return Acknowledgment(
        code=str(acknowledged(1)),
        control_id=str(acknowledged(2)),
        message_type=str(header(9)).partition("^")[0],
        receiver=str(header(5)),
        errors=tuple(str(field).partition("^")[0] for error in errors for field in error[1:4]),
    )
