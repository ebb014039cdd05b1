"""Compiles a query once and runs it again with other values: to write its SQL anew takes longer than to ask it.

Only for what every request of a page, or every step, asks. A query is built of named values alone, and the first time
twice over, with two sets of stand-ins for them: a value that reaches the database in another form than it was given (a
day before that instant) is refused, so that none of the first request can stay in the query.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from django.db import connections
from django.db.models import QuerySet
from django.db.transaction import TransactionManagementError

Value = int | datetime | Sequence[int] | Sequence[datetime]
Place = tuple[str, int]  # the name of a value, and the number within it
# Stand-ins lie within the range of every column, and nobody writes such a number or instant.
_FIRST_NUMBER, _FIRST_INSTANT = 1_900_000_000, datetime(2190, 1, 1, tzinfo=UTC)


class ValueAltered(Exception):
    """A value reaches the database in another form than it was given: this query cannot be prepared."""


@dataclass(frozen=True, slots=True)
class _Compiled:
    rows: "QuerySet[Any, Any]"
    compiler: Any
    sql: str
    params: tuple[Any, ...]
    places: Mapping[int, Place]
    locks: bool


class PreparedQuery:
    """Rows by the same query each time. `build` makes it of a shape, what decides its form, and of named values."""

    def __init__(self, build: Callable[..., "QuerySet[Any, Any]"], using: str = "default") -> None:
        self._build, self._using = build, using
        self._compiled: dict[tuple[Any, ...], _Compiled] = {}

    def rows(self, *shape: Any, **values: Value) -> "QuerySet[Any, Any]":
        """The rows, read when they are first looked at; not to be narrowed any further."""
        connection = connections[self._using]
        key = (connection.vendor, *shape, *(_length(value) for value in values.values()))
        compiled = self._compiled.get(key)
        if compiled is None:
            compiled = self._compiled[key] = self._compile(shape, values)
        if compiled.locks and connection.get_autocommit():
            raise TransactionManagementError("A query that locks its rows needs a transaction.")
        given = dict(_flatten(values))
        params = list(compiled.params)
        for number, place in compiled.places.items():
            params[number] = _adapt(connection, given[place])
        compiler = copy(compiled.compiler)
        compiler.connection = connection
        compiler.as_sql = lambda *_args, **_kwargs: (compiled.sql, tuple(params))
        rows = compiled.rows._chain()  # type: ignore[attr-defined]
        rows.query.get_compiler = lambda *_args, **_kwargs: compiler
        return rows  # type: ignore[no-any-return]

    def _compile(self, shape: tuple[Any, ...], values: Mapping[str, Value]) -> _Compiled:
        (rows, compiler, sql, params, places), other = (self._try(shape, values, turn) for turn in (0, 1))
        differing = {number for number, pair in enumerate(zip(params, other[3], strict=True)) if pair[0] != pair[1]}
        if sql != other[2] or places != other[4] or differing != set(places):
            raise ValueAltered(self._build.__qualname__)
        locks = rows.query.select_for_update and connections[self._using].features.has_select_for_update
        return _Compiled(rows, compiler, sql, params, places, locks)

    def _try(self, shape: tuple[Any, ...], values: Mapping[str, Value], turn: int) -> tuple[Any, ...]:
        connection = connections[self._using]
        stand_ins = _stand_ins(values, turn)
        place_of = {_adapt(connection, value): place for place, value in _flatten(stand_ins)}
        rows = self._build(*shape, **stand_ins)
        compiler = rows.query.get_compiler(using=self._using)
        sql, params = compiler.as_sql()
        return rows, compiler, sql, tuple(params), {n: place_of[p] for n, p in enumerate(params) if p in place_of}


def _length(value: Value) -> int:
    return -1 if isinstance(value, int | datetime) else len(value)


def _flatten(values: Mapping[str, Value]) -> Iterator[tuple[Place, int | datetime]]:
    for name, value in values.items():
        several: Sequence[int | datetime] = (value,) if isinstance(value, int | datetime) else value
        yield from (((name, number), one) for number, one in enumerate(several))


def _stand_ins(values: Mapping[str, Value], turn: int) -> dict[str, Any]:
    numbers, instants = count(_FIRST_NUMBER + turn * 1_000_000), count(turn, 2)

    def stand_in(value: int | datetime) -> int | datetime:
        return _FIRST_INSTANT + timedelta(days=next(instants)) if isinstance(value, datetime) else next(numbers)

    return {
        name: stand_in(value) if isinstance(value, int | datetime) else [stand_in(one) for one in value]
        for name, value in values.items()
    }


def _adapt(connection: Any, value: int | datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value
