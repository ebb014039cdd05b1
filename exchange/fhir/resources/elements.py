"""Builds the elements that resources are made of: references, codings, instants; and leaves out what is empty."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from operator import attrgetter
from typing import Any, TypeAlias, TypeVar
from urllib.parse import quote

from django.db.models import Model, QuerySet

from clinic.models import Site, User
from patients.models import Patient
from recalls.enums import OutcomeBasis
from recalls.models import Outcome

Json: TypeAlias = dict[str, Any]
Row = TypeVar("Row", bound=Model)

US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"
HL7_CODES = "http://terminology.hl7.org/CodeSystem/"
LOCAL = "urn:recall-desk:"
NPI_SYSTEM = "http://hl7.org/fhir/sid/us-npi"
UPDATED = "fhir_updated"  # the annotation that says when the rows behind a resource last changed


def prune(value: Any) -> Any:
    """The same without None, empty texts, lists and objects, at every depth: FHIR has no empty values."""
    if isinstance(value, dict):
        kept = {name: prune(one) for name, one in value.items()}
        return {name: one for name, one in kept.items() if one not in (None, "", [], {})}
    if isinstance(value, list):
        return [one for one in map(prune, value) if one not in (None, "", [], {})]
    return value.strip() if isinstance(value, str) else value


def in_order(rows: "QuerySet[Row]") -> list[Row]:
    """Prefetched rows as they were written, so that a resource that did not change reads the same each time."""
    return sorted(rows, key=attrgetter("pk"))


def build_head(resource_type: str, logical_id: str, row: Any, *profiles: str) -> Json:
    """Type, id, when it last changed, and the US Core profiles by their short names."""
    updated = getattr(row, UPDATED, None)
    meta = {"lastUpdated": instant(updated), "profile": [f"{US_CORE}{name}" for name in profiles]}
    return {"resourceType": resource_type, "id": logical_id, "meta": meta}


def instant(at: datetime | None) -> str | None:
    """ISO 8601 in UTC, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if at else None


def day(value: date | None) -> str | None:
    return value.isoformat() if value else None


def period(start: datetime | None, end: datetime | None) -> Json:
    """From one instant to another; an end before its start is left out."""
    return {"start": instant(start), "end": instant(end) if end and (start is None or end >= start) else None}


def end_of(starts_at: datetime, minutes: int) -> datetime:
    return starts_at + timedelta(minutes=minutes)


def reference(resource_type: str, logical_id: object, display: str = "") -> Json:
    return {"reference": f"{resource_type}/{logical_id}", "display": display}


def patient_reference(patient_id: int) -> Json:
    """Without the name: a reference may stand where the patient may not."""
    return reference("Patient", patient_id)


def site_reference(site: Site) -> Json:
    return reference("Organization", f"site-{site.pk}", site.name)


def staff_reference(user: User | None) -> Json:
    return reference("Practitioner", f"staff-{user.pk}", user.get_full_name()) if user else {}


def interpreter_reference(outcome: Outcome) -> Json:
    """Who read the images: who recorded the outcome where no other is named, but for a report from elsewhere.

    Empty where it is not known.
    """
    if outcome.basis == OutcomeBasis.OUTSIDE:
        return {"display": outcome.reader_name} if outcome.reader_name else {}
    return staff_reference(outcome.reader or outcome.user) or {"display": outcome.by}


def coding(system: str, code: str, display: str = "") -> Json:
    return {"system": system, "code": code, "display": display}


def concept(*codings: Json, text: Any = "") -> Json:
    return {"coding": list(codings), "text": str(text)}


def local_concept(kind: str, choice: Any) -> Json:
    """A value of one of our own lists, with its label."""
    return concept(coding(f"{LOCAL}{kind}", choice.value, str(choice.label)), text=choice.label)


def identifier(system: str, value: str, type_code: str = "") -> Json:
    kind = concept(coding(f"{HL7_CODES}v2-0203", type_code)) if type_code else {}
    return {"system": system, "value": value, "type": kind}


def mrn_system(authority: str) -> str:
    """The system of the record numbers that this authority gives out."""
    return f"{LOCAL}mrn:{quote(authority, safe='')}"


def accession_system(site: Site) -> str:
    return f"{LOCAL}accession:{quote(site.code, safe='')}"


def narrative(words: str) -> Json:
    """Generated text of our own words only."""
    return {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{words}</div>'}


def name_of(patient: Patient) -> Iterable[Json]:
    """The official name, and the one the patient wants to hear."""
    given = [patient.given_name, patient.middle_name]
    yield {"use": "official", "family": patient.family_name, "given": given, "text": patient.full_name}
    if patient.preferred_name:
        yield {"use": "usual", "given": [patient.preferred_name], "text": patient.preferred_name}
