"""Takes in the messages of a file or a pasted text: stores them, applies them, and says what became of each."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from exchange.hl7.processing import process_received
from exchange.hl7.splitting import Piece, PieceKind
from exchange.hl7.store import MISCOUNTED, NOT_HL7, TOO_LONG, Arrival, Receipt, store_arrivals
from exchange.models import Hl7Message

GROUP_SIZE = 200  # messages in one transaction
GROUP_BYTES = 16 * 1024 * 1024  # after which no further message joins it
MAX_BYTES = 10 * 1024 * 1024  # of one message
_WAIT_SECONDS = 60.0  # for another process that applies
_REFUSALS = {
    PieceKind.MESSAGE: None,
    PieceKind.NO_MESSAGE: NOT_HL7,
    PieceKind.TOO_LONG: TOO_LONG,
    PieceKind.MISCOUNTED: MISCOUNTED,
}


@dataclass(frozen=True, slots=True)
class FileMessage:
    """What became of one message of a file; `number` counts from 1, `row` is its record, unsaved after a dry run."""

    number: int
    row: Hl7Message
    is_new: bool

    def as_json(self) -> dict[str, Any]:
        """Without what the message says of the patient."""
        return {
            "number": self.number,
            "message": self.row.pk,
            "type": self.row.message_type,
            "control_id": self.row.control_id,
            "result": self.row.state,
            "is_new": self.is_new,
            "field": self.row.field,
            "reason": self.row.reason,
        }


def take_in(pieces: Iterable[Piece], *, dry_run: bool = False) -> Iterator[FileMessage]:
    """One for each piece, in order, 200 in a transaction. A dry run changes nothing and holds all in one."""
    number = 0
    with transaction.atomic() if dry_run else nullcontext():
        for group in _split_into_groups(pieces):
            receipts = store_arrivals([_to_arrival(piece) for piece in group])
            rows = _apply(receipts)
            for receipt in receipts:
                number += 1
                yield FileMessage(number, rows[receipt.message_id], receipt.is_new)
        if dry_run:
            transaction.set_rollback(True)


def _split_into_groups(pieces: Iterable[Piece]) -> Iterator[list[Piece]]:
    group: list[Piece] = []
    size = 0
    for piece in pieces:
        group.append(piece)
        size += len(piece.body)
        if len(group) == GROUP_SIZE or size >= GROUP_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group


def _apply(receipts: Sequence[Receipt]) -> dict[int, Hl7Message]:
    """The rows by id, once they are applied; as they stand where another process does not come to an end."""
    mine = Hl7Message.objects.filter(pk__in={receipt.message_id for receipt in receipts})
    until = time.monotonic() + _WAIT_SECONDS
    process_received(_WAIT_SECONDS)
    while mine.filter(state=Hl7Message.State.RECEIVED).exists() and time.monotonic() < until:
        time.sleep(0.1)
        process_received(_WAIT_SECONDS)
    return {row.pk: row for row in mine.defer("raw", "mended").select_related("site")}


def _to_arrival(piece: Piece) -> Arrival:
    return Arrival(piece.body, piece.size, Hl7Message.Source.FILE, _REFUSALS[piece.kind])
