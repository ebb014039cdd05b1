"""Turns the parameters of a search into the rows that match; what is not understood is refused, never ignored."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Q

from exchange.fhir.access.auth import Caller
from exchange.fhir.outcome import FhirError
from exchange.fhir.resources.elements import UPDATED
from exchange.fhir.search.definitions import DEFINITIONS, Definition, Part
from exchange.fhir.search.filters import NOTHING, DateFilter, build_condition, parse_pk
from exchange.fhir.search.paging import DEFAULT_COUNT, MAX_COUNT, SearchOrder, SearchSegment

Parameters = Sequence[tuple[str, str]]
MAX_PARAMETERS = 30
# They say how the answer looks and not what is found.
_FORMAT_PARAMETERS = frozenset(
    {"_format", "_pretty", "_total", "_cursor", "_count", "_include", "_revinclude", "_sort", "_summary"}
)
_SORTS = {
    "_id": SearchOrder(),
    "-_id": SearchOrder(descending=True),
    "_lastUpdated": SearchOrder(by_time=True),
    "-_lastUpdated": SearchOrder(by_time=True, descending=True),
}


@dataclass(frozen=True, slots=True)
class ParsedSearch:
    """The segments that match, how many resources a page has (0: the number of all), in which order, and with what."""

    segments: tuple[SearchSegment, ...]
    count: int
    includes: tuple[tuple[str, ...], ...] = ()
    reverse_includes: tuple[tuple[str, str], ...] = ()
    order: SearchOrder = _SORTS["_id"]


def parse_search(caller: Caller, definition: Definition, parameters: Parameters) -> ParsedSearch:
    """Raises FhirError 400 for a parameter that is unknown or cannot be read."""
    check_parameters(definition, parameters)
    segments = tuple(
        SearchSegment(definition, part, part.rows(caller.account).filter(_build_part_condition(part, parameters)))
        for part in definition.parts
    )
    count = 0 if _asks_for_number(parameters) else parse_count(parameters)
    return ParsedSearch(
        segments,
        count,
        tuple(_parse_includes(definition, parameters)),
        tuple(_parse_reverse_includes(definition, parameters)),
        _parse_order(definition, parameters),
    )


def check_parameters(definition: Definition, parameters: Parameters) -> None:
    if len(parameters) > MAX_PARAMETERS:
        raise FhirError.of(400, f"Give at most {MAX_PARAMETERS} parameters.")
    known = {*definition.parameters, "_id", *_FORMAT_PARAMETERS}
    if definition.has_updated:
        known.add("_lastUpdated")
    for name, _value in parameters:
        if name not in known:
            names = ", ".join(sorted(known - {"_cursor"}))
            message = f"{definition.name} is searched by {names}; another parameter was given."
            raise FhirError.of(400, message, code="not-supported")


def parse_count(parameters: Parameters) -> int:
    """How many resources a page has: never more than MAX_COUNT."""
    given = [value for name, value in parameters if name == "_count"]
    if not given:
        return DEFAULT_COUNT
    count = parse_pk(given[-1])
    if count is None:
        raise FhirError.of(400, "_count: write a number of 0 or more.", code="value")
    return min(count, MAX_COUNT)


def _asks_for_number(parameters: Parameters) -> bool:
    """Whether only the number of matches is wanted. Raises FhirError 400 for another summary."""
    summary = dict(parameters).get("_summary", "false")
    if summary not in ("count", "false"):
        raise FhirError.of(400, "_summary: count is given here, or nothing.", code="not-supported")
    return summary == "count" or dict(parameters).get("_count") == "0"


def _parse_order(definition: Definition, parameters: Parameters) -> SearchOrder:
    """By number; a search by the last change is ordered by that, which its index serves."""
    given = [value for name, value in parameters if name == "_sort"]
    if not given:
        return _SORTS["_lastUpdated" if any(name == "_lastUpdated" for name, _value in parameters) else "_id"]
    names = [name for name in _SORTS if "_lastUpdated" not in name or definition.has_updated]
    if len(given) > 1 or given[0] not in names:
        raise FhirError.of(400, f"_sort: one of {', '.join(names)}.", code="not-supported")
    return _SORTS[given[0]]


def _parse_reverse_includes(definition: Definition, parameters: Parameters) -> Iterable[tuple[str, str]]:
    for value in (value for name, value in parameters if name == "_revinclude"):
        if value not in definition.reverse_includes:
            names = ", ".join(definition.reverse_includes) or "nothing"
            raise FhirError.of(400, f"_revinclude: {names} may be included here.", code="value")
        source, _colon, name = value.partition(":")
        yield source, name


def _parse_includes(definition: Definition, parameters: Parameters) -> Iterable[tuple[str, ...]]:
    for value in (value for name, value in parameters if name == "_include"):
        source, _colon, name = value.partition(":")
        path = definition.includes.get(name.partition(":")[0])
        if source != definition.name or path is None:
            names = ", ".join(f"{definition.name}:{name}" for name in definition.includes) or "nothing"
            raise FhirError.of(400, f"_include: {names} may be included here.", code="value")
        yield path


def _build_part_condition(part: Part, parameters: Parameters) -> Q:
    condition = Q()
    for name, value in parameters:
        if name in _FORMAT_PARAMETERS:
            continue
        try:
            condition &= _build_one_condition(part, name, value)
        except ValueError as unreadable:
            raise FhirError.of(400, f"{name}: {unreadable}", code="value") from unreadable
    return condition


def _build_one_condition(part: Part, name: str, value: str) -> Q:
    if name == "_id":
        return Q(pk__in=[pk for one in value.split(",") if (pk := parse_logical_id(part, one))])
    if name == "_lastUpdated":
        return build_condition(DateFilter(UPDATED), value)
    one = part.filters.get(name)
    return build_condition(one, value) if one else NOTHING


def parse_logical_id(part: Part, logical_id: str) -> int | None:
    """The number of the part's row that the id names; None where it names none of this part."""
    if not (logical_id.startswith(part.prefix) and logical_id.endswith(part.suffix)):
        return None
    return parse_pk(logical_id[len(part.prefix) : len(logical_id) - len(part.suffix)])


def find_definition(resource_type: str) -> Definition:
    """Raises FhirError 404 for a resource that is not kept here."""
    if resource_type not in DEFINITIONS:
        raise FhirError.of(404, "This kind of resource is not kept here. GET metadata says which are.")
    return DEFINITIONS[resource_type]
