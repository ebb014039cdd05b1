"""Cuts a stream of bytes into MLLP frames, in bounded memory and whatever the bytes are."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from hl7.mllp.streams import CARRIAGE_RETURN, END_BLOCK, START_BLOCK

KEPT_BYTES = 64 * 1024  # of what is refused
_BLANKS = b"\r\n\t \x00"
_MSH_START = START_BLOCK + b"MSH"


class FrameFault(Enum):
    """Why a frame is no message."""

    TOO_LONG = "too long"
    NO_END = "no end block"
    NO_START = "no start block"


@dataclass(frozen=True, slots=True)
class Frame:
    """The bytes between start and end block; of a faulty frame the first `KEPT_BYTES`. `size` counts all of them."""

    body: bytes
    size: int
    fault: FrameFault | None = None


class FrameDecoder:
    """Bytes in, whole frames out. It holds at most `max_size` bytes and what came in one packet.

    A frame begins with VT and ends with FS CR. Accepted as well: blanks between frames, a frame that lacks the CR
    (the reader calls `end_without_cr` when nothing more comes), and a start block where the sender left the frame
    before unfinished. VT and FS inside a text stay what they are.
    """

    def __init__(self, max_size: int) -> None:
        self._max_size = max_size
        self._buffer = bytearray()
        self._is_in_frame = False
        self._skipped = 0  # bytes of a frame too long that are no longer held

    @property
    def has_begun(self) -> bool:
        """Whether part of a frame, or of what is none, is held."""
        return self._is_in_frame or bool(self._buffer)

    @property
    def lacks_only_cr(self) -> bool:
        return self._is_in_frame and self._buffer.endswith(END_BLOCK)

    def feed(self, received: bytes) -> Iterator[Frame]:
        searched = max(len(self._buffer) - len(_MSH_START), 0)
        self._buffer += received
        while True:
            if self._is_in_frame:
                frame = self._next_frame(searched)
                if frame is None:
                    return
            else:
                frame = self._enter_frame()
                if frame is None and not self._is_in_frame:
                    return
            searched = 0
            if frame is not None:
                yield frame

    def end_without_cr(self) -> Frame | None:
        """The frame of a sender that ends it with FS alone."""
        if not self.lacks_only_cr:
            return None
        body = bytes(self._buffer[:-1])
        self._buffer.clear()
        return self._leave_frame(body)

    def close(self) -> Frame | None:
        """What is left when the connection ends."""
        if self.lacks_only_cr:
            return self.end_without_cr()
        left, size = bytes(self._buffer), self._skipped + len(self._buffer)
        fault = FrameFault.NO_END if self._is_in_frame else FrameFault.NO_START
        self._buffer.clear()
        self._is_in_frame, self._skipped = False, 0
        return Frame(left[:KEPT_BYTES], size, fault) if left.strip(_BLANKS) else None

    def _enter_frame(self) -> Frame | None:
        """Go to the next start block; what stands before it, if it is more than blanks."""
        start = self._buffer.find(START_BLOCK)
        before = bytes(self._buffer if start < 0 else self._buffer[:start])
        if start >= 0:
            del self._buffer[: start + 1]
            self._is_in_frame = True
        elif len(before) <= KEPT_BYTES and before.strip(_BLANKS):
            return None  # more of it may come
        else:
            self._buffer.clear()
        if before.strip(_BLANKS):
            return Frame(before[:KEPT_BYTES], len(before), FrameFault.NO_START)
        return None

    def _next_frame(self, searched: int) -> Frame | None:
        end, restart = self._find_end(searched), self._buffer.find(_MSH_START, searched)
        if restart >= 0 and (end < 0 or restart < end):
            left, size = bytes(self._buffer[:restart]), self._skipped + restart
            del self._buffer[: restart + 1]
            self._skipped = 0
            return Frame(left[:KEPT_BYTES], size, FrameFault.NO_END) if left.strip(_BLANKS) else self._next_frame(0)
        if end >= 0:
            body = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            if self._buffer.startswith(CARRIAGE_RETURN):
                del self._buffer[:1]
            return self._leave_frame(body)
        if len(self._buffer) > self._max_size:
            self._drop_middle()
        return None

    def _find_end(self, searched: int) -> int:
        """Where FS CR stands, or FS before the next start block; -1 where it does not."""
        ends = [self._buffer.find(END_BLOCK + after, searched) for after in (CARRIAGE_RETURN, START_BLOCK)]
        return min((end for end in ends if end >= 0), default=-1)

    def _drop_middle(self) -> None:
        """Keep the beginning, and the end in which an end block may just begin."""
        dropped = len(self._buffer) - KEPT_BYTES - len(_MSH_START)
        if dropped > 0:
            del self._buffer[KEPT_BYTES : -len(_MSH_START)]
            self._skipped += dropped

    def _leave_frame(self, body: bytes) -> Frame:
        size, self._skipped, self._is_in_frame = self._skipped + len(body), 0, False
        if size > self._max_size:
            return Frame(body[:KEPT_BYTES], size, FrameFault.TOO_LONG)
        return Frame(body, size)


def wrap(body: bytes) -> bytes:
    """The body as a frame."""
    frame: bytes = START_BLOCK + body + END_BLOCK + CARRIAGE_RETURN
    return frame
