"""Answers reads and searches, page by page, and writes down of whom something was shown."""

from collections.abc import Iterator
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase

from exchange.fhir.bundles import UnfitResource, build_number, build_resource, build_searchset, find_row
from exchange.fhir.http import FORM, check_content_type, json_response, read_body, tagged_response
from exchange.fhir.outcome import FhirError
from exchange.fhir.resources.elements import Json
from exchange.fhir.search.definitions import DEFINITIONS
from exchange.fhir.search.paging import Position, SearchSegment, read_cursor, read_page, store_search, write_cursor
from exchange.fhir.search.query import ParsedSearch, find_definition, parse_count, parse_search
from exchange.fhir.views.base import FhirView, get_base_url
from recalls.models import Outcome

# Of whom something is looked for stands in these alone; a link that is shown or followed repeats no other.
_SAFE_PARAMETERS = frozenset(
    {"_id", "_count", "_include", "_lastUpdated", "_revinclude", "_sort", "_summary", "patient", "subject", "status",
     "date", "based-on", "category"}
)  # fmt: skip
# The operation shows what hangs on a patient; the others are led to from there.
EVERYTHING = (
    "ServiceRequest", "Appointment", "DiagnosticReport", "Observation", "Procedure", "Task", "Flag", "CarePlan",
    "Communication",
)  # fmt: skip


class ReadView(FhirView):
    """One resource."""

    def get(self, request: HttpRequest, resource_type: str, logical_id: str) -> HttpResponseBase:
        definition = find_definition(resource_type)
        self.caller.require(definition.name, "read")
        _refuse_amended(self.caller.site_ids, definition.name, logical_id)
        part, row = find_row(self.caller, definition.name, logical_id)
        patient_id = part.patient_id(row)
        self.caller.log_access(f"FHIR read: {definition.name}", [patient_id] if patient_id else [])
        try:
            return tagged_response(request, build_resource(part, row))
        except UnfitResource:
            raise FhirError.of(500, "This resource holds a value that FHIR does not allow.") from None


def _refuse_amended(site_ids: frozenset[int], resource_type: str, logical_id: str) -> None:
    """Raise FhirError 410 for the report of an outcome that another has replaced."""
    if resource_type not in ("DiagnosticReport", "Observation") or not logical_id.startswith("outcome-"):
        return
    number = logical_id.split("-")[1]
    if number.isascii() and number.isdigit() and len(number) < 19:
        rows = Outcome.objects.filter(pk=int(number), recall__site_id__in=site_ids, amended_by__isnull=False)
        newer = rows.values_list("amended_by", flat=True).first()
        if newer is not None:
            raise FhirError.of(410, f"This result was amended: {resource_type}/outcome-{newer} stands in its place.")


class TypeSearchView(FhirView):
    """Every resource of a kind that matches, newest pages by link."""

    def get(self, request: HttpRequest, resource_type: str) -> HttpResponse:
        return self._search(request, resource_type, list(_pairs(request.GET)))

    def _search(self, request: HttpRequest, resource_type: str, parameters: list[tuple[str, str]]) -> HttpResponse:
        definition = find_definition(resource_type)
        self.caller.require(definition.name, "read")
        pager = Pager(self, request, definition.name, parameters)
        return pager.answer(parse_search(self.caller, definition, pager.parameters))


class PostedSearchView(TypeSearchView):
    """A search whose parameters are in the body, where no log of addresses keeps them."""

    def post(self, request: HttpRequest, resource_type: str) -> HttpResponse:
        check_content_type(request, FORM)
        read_body(request)
        return self._search(request, resource_type, [*_pairs(request.GET), *_pairs(request.POST)])


class EverythingView(FhirView):
    """The patient and all that hangs on them, as far as the client may read it."""

    def get(self, request: HttpRequest, logical_id: str) -> HttpResponse:
        self.caller.require("Patient", "read")
        part, patient = find_row(self.caller, "Patient", logical_id)
        allowed = {"_count", "_cursor", "_format"}
        if not allowed >= set(request.GET):
            raise FhirError.of(400, "Only _count is understood here.", code="not-supported")
        pager = Pager(self, request, f"Patient/{patient.pk}/$everything", list(_pairs(request.GET)))
        segments = [SearchSegment(DEFINITIONS["Patient"], part, part.rows(self.caller.account).filter(pk=patient.pk))]
        for name in EVERYTHING:
            if self.caller.may(name, "read"):
                segments += parse_search(self.caller, DEFINITIONS[name], [("patient", str(patient.pk))]).segments
        return pager.answer(ParsedSearch(tuple(segments), parse_count(pager.parameters)))

    post = get


class Pager:
    """The page that a request asks for, and the addresses of this page and the next."""

    def __init__(self, view: FhirView, request: HttpRequest, path: str, parameters: list[tuple[str, str]]) -> None:
        self._caller, self._base_url, self._path = view.caller, get_base_url(request), path
        self._position: Position | None
        self._key, self._position, self.parameters = "", None, parameters
        cursor = dict(parameters).get("_cursor")
        if cursor is not None:
            self._key, self.parameters, self._position = read_cursor(self._caller.client, path, cursor)

    def answer(self, search: ParsedSearch) -> HttpResponse:
        """The page as a Bundle; each patient of whom it shows something is in the access log before it leaves."""
        links = {"self": self._url([pair for pair in self.parameters if pair[0] in _SAFE_PARAMETERS])}
        if search.count == 0:
            return json_response(build_number(search.segments, links))
        page = read_page(search.segments, self._position, search.count, search.order)
        if page.following is not None:
            key = self._key or store_search(self._caller.client, self._path, self.parameters)
            links["next"] = self._url([("_cursor", write_cursor(key, page.following))])
        bundle: Json
        bundle, patients = build_searchset(self._caller, self._base_url, page, links, search)
        verb = "everything" if "/" in self._path else "search"
        self._caller.log_access(f"FHIR {verb}: {self._path.partition('/')[0]}", patients)
        return json_response(bundle)

    def _url(self, parameters: list[tuple[str, str]]) -> str:
        query = urlencode(parameters)
        return f"{self._base_url}/{self._path}" + (f"?{query}" if query else "")


def _pairs(values: QueryDict) -> Iterator[tuple[str, str]]:
    for name, several in values.lists():
        yield from ((name, value) for value in several)
