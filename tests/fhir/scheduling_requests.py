"""Asks for times and gives them back, as another system does."""

from typing import Any

from recalls.models import Recall
from tests.fhir.conftest import FhirClient
from tests.fhir.r4_schema import find_faults


def send_appointment(client: FhirClient, operation: str, appointment: dict[str, Any]) -> Any:
    """The answer to $hold or $book."""
    body = {"resourceType": "Parameters", "parameter": [{"name": "appt-resource", "resource": appointment}]}
    return client.post(f"/fhir/Appointment/${operation}", body, content_type="application/fhir+json")


def find_times(client: FhirClient, recall: Recall, **more: str) -> list[dict[str, Any]]:
    """The proposed appointments of a recall."""
    response = client.get("/fhir/Appointment/$find", {"based-on": f"ServiceRequest/{recall.pk}", **more})
    assert response.status_code == 200, response.content
    bundle = response.json()
    assert find_faults(bundle) == []
    return [entry["resource"] for entry in bundle.get("entry", [])]


def propose_for(recall: Recall, proposal: dict[str, Any]) -> dict[str, Any]:
    """The same time for another patient."""
    patient = {"actor": {"reference": f"Patient/{recall.patient_id}"}, "status": "accepted"}
    return {
        **proposal,
        "basedOn": [{"reference": f"ServiceRequest/{recall.pk}"}],
        "participant": [patient, proposal["participant"][1]],
    }
