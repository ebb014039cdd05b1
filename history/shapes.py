"""Remembers which columns the seals of each table cover."""

from collections.abc import Iterable
from typing import NamedTuple

from django.db import router
from django.db.models import Max, Model

from history.models import TableShape
from history.row_seals import columns_of, shape_code


class Shape(NamedTuple):
    table: str
    columns: tuple[str, ...]


def record_shapes(models: Iterable[type[Model]], using: str) -> None:
    """Keep the present columns of these models, with the newest row that was there before."""
    known = set(TableShape.objects.using(using).values_list("code", flat=True))
    for model in models:
        if shape_code(model) not in known and router.allow_migrate_model(using, model):
            newest = model._base_manager.using(using).aggregate(newest=Max("pk"))["newest"]
            TableShape.objects.using(using).create(
                code=shape_code(model),
                table=model._meta.db_table,
                columns=columns_of(model),
                newest_row=newest or 0,
            )


def load_shapes() -> dict[str, Shape]:
    """Every shape by its code."""
    rows = TableShape.objects.values_list("code", "table", "columns")
    return {code: Shape(table, tuple(columns)) for code, table, columns in rows}


def newest_rows_before_sealing() -> dict[str, int]:
    """By table, the newest row that was there before the program sealed any."""
    first: dict[str, int] = {}
    for table, newest in TableShape.objects.order_by("pk").values_list("table", "newest_row"):
        first.setdefault(table, newest)
    return first
