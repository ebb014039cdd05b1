"""Tests that a surgery recorded in error is taken back: what it hid is owed again, and the audit counts what holds."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic.factories import SiteStaff
from clinic.models import Site
from recalls import actions
from recalls.actions import OutsideReportInput, PathologyInput
from recalls.enums import ClosureReason, OutsideReportKind, PathologyClass, ReportSource, State
from recalls.lesion_stages import LesionStage, load_lesion_statuses
from recalls.models import OutsideReport, OutsideReportRetraction, PathologyResult, Recall
from recalls.permissions import NotPermitted, StepUnavailable, open_report_requests
from recalls.testing.factories import RecallFactory
from reports.audit.cancers import load_cancers
from reports.audit.scope import AuditScope
from tests.desk.conftest import ClientFor, StepFormClient, client_for, page_text
from tests.history.test_sealed_facts import run_verify_history
from tests.rules.results.hand_over import hand_over
from tests.rules.step_actions import TOLD_BY_PHONE, today_at

__all__ = ["client_for"]
pytestmark = pytest.mark.django_db
HOSPITAL = "Hillside Sample Hospital"
INVASIVE, BENIGN = PathologyClass.INVASIVE, PathologyClass.BENIGN
WHY = "It was another patient of that name."


def _operate(recall: Recall, staff: SiteStaff, result: PathologyClass, told_there: str = "") -> OutsideReport:
    report = OutsideReportInput(
        OutsideReportKind.SURGERY, HOSPITAL, today_at(recall), ReportSource.FAX, pathology=PathologyInput(result),
        told_there=told_there,
    )  # fmt: skip
    actions.record_outside(recall, report, by=staff.radiologist)
    return OutsideReport.objects.filter(recall=recall, kind=OutsideReportKind.SURGERY).latest("pk")


def _cancers(recall: Recall) -> list[tuple[bool | None, int | None]]:
    scope = AuditScope.of_year([recall.site], recall.exam.exam_date.year)
    return [(one.cancer.is_invasive, one.cancer.size_mm) for one in load_cancers(scope)]


def test_the_surgery_of_another_patient_no_longer_hides_a_5(shadyside: Site, staff: SiteStaff) -> None:
    recall = RecallFactory.create(site=shadyside, biopsy_to_book=True)
    with pytest.raises(StepUnavailable, match="No report of a surgery"):
        actions.surgery_in_error(recall, by=staff.scheduler, note=WHY)
    _operate(recall, staff, BENIGN, told_there="Dr. Sample-Surgeon")
    assert recall.state == State.CLOSED
    with pytest.raises(ValidationError, match="why"):
        actions.surgery_in_error(recall, by=staff.scheduler, note=" ")
    event = actions.surgery_in_error(recall, by=staff.scheduler, note=WHY)
    assert (recall.state, recall.suspicious, recall.closure_reason) == (State.BIOPSY_TO_BOOK, True, "")
    assert [status.stage for status in load_lesion_statuses(recall)] == [LesionStage.TO_BIOPSY]
    assert not recall.outside_reports.exists()
    assert not recall.pathology_results.exists()
    assert event.note == WHY
    assert PathologyResult.all_objects.filter(recall=recall).count() == 1  # the rows stay
    assert str(OutsideReportRetraction.objects.get().pk) in str(event.seals)
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        OutsideReportRetraction.objects.update(by="Somebody else")
    assert run_verify_history()[0] == 0


def test_a_cancer_that_stands_in_such_a_report_alone_is_taken_back_by_a_radiologist_and_from_the_audit(
    shadyside: Site, staff: SiteStaff
) -> None:
    recall = RecallFactory.create(site=shadyside, high_risk=True)
    _operate(recall, staff, INVASIVE)
    assert (recall.state, _cancers(recall)) == (State.RESULT_TO_TELL, [(True, None)])
    with pytest.raises(NotPermitted, match="radiologist"):
        actions.surgery_in_error(recall, by=staff.navigator, note=WHY)
    actions.surgery_in_error(recall, by=staff.radiologist, note=WHY)
    assert (recall.state, recall.closure_reason) == (State.CLOSED, ClosureReason.HIGH_RISK_REFERRED)
    assert (recall.result_since, recall.tell_by, _cancers(recall)) == (None, None, [])


def test_whoever_was_told_of_it_hears_what_holds(shadyside: Site, staff: SiteStaff) -> None:
    recall = RecallFactory.create(site=shadyside, high_risk=True)
    _operate(recall, staff, INVASIVE)
    actions.result_told(recall, TOLD_BY_PHONE, by=staff.radiologist)
    assert recall.closure_reason == ClosureReason.CANCER_HANDED_OVER
    actions.surgery_in_error(recall, by=staff.radiologist, note=WHY)
    assert recall.state == State.RESULT_TO_TELL
    actions.result_told(recall, TOLD_BY_PHONE, by=staff.radiologist)
    assert (recall.state, recall.closure_reason) == (State.CLOSED, ClosureReason.HIGH_RISK_REFERRED)


def test_an_untold_result_that_the_report_called_told_is_owed_again(shadyside: Site, staff: SiteStaff) -> None:
    recall = RecallFactory.create(site=shadyside, suspicious_to_tell=True)
    _operate(recall, staff, BENIGN, told_there="Dr. Sample-Surgeon")
    assert recall.state == State.CLOSED
    actions.surgery_in_error(recall, by=staff.scheduler, note=WHY)
    assert recall.state == State.RESULT_TO_TELL
    assert not recall.disclosures.exists()


def test_the_hospital_is_asked_again_whether_the_patient_came(shadyside: Site, staff: SiteStaff) -> None:
    recall = RecallFactory.create(site=shadyside, to_hand_over=True)
    hand_over(recall, staff)
    _operate(recall, staff, INVASIVE, told_there="Dr. Sample-Surgeon")
    assert not open_report_requests(recall)
    actions.surgery_in_error(recall, by=staff.scheduler, note=WHY)
    recall = Recall.objects.get(pk=recall.pk)
    asked = [(row.kind, row.facility) for row in open_report_requests(recall)]
    assert asked == [(OutsideReportKind.FIRST_VISIT, HOSPITAL)]
    assert (recall.state, recall.closure_reason) == (State.CLOSED, ClosureReason.CANCER_HANDED_OVER)


def test_a_corrected_report_stands_in_the_place_of_the_first_and_is_told(shadyside: Site, staff: SiteStaff) -> None:
    recall = RecallFactory.create(site=shadyside, high_risk=True)
    first = _operate(recall, staff, BENIGN, told_there="Dr. Sample-Surgeon")
    right = PathologyInput(INVASIVE, size_mm=9, nodes="neg")
    with pytest.raises(ValidationError, match="why"):
        actions.amend_surgery(recall, right, reason="", by=staff.radiologist)
    with pytest.raises(NotPermitted):
        actions.amend_surgery(recall, right, reason=WHY, by=staff.scheduler)
    day = first.performed_on - timedelta(days=1)
    event = actions.amend_surgery(recall, right, reason="Corrected.", performed_on=day, by=staff.radiologist)
    assert (recall.state, event.data["upgrade"], event.data["amends"]) == (State.RESULT_TO_TELL, True, first.pk)
    stands = recall.outside_reports.get(kind=OutsideReportKind.SURGERY)
    assert (stands.performed_on, stands.facility) == (day, HOSPITAL)
    assert stands.pathology is not None
    assert (stands.pathology.lesion, stands.pathology.source) == (recall.lesions.get(), "surgery")
    assert (_cancers(recall), PathologyResult.all_objects.filter(recall=recall).count()) == ([(True, 9)], 3)
    assert run_verify_history()[0] == 0
    actions.amend_surgery(recall, PathologyInput(BENIGN), reason="And back.", by=staff.radiologist)
    assert (_cancers(recall), recall.state) == ([], State.RESULT_TO_TELL)


def test_of_two_surgeries_the_forms_ask_which_one(shadyside: Site, staff: SiteStaff, client_for: ClientFor) -> None:
    recall = RecallFactory.create(site=shadyside, cancer_in_treatment=True)
    first, second = (_operate(recall, staff, INVASIVE, told_there="Dr. Sample-Surgeon") for _surgery in range(2))
    with pytest.raises(ValidationError, match="which report"):
        actions.surgery_in_error(recall, by=staff.radiologist, note=WHY)
    doctor = client_for(staff.radiologist)
    StepFormClient(doctor, recall, "surgery_in_error").send(report=str(first.pk), note=WHY)
    recall.refresh_from_db()
    assert [row.pk for row in recall.outside_reports.filter(kind=OutsideReportKind.SURGERY)] == [second.pk]
    form = StepFormClient(doctor, recall, "amend_surgery")
    form.send(result="in_situ", reason="Corrected.")
    recall.refresh_from_db()
    assert recall.pathology_results.last().result == PathologyClass.IN_SITU  # type: ignore[union-attr]
    assert "Amend surgery report" in page_text(doctor.get(reverse("recall", args=[recall.pk])))


def test_the_page_of_an_operated_patient_takes_no_more_queries(
    shadyside: Site, staff: SiteStaff, client_for: ClientFor
) -> None:
    plain, operated = (RecallFactory.create(site=shadyside, cancer_in_treatment=True) for _one in range(2))
    for _surgery in range(3):
        _operate(operated, staff, INVASIVE, told_there="Dr. Sample-Surgeon")
    actions.amend_surgery(
        operated, PathologyInput(INVASIVE), reason=WHY, by=staff.radiologist,
        report_id=operated.outside_reports.latest("pk").pk,
    )  # fmt: skip
    doctor, counts = client_for(staff.radiologist), []
    for recall in (plain, plain, operated):
        with CaptureQueriesContext(connection) as seen:
            doctor.get(reverse("recall", args=[recall.pk]))
        counts.append(len(seen))
    assert counts[2] <= counts[1]
