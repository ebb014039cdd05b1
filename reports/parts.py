"""How are all the numbers of a page counted in one query? Every count is one part of a single UNION ALL."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from django.db.models import (
    Aggregate,
    CharField,
    Count,
    DateTimeField,
    Expression,
    F,
    IntegerField,
    QuerySet,
    Value,
)
from django.db.models.functions import Cast

Column: TypeAlias = Expression | F
Part: TypeAlias = "QuerySet[Any, Any]"

_NO_TEXT = Value("", CharField())
_ZERO = Value(0, IntegerField())


@dataclass(frozen=True, slots=True)
class Row:
    """One counted group: which count, its key and up to two whole numbers, how many rows, and an instant of theirs."""

    source: str
    key: str
    first: int
    second: int
    count: int
    at: datetime | None


def part(
    rows: "QuerySet[Any, Any]",
    source: str,
    *,
    key: Column = _NO_TEXT,
    first: Column = _ZERO,
    second: Column = _ZERO,
    at: Aggregate | None = None,
) -> Part:
    """Count `rows` in groups of `key`, `first` and `second`; a part without rows may answer with a count of 0."""
    groups = rows.order_by().values(
        part_source=Value(source, CharField()), part_key=key, part_first=first, part_second=second
    )
    instant = at if at is not None else Cast(Value(None), DateTimeField())
    counted: Any = groups.annotate(part_count=Count("pk"), part_at=instant)
    columns: Part = counted.values_list("part_source", "part_key", "part_first", "part_second", "part_count", "part_at")
    return columns


def read(parts: Iterable[Part]) -> list[Row]:
    """All parts in one query."""
    head, *tail = parts
    return [Row(*columns) for columns in head.union(*tail, all=True)]
