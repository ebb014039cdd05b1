"""Compares the blocks of the ledger with the rows they cover, with one another and with the heads kept outside."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext as _

from history.checks import Fault
from history.ledger import block_digest, rows_digest
from history.minimised_rows import SealedWith, find_minimised, kept_seal, stands_for
from history.models import LedgerBlock, MinimisedRow
from history.outside_heads import KeptHeads, read_heads
from history.row_seals import get_key, rows_at_once, seal_values, without_bytes
from history.sealed_tables import sealed_models
from history.shapes import Shape, load_shapes

BATCH_SIZE = 50
# The clocks of two machines, and the time from the beginning of a step to its commit.
BACK_DATED_AFTER = timedelta(hours=1)
# The column that says when a row was added, by the order in which it is looked for.
_TIME_COLUMNS = ("at", "action_time", "edited_at", "changed_at", "replaced_at")


class LedgerCheck:
    """Goes through the ledger in the order of its blocks, some at a time."""

    def __init__(self) -> None:
        self._shapes: Mapping[str, Shape] = load_shapes()
        self._models: dict[str, type[Model]] = {model._meta.db_table: model for model in sealed_models()}
        self._kept: KeptHeads = read_heads()
        self._has_minimised = MinimisedRow.objects.exists()
        # The columns of every shape: a row that was minimised may have been sealed under another one.
        self._columns_by_table: dict[str, set[str]] = defaultdict(set)
        for shape in self._shapes.values():
            self._columns_by_table[shape.table].update(shape.columns)

    def batches(self, after: int = 0) -> Iterator[tuple[int | None, int, list[Fault]]]:
        """The number of the last block (None at the end), how many were checked, and what is wrong with them."""
        before = LedgerBlock.objects.filter(number__lte=after).order_by("-number").first()
        by_table = {table: _last_block(table, after) for table in self._models}
        has_key = LedgerBlock.objects.filter(number__lte=after).exclude(key="").exists()
        while True:
            blocks = list(LedgerBlock.objects.filter(number__gt=after).order_by("number")[:BATCH_SIZE])
            faults = []
            for block in blocks:
                fault = self._chain_fault(block, before, has_key) or self._rows_fault(block, by_table.get(block.table))
                if fault:
                    faults.append(Fault(block.number, fault))
                before, by_table[block.table], has_key = block, block, has_key or bool(block.key)
            after = blocks[-1].number if blocks else after
            is_end = len(blocks) < BATCH_SIZE
            if is_end and self._kept.newest > after:
                words = {"number": self._kept.newest}
                faults.append(Fault(after + 1, _("missing, up to the kept head %(number)d") % words))
            yield None if is_end else after, len(blocks), faults
            if is_end:
                return

    def _chain_fault(self, block: LedgerBlock, before: LedgerBlock | None, has_key: bool) -> str:
        key = get_key(block.key)
        if key is None:
            return _("sealed with a key that is not in HISTORY_KEY")
        if has_key and not block.key:
            return _("sealed without the key that earlier blocks have")
        number, previous = (before.number, before.digest) if before else (0, "")
        if block.number != number + 1:
            return _("the blocks before it are missing")
        if block.previous != previous or block_digest(block, key) != block.digest:
            return _("the block was changed")
        if self._kept.digests.get(block.number, block.digest) != block.digest:
            return _("it is not the block whose head was kept outside")
        return ""

    def _rows_fault(self, block: LedgerBlock, before: LedgerBlock | None) -> str:
        shape, model, key = self._shapes.get(block.shape), self._models.get(block.table), get_key(block.key)
        where = {"table": block.table, "first": block.after_row + 1, "last": block.last_row}
        there = {column.attname for column in model._meta.concrete_fields} if model else set()
        if shape is None or model is None or key is None or not there.issuperset(shape.columns):
            return _("%(table)s: its columns are not known") % where
        if block.after_row != (before.last_row if before else 0):
            return _("%(table)s: rows before %(first)d are not sealed") % where
        rows = model._base_manager.filter(pk__gt=block.after_row, pk__lte=block.last_row).order_by("pk")
        columns = there & {"id", *self._columns_by_table[block.table]}
        found = [without_bytes(row) for row in rows.values("pk", *columns).iterator(rows_at_once(model))]
        if len(found) != block.rows:
            words = _("%(table)s: of rows %(first)d to %(last)d there were %(rows)d and are %(found)d")
            return words % {**where, "rows": block.rows, "found": len(found)}
        if rows_digest(self._seals_of(block, shape, key, found)) != block.rows_digest:
            return _("%(table)s: one of the rows %(first)d to %(last)d was changed") % where
        if (seen_at := _seen_before(block, before)) and (row := _back_dated(found, seen_at)):
            return _("%(table)s: row %(row)d is dated back") % {**where, "row": row}
        return ""

    def _seals_of(self, block: LedgerBlock, shape: Shape, key: bytes, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """Of a row whose personal words were removed, and that is as the removal left it, the seal that was kept."""
        minimised = find_minimised(block.table, [row["pk"] for row in rows]) if self._has_minimised else {}
        seals = []
        for row in rows:
            kept = minimised.get(row["pk"])
            if kept is not None and stands_for(kept, row, self._shapes):
                seals.append(kept_seal(kept, SealedWith(block.shape, block.key)))
            else:
                seals.append(seal_values(shape.table, shape.columns, (row[name] for name in shape.columns), key))
        return seals


def _last_block(table: str, number: int) -> LedgerBlock | None:
    return LedgerBlock.objects.filter(table=table, number__lte=number).order_by("-number").first()


def _seen_before(block: LedgerBlock, before: LedgerBlock | None) -> datetime | None:
    """When the rows before this block had all been seen; None where that cannot be said.

    A block that says it was sealed earlier than that shows that a clock was ahead and has been put right.
    """
    seen_at = before.seen_at if before else None
    return seen_at if seen_at and seen_at <= block.at else None


def _back_dated(rows: Sequence[Mapping[str, Any]], seen_at: datetime) -> int:
    """The number of a row that says it is older than rows that were there long before it; 0 for none."""
    if not rows:
        return 0
    column = next((name for name in _TIME_COLUMNS if name in rows[0]), None)
    late = (row["pk"] for row in rows if column and row[column] < seen_at - BACK_DATED_AFTER)
    return next(late, 0)
