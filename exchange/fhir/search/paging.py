"""Reads one page over several kinds of rows by key: by number, one kind after the other, or by the last change."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.core import signing
from django.db.models import Q, QuerySet

from exchange.fhir.models import ServiceClient, StoredSearch
from exchange.fhir.models.stored_search import SEARCH_LIFETIME
from exchange.fhir.outcome import FhirError
from exchange.fhir.resources.elements import UPDATED
from exchange.fhir.search.definitions import Definition, Part

DEFAULT_COUNT, MAX_COUNT = 50, 100  # resources on a page
_SALT = "fhir.cursor"


class Position(NamedTuple):
    """After which row of which segment a page begins; `at` is when that row changed, where that is the order."""

    segment: int = 0
    after_pk: int = 0
    at: str = ""


class SearchOrder(NamedTuple):
    """By number, one kind of row after the other; or by the time of the last change, all kinds together."""

    by_time: bool = False
    descending: bool = False


@dataclass(frozen=True, slots=True)
class SearchSegment:
    """The rows of one part that match."""

    definition: Definition
    part: Part
    rows: QuerySet[Any]


@dataclass(frozen=True, slots=True)
class ResultPage:
    """The matches in their order, each with its segment; `following` is None on the last page."""

    rows: list[tuple[SearchSegment, Any]]
    following: Position | None


_Found = tuple[Position, SearchSegment, Any]
_BY_NUMBER = SearchOrder()


def read_page(
    segments: Sequence[SearchSegment], position: Position | None, count: int, order: SearchOrder = _BY_NUMBER
) -> ResultPage:
    """At most two queries for each segment, and its prefetches, whatever the tables hold."""
    read = _read_by_time if order.by_time else _read_by_number
    found = read(segments, position, count + 1, is_descending=order.descending)
    following = found[count - 1][0] if len(found) > count else None
    return ResultPage([(segment, row) for _, segment, row in found[:count] if row is not None], following)


def _read_by_number(
    segments: Sequence[SearchSegment], position: Position | None, count: int, *, is_descending: bool
) -> list[_Found]:
    found: list[_Found] = []
    numbered = list(enumerate(segments))
    for number, segment in reversed(numbered) if is_descending else numbered:
        rows = segment.rows.order_by("-pk" if is_descending else "pk")
        if position is not None:
            steps = (number - position.segment) * (-1 if is_descending else 1)
            if steps < 0:
                continue
            if steps == 0:
                rows = rows.filter(**{"pk__lt" if is_descending else "pk__gt": position.after_pk})
        if len(found) < count:
            found += [(Position(number, row.pk), segment, row) for row in rows[: count - len(found)]]
    return found


def _read_by_time(
    segments: Sequence[SearchSegment], position: Position | None, count: int, *, is_descending: bool
) -> list[_Found]:
    """The keys of each segment from its index, merged; then the rows of those that are on the page."""
    sign = "-" if is_descending else ""
    keys: list[tuple[datetime, int, int]] = []
    for number, segment in enumerate(segments):
        rows = segment.rows.filter(_beyond(position, number, is_descending=is_descending)) if position else segment.rows
        pairs = rows.order_by(f"{sign}{UPDATED}", f"{sign}pk").values_list(UPDATED, "pk")[:count]
        keys += [(at, number, pk) for at, pk in pairs]
    kept = sorted(keys, reverse=is_descending)[:count]
    there = {
        (number, row.pk): row
        for number, segment in enumerate(segments)
        if (pks := [pk for _at, one, pk in kept if one == number])
        for row in segment.rows.filter(pk__in=pks)
    }
    # One that was deleted between the two queries has a place in the order and no row.
    return [
        (Position(number, pk, at.isoformat()), segments[number], there.get((number, pk))) for at, number, pk in kept
    ]


def _beyond(position: Position, number: int, *, is_descending: bool) -> Q:
    """The rows of a segment that come after the position. The first half alone is what an index can begin at."""
    at = datetime.fromisoformat(position.at)
    way, before_it = ("lt", number > position.segment) if is_descending else ("gt", number < position.segment)
    later = Q(**{f"{UPDATED}__{way}": at})
    if number == position.segment:
        return Q(**{f"{UPDATED}__{way}e": at}) & (later | Q(**{f"pk__{way}": position.after_pk}))
    return later if before_it else Q(**{f"{UPDATED}__{way}e": at})


def store_search(client: ServiceClient, path: str, parameters: list[tuple[str, str]]) -> str:
    """The key of the search, for the addresses of its further pages."""
    return StoredSearch.objects.create(client=client, search=[path, parameters]).key


def write_cursor(key: str, position: Position) -> str:
    return signing.dumps([key, *position], salt=_SALT, compress=True)


def read_cursor(client: ServiceClient, path: str, cursor: str) -> tuple[str, list[tuple[str, str]], Position]:
    """The key, parameters and position that a cursor stands for. Raises FhirError 400 or 410."""
    try:
        key, *position = signing.loads(cursor, salt=_SALT, max_age=SEARCH_LIFETIME)
    except signing.SignatureExpired:
        raise FhirError.of(410, "This page is too old. Search again.") from None
    except (signing.BadSignature, ValueError):
        raise FhirError.of(400, "This is no page of ours. Search again.") from None
    stored = StoredSearch.objects.filter(key=key, client=client).first()
    if stored is None or stored.search[0] != path:
        raise FhirError.of(410, "This page is gone. Search again.")
    return key, [(name, value) for name, value in stored.search[1]], Position(*position)
