"""Exports one patient with all that hangs on them, as a Bundle of type collection."""

from typing import Any

from clinic.access import page_views
from clinic.models import User
from exchange.fhir.bundles import build_resource
from exchange.fhir.resources.elements import Json
from exchange.fhir.search.definitions import DEFINITIONS
from exchange.fhir.search.filters import build_condition
from patients.models import Patient


def export_patient(patient: Patient, account: User) -> Json:
    """Every resource of the patient at the account's sites, written into the access log. Raises UnfitResource."""
    page_views.record(account, "FHIR export: one patient, at the server", [patient.pk])
    (patient_part,) = DEFINITIONS["Patient"].parts
    entries: list[dict[str, Any]] = [
        {"resource": build_resource(patient_part, row)} for row in patient_part.rows(account).filter(pk=patient.pk)
    ]
    for name, definition in DEFINITIONS.items():
        for part in definition.parts:
            subject = part.filters.get("patient")
            if subject is not None and name != "Patient":
                rows = part.rows(account).filter(build_condition(subject, str(patient.pk))).order_by("pk")
                entries += [{"resource": build_resource(part, row)} for row in rows]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}
