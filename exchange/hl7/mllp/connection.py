"""Serves one MLLP connection: reads frames, has their messages stored, and answers once they are."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from django.utils import timezone

from exchange.hl7 import acknowledgment
from exchange.hl7.acknowledgment import build_ack, build_batch_ack
from exchange.hl7.mllp.framing import KEPT_BYTES, Frame, FrameDecoder, FrameFault, wrap
from exchange.hl7.splitting import PieceKind, is_batch, split_messages
from exchange.hl7.store import CUT_OFF, MISCOUNTED, NO_FRAME, NOT_HL7, TOO_LONG, Arrival, Receipt
from exchange.models import Hl7Message

_READ_BYTES = 64 * 1024
_CR_SECONDS = 1.0  # how long the CR behind an end block may keep us waiting
_FRAME_REFUSALS = {FrameFault.TOO_LONG: TOO_LONG, FrameFault.NO_END: CUT_OFF, FrameFault.NO_START: NO_FRAME}
_PIECE_REFUSALS = {
    PieceKind.MESSAGE: None,
    PieceKind.NO_MESSAGE: NOT_HL7,
    PieceKind.TOO_LONG: TOO_LONG,
    PieceKind.MISCOUNTED: MISCOUNTED,
}

Store = Callable[[Sequence[Arrival]], Awaitable[list[Receipt | None]]]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes of a message, connections at once, and seconds: between messages, for one message, for taking an answer."""

    message_bytes: int = 10 * 1024 * 1024
    connections: int = 50
    idle_seconds: float = 3600.0
    message_seconds: float = 60.0
    answer_seconds: float = 30.0


class MllpConnection:
    """One connection from its first byte to its end."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limits: Limits, store: Store
    ) -> None:
        self._reader, self._writer, self._limits, self._store = reader, writer, limits, store
        self._decoder = FrameDecoder(limits.message_bytes)
        self._frame_began: float | None = None
        self._is_stopping = False

    def stop(self) -> None:
        """Read no more; what was received whole is still stored and answered."""
        self._is_stopping = True
        self._writer.transport.pause_reading()  # type: ignore[attr-defined]  # a stream's transport reads as well
        self._reader.feed_eof()

    async def serve(self) -> None:
        """Until the sender leaves, a limit is reached, or `stop`."""
        while True:
            received = await self._read()
            if not received:
                return await self._finish()
            frames = list(self._decoder.feed(received))
            self._note_time(bool(frames))
            if not await self._take(frames):
                return None

    async def _read(self) -> bytes:
        """The next bytes; empty when the connection or its time is at its end."""
        while True:
            try:
                async with asyncio.timeout(self._seconds_left()):
                    return await self._reader.read(_READ_BYTES)
            except TimeoutError:
                frame = self._decoder.end_without_cr()
                if frame is None or not await self._take([frame]):
                    return b""
                self._frame_began = None

    def _seconds_left(self) -> float:
        if self._frame_began is None:
            return self._limits.idle_seconds
        if self._decoder.lacks_only_cr:
            return _CR_SECONDS
        left = self._frame_began + self._limits.message_seconds - asyncio.get_running_loop().time()
        return max(left, 0.0)

    def _note_time(self, has_frames: bool) -> None:
        if not self._decoder.has_begun:
            self._frame_began = None
        elif has_frames or self._frame_began is None:
            self._frame_began = asyncio.get_running_loop().time()

    async def _take(self, frames: Sequence[Frame]) -> bool:
        """Store and answer; False where the sender is beyond understanding."""
        parts = [_to_arrivals(frame) for frame in frames]
        receipts = iter(await self._store([arrival for part in parts for arrival in part])) if frames else iter(())
        for frame, part in zip(frames, parts, strict=True):
            mine = [next(receipts) for _arrival in part]
            if frame.fault in (None, FrameFault.TOO_LONG):
                await self._answer(frame, part, mine)
        return not any(frame.fault == FrameFault.NO_START and frame.size > KEPT_BYTES for frame in frames)

    async def _finish(self) -> None:
        """Keep the beginning of a message that never ended, and tell the sender, who may still listen."""
        frame = None if self._is_stopping else self._decoder.close()
        if frame is None:
            return
        part = _to_arrivals(frame)
        await self._answer(frame, part, await self._store(part))

    async def _answer(self, frame: Frame, arrivals: Sequence[Arrival], receipts: Sequence[Receipt | None]) -> None:
        answers = _build_answers(arrivals, receipts)
        if answers and is_batch(frame.body):
            answers = [build_batch_ack(answers, timezone.now())]
        for answer in answers:
            self._writer.write(wrap(answer))
        async with asyncio.timeout(self._limits.answer_seconds):
            await self._writer.drain()


def _to_arrivals(frame: Frame) -> list[Arrival]:
    if frame.fault is not None:
        return [Arrival(frame.body, frame.size, Hl7Message.Source.MLLP, _FRAME_REFUSALS[frame.fault])]
    return [
        Arrival(piece.body, piece.size, Hl7Message.Source.MLLP, _PIECE_REFUSALS[piece.kind])
        for piece in split_messages(frame.body, len(frame.body))
    ]


def _build_answers(arrivals: Sequence[Arrival], receipts: Sequence[Receipt | None]) -> list[bytes]:
    """An answer for each message, or for the whole where there is none in it."""
    pairs = list(zip(arrivals, receipts, strict=True))
    messages = [pair for pair in pairs if pair[0].header is not None]
    return [
        answer for arrival, receipt in messages or pairs[:1] if (answer := _build_answer(arrival, receipt)) is not None
    ]


def _build_answer(arrival: Arrival, receipt: Receipt | None) -> bytes | None:
    now = timezone.now()
    if receipt is None:
        words = "Not stored, send it again"
        return build_ack(arrival.header, Hl7Message.Ack.REJECTED, now, acknowledgment.INTERNAL_ERROR, words)
    if not receipt.wants_answer:
        return None
    return build_ack(arrival.header, receipt.ack, now, receipt.error, receipt.text)
