"""Cuts frames, batches and files into messages."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import BinaryIO

from exchange.hl7.raw_header import BLANKS

_BOUNDARY = re.compile(rb"(?:\A|(?<=[\r\n\x0b]))[ \t\x00\x0b\xef\xbb\xbf]*(MSH|FHS|BHS|BTS|FTS)(?=[^\sA-Za-z0-9])")
_CHUNK_SIZE = 1024 * 1024
_MOST_DIGITS = 9


class PieceKind(Enum):
    """What a piece of a file or batch is."""

    MESSAGE = "message"
    NO_MESSAGE = "no message"
    TOO_LONG = "too long"
    MISCOUNTED = "the batch says another number of messages"


@dataclass(frozen=True, slots=True)
class Piece:
    """A message, or what stands where one should; of what is too long only the beginning."""

    kind: PieceKind
    body: bytes
    size: int


def split_messages(body: bytes, max_size: int) -> list[Piece]:
    """The messages of one frame; a body without MSH is one piece that is none."""
    pieces = list(_Splitter(max_size).split(body, is_last=True))
    return pieces or [Piece(PieceKind.NO_MESSAGE, body, len(body))]


def is_batch(body: bytes) -> bool:
    return body.lstrip(BLANKS)[:3] in (b"FHS", b"BHS")


def read_messages(file: BinaryIO, max_size: int) -> Iterator[Piece]:
    """The messages of a file, with or without MLLP blocks and batch segments; memory does not grow with the file."""
    splitter, rest = _Splitter(max_size), b""
    while chunk := file.read(_CHUNK_SIZE):
        rest += chunk
        starts = [match.start() for match in _BOUNDARY.finditer(rest)]
        if len(starts) > 1:
            yield from splitter.split(rest[: starts[-1]], is_last=False)
            rest = rest[starts[-1] :]
        elif len(rest) > max_size + _CHUNK_SIZE:
            # The boundary that ends it may stand in the last bytes.
            splitter.dropped += len(rest) - max_size - _CHUNK_SIZE
            rest = rest[: max_size + 1] + rest[-(_CHUNK_SIZE - 1) :]
    yield from splitter.split(rest, is_last=True)


class _Splitter:
    """Keeps the count of a batch over several calls."""

    def __init__(self, max_size: int) -> None:
        self._max_size = max_size
        self._count = 0
        self.dropped = 0  # bytes of the first piece to come that are no longer held

    def split(self, body: bytes, *, is_last: bool) -> Iterator[Piece]:
        matches = list(_BOUNDARY.finditer(body))
        before = body[: matches[0].start()] if matches else body
        if before.strip(BLANKS):
            yield self._piece(PieceKind.NO_MESSAGE, before)
        ends = [*(match.start() for match in matches[1:]), len(body)]
        for match, end in zip(matches, ends, strict=False):  # without a match there is one end too many
            piece = body[match.start(1) : end]
            if match[1] == b"MSH":
                self._count += 1
                yield self._piece(PieceKind.MESSAGE, piece.rstrip(BLANKS))
            elif match[1] == b"BHS":
                self._count = 0
            elif match[1] == b"BTS":
                said = piece[4:].split(piece[3:4])[0].strip()
                if said.isdigit() and len(said) <= _MOST_DIGITS and int(said) != self._count:
                    yield self._piece(PieceKind.MISCOUNTED, piece)
        if is_last:
            self._count = 0

    def _piece(self, kind: PieceKind, body: bytes) -> Piece:
        size, self.dropped = len(body) + self.dropped, 0
        if size > self._max_size:
            return Piece(PieceKind.TOO_LONG, body[: self._max_size], size)
        return Piece(kind, body, size)
