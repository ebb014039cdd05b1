"""Builds resources and Bundles from rows, and checks each against the model of the FHIR library before it leaves."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError

from exchange.fhir.access.auth import Caller
from exchange.fhir.outcome import FhirError, Issue, build_operation_outcome
from exchange.fhir.resources.elements import Json, prune
from exchange.fhir.search.definitions import DEFINITIONS, Part
from exchange.fhir.search.filters import ReferenceFilter
from exchange.fhir.search.paging import ResultPage, SearchSegment
from exchange.fhir.search.query import ParsedSearch, parse_logical_id

_logger = logging.getLogger(__name__)
MAX_REFERRING = 1000  # resources that come along with a page


class UnfitResource(Exception):
    """A row that cannot be said in FHIR, by the id of its resource."""


def build_resource(part: Part, row: Any) -> Json:
    """The checked resource. Raises UnfitResource."""
    return check_built(part.build(row))


def check_built(resource: Json) -> Json:
    """The resource without empty values, as the library's model writes it. Raises UnfitResource."""
    built = prune(resource)
    try:
        model: Any = get_fhir_model_class(built["resourceType"]).model_validate(built)
    except ValidationError as refused:
        places = sorted({".".join(map(str, one["loc"])) for one in refused.errors(include_input=False)})
        _logger.error("fhir_resource_unfit", extra={"resource": built["resourceType"], "places": places})
        raise UnfitResource(f"{built['resourceType']}/{built.get('id')}") from None
    dumped: Json = model.model_dump(mode="json")
    return dumped


def build_entry(base_url: str, part: Part, row: Any, mode: str = "match") -> Json:
    """An entry of a searchset. A row that does not fit leaves an outcome in its place: the rest is worth having."""
    try:
        resource = build_resource(part, row)
    except UnfitResource as unfit:
        issue = Issue(f"{unfit} holds a value that FHIR does not allow.", code="exception", severity="warning")
        return {"resource": build_operation_outcome([issue]), "search": {"mode": "outcome"}}
    url = f"{base_url}/{resource['resourceType']}/{resource['id']}"
    return {"fullUrl": url, "resource": resource, "search": {"mode": mode}}


def build_searchset(
    caller: Caller, base_url: str, page: ResultPage, links: Mapping[str, str], search: ParsedSearch
) -> tuple[Json, set[int]]:
    """The Bundle, and the numbers of the patients of whom it shows something. Raises FhirError 400 for too much."""
    entries = [build_entry(base_url, segment.part, row) for segment, row in page.rows]
    patients = {segment.part.patient_id(row) for segment, row in page.rows}
    included, others = _build_included(caller, base_url, entries, search.includes)
    referring, whose = _build_referring(caller, base_url, page, search.reverse_includes)
    bundle = {
        "resourceType": "Bundle",
        "type": "searchset",
        "link": [{"relation": name, "url": url} for name, url in links.items()],
        "entry": entries + included + referring,
    }
    return prune(bundle), {pk for pk in patients | others | whose if pk is not None}


def build_number(segments: Iterable[SearchSegment], links: Mapping[str, str]) -> Json:
    """How many match, without showing one."""
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": sum(segment.rows.count() for segment in segments),
        "link": [{"relation": name, "url": url} for name, url in links.items()],
    }


def _build_referring(
    caller: Caller, base_url: str, page: ResultPage, reverse_includes: Iterable[tuple[str, str]]
) -> tuple[list[Json], set[int | None]]:
    """What refers to the resources of the page, as far as the client may read it."""
    matches = [row.pk for _segment, row in page.rows]
    found: list[tuple[Part, Any]] = []
    for source, name in reverse_includes:
        for part in DEFINITIONS[source].parts if matches and caller.may(source, "read") else ():
            one = part.filters.get(name)
            if isinstance(one, ReferenceFilter):
                rows = part.rows(caller.account).filter(**{f"{one.column}__in": matches}).order_by("pk")
                found += [(part, row) for row in rows[: MAX_REFERRING + 1 - len(found)]]
    if len(found) > MAX_REFERRING:
        words = f"More than {MAX_REFERRING} resources refer to this page. Ask for a smaller one with _count."
        raise FhirError.of(400, words, code="too-costly")
    entries = [build_entry(base_url, part, row, "include") for part, row in found]
    return entries, {part.patient_id(row) for part, row in found}


def _build_included(
    caller: Caller, base_url: str, entries: list[Json], includes: Iterable[tuple[str, ...]]
) -> tuple[list[Json], set[int | None]]:
    """What the references lead to, as far as the client may read it; nothing is there twice."""
    there = {f"{entry['resource']['resourceType']}/{entry['resource'].get('id')}" for entry in entries}
    wanted = {ref for path in includes for entry in entries for ref in _references(entry["resource"], path)} - there
    ids_by_type: defaultdict[str, list[str]] = defaultdict(list)
    for ref in sorted(wanted):
        name, _slash, logical_id = ref.partition("/")
        if name in DEFINITIONS and caller.may(name, "read"):
            ids_by_type[name].append(logical_id)
    found: list[Json] = []
    patients: set[int | None] = set()
    for name, ids in ids_by_type.items():
        for part in DEFINITIONS[name].parts:
            pks = [pk for one in ids if (pk := parse_logical_id(part, one))]
            rows = list(part.rows(caller.account).filter(pk__in=pks).order_by("pk")) if pks else []
            found += [build_entry(base_url, part, row, "include") for row in rows]
            patients |= {part.patient_id(row) for row in rows}
    return found, patients


def _references(value: Any, path: tuple[str, ...]) -> Iterable[str]:
    """The references at that place of a resource."""
    if isinstance(value, list):
        for one in value:
            yield from _references(one, path)
    elif isinstance(value, dict):
        if path:
            yield from _references(value.get(path[0]), path[1:])
        elif "reference" in value:
            yield value["reference"]


def find_row(caller: Caller, resource_type: str, logical_id: str) -> tuple[Part, Any]:
    """The part and row of a resource at the client's sites. Raises FhirError 404."""
    for part in DEFINITIONS[resource_type].parts:
        pk = parse_logical_id(part, logical_id)
        row = part.rows(caller.account).filter(pk=pk).first() if pk else None
        if row is not None:
            return part, row
    raise FhirError.of(404, "There is no such resource, or not at the sites of this client.")
