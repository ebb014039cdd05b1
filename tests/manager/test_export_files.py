"""Holds what the files beside the lists hold, who may take them, and that each taking is on record."""

import csv

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic.models import AccessLog, Site, User
from recalls.enums import RecallKind
from recalls.models import CancerDiagnosis, ScreeningExam
from recalls.testing.factories import ExamFactory, RecallFactory
from reports.manager import exports
from reports.models import ExportLog
from tests.support.admin_pages import signed_in_client

pytestmark = pytest.mark.django_db


def take(user: User, name: str, **changes: str) -> str:
    asked = {"file": name, "reason": "Yearly audit", "since": "2020-01-01", "until": "2030-01-01", **changes}
    return signed_in_client(user).post(reverse("export_files"), asked).getvalue().decode()


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.removeprefix("\ufeff").splitlines()))


def test_an_audit_row_holds_the_exam_and_what_came_of_it_and_no_name(manager_mo: User, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside)
    text = take(manager_mo, "exams", for_excel="on")
    assert text.startswith("\ufeffsite,")
    (row,) = rows_of(text)
    assert (row["accession"], row["recalled"], row["recall_state"]) == (recall.exam.accession, "yes", "to_contact")
    assert recall.patient.family_name not in text
    log = ExportLog.objects.get()
    assert (log.name, log.reason, log.user) == ("exams", "Yearly audit", manager_mo)
    assert AccessLog.objects.filter(page="CSV file exams", patient_id=recall.patient_id).count() == 1


def test_a_finding_on_another_exam_is_in_no_audit(manager_mo: User, shadyside: Site) -> None:
    exam = RecallFactory.create(site=shadyside).exam
    ScreeningExam.objects.filter(pk=exam.pk).update(recall_kind=RecallKind.INCIDENTAL)
    assert rows_of(take(manager_mo, "exams")) == []


@pytest.mark.parametrize("name", sorted(exports.EXPORT_FILES))
def test_every_file_can_be_taken_at_ones_own_sites_alone(
    name: str, manager_mo: User, shadyside: Site, foothills: Site
) -> None:
    RecallFactory.create(site=foothills)
    text = take(manager_mo, name)
    assert tuple(text.splitlines()[0].split(",")) == tuple(exports.EXPORT_FILES[name].columns)
    assert foothills.code not in text


def test_a_cell_that_a_spreadsheet_would_run_is_defused(manager_mo: User, shadyside: Site) -> None:
    exam = RecallFactory.create(site=shadyside).exam
    ScreeningExam.objects.filter(pk=exam.pk).update(reader=None, reader_name="=HYPERLINK(1)")
    (row,) = rows_of(take(manager_mo, "exams"))
    assert row["reader"].startswith("'=")


def test_without_a_reason_or_the_role_there_is_no_file(manager_mo: User, scheduler_ana: User) -> None:
    page = signed_in_client(manager_mo).post(reverse("export_files"), {"file": "exams"})
    assert page.status_code == 422
    assert "Say why the file is needed" in page.content.decode()
    assert signed_in_client(scheduler_ana).get(reverse("export_files")).status_code == 403
    assert not ExportLog.objects.exists()


def test_the_number_of_queries_does_not_grow_with_the_rows(manager_mo: User, shadyside: Site) -> None:
    counts = []
    for _more in range(2):
        ExamFactory.create_batch(2, site=shadyside)
        RecallFactory.create(site=shadyside)
        with CaptureQueriesContext(connection) as queries:
            take(manager_mo, "exams")
            take(manager_mo, "registry")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_row_for_a_registry_holds_the_work_up_the_tissue_and_a_cancer_known_later(
    manager_mo: User, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, cancer=True)
    later = ExamFactory.create(patient__site=shadyside, negative=True, density="c", double_read=True)
    CancerDiagnosis.objects.create(
        site=shadyside, patient=later.patient, diagnosed_on=later.exam_date, result="invasive", size_mm=9, by="Mo"
    )
    text = take(manager_mo, "registry")
    found = {row["patient_id"]: row for row in rows_of(text)}
    assert found[recall.patient.mrn]["biopsy_result"] == "invasive"
    assert found[recall.patient.mrn]["work_up_assessment"] != ""
    assert (found[later.patient.mrn]["size_mm"], found[later.patient.mrn]["cancer_known_from"]) == ("9", "registry")
    assert (found[later.patient.mrn]["density"], found[later.patient.mrn]["double_read"]) == ("c", "yes")
    assert later.patient.family_name not in text
