"""Keyset pagination: the cursor in the URL of a next page, and the condition for the rows after it.

A cursor is a NamedTuple with the sort values of the last row shown. It holds numbers, days, times and flags only, so
that no URL names a patient.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, TypeVar, get_type_hints

from django.db.models import Q
from django.utils.timezone import is_naive

CursorT = TypeVar("CursorT", bound=tuple[Any, ...])
_SEPARATOR = "~"
_MAX_DIGITS = 18  # what fits into the integer column of both databases


def format_cursor(cursor: Sequence[Any]) -> str:
    """The cursor as a URL parameter: its values in order, times in ISO 8601 with their offset."""
    return _SEPARATOR.join(_format_value(value) for value in cursor)


def parse_cursor(cursor_class: Callable[..., CursorT], text: str) -> CursorT | None:
    """The cursor that a URL parameter holds; None, the start of the list, where it cannot be read."""
    kinds = list(get_type_hints(cursor_class).values())
    try:
        values = [_PARSERS[kind](part) for kind, part in zip(kinds, text.split(_SEPARATOR), strict=True)]
    except ValueError:
        return None
    return cursor_class(*values)


def rows_after(order_by: Sequence[str], values: Sequence[Any]) -> Q:
    """The rows behind these sort values; `order_by` as for a queryset, the last name a unique column.

    The first column is also bounded by itself, so that an index on it serves the condition.
    """
    name, descending = order_by[0].removeprefix("-"), order_by[0].startswith("-")
    beyond = "lt" if descending else "gt"
    further = Q(**{f"{name}__{beyond}": values[0]})
    if len(order_by) == 1:
        return further
    same = Q(**{name: values[0]}) & rows_after(order_by[1:], values[1:])
    return Q(**{f"{name}__{beyond}e": values[0]}) & (further | same)


def _format_value(value: Any) -> str:
    if isinstance(value, bool):
        return str(int(value))
    return value.isoformat() if isinstance(value, date) else str(value)


def _parse_integer(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS):
        raise ValueError(text)
    return int(text)


def _parse_instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if is_naive(at):
        raise ValueError(text)
    return at


_PARSERS: dict[Any, Callable[[str], Any]] = {
    str: str,
    int: _parse_integer,
    bool: lambda text: text == "1",
    date: date.fromisoformat,
    datetime: _parse_instant,
}
