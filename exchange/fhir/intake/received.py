"""Checks what a client sent against the model of the FHIR library, and finds in it what a reference means."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError

from exchange.fhir.outcome import FhirError, Issue

Json: TypeAlias = dict[str, Any]
MAX_ENTRIES = 500  # of a Bundle
_MAX_ISSUES = 20


def check_resource(resource: Json, allowed: Iterable[str]) -> str:
    """Its type. Raises FhirError 422 for another type, and for every place that FHIR does not allow."""
    name = resource.get("resourceType")
    if not isinstance(name, str) or name not in set(allowed):
        message = f"Send one of {', '.join(sorted(allowed))}."
        raise FhirError.of(422, message, place="resourceType", code="not-supported")
    try:
        get_fhir_model_class(name).model_validate(resource)
    except ValidationError as refused:
        faults = refused.errors(include_input=False, include_url=False, include_context=False)
        raise FhirError(422, [_describe(name, fault) for fault in faults[:_MAX_ISSUES]]) from None
    return name


def _describe(name: str, fault: Mapping[str, Any]) -> Issue:
    """Where and what kind of fault; the library's own sentence may repeat what was sent, so it is left out."""
    place = name
    for step in fault["loc"]:
        place += f"[{step}]" if isinstance(step, int) else f".{step}"
    kinds = {"missing": "This is missing.", "extra_forbidden": "FHIR R4 has no such element here."}
    return Issue(kinds.get(fault["type"], "This value is not allowed here."), place[:200], "structure")


@dataclass(frozen=True, slots=True)
class Received:
    """The resources of one request: by the addresses under which they may be referred to."""

    by_reference: Mapping[str, Json] = field(default_factory=dict)

    @classmethod
    def of_bundle(cls, bundle: Json) -> "Received":
        """Raises FhirError 413 for too many entries, 422 for two that have one address."""
        found: dict[str, Json] = {}
        entries = bundle.get("entry", [])
        if len(entries) > MAX_ENTRIES:
            raise FhirError.of(413, f"Send at most {MAX_ENTRIES} entries.", place="Bundle.entry")
        for number, entry in enumerate(entries):
            resource = entry.get("resource") or {}
            given = (entry.get("fullUrl"), _relative(resource))
            names = {name for name in given if isinstance(name, str)}
            if names & set(found):
                raise FhirError.of(422, "Two entries have one address.", place=f"Bundle.entry[{number}].fullUrl")
            found |= dict.fromkeys(names, resource)
        return cls(found)

    def resolve(self, reference: Any, holder: Json) -> Json | None:
        """What the reference of `holder` leads to within the request; None for something else."""
        target = reference.get("reference") if isinstance(reference, dict) else None
        if not isinstance(target, str):
            return None
        if target.startswith("#"):
            contained = holder.get("contained", [])
            return next((one for one in contained if one.get("id") == target[1:]), None)
        return self.by_reference.get(target)


def _relative(resource: Json) -> str | None:
    return f"{resource['resourceType']}/{resource['id']}" if "id" in resource and "resourceType" in resource else None


def codings_of(concept: Any) -> list[tuple[str, str]]:
    """(system, code) of each coding."""
    codings = concept.get("coding", []) if isinstance(concept, dict) else []
    return [(str(one.get("system", "")), str(one.get("code", ""))) for one in codings if isinstance(one, dict)]
