"""Holds that exports are complete, valid, of the client's own sites, and outlive a killed worker."""

import json
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.utils import timezone

from clinic.access import page_views
from clinic.models import AccessLog, Site, User
from exchange.fhir.export import bulk, files
from exchange.fhir.models import ExportJob, ServiceClient
from patients.factories import PatientFactory
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from tests.fhir.conftest import FhirClient, issue_of
from tests.fhir.r4_schema import find_faults

pytestmark = pytest.mark.django_db

ASYNC = {"Prefer": "respond-async"}


@pytest.fixture(autouse=True)
def _own_folder(settings: Any, tmp_path: Path) -> None:
    settings.FHIR_EXPORT_DIR = tmp_path / "exports"


def _start(client: FhirClient, query: str = "") -> str:
    response = client.get(f"/fhir/$export{query}", headers=ASYNC)
    assert response.status_code == 202, response.content
    return response["Content-Location"]


def _write() -> None:
    assert bulk.write_slice(ExportJob.objects.get(state="running").pk)


def _read(client: FhirClient, url: str) -> list[dict[str, Any]]:
    response = client.get(url, headers={"Accept": "application/fhir+ndjson"})
    assert response["Content-Type"] == "application/fhir+ndjson"
    return [json.loads(line) for line in b"".join(response).splitlines()]


def test_a_client_exports_all_that_it_may_read(ris: FhirClient, shadyside: Site, foothills: Site) -> None:
    recall = RecallFactory.create(site=shadyside, cancer=True)
    RecallFactory.create(site=foothills)
    status = _start(ris)
    assert ris.get(status).status_code == 202
    _write()
    manifest = ris.get(status).json()
    assert (manifest["requiresAccessToken"], manifest["error"]) == (True, [])
    found = {one["type"]: _read(ris, one["url"]) for one in manifest["output"]}
    assert {one["type"]: one["count"] for one in manifest["output"]} == {
        name: len(rows) for name, rows in found.items()
    }
    assert [one["id"] for one in found["Patient"]] == [str(recall.patient_id)]
    assert [fault for rows in found.values() for row in rows for fault in find_faults(row)] == []
    pages = AccessLog.objects.filter(patient_id=recall.patient_id).values_list("page", flat=True)
    assert "FHIR export: Patient" in pages


def test_a_killed_worker_leaves_no_line_out_and_none_twice(
    ris: FhirClient, shadyside: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "BATCH", 2)
    patients = PatientFactory.create_batch(5, site=shadyside)
    status = _start(ris, "?_type=Patient")
    job = ExportJob.objects.get()
    write, written = page_views.write, []

    def die_at_third(rows: Any) -> None:
        written.append(rows)
        if len(written) == 3:
            raise KeyboardInterrupt
        write(rows)

    monkeypatch.setattr(page_views, "write", die_at_third)
    with pytest.raises(KeyboardInterrupt):
        bulk.write_slice(job.pk)
    assert bulk.write_slice(job.pk), "another worker has it"
    assert ris.get(status).status_code == 202
    with time_machine.travel(timezone.now() + timedelta(minutes=3)):
        assert bulk.sweep(timezone.now()) == 1
        _write()
    (output,) = ris.get(status).json()["output"]
    assert [one["id"] for one in _read(ris, output["url"])] == [str(patient.pk) for patient in patients]


def test_an_export_belongs_to_its_client_and_to_what_it_may_read_today(
    ris: FhirClient, fhir_client_for: Callable[..., FhirClient], shadyside: Site
) -> None:
    PatientFactory.create(site=shadyside)
    status = _start(ris, "?_type=Patient")
    _write()
    url = ris.get(status).json()["output"][0]["url"]
    other = fhir_client_for(shadyside, name="Other")
    assert other.get(status).status_code == other.get(url).status_code == 404
    ServiceClient.objects.filter(pk=ris.service.pk).update(scopes=["system/Task.read"])
    assert ris.get(url).status_code == 403


def test_only_what_changed_since_is_exported_where_that_is_asked(ris: FhirClient, shadyside: Site) -> None:
    yesterday = timezone.now() - timedelta(days=1)
    with time_machine.travel(yesterday - timedelta(days=9)):
        PatientFactory.create(site=shadyside)
    new = PatientFactory.create(site=shadyside)
    status = _start(ris, f"?_type=Patient&_since={yesterday.isoformat().replace('+', '%2B')}")
    _write()
    (output,) = ris.get(status).json()["output"]
    assert [one["id"] for one in _read(ris, output["url"])] == [str(new.pk)]


def test_an_export_is_cancelled_or_expires_with_its_files(ris: FhirClient, shadyside: Site) -> None:
    PatientFactory.create(site=shadyside)
    status = _start(ris, "?_type=Patient")
    assert ris.get("/fhir/$export", headers=ASYNC).status_code == 429
    assert ris.delete(status).status_code == 202
    assert ris.get(status).status_code == 404
    _start(ris, "?_type=Patient")
    _write()
    job = ExportJob.objects.get(state="done")
    path = files.file_path(job, "Patient")
    assert path.stat().st_mode & 0o077 == 0
    files.delete_expired(timezone.now() + timedelta(hours=25))
    assert not path.exists()
    assert not ExportJob.objects.exists()


@pytest.mark.parametrize(
    ("query", "headers", "status"),
    [("", {}, 400), ("?_type=Medication", ASYNC, 400), ("?_since=yesterday", ASYNC, 400), ("?foo=1", ASYNC, 400),
     ("?_outputFormat=text/csv", ASYNC, 400)],
)  # fmt: skip
def test_an_export_that_cannot_be_written_is_refused(
    ris: FhirClient, query: str, headers: dict[str, str], status: int
) -> None:
    response = ris.get(f"/fhir/$export{query}", headers=headers)
    assert response.status_code == status
    assert issue_of(response)["diagnostics"]


def test_a_client_without_a_scope_exports_nothing(fhir_client_for: Callable[..., FhirClient], shadyside: Site) -> None:
    client = fhir_client_for(shadyside, scopes=["system/Appointment.write"])
    assert client.get("/fhir/$export", headers=ASYNC).status_code == 403


def test_the_command_prints_one_patient_for_an_account_that_may_see_them(
    shadyside: Site, scheduler_ana: User, other_site_scheduler: User
) -> None:
    recall: Recall = RecallFactory.create(site=shadyside, cancer=True)
    output = StringIO()
    call_command("export_fhir", "--patient", recall.patient.mrn, "--by", "ana", stdout=output)
    bundle = json.loads(output.getvalue())
    assert find_faults(bundle) == []
    assert {"Patient", "ServiceRequest", "Procedure"} <= {one["resource"]["resourceType"] for one in bundle["entry"]}
    assert AccessLog.objects.filter(user=scheduler_ana, patient_id=recall.patient_id).count() == 1
    with pytest.raises(CommandError):
        call_command("export_fhir", "--patient", recall.patient.mrn, "--by", "stranger")
