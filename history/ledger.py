"""Seals the rows of every sealed table in blocks, behind those who write: no write waits for a seal.

A block covers the rows between two numbers, and its digest covers the block before it. On PostgreSQL a row may become
visible after one with a higher number, so a block is made only when every transaction has ended that was under way when
its last row was seen.
"""

import hashlib
import time
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Max, Model
from django.utils import timezone

from history.models import LedgerBlock, LedgerMark
from history.row_seals import columns_of, digest, get_key, key_code, rows_at_once, seal_values, shape_code
from history.sealed_tables import sealed_models

ROWS_IN_A_BLOCK = 500
_LOCK = ""


class _Settled(NamedTuple):
    """Up to which row a table will not change any more, and when that row was the newest."""

    row: int
    seen_at: datetime


def seal_new_rows(seconds: float) -> int:
    """Seal for at most that long (and the block begun); the number of rows sealed."""
    ends, sealed = time.monotonic() + seconds, 0
    LedgerMark.objects.get_or_create(pk=_LOCK)
    for model in sealed_models():
        done = ROWS_IN_A_BLOCK
        while done == ROWS_IN_A_BLOCK and time.monotonic() < ends:
            done = _seal_next_block(model)
            sealed += done
    return sealed


def block_digest(block: LedgerBlock, key: bytes) -> str:
    """What binds the block to its rows and to the block before it."""
    names = ("number", "table", "shape", "key", "after_row", "last_row", "rows", "rows_digest", "seen_at", "at")
    return digest([*(getattr(block, name) for name in names), block.previous], key).hex()


def rows_digest(seals: list[str]) -> str:
    return hashlib.sha256("".join(seals).encode()).hexdigest()


def _seal_next_block(model: type[Model]) -> int:
    """The number of rows in the block that was made; 0 where nothing is to be sealed yet."""
    table = model._meta.db_table
    before = LedgerBlock.objects.filter(table=table).order_by("-number").first()
    after = before.last_row if before else 0
    settled = _settled_row(model, after)
    if settled is None:
        return 0
    columns, key = columns_of(model), get_key(key_code()) or b""
    rows = model._base_manager.filter(pk__gt=after, pk__lte=settled.row).order_by("pk")
    values = rows.values_list("pk", *columns)[:ROWS_IN_A_BLOCK].iterator(rows_at_once(model))
    found = [(pk, seal_values(table, columns, row, key)) for pk, *row in values]
    is_whole = len(found) < ROWS_IN_A_BLOCK
    block = LedgerBlock(
        table=table,
        shape=shape_code(model),
        key=key_code(),
        after_row=after,
        last_row=settled.row if is_whole else found[-1][0],
        rows=len(found),
        rows_digest=rows_digest([seal for _pk, seal in found]),
        seen_at=settled.seen_at if is_whole else before.seen_at if before else None,
    )
    return len(found) if _append(block, before, key) else 0


@transaction.atomic
def _append(block: LedgerBlock, before: LedgerBlock | None, key: bytes) -> bool:
    """Whether the block is the next one: somebody else may seal at the same time."""
    if LedgerMark.objects.select_for_update(skip_locked=True).filter(pk=_LOCK).first() is None:
        return False
    last = LedgerBlock.objects.order_by("-number").first()
    same_table = LedgerBlock.objects.filter(table=block.table).order_by("-number").first()
    if same_table != before:
        return False
    block.number, block.previous = (last.number + 1, last.digest) if last else (1, "")
    block.digest = block_digest(block, key)
    block.save(force_insert=True)
    return True


def _settled_row(model: type[Model], after: int) -> _Settled | None:
    """None where no row is waiting, or a transaction may still bring one."""
    mark = LedgerMark.objects.filter(pk=model._meta.db_table).first()
    if mark is not None and mark.newest_row > after:
        is_settled = _oldest_transaction() >= mark.next_transaction
        return _Settled(mark.newest_row, mark.at) if is_settled else None
    now, following = timezone.now(), _next_transaction()
    newest: Any = model._base_manager.aggregate(newest=Max("pk"))["newest"]
    if newest is None or newest <= after:
        return None
    if connection.vendor != "postgresql":
        return _Settled(newest, now)
    LedgerMark.objects.update_or_create(
        pk=model._meta.db_table, defaults={"newest_row": newest, "next_transaction": following, "at": now}
    )
    return None


def _next_transaction() -> int:
    """The first transaction that has not begun yet; SQLite has one writer at a time."""
    return _snapshot_number("pg_snapshot_xmax")


def _oldest_transaction() -> int:
    """Every transaction before it has ended."""
    return _snapshot_number("pg_snapshot_xmin")


def _snapshot_number(function: str) -> int:
    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(pg_current_snapshot())::text::bigint")
        return int(cursor.fetchone()[0])
