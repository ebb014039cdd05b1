"""Removes a person's words from sealed rows and keeps the seals that they had, so that the history still verifies.

A seal is a digest of what a row says. Before the words go, the seal of the row is kept under each shape and key by
which a block or an event sealed it, with the seal of the row as it is afterwards. Nobody without the key computes it.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import BinaryField, Field, JSONField, Model

from history.models import LedgerBlock, MinimisedRow
from history.row_seals import columns_of, get_key, key_code, seal_values, shape_code, without_bytes
from history.sealed_tables import personal_columns, sealed_models
from history.shapes import Shape, load_shapes

REMOVED = "-"  # in the place of words that stood there


class SealedWith(NamedTuple):
    """The shape and the key, each by its code, by which a seal of the row was computed."""

    shape: str
    key: str


class NotSealedYet(Exception):
    """A row waits for its block: its words may go once it is sealed."""


def find_minimised(table: str, rows: Iterable[int]) -> dict[int, MinimisedRow]:
    """By number those of the rows whose words were removed."""
    return {one.row: one for one in MinimisedRow.objects.filter(table=table, row__in=list(rows))}


def stands_for(kept: MinimisedRow, row: Mapping[str, Any], shapes: Mapping[str, Shape]) -> bool:
    """Whether the row still is as the removal left it: then the seals that were kept are its own."""
    shape_name, key_name, value = kept.after.split(":")
    shape, key = shapes.get(shape_name), get_key(key_name)
    if shape is None or key is None or not set(shape.columns) <= row.keys():
        return False
    return seal_values(shape.table, shape.columns, (row[name] for name in shape.columns), key) == value


def kept_seal(kept: MinimisedRow, sealed_with: SealedWith) -> str:
    """The seal that the row had; empty where none was kept of that kind."""
    return str(kept.seals.get(":".join(sealed_with), ""))


@transaction.atomic
def minimise(model: type[Model], pks: Collection[int], sealed_with: Collection[SealedWith] = ()) -> int:
    """Empty the personal columns of these rows; the number of rows that held any.

    `sealed_with` names the seals of the rows beside those of blocks. Raises NotSealedYet before anything is changed.
    """
    names = (*personal_columns(model), *getattr(model, "PERSONAL_NUMBERS", ()))
    columns = {field.attname for field in model._meta.concrete_fields}
    rows = [without_bytes(row) for row in model._base_manager.filter(pk__in=pks).order_by("pk").values(*columns)]
    emptied = {row["id"]: {name: _emptied(model, name, row) for name in names} for row in rows}
    changed = [row for row in rows if any(row[name] != value for name, value in emptied[row["id"]].items())]
    blocks = _blocks_of(model, [row["id"] for row in changed])
    shapes = load_shapes()
    MinimisedRow.objects.bulk_create(
        MinimisedRow(
            table=model._meta.db_table,
            row=row["id"],
            seals=_seals_of(row, {*sealed_with, *blocks.get(row["id"], ())}, shapes),
            after=_seal_after(model, {**row, **emptied[row["id"]]}),
        )
        for row in changed
    )
    for row in changed:
        model._base_manager.filter(pk=row["id"]).update(**emptied[row["id"]])
    return len(changed)


def _emptied(model: type[Model], name: str, row: Mapping[str, Any]) -> Any:
    """No value where the column may have none, else an empty list or object, else a dash for words."""
    field: Field[Any, Any] = model._meta.get_field(name)  # type: ignore[assignment]
    if name in getattr(model, "PERSONAL_NUMBERS", ()):
        return f"{REMOVED}{row['id']}"
    if field.null or isinstance(field, BinaryField):
        return None
    if isinstance(field, JSONField):
        return [] if isinstance(row[name], list) else {}
    return REMOVED if row[name] else ""


def _blocks_of(model: type[Model], pks: Sequence[int]) -> dict[int, list[SealedWith]]:
    """How the block of each row sealed it; nothing for a table that has no blocks."""
    if model not in sealed_models() or not pks:
        return {}
    blocks = LedgerBlock.objects.filter(table=model._meta.db_table, last_row__gte=pks[0], after_row__lt=pks[-1])
    found = list(blocks.order_by("last_row").values_list("last_row", "shape", "key"))
    ends = [last for last, _shape, _key in found]
    if not ends or ends[-1] < pks[-1]:
        raise NotSealedYet(model._meta.db_table)
    return {pk: [SealedWith(*found[bisect_left(ends, pk)][1:])] for pk in pks}


def _seals_of(row: Mapping[str, Any], sealed_with: Iterable[SealedWith], shapes: Mapping[str, Shape]) -> dict[str, str]:
    seals = {}
    for one in sealed_with:
        shape, key = shapes.get(one.shape), get_key(one.key)
        if shape is None or key is None or not set(shape.columns) <= row.keys():
            raise NotSealedYet(one.shape)
        value = seal_values(shape.table, shape.columns, (row[name] for name in shape.columns), key)
        seals[":".join(one)] = value
    return seals


def _seal_after(model: type[Model], row: Mapping[str, Any]) -> str:
    columns, code = columns_of(model), key_code()
    values = (row[name] for name in columns)
    return f"{shape_code(model)}:{code}:{seal_values(model._meta.db_table, columns, values, get_key(code) or b'')}"
