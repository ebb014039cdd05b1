"""Holds that a registry's cancer reaches its patient alone, and that nobody guesses who that is."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client

from clinic.models import AccessLog, Site, User
from exchange.models import ParkedCancer
from patients.factories import PatientFactory
from patients.models import Patient
from recalls.enums import Assessment
from recalls.models import CancerDiagnosis
from recalls.testing.factories import ExamFactory
from reports.audit.figures import compute_audit
from reports.audit.scope import AuditScope, Breakdown

HEADER = "mrn,family_name,given_name,birth_date,diagnosed_on,result,side,size_mm,nodes,stage,reference\n"
pytestmark = pytest.mark.django_db


@pytest.fixture
def linden(shadyside: Site) -> Patient:
    return PatientFactory.create(
        site=shadyside, mrn="L77", family_name="Sample-Linden", given_name="Testa", birth_date=date(1961, 3, 4)
    )


@pytest.fixture
def mo(client: Client, manager_mo: User) -> Client:
    client.force_login(manager_mo)
    return client


def _row(**cells: str) -> str:
    usual = {
        "mrn": "L77", "family_name": "Sample-Linden", "given_name": "Testa", "birth_date": "1961-03-04",
        "diagnosed_on": "2025-09-01", "result": "invasive", "side": "left", "size_mm": "14", "nodes": "neg",
        "stage": "IA", "reference": "PA-1",
    }  # fmt: skip
    return ",".join((usual | cells).values()) + "\n"


def _send(client: Client, site: Site, *rows: str, header: str = HEADER) -> Any:
    file = SimpleUploadedFile("registry.csv", (header + "".join(rows)).encode())
    return client.post("/cancers/", {"site": site.pk, "file": file})


def test_a_certain_row_becomes_a_cancer_of_its_patient_and_counts_in_the_audit(
    mo: Client, shadyside: Site, linden: Patient, manager_mo: User
) -> None:
    ExamFactory.create(patient=linden, exam_date=date(2025, 3, 3), assessment=Assessment.NEGATIVE, findings=[])
    assert _send(mo, shadyside, _row()).status_code == 302
    found = CancerDiagnosis.objects.get()
    assert (found.patient, found.diagnosed_on, found.size_mm, found.nodes, found.stage, found.user) == (
        linden, date(2025, 9, 1), 14, "neg", "IA", manager_mo,
    )  # fmt: skip
    group = compute_audit(AuditScope.of_year([shadyside], 2025), Breakdown.ALL, date(2027, 1, 5)).screening[0]
    missed = next(one for one in group.figures if one.measure.name == "false_negatives")
    assert (missed.numerator, missed.denominator) == (1, 1)


def test_the_same_file_again_changes_nothing(mo: Client, shadyside: Site, linden: Patient) -> None:
    for _time in range(2):
        _send(mo, shadyside, _row(), _row(mrn="X9", reference="PA-2"))
    assert CancerDiagnosis.objects.filter(patient=linden).count() == 1
    assert ParkedCancer.objects.count() == 1


def test_without_a_record_number_name_and_birth_date_must_be_those_of_one_patient(
    mo: Client, shadyside: Site, linden: Patient
) -> None:
    _send(mo, shadyside, _row(mrn=""))
    assert CancerDiagnosis.objects.get().patient == linden
    PatientFactory.create(site=shadyside, family_name="Sample-Linden", given_name="Testa", birth_date=linden.birth_date)
    _send(mo, shadyside, _row(mrn="", reference="PA-3"))
    assert CancerDiagnosis.objects.count() == 1
    assert "More than one patient" in ParkedCancer.objects.get().problems[0]["message"]


@pytest.mark.parametrize(
    "cells",
    [
        {"birth_date": "1961-03-05"},
        {"family_name": "Sample-Beech", "given_name": "Prova"},
        {"mrn": "L78"},
        {"mrn": "", "given_name": "Prova"},
        {"result": "benign"},
        {"diagnosed_on": "soon"},
        {"diagnosed_on": "1950-01-01"},
        {"size_mm": "large"},
        {"stage": "9"},
    ],
)
def test_a_row_that_is_not_certain_is_parked_with_the_reason(
    mo: Client, shadyside: Site, linden: Patient, cells: dict[str, str]
) -> None:
    _send(mo, shadyside, _row(**cells))
    assert not CancerDiagnosis.objects.exists()
    assert ParkedCancer.objects.get().problems
    assert "registry.csv, line 2" in mo.get("/cancers/").content.decode()


def test_a_person_mends_a_parked_row_or_dismisses_it_with_a_reason(
    mo: Client, shadyside: Site, linden: Patient, manager_mo: User
) -> None:
    _send(mo, shadyside, _row(mrn="X9"), _row(mrn="X10", reference="PA-2"))
    first, second = ParkedCancer.objects.order_by("pk")
    assert mo.get(f"/cancers/parked/{first.pk}/").status_code == 200
    assert AccessLog.objects.filter(user=manager_mo, subject=f"parked cancer {first.pk}").exists()
    assert mo.post(f"/cancers/parked/{first.pk}/", first.raw).status_code == 422
    assert mo.post(f"/cancers/parked/{first.pk}/", first.raw | {"mrn": "L77"}).status_code == 302
    assert CancerDiagnosis.objects.get().patient == linden
    assert mo.post(f"/cancers/parked/{second.pk}/", {"dismiss": "1", "note": " "}).status_code == 422
    assert mo.post(f"/cancers/parked/{second.pk}/", {"dismiss": "1", "note": "Not ours."}).status_code == 302
    second.refresh_from_db()
    assert (second.state, second.note, second.settled_by) == ("dismissed", "Not ours.", manager_mo)
    assert mo.get(f"/cancers/parked/{second.pk}/").status_code == 404


def test_one_cancer_is_entered_by_hand(mo: Client, shadyside: Site, linden: Patient) -> None:
    cells = dict(zip(HEADER.strip().split(","), _row().strip().split(","), strict=True))
    assert mo.get("/cancers/new/SHADY/").status_code == 200
    assert mo.post("/cancers/new/SHADY/", cells | {"mrn": "X9"}).status_code == 422
    assert mo.post("/cancers/new/SHADY/", cells).status_code == 302
    assert CancerDiagnosis.objects.get().patient == linden
    assert not ParkedCancer.objects.exists()


def test_a_file_without_its_columns_is_refused_whole(mo: Client, shadyside: Site) -> None:
    assert _send(mo, shadyside, "a,b\n", header="name,day\n").status_code == 422
    assert _send(mo, shadyside, header="").status_code == 422
    assert not ParkedCancer.objects.exists()


def test_another_site_is_out_of_reach(mo: Client, foothills: Site, shadyside: Site) -> None:
    assert _send(mo, foothills, _row()).status_code == 422
    assert mo.get("/cancers/new/FOOT/").status_code == 404
    far = ParkedCancer.objects.create(site=foothills, file_name="f.csv", line=2)
    assert mo.get(f"/cancers/parked/{far.pk}/").status_code == 404


def test_a_scheduler_loads_no_cancers(client: Client, scheduler_ana: User) -> None:
    client.force_login(scheduler_ana)
    assert client.get("/cancers/").status_code == 403


def test_a_merged_record_hands_its_cancer_on(shadyside: Site, linden: Patient, mo: Client) -> None:
    other = PatientFactory.create(site=shadyside)
    Patient.objects.filter(pk=linden.pk).update(merged_into=other)
    _send(mo, shadyside, _row())
    assert CancerDiagnosis.objects.get().patient == other


def test_the_command_loads_a_file_and_says_how_many_wait(
    tmp_path: Path, shadyside: Site, linden: Patient, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "registry.csv"
    file.write_text(HEADER + _row() + _row(mrn="X9", reference="PA-2"))
    with pytest.raises(SystemExit) as ended:
        call_command("load_cancers", str(file), site="SHADY")
    assert ended.value.code == 3
    assert "loaded: 1, unchanged: 0, parked: 1" in capsys.readouterr().out
