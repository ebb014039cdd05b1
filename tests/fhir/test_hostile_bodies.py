"""Holds that whatever a body holds is answered as documented, with no error of ours and nothing half stored."""

import json
from typing import Any

import pytest

from clinic.models import Site
from patients.models import Patient
from recalls.models import Appointment, Recall, RoomHold, ScreeningExam
from recalls.testing.factories import RecallFactory
from tests.fhir.conftest import FhirClient, issue_of

pytestmark = pytest.mark.django_db

JSON = "application/fhir+json"
WRITABLE = ("/fhir/", "/fhir/DiagnosticReport", "/fhir/Appointment", "/fhir/Appointment/$hold",
            "/fhir/Appointment/$book", "/fhir/Appointment/$find")  # fmt: skip
BODIES: dict[str, tuple[str | bytes, set[int]]] = {
    "ten megabytes": ('{"resourceType":"DiagnosticReport","id":"' + "x" * 10_000_000 + '"}', {413}),
    "nested lists": ("[" * 200_000, {400}),
    "nested objects": ('{"a":' * 100_000 + "1" + "}" * 100_000, {400}),
    "a huge number": ('{"resourceType":"Appointment","priority":' + "9" * 100_000 + "}", {400}),
    "a huge exponent": ('{"resourceType":"Appointment","priority":1e99999}', {400}),
    "a name twice": ('{"resourceType":"Appointment","status":"booked","status":"cancelled"}', {400}),
    "half a character": ('{"resourceType":"Appointment","description":"\\ud800"}', {400}),
    "a NUL": ('{"resourceType":"Appointment","description":"\\u0000"}', {400}),
    "no UTF-8": (b'{"resourceType":"\xff\xfe"}', {400}),
    "nothing": ("", {400, 415}),
    "a text": ('"x"', {400}),
    "another resource": ('{"resourceType":"Medication"}', {422}),
    "a resource that is a list": ('{"resourceType":["Appointment"]}', {422}),
    "a bundle of nothing": ('{"resourceType":"Bundle","type":"batch","entry":[]}', {422}),
    "a bundle of bundles": (
        json.dumps({"resourceType": "Bundle", "type": "batch", "entry": [
            {"resource": {"resourceType": "Bundle", "type": "batch", "entry": []}}] * 3}), {422}),
    "a bundle of too many": (
        json.dumps({"resourceType": "Bundle", "type": "batch", "entry": [
            {"resource": {"resourceType": "DiagnosticReport", "status": "final", "code": {"text": "x"}}}] * 501}),
        {413, 422}),
    "parameters of numbers": ('{"resourceType":"Parameters","parameter":[1,null,{"name":5}]}', {422}),
}  # fmt: skip


def _stored() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Patient, ScreeningExam, Recall, Appointment, RoomHold))


@pytest.mark.parametrize("what", BODIES)
def test_a_hostile_body_is_refused_everywhere_and_leaves_nothing(ris: FhirClient, shadyside: Site, what: str) -> None:
    RecallFactory.create(site=shadyside)
    before, (body, statuses) = _stored(), BODIES[what]
    for address in WRITABLE:
        response: Any = ris.generic("POST", address, body, content_type=JSON)
        allowed = statuses | ({400} if address.endswith("$find") else set())
        assert response.status_code in allowed, (address, response.status_code, response.content[:300])
        assert issue_of(response)["diagnostics"]
    assert _stored() == before


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/xml", "application/fhir+xml", "multipart/form-data", ""]
)
def test_a_body_of_another_type_is_refused_everywhere(ris: FhirClient, shadyside: Site, content_type: str) -> None:
    for address in WRITABLE:
        assert ris.generic("POST", address, "{}", content_type=content_type).status_code == 415, address


@pytest.mark.parametrize("operation", ["", "/$hold", "/$book"])
def test_a_reference_to_another_sites_rows_moves_nothing(
    ris: FhirClient, shadyside: Site, foothills: Site, operation: str
) -> None:
    theirs, ours = RecallFactory.create(site=foothills), RecallFactory.create(site=shadyside)
    before = _stored()
    pairs = ((theirs, theirs), (ours, theirs), (theirs, ours))
    for patient_of, recall in pairs:
        body = {
            "resourceType": "Appointment", "status": "proposed" if operation else "booked",
            "start": "2031-01-06T15:00:00Z", "basedOn": [{"reference": f"ServiceRequest/{recall.pk}"}],
            "participant": [{"actor": {"reference": f"Patient/{patient_of.patient_id}"}, "status": "accepted"}],
        }  # fmt: skip
        response = ris.post(f"/fhir/Appointment{operation}", body, content_type=JSON)
        assert response.status_code == 422
        assert theirs.patient.family_name not in response.content.decode()
    assert _stored() == before
