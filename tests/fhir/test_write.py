"""Holds that what other systems send goes in once, by the rules of intake, and that a bad one is never half stored."""

import copy
from datetime import time, timedelta
from typing import Any

import pytest
from django.utils import timezone

from clinic import calendar
from clinic.models import Site, User
from exchange.mending.parked_rows import replay_parked_row
from exchange.models import ParkedRow
from patients.factories import PatientFactory
from patients.models import Patient
from recalls.enums import AppointmentStatus, State
from recalls.models import Appointment, Recall, ScreeningExam
from recalls.testing.factories import RecallFactory, RoomFactory
from tests.fhir.conftest import FhirClient, issue_of

pytestmark = pytest.mark.django_db

JSON = "application/fhir+json"
SNOMED = "http://snomed.info/sct"


def _post(client: FhirClient, path: str, body: Any, **headers: str) -> Any:
    return client.post(f"/fhir/{path}", body, content_type=JSON, headers=headers)


def _patient(**changes: Any) -> dict[str, Any]:
    return {
        "resourceType": "Patient", "id": "p",
        "identifier": [{"system": "urn:recall-desk:mrn:SHADY", "value": "F1001"}],
        "name": [{"family": "Sample-Fir", "given": ["Fira", "May"]}], "gender": "female", "birthDate": "1968-05-04",
        "telecom": [{"system": "phone", "use": "mobile", "value": "+1 412 555 0142"}], **changes,
    }  # fmt: skip


def _observation(name: str, code: str, side: str) -> dict[str, Any]:
    return {
        "resourceType": "Observation", "id": name, "status": "final", "code": {"text": "BI-RADS"},
        "bodySite": {"coding": [{"system": SNOMED, "code": side}]},
        "valueCodeableConcept": {"coding": [{"system": "urn:recall-desk:birads", "code": code}]},
    }  # fmt: skip


def _report(**changes: Any) -> dict[str, Any]:
    """A final report of a 0 on the right, with its patient and observations contained."""
    return {
        "resourceType": "DiagnosticReport", "status": "final",
        "contained": [_patient(), _observation("r", "0-AI", "73056007"), _observation("l", "1", "80248007")],
        "identifier": [{"value": "ACC9001"}], "code": {"coding": [{"system": "http://loinc.org", "code": "24606-6"}]},
        "subject": {"reference": "#p"}, "effectiveDateTime": "2026-11-20", "issued": "2026-11-21T15:04:05Z",
        "resultsInterpreter": [{"display": "Dr. Elsewhere"}], "result": [{"reference": "#r"}, {"reference": "#l"}],
        "conclusionCode": [{"coding": [{"system": SNOMED, "code": "397138000"},
                                       {"system": "urn:recall-desk:birads", "code": "0-AI"}]}],
        **changes,
    }  # fmt: skip


def test_a_final_report_opens_a_recall_as_a_row_of_a_file_does(ris: FhirClient, shadyside: Site) -> None:
    response = _post(ris, "DiagnosticReport", _report())
    assert response.status_code == 201, response.content
    exam = ScreeningExam.objects.select_related("patient").get()
    assert response["Location"].endswith(f"/fhir/DiagnosticReport/exam-{exam.pk}")
    assert (exam.assessment, exam.assessment_right, exam.assessment_left) == ("0-AI", "0-AI", "1")
    assert (exam.accession, exam.modality, exam.reader_name) == ("ACC9001", "2d", "Dr. Elsewhere")
    assert (exam.patient.mrn, exam.patient.middle_name) == ("F1001", "May")
    recall = Recall.objects.get()
    assert (recall.state, recall.events.get().by) == (State.TO_CONTACT, "Sample RIS")


def test_two_readers_are_a_double_reading(ris: FhirClient, shadyside: Site) -> None:
    two = [{"display": "Dr. Elsewhere"}, {"display": "Dr. Other"}]
    assert _post(ris, "DiagnosticReport", _report(resultsInterpreter=two)).status_code == 201
    exam = ScreeningExam.objects.get()
    assert (exam.reader_name, exam.double_read) == ("Dr. Elsewhere", True)


def test_a_lump_in_the_order_is_a_symptom_with_its_side(ris: FhirClient, shadyside: Site) -> None:
    lump = {"coding": [{"system": SNOMED, "code": "89164003"}], "text": "Lump in left breast"}
    order = {
        "resourceType": "ServiceRequest", "id": "o", "status": "completed", "intent": "order",
        "subject": {"reference": "#p"}, "reasonCode": [lump],
    }  # fmt: skip
    report = _report(basedOn=[{"reference": "#o"}])
    report["contained"].append(order)
    assert _post(ris, "DiagnosticReport", report).status_code == 201
    recall = Recall.objects.get()
    assert (recall.kind, str(recall.exam.findings.get())) == ("clinical", "Lump that can be felt (Left)")
    reasons = ris.get(f"/fhir/ServiceRequest/{recall.pk}").json()["reasonCode"]
    assert [one["coding"][0]["code"] for one in reasons[:2]] == ["111592", "89164003"]


def test_the_report_of_a_diagnostic_exam_is_no_screening_and_waits_for_a_radiologist(
    ris: FhirClient, shadyside: Site
) -> None:
    for code in ("24605-8", "77066"):
        response = _post(
            ris, "DiagnosticReport", _report(code={"coding": [{"system": "http://loinc.org", "code": code}]})
        )
        assert response.status_code == 422
        assert "diagnostic exam" in issue_of(response)["diagnostics"]
    assert not ScreeningExam.objects.exists()


def test_the_same_report_twice_is_one_exam(ris: FhirClient, shadyside: Site) -> None:
    assert [_post(ris, "DiagnosticReport", _report()).status_code for _ in range(2)] == [201, 200]
    assert ScreeningExam.objects.count() == Recall.objects.count() == 1
    condition = "identifier=urn:recall-desk:accession:SHADY|ACC9001"
    changed = _report(conclusionCode=[{"text": "BI-RADS 5"}])
    response = _post(ris, "DiagnosticReport", changed, **{"If-None-Exist": condition})
    assert response.status_code == 200
    assert ScreeningExam.objects.get().assessment == "0-AI"


def test_a_corrected_report_moves_the_recall_and_a_lesser_one_that_is_none_waits_for_a_person(
    ris: FhirClient, shadyside: Site
) -> None:
    _post(ris, "DiagnosticReport", _report())
    negative = _report(
        status="corrected", conclusionCode=[{"text": "BI-RADS 1"}], result=[], issued="2026-11-22T15:04:05Z"
    )
    unmarked = _post(ris, "DiagnosticReport", negative | {"status": "final"})
    assert issue_of(unmarked)["expression"] == ["DiagnosticReport.conclusionCode"]
    assert (Recall.objects.get().state, ParkedRow.objects.count()) == (State.TO_CONTACT, 1)
    assert _post(ris, "DiagnosticReport", negative).status_code == 200
    assert ScreeningExam.objects.get().assessment == "1"
    assert Recall.objects.get().state == State.CLOSED


@pytest.mark.parametrize("status", ["preliminary", "registered", "partial"])
def test_a_preliminary_report_opens_nothing(ris: FhirClient, shadyside: Site, status: str) -> None:
    response = _post(ris, "DiagnosticReport", _report(status=status))
    assert (response.status_code, issue_of(response)["expression"]) == (422, ["DiagnosticReport.status"])
    assert not ScreeningExam.objects.exists()
    assert not ParkedRow.objects.exists()


@pytest.mark.parametrize(
    ("changes", "place"),
    [({"conclusionCode": [{"text": "BI-RADS 9"}]}, "DiagnosticReport.conclusionCode"),
     ({"conclusionCode": []}, "DiagnosticReport.conclusionCode"),
     ({"effectiveDateTime": "2031-01-01"}, "DiagnosticReport.effectiveDateTime"),
     ({"identifier": []}, "DiagnosticReport.identifier"),
     ({"subject": {"reference": "Patient/1"}}, "Patient.identifier"),
     ({"result": [{"reference": "#missing"}]}, "DiagnosticReport"),
     ({"status": "entered-in-error"}, "DiagnosticReport"),
     ({"contained": [_patient(birthDate="1068-05-04")], "result": []}, "Patient.birthDate"),
     ({"contained": [_patient(identifier=[{"system": "http://else.example", "value": "1"}])], "result": []},
      "Patient.identifier"),
     ({"contained": [_patient(deceasedBoolean=True)], "result": []}, "Patient.identifier"),
     ({"conclusionCode": [{"coding": [{"system": SNOMED, "code": "397140005"},
                                      {"system": "urn:recall-desk:birads", "code": "5"}]}]},
      "DiagnosticReport.conclusionCode")],
)  # fmt: skip
def test_a_report_that_cannot_go_in_is_parked_with_the_place(
    ris: FhirClient, shadyside: Site, changes: dict[str, Any], place: str
) -> None:
    body = {name: value for name, value in _report(**changes).items() if value != []}
    response = _post(ris, "DiagnosticReport", body)
    assert response.status_code == 422, response.content
    assert place in [one for issue in response.json()["issue"] for one in issue.get("expression", [])]
    assert not ScreeningExam.objects.exists()
    assert not Patient.objects.exists()
    assert ParkedRow.objects.get().site == shadyside


def test_a_parked_report_is_mended_by_two_people(
    ris: FhirClient, shadyside: Site, manager_mo: User, administrator_ada: User
) -> None:
    _post(
        ris,
        "DiagnosticReport",
        _report(conclusionCode=[{"text": "BI-RADS 9"}], result=[]) | {"result": [{"reference": "#r"}]},
    )
    row = ParkedRow.objects.get()
    for person in (manager_mo, administrator_ada):
        replay_parked_row(row, {**row.raw, "assessment": "0-AI"}, by=person)
    assert Recall.objects.get().state == State.TO_CONTACT


def test_a_bundle_takes_the_good_report_and_names_the_bad_one(ris: FhirClient, shadyside: Site) -> None:
    patient = {"fullUrl": "urn:uuid:1", "resource": {**_patient(), "id": "x"}}
    good, bad = copy.deepcopy(_report()), copy.deepcopy(_report(identifier=[{"value": "ACC9002"}]))
    for report in (good, bad):
        report |= {"subject": {"reference": "urn:uuid:1"}, "contained": report["contained"][1:]}
    bad["conclusionCode"] = [{"text": "nonsense"}]
    odd = {"resourceType": "DiagnosticReport", "status": "final", "foo": 1}
    entries = [patient, {"resource": good}, {"resource": bad}, {"resource": odd}]
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": entries}
    for path in ("", "DiagnosticReport"):
        response = _post(ris, path, bundle)
        assert response.status_code == 200, response.content
        statuses = [entry["response"]["status"] for entry in response.json()["entry"]]
        assert statuses == ["200", "201" if path == "" else "200", "422", "422"]
    assert ScreeningExam.objects.get().accession == "ACC9001"
    assert ParkedRow.objects.get().accession == "ACC9002"


@pytest.mark.parametrize(
    ("body", "status"),
    [("[" * 100_000, 400), ('{"a":' * 50 + "1" + "}" * 50, 400),
     ('{"resourceType":"DiagnosticReport","id":1e999}', 400),
     ('{"a":' + "9" * 5000 + "}", 400), ('{"a":NaN}', 400), ('{"a":1,"a":2}', 400), ('{"a":"\\ud800"}', 400),
     ('{"a":"\\u0000"}', 400), ("[]", 400), ("{}", 422), ('{"resourceType":["x"]}', 422),
     ('{"resourceType":"Patient"}', 422), ('{"resourceType":"DiagnosticReport","status":1}', 422),
     ('"' + "x" * 2_100_000 + '"', 413)],
)  # fmt: skip
def test_a_body_that_is_no_report_is_refused_and_nothing_is_kept(
    ris: FhirClient, shadyside: Site, body: str, status: int
) -> None:
    response = ris.generic("POST", "/fhir/DiagnosticReport", body, content_type=JSON)
    assert response.status_code == status, response.content
    assert issue_of(response)["diagnostics"]
    assert not ParkedRow.objects.exists()


def test_another_kind_of_body_or_resource_is_refused(ris: FhirClient, shadyside: Site) -> None:
    assert ris.post("/fhir/DiagnosticReport", "x", content_type="text/plain").status_code == 415
    assert _post(ris, "Patient", _patient()).status_code == 405
    assert _post(ris, "Medication", {}).status_code == 404


def test_a_client_without_the_scope_sends_nothing(fhir_client_for: Any, shadyside: Site) -> None:
    client = fhir_client_for(shadyside, scopes=["system/*.read"])
    for path in ("", "DiagnosticReport", "Appointment"):
        assert _post(client, path, _report()).status_code == 403


def test_a_report_for_another_site_is_not_taken(ris: FhirClient, shadyside: Site, foothills: Site) -> None:
    named = _report(performer=[{"reference": f"Organization/site-{foothills.pk}"}])
    _post(ris, "DiagnosticReport", named)
    assert not ScreeningExam.objects.filter(site=foothills).exists()


def _appointment(recall: Recall, days: int = 7, **changes: Any) -> dict[str, Any]:
    start = calendar.instant(recall.site, timezone.localdate() + timedelta(days=days), time(10))
    while not calendar.is_open_day(recall.site, calendar.local_day(recall.site, start)):
        start += timedelta(days=1)
    return {
        "resourceType": "Appointment", "status": "booked", "start": start.isoformat(), "minutesDuration": 60,
        "identifier": [{"system": "http://ris.example", "value": "77"}],
        "basedOn": [{"reference": f"ServiceRequest/{recall.pk}"}],
        "participant": [{"actor": {"reference": f"Patient/{recall.patient_id}"}, "status": "accepted"}], **changes,
    }  # fmt: skip


def test_an_appointment_is_booked_moved_and_cancelled_under_its_number(ris: FhirClient, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside)
    body = _appointment(recall)
    assert [_post(ris, "Appointment", body).status_code for _ in range(2)] == [201, 200]
    visit = Appointment.objects.get()
    moved = _post(ris, "Appointment", _appointment(recall, days=14))
    assert (moved.status_code, moved.json()["id"]) == (200, str(visit.pk))
    assert Appointment.objects.get().sequence == 1
    assert _post(ris, "Appointment", {**body, "status": "cancelled"}).json()["status"] == "cancelled"
    recall.refresh_from_db()
    assert recall.state == State.TO_CONTACT


def test_a_taken_room_is_refused(ris: FhirClient, shadyside: Site) -> None:
    room = RoomFactory.create(site=shadyside)
    first, second = RecallFactory.create_batch(2, site=shadyside)
    for recall, status in ((first, 201), (second, 422)):
        body = _appointment(recall, identifier=[{"value": str(recall.pk)}])
        body["participant"].append({"actor": {"reference": f"Location/room-{room.pk}"}, "status": "accepted"})
        assert _post(ris, "Appointment", body).status_code == status
    assert Appointment.objects.get().recall == first


@pytest.mark.parametrize(
    ("changes", "status"),
    [({"status": "proposed"}, 422), ({"start": "2026-01-01T10:00:00Z"}, 422), ({"minutesDuration": 9000}, 422),
     ({"basedOn": [{"reference": "ServiceRequest/999999"}]}, 422), ({"basedOn": []}, 422), ({"participant": []}, 422),
     ({"start": "soon"}, 422)],
)  # fmt: skip
def test_an_appointment_that_is_not_clear_books_nothing(
    ris: FhirClient, shadyside: Site, changes: dict[str, Any], status: int
) -> None:
    recall = RecallFactory.create(site=shadyside)
    body = {name: value for name, value in _appointment(recall, **changes).items() if value != []}
    response = _post(ris, "Appointment", body)
    assert response.status_code == status
    assert issue_of(response)["expression"]
    assert not Appointment.objects.exists()


def test_a_patient_number_alone_may_be_the_senders_own(ris: FhirClient, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside)
    body = _appointment(recall)
    del body["basedOn"]
    assert _post(ris, "Appointment", body).status_code == 422
    number = {"system": "urn:recall-desk:mrn:SHADY", "value": recall.patient.mrn}
    body["participant"][0]["actor"]["identifier"] = number
    assert _post(ris, "Appointment", body).status_code == 201


def test_another_sites_patient_is_booked_by_nobody(ris: FhirClient, foothills: Site) -> None:
    recall = RecallFactory.create(site=foothills)
    assert _post(ris, "Appointment", _appointment(recall)).status_code == 422
    assert not Appointment.objects.exists()


def test_an_arrival_and_a_no_show_are_told(ris: FhirClient, shadyside: Site) -> None:
    booked = RecallFactory.create(site=shadyside, booked=True)
    visit = Appointment.objects.get(recall=booked)
    Appointment.objects.filter(pk=visit.pk).update(starts_at=timezone.now() - timedelta(hours=1))
    body = {**_appointment(booked), "status": "noshow"}
    assert _post(ris, "Appointment", body).json()["status"] == "noshow"
    visit.refresh_from_db()
    assert visit.status == AppointmentStatus.MISSED


def test_the_unnamed_patient_of_a_known_record_keeps_it(ris: FhirClient, shadyside: Site) -> None:
    patient = PatientFactory.create(site=shadyside)
    number = {"system": "urn:recall-desk:mrn:SHADY", "value": patient.mrn}
    body = _report(subject={"reference": f"Patient/{patient.pk}", "identifier": number}, result=[])
    body = {name: value for name, value in body.items() if value != []}
    assert _post(ris, "DiagnosticReport", body).status_code == 201
    assert Recall.objects.get().patient == patient


def test_an_unknown_appointment_of_another_time_or_service_ends_or_books_no_visit(
    ris: FhirClient, shadyside: Site
) -> None:
    booked, waiting = RecallFactory.create(site=shadyside, booked_ahead=True), RecallFactory.create(site=shadyside)
    podiatry = {"serviceType": [{"text": "Podiatry"}]}
    for recall, changes, place in ((booked, {"status": "cancelled"}, "start"), (waiting, podiatry, "serviceType")):
        actor = {"identifier": {"system": "urn:recall-desk:mrn:SHADY", "value": recall.patient.mrn}}
        body = _appointment(recall, 20, participant=[{"actor": actor, "status": "accepted"}], **changes)
        del body["basedOn"]
        response = _post(ris, "Appointment", body)
        assert (response.status_code, issue_of(response)["expression"]) == (422, [f"Appointment.{place}"])
    assert Appointment.objects.get().is_active
