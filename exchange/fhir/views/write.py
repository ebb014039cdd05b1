"""Answers POST of reports and appointments, and the conditional create of both."""

from urllib.parse import parse_qsl

from django.http import HttpRequest, HttpResponse

from exchange.fhir.access.auth import Caller
from exchange.fhir.bundles import build_resource, find_row
from exchange.fhir.http import json_response, read_json
from exchange.fhir.intake.appointments import find_received, take_appointment
from exchange.fhir.intake.bundle import take_bundle
from exchange.fhir.intake.received import Json, Received
from exchange.fhir.intake.reports import take_reports
from exchange.fhir.outcome import FhirError
from exchange.fhir.search.definitions import DEFINITIONS
from exchange.fhir.search.query import find_definition, parse_search
from exchange.fhir.views.base import FhirView, get_base_url
from exchange.fhir.views.read import TypeSearchView


class TypeView(TypeSearchView):
    """Searches a kind of resource, and takes in those that other systems may send."""

    def post(self, request: HttpRequest, resource_type: str) -> HttpResponse:
        definition = find_definition(resource_type)
        if definition.name not in ("Appointment", "DiagnosticReport"):
            raise FhirError.of(405, "This kind of resource is only read here.", Allow="GET, HEAD")
        self.caller.require(definition.name, "write")
        body = read_json(request)
        if definition.name == "DiagnosticReport" and body.get("resourceType") == "Bundle":
            return json_response(take_bundle(self.caller, body))
        existing = _find_existing(self.caller, definition.name, request.headers.get("If-None-Exist", ""))
        if existing:
            return _answer(self.caller, request, definition.name, existing, 200, is_found=True)
        if definition.name == "Appointment":
            visit, is_new = take_appointment(self.caller, body)
            return _answer(self.caller, request, "Appointment", str(visit.pk), 201 if is_new else 200)
        (taken,) = take_reports(self.caller, [body], Received())
        if taken.exam is None or taken.status == 422:
            raise FhirError(422, list(taken.issues))
        return _answer(self.caller, request, "DiagnosticReport", f"exam-{taken.exam.pk}", taken.status)


class BundleView(FhirView):
    """Takes in a Bundle of reports."""

    def post(self, request: HttpRequest) -> HttpResponse:
        self.caller.require("DiagnosticReport", "write")
        return json_response(take_bundle(self.caller, read_json(request)))


def _answer(
    caller: Caller, request: HttpRequest, name: str, logical_id: str, status: int, *, is_found: bool = False
) -> HttpResponse:
    """The resource as it stands now, if the client may read it, and its address.

    One that was found and not taken in (`is_found`) has no line in the access log yet.
    """
    headers = {"Location": f"{get_base_url(request)}/{name}/{logical_id}"}
    if not caller.may(name, "read"):
        return HttpResponse(status=status, headers=headers)
    part, row = find_row(caller, name, logical_id)
    patient_id = part.patient_id(row)
    caller.log_access(f"FHIR read: {name}", [patient_id] if patient_id and is_found else [])
    body: Json = build_resource(part, row)
    return json_response(body, status, headers)


def _find_existing(caller: Caller, name: str, condition: str) -> str:
    """The id of the one resource that If-None-Exist means, "" for none. Raises FhirError 400, or 412 for several."""
    if not condition:
        return ""
    parameters = parse_qsl(condition.lstrip("?"))
    if [key for key, _value in parameters] != ["identifier"]:
        raise FhirError.of(400, "If-None-Exist: write identifier=system|value.", code="value")
    system, _bar, value = parameters[0][1].rpartition("|")
    if name == "Appointment":
        visit = find_received(caller, ((system, value),))
        if visit is not None:
            return str(visit.pk)
    found = [
        segment.part.logical_id(row)
        for segment in parse_search(caller, DEFINITIONS[name], parameters).segments
        for row in segment.rows.order_by("pk")[:2]
    ]
    if len(found) > 1:
        raise FhirError.of(412, "More than one resource has this identifier.")
    return found[0] if found else ""
