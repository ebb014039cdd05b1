"""Registry of the lists that may be taken as CSV files: each package registers those of its own pages at start-up.

`reports.manager` serves them, asks for the reason and writes down who took which list. A list hands over its rows with
the filters of its page, which stand in the address as they do there.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import QuerySet

from clinic.models import User
from clinic.roles import Page
from desk.read_copy import reading_from_copy

CHUNK = 500


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """Who takes a list, with which filters of its page."""

    user: User
    query: Mapping[str, str]
    now: datetime


def no_patient(_row: Any) -> int | None:
    """For lists that name no patient of ours."""
    return None


@dataclass(frozen=True, slots=True)
class ListExport:
    """A list as a file. `page` is where it stands: who may not open that may not take the list either.

    `rows` are those of the user's sites alone; it raises Http404 for a filter that the page does not know.
    """

    label: Any
    page: Page
    columns: Sequence[str]
    rows: Callable[[ExportRequest], "QuerySet[Any]"]
    cells: Callable[[Any], Sequence[object]]
    patient_id: Callable[[Any], int | None]


_exports: dict[str, ListExport] = {}


def register_list_export(name: str, export: ListExport) -> None:
    """The same name again replaces it."""
    _exports[name] = export


def get_list_exports() -> Mapping[str, ListExport]:
    return _exports


def iter_chunks(rows: "QuerySet[Any]") -> Iterator[list[Any]]:
    """In the order of their number, some hundred at a time, so that a list of any length takes little memory."""
    ordered = rows.order_by("pk")
    found = _read_chunk(ordered)
    while found:
        yield found
        found = _read_chunk(ordered.filter(pk__gt=found[-1].pk))


def _read_chunk(rows: "QuerySet[Any]") -> list[Any]:
    with reading_from_copy():
        return list(rows[:CHUNK])


def to_cell(value: object) -> str:
    """Days and instants as ISO 8601, instants in UTC; "" for nothing."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
