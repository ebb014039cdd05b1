"""Holds that every address of the interface asks for a token, counts the request, and writes down whom it shows."""

import re
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.test import Client

from clinic.models import AccessLog, Site, User
from exchange.fhir import urls
from exchange.fhir.access.clients import issue_token
from exchange.fhir.export import bulk
from exchange.fhir.models import ExportJob, ServiceClient
from recalls.models import Appointment, Recall
from recalls.testing.factories import RecallFactory, RoomFactory
from tests.fhir.conftest import FhirClient, issue_of
from tests.fhir.scheduling_requests import find_times, send_appointment
from tests.support.admin_pages import changelist_url, signed_in_client

pytestmark = pytest.mark.django_db

NOON = "2026-11-25T12:00:10Z"
ASYNC = {"Prefer": "respond-async"}
PUBLIC = {"metadata", "token", "smart_configuration"}  # token counts by itself: test_access
SAMPLE_PARTS = {
    "resource_type": "Patient", "logical_id": "1", "key": "00000000-0000-4000-8000-000000000000",
    "path": "no/such/thing",
}  # fmt: skip


def _addresses() -> dict[str, str]:
    """An address for each route, by name."""
    found = {}
    for pattern in urls.urlpatterns:
        route = re.sub(r"<(?:\w+:)?(\w+)>", lambda match: SAMPLE_PARTS[match[1]], str(pattern.pattern))
        assert pattern.name is not None
        found[pattern.name] = "/fhir/" + ("no/such/thing" if pattern.name == "unknown" else route)
    return found


ADDRESSES = _addresses()


@pytest.mark.parametrize("name", sorted(set(ADDRESSES) - PUBLIC))
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PUT"])
def test_every_route_asks_for_a_token_and_counts(ris: FhirClient, client: Client, name: str, method: str) -> None:
    assert client.generic(method, ADDRESSES[name]).status_code == 401
    ServiceClient.objects.update(requests_per_minute=1)
    with time_machine.travel(NOON, tick=False):
        ris.defaults["HTTP_AUTHORIZATION"] = f"Bearer {issue_token(ris.service)[1]}"
        assert ris.generic(method, ADDRESSES[name]).status_code not in (401, 429, 500)
        refused = ris.generic(method, ADDRESSES[name])
    assert (refused.status_code, issue_of(refused)["code"]) == (429, "throttled")


@pytest.fixture
def shown(shadyside: Site) -> Recall:
    RoomFactory.create(site=shadyside)
    recall: Recall = RecallFactory.create(site=shadyside)
    return recall


def _pages(recall: Recall) -> list[str]:
    """What the access log says of the patient since it was asked last, oldest first."""
    of_patient = AccessLog.objects.filter(patient_id=recall.patient_id, user__first_name="Sample RIS")
    rows = list(of_patient.filter(pk__gt=vars(recall).get("read_until", 0)).order_by("pk"))
    vars(recall)["read_until"] = AccessLog.objects.order_by("pk").values_list("pk", flat=True).last() or 0
    return [row.page for row in rows]


def test_whatever_shows_a_patient_is_in_the_access_log_in_words(ris: FhirClient, shown: Recall) -> None:
    form = "application/x-www-form-urlencoded"
    ris.get(f"/fhir/Patient/{shown.patient_id}")
    assert _pages(shown) == ["FHIR read: Patient"]
    ris.get("/fhir/ServiceRequest")
    assert _pages(shown) == ["FHIR search: ServiceRequest"]
    ris.generic("POST", "/fhir/Task/_search", f"patient={shown.patient_id}", content_type=form)
    assert _pages(shown) == ["FHIR search: Task"]
    ris.get("/fhir/ServiceRequest?_revinclude=Task:focus&_summary=count")
    assert _pages(shown) == []
    first = ris.get(f"/fhir/Patient/{shown.patient_id}/$everything?_count=1").json()
    ris.get(first["link"][-1]["url"])
    assert _pages(shown) == ["FHIR everything: Patient"] * 2
    proposal = find_times(ris, shown)[0]
    assert _pages(shown) == ["FHIR find: Appointment"]
    pending = send_appointment(ris, "hold", proposal).json()["entry"][0]["resource"]
    assert _pages(shown) == ["FHIR hold: Appointment"]
    assert send_appointment(ris, "book", pending).status_code == 200
    assert _pages(shown) == ["FHIR book: Appointment"]


def test_a_conditional_create_that_finds_a_visit_shows_it_and_says_so(ris: FhirClient, shown: Recall) -> None:
    assert send_appointment(ris, "book", find_times(ris, shown)[0]).status_code == 200
    assert _pages(shown)
    number = Appointment.objects.get().pk
    condition = {"If-None-Exist": f"identifier=urn:recall-desk:appointment|{number}"}
    body = {"resourceType": "Appointment"}
    response = ris.post("/fhir/Appointment", body, content_type="application/fhir+json", headers=condition)
    assert (response.status_code, response.json()["id"]) == (200, str(number))
    assert _pages(shown) == ["FHIR read: Appointment"]


def test_an_export_is_in_the_access_log_when_it_is_written_and_each_fetch_in_that_of_the_program(
    ris: FhirClient, shown: Recall, settings: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings.FHIR_EXPORT_DIR = tmp_path
    status = ris.get("/fhir/$export?_type=Patient", headers=ASYNC)["Content-Location"]
    assert bulk.write_slice(ExportJob.objects.get().pk)
    assert _pages(shown) == ["FHIR export: Patient"]
    (file,) = ris.get(status).json()["output"]
    assert b"".join(ris.get(file["url"], headers={"Accept": "application/fhir+ndjson"}))
    assert any("fhir_export_file_sent" in str(record.msg) for record in caplog.records)
    assert shown.patient.family_name not in caplog.text


def test_a_privacy_officer_reads_which_program_it_was(ris: FhirClient, shown: Recall, administrator_ada: User) -> None:
    ris.get(f"/fhir/Patient/{shown.patient_id}")
    ada = signed_in_client(administrator_ada)
    page = ada.get(changelist_url(AccessLog)).content.decode()
    assert f"Sample RIS ({ris.service.account.username})" in page
    assert "FHIR read: Patient" in page
    found = ada.get(changelist_url(AccessLog), {"q": "sample ris"}).content.decode()
    assert "FHIR read: Patient" in found
    nothing = ada.get(changelist_url(AccessLog), {"q": "Other RIS"}).content.decode()
    assert "FHIR read: Patient" not in nothing
