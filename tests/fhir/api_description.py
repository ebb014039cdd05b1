"""Describes the FHIR interface as OpenAPI from its own tables, for a fuzzer that knows OpenAPI."""

from typing import Any

from exchange.fhir.search.definitions import DEFINITIONS

_ANSWER = {"default": {"description": "any"}}
_ANYTHING: dict[str, Any] = {"type": "object"}


def _query(name: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": {"type": "string", "maxLength": 40}}


def _body(kind: str) -> dict[str, Any]:
    """A body that is nearly the resource: its type, a status, and anything else."""
    sent = {
        "type": "object",
        "required": ["resourceType"],
        "properties": {
            "resourceType": {"enum": [kind, "Bundle", "Parameters"]}, "type": {"enum": ["batch", "transaction"]},
            "status": {"enum": ["final", "booked", "cancelled", "proposed"]}, "code": _ANYTHING, "subject": _ANYTHING,
            "start": {"type": "string", "format": "date-time"}, "minutesDuration": {"type": "integer"},
            "participant": {"type": "array", "items": _ANYTHING, "maxItems": 2},
            "entry": {"type": "array", "items": _ANYTHING, "maxItems": 2},
            "parameter": {"type": "array", "items": _ANYTHING, "maxItems": 2},
        },
    }  # fmt: skip
    return {"content": {"application/fhir+json": {"schema": sent}}}


def build_openapi() -> dict[str, Any]:
    """Every address with its parameters; an id is any text."""
    logical_id = {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "maxLength": 30}}
    paths: dict[str, Any] = {
        "/fhir/metadata": {"get": {"responses": _ANSWER}},
        "/fhir/": {"post": {"requestBody": _body("Bundle"), "responses": _ANSWER}},
        "/fhir/Appointment/$find": {
            "get": {
                "parameters": [_query(name) for name in ("start", "end", "based-on", "service-type", "location")],
                "responses": _ANSWER,
            }
        },
        "/fhir/Slot": {"get": {"parameters": [_query("schedule"), _query("start")], "responses": _ANSWER}},
    }
    for name in ("$hold", "$book"):
        paths[f"/fhir/Appointment/{name}"] = {"post": {"requestBody": _body("Appointment"), "responses": _ANSWER}}
    for name, definition in DEFINITIONS.items():
        parameters = [_query(one) for one in (*definition.parameters, "_id", "_count", "_include", "_lastUpdated")]
        paths[f"/fhir/{name}"] = {"get": {"parameters": parameters, "responses": _ANSWER}}
    for name in ("Patient", "Observation", "Slot"):
        paths[f"/fhir/{name}/{{id}}"] = {"get": {"parameters": [logical_id], "responses": _ANSWER}}
    for name in ("Appointment", "DiagnosticReport"):
        paths[f"/fhir/{name}"]["post"] = {"requestBody": _body(name), "responses": _ANSWER}
    return {"openapi": "3.0.3", "info": {"title": "FHIR", "version": "1"}, "paths": paths}
