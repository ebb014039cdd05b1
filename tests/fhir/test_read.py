"""Holds what another system reads of a patient: every resource valid, complete, and of the client's own sites only."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clinic.factories import get_site_staff
from clinic.models import AccessLog, Site
from exchange.fhir.scopes import READABLE
from exchange.fhir.search.definitions import DEFINITIONS
from notifications.models import Notification
from patients.actions import record_death
from patients.factories import PatientFactory
from recalls import actions
from recalls.actions import OutcomeInput
from recalls.enums import Assessment
from recalls.models import Outcome, Recall
from recalls.testing.factories import ExamFactory, RecallFactory, RoomFactory
from tests.fhir.conftest import FhirClient, issue_of
from tests.fhir.r4_schema import find_faults

pytestmark = pytest.mark.django_db


def _search(client: FhirClient, address: str, **parameters: str) -> dict[str, Any]:
    response = client.get(f"/fhir/{address}", parameters)
    assert response.status_code == 200, response.content
    bundle: dict[str, Any] = response.json()
    return bundle


def _resources(bundle: dict[str, Any]) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in bundle.get("entry", [])]


@pytest.fixture
def treated(shadyside: Site) -> Recall:
    """A patient who went the whole way: two visits, a biopsy, pathology, a referral; a room, a letter that left."""
    recall: Recall = RecallFactory.create(
        site=shadyside, cancer=True, exam__assessment_left="1", exam__assessment_right=Assessment.NEED_IMAGING,
    )  # fmt: skip
    RoomFactory.create(site=shadyside)
    message = Notification.objects.filter(recall=recall).order_by("pk")[:1]
    Notification.objects.filter(pk__in=message.values("pk")).update(accepted_at=timezone.now())
    return recall


def test_a_resource_reads_the_same_however_the_database_finds_its_rows(ris: FhirClient, treated: Recall) -> None:
    """PostgreSQL answers in the order of an index or of the table, as it thinks best."""

    def read(*avoided: str) -> list[Any]:
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                for plan in ("seqscan", "indexscan", "bitmapscan"):
                    cursor.execute(f"SET LOCAL enable_{plan} = {'off' if plan in avoided else 'on'}")
        patient, care = _resources(_search(ris, "Patient"))[0], _resources(_search(ris, "CarePlan"))[0]
        return [patient["telecom"], care["activity"]]

    by_index = read("seqscan", "bitmapscan")
    assert min(map(len, by_index)) > 1
    assert read("indexscan", "bitmapscan") == by_index


def test_every_resource_of_a_patient_is_valid_r4(ris: FhirClient, treated: Recall, subtests: pytest.Subtests) -> None:
    for name in DEFINITIONS:
        with subtests.test(name):
            bundle = _search(ris, name)
            assert _resources(bundle), "nothing to check"
            assert find_faults(bundle) == []
            one = _resources(bundle)[0]
            response = ris.get(f"/fhir/{name}/{one['id']}")
            assert (response.status_code, response.json()) == (200, one)
    assert find_faults(ris.get("/fhir/metadata").json()) == []


@pytest.mark.parametrize(
    "scenario", ["to_contact", "booked", "missed", "on_hold", "void", "awaiting_priors", "declined"]
)
def test_a_recall_in_any_state_is_valid_r4(ris: FhirClient, shadyside: Site, scenario: str) -> None:
    recall = RecallFactory.create(site=shadyside, **{scenario: True})
    bundle = _search(ris, f"Patient/{recall.patient_id}/$everything")
    assert find_faults(bundle) == []
    status = {"awaiting_priors": "draft", "on_hold": "on-hold", "void": "entered-in-error", "declined": "revoked"}
    (request,) = (one for one in _resources(bundle) if one["resourceType"] == "ServiceRequest")
    assert (request["intent"], request["status"]) == ("plan", status.get(scenario, "active"))


def test_the_bi_rads_of_each_breast_stands_as_an_observation(ris: FhirClient, treated: Recall) -> None:
    found = {one["id"]: one for one in _resources(_search(ris, "Observation", patient=f"Patient/{treated.patient_id}"))}
    right = found[f"exam-{treated.exam_id}-right"]
    assert right["bodySite"]["coding"][0]["code"] == "73056007"
    assert [one["code"] for one in right["valueCodeableConcept"]["coding"]] == ["397138000", "0-AI"]
    assert found[f"exam-{treated.exam_id}-density"]["valueCodeableConcept"]["coding"][0]["code"] == "129717001"


def test_a_sent_message_is_told_without_its_text_or_address(ris: FhirClient, treated: Recall) -> None:
    (message,) = _resources(_search(ris, "Communication"))
    assert "payload" not in message
    assert "example.org" not in str(message)


def test_nothing_of_another_site_is_read_searched_or_included(
    ris: FhirClient, fhir_client_for: Callable[..., FhirClient], foothills: Site, treated: Recall
) -> None:
    stranger, nowhere = fhir_client_for(foothills, name="Stranger"), fhir_client_for(name="Nowhere")
    RoomFactory.create(site=foothills)
    own = {"Organization", "Location", "Schedule"}
    for name in DEFINITIONS:
        first = _resources(_search(ris, name))[0]["id"]
        for client in (stranger, nowhere):
            assert client.get(f"/fhir/{name}/{first}").status_code == 404
            found = {one["id"] for one in _resources(_search(client, name))}
            assert first not in found
            assert not found or (name in own and client is stranger)
            assert not _resources(_search(client, name, _id=first))
    everything = stranger.get(f"/fhir/Patient/{treated.patient_id}/$everything")
    assert everything.status_code == 404


def test_a_search_parameter_never_widens_what_a_client_sees(
    fhir_client_for: Callable[..., FhirClient], foothills: Site, treated: Recall
) -> None:
    stranger = fhir_client_for(foothills)
    patient = treated.patient
    for parameters in (
        {"identifier": patient.mrn}, {"family": patient.family_name}, {"organization": f"site-{patient.site_id}"},
        {"active": "true"}, {"_lastUpdated": "ge2000"}, {"birthdate": "ne1900"},
    ):  # fmt: skip
        assert _resources(_search(stranger, "Patient", **parameters)) == []


def test_a_scope_for_one_resource_opens_no_other(
    fhir_client_for: Callable[..., FhirClient], shadyside: Site, treated: Recall
) -> None:
    client = fhir_client_for(shadyside, scopes=["system/Appointment.read"])
    bundle = _search(client, "Appointment", _include="Appointment:patient")
    assert {one["resourceType"] for one in _resources(bundle)} == {"Appointment"}
    for name in set(READABLE) & set(DEFINITIONS) - {"Appointment"}:
        response = client.get(f"/fhir/{name}")
        assert (response.status_code, issue_of(response)["code"]) == (403, "forbidden")
    assert client.get(f"/fhir/Patient/{treated.patient_id}/$everything").status_code == 403


def test_each_patient_who_is_shown_is_in_the_access_log_under_the_client(ris: FhirClient, treated: Recall) -> None:
    _search(ris, "ServiceRequest", _include="ServiceRequest:patient")
    ris.get(f"/fhir/Patient/{treated.patient_id}")
    _search(ris, "Organization")
    rows = list(AccessLog.objects.order_by("pk").values_list("user__first_name", "page", "patient_id"))
    pages = ("FHIR search: ServiceRequest", "FHIR read: Patient")
    assert rows == [("Sample RIS", page, treated.patient_id) for page in pages]


def test_a_merged_record_leads_to_the_one_in_use(ris: FhirClient, shadyside: Site) -> None:
    loser, survivor = PatientFactory.create_batch(2, site=shadyside)
    actions.merge_patients(loser, survivor, by=get_site_staff(shadyside).manager)
    found = ris.get(f"/fhir/Patient/{loser.pk}").json()
    assert found["active"] is False
    assert found["link"] == [{"other": {"reference": f"Patient/{survivor.pk}"}, "type": "replaced-by"}]
    assert ris.get(f"/fhir/Patient/{survivor.pk}").json()["link"][0]["type"] == "replaces"


def test_the_death_of_a_patient_is_told(ris: FhirClient, shadyside: Site) -> None:
    patient = PatientFactory.create(site=shadyside)
    record_death(patient, patient.birth_date + timedelta(days=15000), by=get_site_staff(shadyside).manager)
    assert ris.get(f"/fhir/Patient/{patient.pk}").json()["deceasedDateTime"]
    assert len(_resources(_search(ris, "Patient", deceased="true"))) == 1


def test_an_amended_result_is_gone_and_names_the_one_that_stands(ris: FhirClient, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, benign_to_tell=True)
    old = Outcome.objects.get(recall=recall)
    radiologist = get_site_staff(shadyside).radiologist
    actions.amend_outcome(recall, OutcomeInput(Assessment.SUSPICIOUS), by=radiologist, reason="Second look")
    new = Outcome.objects.get(amends=old)
    gone = ris.get(f"/fhir/DiagnosticReport/outcome-{old.pk}")
    assert (gone.status_code, f"outcome-{new.pk}" in issue_of(gone)["diagnostics"]) == (410, True)
    assert ris.get(f"/fhir/DiagnosticReport/outcome-{new.pk}").json()["status"] == "amended"
    ids = [one["id"] for one in _resources(_search(ris, "DiagnosticReport"))]
    assert f"outcome-{old.pk}" not in ids


def test_pages_follow_each_other_and_their_addresses_name_no_patient(ris: FhirClient, shadyside: Site) -> None:
    PatientFactory.create_batch(5, site=shadyside, given_name="Zora")
    form = {"given": "zor", "_count": "2"}
    body = "&".join(f"{name}={value}" for name, value in form.items())
    kind = "application/x-www-form-urlencoded"
    bundle = ris.generic("POST", "/fhir/Patient/_search", body, content_type=kind).json()
    seen, addresses = _resources(bundle), [link["url"] for link in bundle["link"]]
    while following := [link["url"] for link in bundle["link"] if link["relation"] == "next"]:
        bundle = ris.get(following[0]).json()
        seen += _resources(bundle)
        addresses += following
    assert len({one["id"] for one in seen}) == len(seen) == 5
    assert len(addresses) == 4
    assert not any("zor" in address.lower() for address in addresses)


def test_a_page_of_another_client_or_a_forged_one_is_refused(
    ris: FhirClient, fhir_client_for: Callable[..., FhirClient], shadyside: Site
) -> None:
    PatientFactory.create_batch(2, site=shadyside)
    following = _search(ris, "Patient", _count="1")["link"][-1]["url"]
    assert fhir_client_for(shadyside, name="Other").get(following).status_code == 410
    assert ris.get("/fhir/Patient?_cursor=forged").status_code == 400
    assert ris.get(following.replace("/Patient", "/Task")).status_code == 410


@pytest.mark.parametrize(
    "name", ["Patient", "ServiceRequest", "Appointment", "Observation", "DiagnosticReport", "CarePlan"]
)
def test_a_page_costs_the_same_number_of_queries_whatever_it_holds(ris: FhirClient, shadyside: Site, name: str) -> None:
    now = timezone.now()

    def count() -> int:
        with time_machine.travel(now, tick=False), CaptureQueriesContext(connection) as captured:
            _search(ris, name, _count="100")
        return len(captured)

    RecallFactory.create(site=shadyside, missed=True)
    count()  # the first request of a minute writes when the client was last used
    few = count()
    RecallFactory.create_batch(4, site=shadyside, missed=True)
    assert count() == few
    assert few <= 20


@pytest.mark.parametrize(
    ("address", "status"),
    [("Patient?foo=bar", 400), ("Patient?birthdate=yesterday", 400),
     ("Patient?birthdate=2026-02-30", 400), ("Patient?_lastUpdated=9999-12-31", 400),
     ("Patient?_include=Patient:foo", 400), ("Organization?_lastUpdated=2026", 400), ("Medication", 404),
     ("Patient/99999999999999999999999999", 404), ("Patient/9223372036854775808", 404), ("Patient/abc", 404),
     ("Patient?_id=99999999999999999999999,x", 200), ("Appointment?patient=Practitioner/1", 200),
     ("Patient?name=%00", 400), ("Patient?_count=99999999999999999999", 400), ("Task?status=nonsense", 200)],
)  # fmt: skip
def test_a_question_that_cannot_be_answered_is_refused_and_never_answered_with_everything(
    ris: FhirClient, shadyside: Site, address: str, status: int
) -> None:
    PatientFactory.create(site=shadyside)
    response = ris.get(f"/fhir/{address}")
    assert response.status_code == status, response.content
    assert _resources(response.json()) == []


def test_dates_are_searched_with_their_prefixes(ris: FhirClient, shadyside: Site) -> None:
    exam = ExamFactory.create(patient__site=shadyside)
    day = exam.exam_date
    eve = day - timedelta(days=1)
    for value, count in (
        (f"{day}", 1), (f"ge{day}", 1), (f"gt{day}", 0), (f"lt{day}", 0), (f"le{day}", 1), (f"gt{eve}", 1),
        (f"ne{day}", 0), (f"{day:%Y}", 1), (f"{day:%Y-%m}", 1), (f"{eve},{day}", 1),
    ):  # fmt: skip
        assert len(_resources(_search(ris, "DiagnosticReport", date=value))) == count, value
    assert len(_resources(_search(ris, "DiagnosticReport", _lastUpdated=f"ge{eve}"))) == 1
