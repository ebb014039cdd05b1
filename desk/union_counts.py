"""Counts all numbers of a page in one query; every count is one part of a UNION ALL."""

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
    Subquery,
    Value,
)
from django.db.models.functions import Cast

CountExpression: TypeAlias = Expression | F
CountQuery: TypeAlias = "QuerySet[Any, Any]"

_NO_TEXT = Value("", CharField())
_ZERO = Value(0, IntegerField())


@dataclass(frozen=True, slots=True)
class CountRow:
    """One counted group: which count, its key and up to two whole numbers, how many rows, and an instant of theirs."""

    query_name: str
    key: str
    number_1: int
    number_2: int
    count: int
    at: datetime | None


def count_query(
    rows: "QuerySet[Any, Any]",
    source: str,
    *,
    key: CountExpression = _NO_TEXT,
    first: CountExpression = _ZERO,
    second: CountExpression = _ZERO,
    at: Aggregate | Subquery | None = None,
    count: Aggregate | None = None,
) -> CountQuery:
    """Count `rows` in groups of `key`, `first` and `second`; a part without rows may answer with a count of 0.

    `count` is what to count instead of rows.
    """
    groups = rows.order_by().values(
        part_source=Value(source, CharField()), part_key=key, part_first=first, part_second=second
    )
    instant = at if at is not None else Cast(Value(None), DateTimeField())
    counted: Any = groups.annotate(part_count=count or Count("pk"), part_at=instant)
    columns: CountQuery = counted.values_list(
        "part_source", "part_key", "part_first", "part_second", "part_count", "part_at"
    )
    return columns


def fetch_counts(parts: Iterable[CountQuery]) -> list[CountRow]:
    """All parts in one query."""
    return read_counts(as_union(parts))


def as_union(parts: Iterable[CountQuery]) -> CountQuery:
    head, *tail = parts
    return head.union(*tail, all=True)


def read_counts(union: CountQuery) -> list[CountRow]:
    return [CountRow(*columns) for columns in union]
