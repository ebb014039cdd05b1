"""Answers $find, $hold and $book after IHE ITI-115 to 117, and reads Slots."""

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone

from exchange.fhir.bundles import build_resource, check_built, find_row
from exchange.fhir.http import FORM, json_response, read_json
from exchange.fhir.intake.received import Json, codings_of
from exchange.fhir.outcome import FhirError, build_operation_outcome
from exchange.fhir.resources.elements import LOCAL
from exchange.fhir.scheduling import booking, times
from exchange.fhir.search.filters import parse_pk
from exchange.fhir.search.query import parse_count
from exchange.fhir.views.base import FhirView
from recalls.enums import VisitKind
from recalls.models import Recall, Room
from recalls.scheduling.slots import suggested_visit_kind

_FIND_PARAMETERS = frozenset(
    {"start", "end", "based-on", "patient-reference", "service-type", "location", "organization", "_count", "_format"}
)


class FindView(FhirView):
    """Free times for a visit: proposed Appointments (ITI-115)."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._find(request.GET.dict())

    def post(self, request: HttpRequest) -> HttpResponse:
        if request.content_type == FORM:
            return self._find(request.POST.dict())
        return self._find(_read_simple_parameters(read_json(request)))

    def _find(self, given: dict[str, Any]) -> HttpResponse:
        self.caller.require("Slot", "read")
        if set(given) - _FIND_PARAMETERS:
            names = ", ".join(sorted(_FIND_PARAMETERS))
            raise FhirError.of(400, f"A parameter is not understood. There are: {names}.", code="not-supported")
        wanted = self._read_wanted(given)
        if wanted.recall is not None:
            self.caller.log_access("FHIR find: Appointment", [wanted.recall.patient_id])
        found = times.find_times(self.caller, wanted, parse_count(list(given.items())))
        return _answer([times.build_proposal(free, wanted) for free in found])

    def _read_wanted(self, given: dict[str, Any]) -> times.Wanted:
        recall = self._read_recall(given)
        codes = [code for code in str(given.get("service-type", "")).rpartition("|")[2:] if code]
        if codes and codes[0] not in VisitKind.values:
            raise FhirError.of(400, f"service-type: one of {', '.join(VisitKind.values)}.", code="value")
        if not codes and recall is None:
            raise FhirError.of(400, "Name the recall (based-on) or the kind of visit (service-type).", code="required")
        kind = VisitKind(codes[0]) if codes else suggested_visit_kind(recall) if recall else VisitKind.DIAGNOSTIC
        start = parse_instant(given.get("start"), "start") or timezone.now()
        end = parse_instant(given.get("end"), "end") or start + timedelta(days=14)
        room = _parse_reference(given.get("location"), "Location/room-", "room-")
        site = _parse_reference(given.get("organization"), "Organization/site-", "site-")
        return times.Wanted(kind, start, end, recall, room, site)

    def _read_recall(self, given: dict[str, Any]) -> Recall | None:
        number = _parse_reference(given.get("based-on"), "ServiceRequest/", "")
        rows = Recall.objects.filter(site_id__in=self.caller.site_ids).select_related("site", "patient", "exam")
        if number is not None:
            recall: Recall | None = rows.filter(pk=number).first()
            if recall is None:
                raise FhirError.of(404, "There is no such recall, or not at the sites of this client.")
            return recall
        patient = _parse_reference(given.get("patient-reference"), "Patient/", "")
        found: list[Recall] = list(rows.still_open().filter(patient=patient)[:2]) if patient is not None else []
        if patient is not None and len(found) != 1:
            raise FhirError.of(
                422, "Name the recall with based-on: it is not clear which is meant.", code="business-rule"
            )
        return found[0] if found else None


class HoldView(FhirView):
    """Holds a proposed time for some minutes (ITI-116)."""

    def post(self, request: HttpRequest) -> HttpResponse:
        self.caller.require("Appointment", "write")
        hold = booking.hold_appointment(self.caller, _read_appointment(read_json(request)))
        self.caller.log_access("FHIR hold: Appointment", [hold.recall.patient_id])
        return _answer([booking.build_held(hold), build_operation_outcome([booking.describe_hold(hold)])])


class BookView(FhirView):
    """Books a proposed or held time (ITI-117)."""

    def post(self, request: HttpRequest) -> HttpResponse:
        self.caller.require("Appointment", "write")
        visit = booking.book_appointment(self.caller, _read_appointment(read_json(request)))
        self.caller.log_access("FHIR book: Appointment", [visit.recall.patient_id])
        part, row = find_row(self.caller, "Appointment", str(visit.pk))
        return _answer([build_resource(part, row)])


class SlotReadView(FhirView):
    """One slot, free or busy now."""

    def get(self, request: HttpRequest, logical_id: str) -> HttpResponse:
        self.caller.require("Slot", "read")
        return json_response(check_built(times.read_slot(self.caller, logical_id)))


class SlotSearchView(FhirView):
    """The free slots of one room between two instants."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._search(request.GET)

    def post(self, request: HttpRequest) -> HttpResponse:
        return self._search(request.POST)

    def _search(self, given: QueryDict) -> HttpResponse:
        self.caller.require("Slot", "read")
        if set(given) - {"schedule", "start", "status", "_count", "_format"}:
            raise FhirError.of(400, "Slot is searched by schedule, start, status, _count.", code="not-supported")
        number = _parse_reference(given.get("schedule"), "Schedule/room-", "room-")
        room = Room.objects.filter(pk=number or 0, site_id__in=self.caller.site_ids).select_related("site").first()
        if number is None:
            raise FhirError.of(400, "Name the schedule: schedule=Schedule/room-1.", code="required")
        start, end = _read_span(given.getlist("start"))
        if room is None or given.get("status", "free") != "free":
            return _answer([])
        counts = [("_count", value) for value in map(str, given.getlist("_count"))]
        found = times.find_slots(room, start, end, parse_count(counts))
        return _answer([times.build_slot(free) for free in found])


def _read_span(values: list[str]) -> tuple[datetime, datetime]:
    """From "ge…" and "lt…"; two weeks from now where nothing is said."""
    start, end = timezone.now(), None
    for value in values:
        prefix, at = (value[:2], value[2:]) if value[:2].isalpha() else ("ge", value)
        moment = parse_instant(at, "start")
        if moment is None or prefix not in ("ge", "gt", "lt", "le"):
            raise FhirError.of(400, "start: write ge or lt and a day or instant.", code="value")
        if prefix in ("ge", "gt"):
            start = moment
        else:
            end = moment
    return start, end or start + timedelta(days=14)


def parse_instant(value: Any, name: str) -> datetime | None:
    """A day (from its beginning, UTC) or an instant with its zone; None for nothing. Raises FhirError 400."""
    if not value:
        return None
    try:
        at = datetime.fromisoformat(str(value).replace(" ", "+"))
        at = at if at.tzinfo else at.replace(tzinfo=timezone.now().tzinfo)
        if at.year not in times.YEARS:
            raise ValueError
    except ValueError:
        raise FhirError.of(
            400, f"{name}: write a day or an instant, such as 2026-11-24T08:00:00Z.", code="value"
        ) from None
    return at


def _parse_reference(value: Any, *starts: str) -> int | None:
    """The number of our row that a reference names; None for no reference. Raises FhirError 400."""
    if not value:
        return None
    text = str(value)
    for start in starts:
        number = parse_pk(text.rpartition(start)[2] if start else text)
        if start in text and number is not None:
            return number
    raise FhirError.of(400, f"Write a reference such as {starts[0]}1.", code="value")


def _read_simple_parameters(body: Json) -> dict[str, Any]:
    """The values of a Parameters resource by name."""
    rows = body.get("parameter")
    if body.get("resourceType") != "Parameters" or not isinstance(rows, list):
        raise FhirError.of(422, "Send a Parameters resource.", place="resourceType", code="structure")
    found: dict[str, Any] = {}
    for one in rows:
        values = [value for name, value in one.items() if name.startswith("value")] if isinstance(one, dict) else []
        value = values[0] if values else None
        if isinstance(value, dict):
            codes = [code for system, code in codings_of(value) if system == f"{LOCAL}visit-kind"]
            value = value.get("reference") or next(iter(codes), "")
        if isinstance(one, dict) and isinstance(one.get("name"), str):
            found[one["name"]] = value
    return found


def _read_appointment(body: Json) -> Json:
    """The Appointment itself, or the one in a Parameters resource (appt-resource)."""
    if body.get("resourceType") == "Appointment":
        return body
    rows = body.get("parameter")
    for one in rows if isinstance(rows, list) else []:
        if isinstance(one, dict) and one.get("name") == "appt-resource" and isinstance(one.get("resource"), dict):
            resource: Json = one["resource"]
            return resource
    words = "Send an Appointment, or Parameters with one as appt-resource."
    raise FhirError.of(422, words, place="Parameters.parameter", code="required")


def _answer(resources: list[Json]) -> HttpResponse:
    entries = [{"resource": check_built(one), "search": {"mode": _mode(one)}} for one in resources]
    bundle: Json = {"resourceType": "Bundle", "type": "searchset"}
    return json_response(bundle | ({"entry": entries} if entries else {}))


def _mode(resource: Json) -> str:
    return "outcome" if resource["resourceType"] == "OperationOutcome" else "match"
