"""Tests of care elsewhere: its result enters in any state, and a report that is owed is asked for until it comes."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from time_machine import TimeMachineFixture

from clinic import calendar
from clinic.factories import SiteStaff
from clinic.models import Site
from recalls import actions
from recalls.actions import OutsideReportInput, PathologyInput
from recalls.enums import (
    Assessment,
    ClosureReason,
    ConcordanceVerdict,
    DisclosureMethod,
    OutsideReportKind,
    PathologyClass,
    ReportSource,
    State,
)
from recalls.models import Recall
from recalls.permissions import NotPermitted, StepUnavailable
from recalls.testing.factories import RecallFactory
from tests.rules.step_actions import MONDAY, TOLD_BY_PHONE, outside_imaging, today_at

pytestmark = pytest.mark.django_db


def _tissue(recall: Recall, kind: OutsideReportKind, result: PathologyClass) -> OutsideReportInput:
    return OutsideReportInput(
        kind, "Hillside Sample Hospital", today_at(recall), ReportSource.FAX, pathology=PathologyInput(result)
    )


@pytest.fixture
def transferred(shadyside: Site) -> Recall:
    recall: Recall = RecallFactory.create(site=shadyside, transferred=True)
    return recall


@pytest.mark.parametrize("scenario", ["transferred", "declined", "lost", "to_contact", "booked", "on_hold"])
def test_a_4_found_elsewhere_is_owed_to_the_patient_and_then_leads_to_a_biopsy(
    scenario: str, shadyside: Site, staff: SiteStaff
) -> None:
    recall = RecallFactory.create(site=shadyside, **{scenario: True})
    actions.record_outside(recall, outside_imaging(recall, Assessment.SUSPICIOUS_B), by=staff.scheduler)
    limit = calendar.add_business_days(shadyside, MONDAY, 2)
    assert (recall.state, recall.closure_reason, recall.tell_by, recall.due_at) == (
        State.RESULT_TO_TELL, "", limit, limit,
    )  # fmt: skip
    assert not recall.appointments.filter(status="booked").exists()
    actions.result_told(recall, TOLD_BY_PHONE, by=staff.navigator)
    assert recall.state == State.BIOPSY_TO_BOOK


def test_a_result_told_by_the_other_clinic_is_not_owed_again(transferred: Recall, staff: SiteStaff) -> None:
    report = outside_imaging(transferred, Assessment.BENIGN, told_there="Hillside Sample Clinic")
    actions.record_outside(transferred, report, by=staff.scheduler)
    assert (transferred.state, transferred.closure_reason) == (State.CLOSED, ClosureReason.BENIGN)
    told = transferred.disclosures.get()
    assert (told.method, told.told_by) == (DisclosureMethod.OUTSIDE, "Hillside Sample Clinic")


def test_images_taken_here_are_still_read_after_a_report_from_elsewhere(shadyside: Site, staff: SiteStaff) -> None:
    recall = RecallFactory.create(site=shadyside, attended=True)
    actions.record_outside(recall, outside_imaging(recall), by=staff.scheduler)
    assert recall.state == State.AWAITING_OUTCOME
    assert recall.result_since == MONDAY


def test_a_report_names_its_institution_and_answers_this_screening_exam(transferred: Recall, staff: SiteStaff) -> None:
    report, before = outside_imaging(transferred), transferred.exam.exam_date
    wrong = [
        (replace(report, facility=" "), "Name the institution"),
        (replace(report, performed_on=today_at(transferred) + timedelta(days=1)), "has not come yet"),
        (replace(report, performed_on=before - timedelta(days=1)), "before the screening exam"),
        (replace(report, outcome=None), "final assessment of the report"),
        (replace(report, kind=OutsideReportKind.SURGERY), "pathology result of the report"),
    ]
    for mistaken, why in wrong:
        with pytest.raises(ValidationError, match=why):
            actions.record_outside(transferred, mistaken, by=staff.scheduler)
    assert (transferred.outside_reports.count(), transferred.state) == (0, State.CLOSED)
    actions.record_outside(transferred, replace(report, performed_on=before), by=staff.scheduler)
    row = transferred.outside_reports.get()
    outcome = transferred.outcomes.get()
    assert (row.performed_on, row.outcome) == (before, outcome)
    assert (outcome.basis, outcome.facility) == ("outside", "Hillside Sample Clinic")


def test_tissue_taken_elsewhere_is_signed_here(transferred: Recall, staff: SiteStaff) -> None:
    report = _tissue(transferred, OutsideReportKind.BIOPSY, PathologyClass.INVASIVE)
    actions.record_outside(transferred, report, by=staff.scheduler)
    assert (transferred.state, transferred.lesions.count()) == (State.AWAITING_CONCORDANCE, 1)
    actions.sign_concordance(transferred, ConcordanceVerdict.MALIGNANT, by=staff.radiologist)
    assert (transferred.state, transferred.tell_by) == (
        State.RESULT_TO_TELL, calendar.end_of_business(transferred.site, MONDAY),
    )  # fmt: skip


def test_a_cancer_found_only_at_surgery_is_told_the_same_day(shadyside: Site, staff: SiteStaff) -> None:
    recall = RecallFactory.create(site=shadyside, high_risk=True)
    assert recall.closure_reason == ClosureReason.HIGH_RISK_REFERRED
    actions.record_outside(
        recall, _tissue(recall, OutsideReportKind.SURGERY, PathologyClass.INVASIVE), by=staff.navigator
    )
    today = calendar.end_of_business(shadyside, MONDAY)
    assert (recall.state, recall.tell_by, recall.due_at) == (State.RESULT_TO_TELL, today, today)
    assert recall.events.latest("pk").data["upgrade"] is True
    actions.result_told(recall, TOLD_BY_PHONE, by=staff.radiologist)
    assert (recall.state, recall.closure_reason) == (State.CLOSED, ClosureReason.CANCER_HANDED_OVER)


def test_surgery_of_a_known_cancer_is_no_upgrade(shadyside: Site, staff: SiteStaff) -> None:
    recall = RecallFactory.create(site=shadyside, cancer=True)
    actions.record_outside(
        recall, _tissue(recall, OutsideReportKind.SURGERY, PathologyClass.INVASIVE), by=staff.navigator
    )
    assert recall.events.latest("pk").data["upgrade"] is False
    assert recall.tell_by == calendar.add_business_days(shadyside, MONDAY, 2)


@pytest.mark.parametrize(
    ("scenario", "kind"),
    [("to_contact", OutsideReportKind.IMAGING), ("biopsy_to_book", OutsideReportKind.BIOPSY),
     ("to_hand_over", OutsideReportKind.SURGERY)],
)  # fmt: skip
def test_a_transfer_asks_for_the_report_of_what_was_still_to_do(
    scenario: str, kind: OutsideReportKind, shadyside: Site, staff: SiteStaff
) -> None:
    recall = RecallFactory.create(site=shadyside, **{scenario: True})
    for by in (staff.navigator, staff.radiologist):
        if recall.is_open:
            actions.transfer(recall, facility="Hillside Sample Clinic", phone="+1", by=by, note="The patient said so.")
    request = recall.report_requests.get()
    assert (recall.closure_reason, request.kind, request.closed_at) == (ClosureReason.TRANSFERRED, kind, None)
    assert request.ask_on == today_at(recall) + timedelta(days=14)


def test_a_transfer_names_the_clinic(shadyside: Site, staff: SiteStaff) -> None:
    recall = RecallFactory.create(site=shadyside)
    with pytest.raises(ValidationError, match="Name the clinic that takes over"):
        actions.transfer(recall, facility=" ", by=staff.scheduler, note="The patient said so.")
    assert recall.state == State.TO_CONTACT


def test_a_report_is_asked_for_every_two_weeks_until_it_comes(
    transferred: Recall, staff: SiteStaff, time_machine: TimeMachineFixture
) -> None:
    for times in (1, 2):
        time_machine.move_to(MONDAY + timedelta(days=14 * times), tick=False)
        actions.ask_report(transferred, by=staff.scheduler, note="Fax to the records office.")
        request = transferred.report_requests.get()
        today = today_at(transferred)
        assert (request.times_asked, request.asked_on, request.ask_on) == (times, today, today + timedelta(days=14))
    actions.record_outside(transferred, outside_imaging(transferred), by=staff.scheduler)
    request.refresh_from_db()
    assert (request.received, request.closed_by) == (True, staff.scheduler.get_full_name())
    with pytest.raises(StepUnavailable, match="No report is asked for"):
        actions.ask_report(transferred, by=staff.scheduler)


def test_a_report_of_another_kind_does_not_end_the_asking(transferred: Recall, staff: SiteStaff) -> None:
    tissue = _tissue(transferred, OutsideReportKind.BIOPSY, PathologyClass.BENIGN)
    actions.record_outside(transferred, tissue, by=staff.scheduler)
    assert transferred.report_requests.get().closed_at is None


def test_only_a_radiologist_or_manager_signs_that_a_report_is_not_to_be_had(
    transferred: Recall, staff: SiteStaff
) -> None:
    with pytest.raises(NotPermitted):
        actions.close_report_request(transferred, by=staff.scheduler, note="Asked three times.")
    with pytest.raises(ValidationError, match="Say why"):
        actions.close_report_request(transferred, by=staff.manager, note=" ")
    actions.close_report_request(transferred, by=staff.manager, note="Asked three times.")
    request = transferred.report_requests.get()
    assert (request.received, request.closed_at, transferred.state) == (False, MONDAY, State.CLOSED)
