"""Builds the CapabilityStatement: what this server can do, from the tables that do it."""

from typing import Any

from django.utils.translation import override

from exchange.fhir.scopes import WRITABLE
from exchange.fhir.search.definitions import DEFINITIONS, Definition
from exchange.fhir.search.paging import DEFAULT_COUNT, MAX_COUNT

VERSION = "4.0.0"  # of R4 as its JSON schema knows it; 4.0.1 corrected no resource
_BULK_DATA = "http://hl7.org/fhir/uv/bulkdata/OperationDefinition"
_RELEASED = "2026-11-29"


_IHE = "https://profiles.ihe.net/ITI/Scheduling/OperationDefinition"
# Computed from the rooms' hours and bookings; not a table.
_SLOT = (
    {
        "type": "Slot",
        "interaction": [{"code": "read"}, {"code": "search-type"}],
        "searchParam": [
            {"name": "schedule", "type": "reference"},
            {"name": "start", "type": "date"},
            {"name": "status", "type": "token"},
        ],
    },
)


_RESULT_PARAMETERS = (
    {"name": "_count", "type": "number", "documentation": f"Up to {MAX_COUNT} on a page; {DEFAULT_COUNT} unless asked"},
    {"name": "_sort", "type": "string", "documentation": "_id or _lastUpdated, with a hyphen before it the other way"},
    {"name": "_summary", "type": "token", "documentation": "count: the number of matches alone"},
)


def build_capability_statement(base_url: str, token_url: str) -> dict[str, Any]:
    """The statement of the server at that address."""
    with override("en"):
        return {
            "resourceType": "CapabilityStatement",
            "status": "active",
            "date": _RELEASED,
            "kind": "instance",
            "software": {"name": "Recall Desk"},
            "implementation": {"description": "Recall Desk", "url": base_url},
            "fhirVersion": VERSION,
            "format": ["application/fhir+json", "json"],
            "rest": [
                {
                    "mode": "server",
                    "security": _build_security(token_url),
                    "interaction": [{"code": "batch"}, {"code": "transaction"}],
                    "searchParam": [*_RESULT_PARAMETERS],
                    "operation": [{"name": "export", "definition": f"{_BULK_DATA}/export"}],
                    "resource": [*_SLOT, *(_build_resource(one) for _name, one in sorted(DEFINITIONS.items()))],
                }
            ],
        }


def _build_resource(definition: Definition) -> dict[str, Any]:
    parameters = {"_id": "token", **definition.parameters}
    if definition.has_updated:
        parameters["_lastUpdated"] = "date"
    writes = ("create",) if definition.name in WRITABLE else ()
    described: dict[str, Any] = {
        "type": definition.name,
        "interaction": [{"code": code} for code in ("read", "search-type", *writes)],
        "versioning": "no-version",
        "conditionalRead": "not-match",
        "searchParam": [{"name": name, "type": kind} for name, kind in sorted(parameters.items())],
    }
    if writes:
        described["conditionalCreate"] = True
    if definition.includes:
        described["searchInclude"] = [f"{definition.name}:{name}" for name in definition.includes]
    if definition.reverse_includes:
        described["searchRevInclude"] = list(definition.reverse_includes)
    if definition.name == "Appointment":
        names = {"find": "appointment-find", "hold": "appointment-hold", "book": "appointment-book"}
        described["operation"] = [{"name": name, "definition": f"{_IHE}/{code}"} for name, code in names.items()]
    if definition.name == "Patient":
        everything = "http://hl7.org/fhir/OperationDefinition/Patient-everything"
        described["operation"] = [
            {"name": "everything", "definition": everything},
            {"name": "export", "definition": f"{_BULK_DATA}/patient-export"},
        ]
    return described


def _build_security(token_url: str) -> dict[str, Any]:
    return {
        "cors": False,
        "service": [
            {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/restful-security-service",
                        "code": "SMART-on-FHIR",
                    }
                ],
                "text": "OAuth2 client credentials, or a bearer token given out by the clinic",
            }
        ],
        "extension": [
            {
                "url": "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris",
                "extension": [{"url": "token", "valueUri": token_url}],
            }
        ],
    }
