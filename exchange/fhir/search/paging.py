"""Reads one page over several kinds of rows by key: each ordered by its number, one kind after the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.core import signing
from django.db.models import QuerySet

from exchange.fhir.models import ServiceClient, StoredSearch
from exchange.fhir.models.stored_search import SEARCH_LIFETIME
from exchange.fhir.outcome import FhirError
from exchange.fhir.search.definitions import Definition, Part

DEFAULT_COUNT, MAX_COUNT = 50, 100  # resources on a page
_SALT = "fhir.cursor"


class Position(NamedTuple):
    """After which row of which segment a page begins."""

    segment: int = 0
    after_pk: int = 0


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


def read_page(segments: Sequence[SearchSegment], position: Position, count: int) -> ResultPage:
    """One query for each segment that is looked into, and its prefetches, whatever the tables hold."""
    found: list[tuple[SearchSegment, Any, Position]] = []
    for number, segment in enumerate(segments):
        if number < position.segment or len(found) > count:
            continue
        after = position.after_pk if number == position.segment else 0
        rows = segment.rows.filter(pk__gt=after).order_by("pk")[: count + 1 - len(found)]
        found += [(segment, row, Position(number, row.pk)) for row in rows]
    kept = found[:count]
    following = kept[-1][2] if len(found) > count and kept else None
    return ResultPage([(segment, row) for segment, row, _ in kept], following)


def store_search(client: ServiceClient, path: str, parameters: list[tuple[str, str]]) -> str:
    """The key of the search, for the addresses of its further pages."""
    return StoredSearch.objects.create(client=client, search=[path, parameters]).key


def write_cursor(key: str, position: Position) -> str:
    return signing.dumps([key, *position], salt=_SALT, compress=True)


def read_cursor(client: ServiceClient, path: str, cursor: str) -> tuple[str, list[tuple[str, str]], Position]:
    """The key, parameters and position that a cursor stands for. Raises FhirError 400 or 410."""
    try:
        key, segment, after_pk = signing.loads(cursor, salt=_SALT, max_age=SEARCH_LIFETIME)
    except signing.SignatureExpired:
        raise FhirError.of(410, "This page is too old. Search again.") from None
    except (signing.BadSignature, ValueError):
        raise FhirError.of(400, "This is no page of ours. Search again.") from None
    stored = StoredSearch.objects.filter(key=key, client=client).first()
    if stored is None or stored.search[0] != path:
        raise FhirError.of(410, "This page is gone. Search again.")
    return key, [(name, value) for name, value in stored.search[1]], Position(segment, after_pk)
