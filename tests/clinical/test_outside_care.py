"""Cases of care elsewhere: its result comes in at any time, is told, and goes on as it asks for."""

import pytest
from django.core.exceptions import ValidationError

from notifications.enums import NotificationKind
from recalls import actions
from recalls.enums import (
    Assessment,
    ClosureReason,
    ConcordanceVerdict,
    OutsideReportKind,
    PathologyClass,
    ReportSource,
    State,
)
from recalls.permissions import StepRefused, is_at_risk, open_report_requests
from tests.clinical.pathway import HOSPITAL, Pathway

pytestmark = pytest.mark.django_db
IMAGING, BIOPSY, SURGERY = OutsideReportKind.IMAGING, OutsideReportKind.BIOPSY, OutsideReportKind.SURGERY


def _transferred(pathway: Pathway) -> None:
    pathway.screen()
    pathway.transfer()
    assert pathway.stands == (State.CLOSED, ClosureReason.TRANSFERRED)
    pathway.days_pass(10)


def _high_risk_and_referred(pathway: Pathway) -> None:
    """A high-risk lesion was handed over to a surgeon three weeks ago."""
    pathway.advise_biopsy_at_visit()
    pathway.biopsy()
    pathway.tissue(PathologyClass.HIGH_RISK, ConcordanceVerdict.HIGH_RISK)
    pathway.told()
    pathway.hand_over()
    assert pathway.stands == (State.CLOSED, ClosureReason.HIGH_RISK_REFERRED)
    pathway.days_pass(15)


def test_a_work_up_elsewhere_is_recorded_while_the_recall_is_open_and_told(pathway: Pathway) -> None:
    pathway.screen()
    pathway.days_pass(6)
    pathway.outside(IMAGING, Assessment.NEGATIVE)
    assert pathway.is_open_in(State.RESULT_TO_TELL)
    assert pathway.due_day() == pathway.open_day(2)
    pathway.told()
    assert pathway.stands == (State.CLOSED, ClosureReason.NORMAL)


def test_a_biopsy_elsewhere_that_shows_cancer_is_signed_told_and_handed_over(pathway: Pathway) -> None:
    pathway.advise_biopsy_at_visit()
    pathway.days_pass(6)
    pathway.outside(BIOPSY, PathologyClass.INVASIVE)
    assert pathway.is_open_in(State.AWAITING_CONCORDANCE)
    pathway.sign(ConcordanceVerdict.MALIGNANT)
    assert pathway.due_day() == pathway.today
    pathway.told()
    assert pathway.is_open_in(State.TO_HAND_OVER)
    pathway.hand_over()


def test_a_transferred_patient_whose_outside_images_are_a_2_is_known_to_be_well(pathway: Pathway) -> None:
    _transferred(pathway)
    pathway.outside(IMAGING, Assessment.BENIGN, told_there="Dr. Elsewhere")
    assert pathway.stands == (State.CLOSED, ClosureReason.BENIGN)
    assert not open_report_requests(pathway.current)
    assert NotificationKind.OUTCOME_BENIGN not in pathway.messages(), "the other clinic has told them"


def test_an_outside_result_that_is_told_in_writing_is_really_written(pathway: Pathway) -> None:
    _transferred(pathway)
    pathway.outside(IMAGING, Assessment.BENIGN)
    pathway.release()
    assert pathway.stands == (State.CLOSED, ClosureReason.BENIGN)
    assert NotificationKind.OUTCOME_BENIGN in pathway.messages()


def test_a_transferred_patient_whose_outside_images_are_a_4_is_on_our_list_until_told(pathway: Pathway) -> None:
    _transferred(pathway)
    pathway.outside(IMAGING, Assessment.SUSPICIOUS_B)
    assert pathway.is_open_in(State.RESULT_TO_TELL)
    pathway.told()
    assert pathway.is_open_in(State.BIOPSY_TO_BOOK)


def test_a_transferred_patient_whose_outside_biopsy_is_malignant_opens_again(pathway: Pathway) -> None:
    pathway.advise_biopsy_at_visit()
    pathway.signed_by_two(lambda user: pathway.transfer(by=user))
    assert [row.kind for row in open_report_requests(pathway.current)] == [BIOPSY]
    pathway.days_pass(10)
    pathway.outside(BIOPSY, PathologyClass.IN_SITU)
    assert pathway.is_open_in(State.AWAITING_CONCORDANCE)
    pathway.sign(ConcordanceVerdict.MALIGNANT)
    pathway.told()
    pathway.hand_over()
    assert pathway.stands == (State.CLOSED, ClosureReason.CANCER_HANDED_OVER)


def test_a_report_that_never_comes_is_asked_for_until_a_person_signs_that_it_is_not_to_be_had(
    pathway: Pathway,
) -> None:
    _transferred(pathway)
    for _ask in range(3):
        actions.ask_report(pathway.recall, by=pathway.staff.scheduler, note="Faxed the records office.")
        pathway.days_pass(10)
    assert [row.times_asked for row in open_report_requests(pathway.current)] == [3]
    with pytest.raises(StepRefused):
        actions.close_report_request(pathway.recall, by=pathway.staff.scheduler, note="They do not answer.")
    actions.close_report_request(pathway.recall, by=pathway.staff.radiologist, note="They do not answer.")
    assert not open_report_requests(pathway.current)
    assert pathway.stands == (State.CLOSED, ClosureReason.TRANSFERRED)


def test_a_benign_biopsy_elsewhere_of_a_screening_4_closes_only_after_a_signature_and_a_talk(
    pathway: Pathway,
) -> None:
    pathway.screen(Assessment.SUSPICIOUS_B)
    pathway.days_pass(4)
    pathway.outside(BIOPSY, PathologyClass.BENIGN)
    pathway.sign(ConcordanceVerdict.CONCORDANT_BENIGN)
    pathway.told()
    assert pathway.stands == (State.CLOSED, ClosureReason.BENIGN_CONCORDANT)


def test_a_discordant_biopsy_elsewhere_is_repeated_here(pathway: Pathway) -> None:
    pathway.screen(Assessment.HIGHLY_SUGGESTIVE)
    pathway.outside(BIOPSY, PathologyClass.BENIGN)
    pathway.sign(ConcordanceVerdict.DISCORDANT)
    pathway.told()
    assert pathway.is_open_in(State.BIOPSY_TO_BOOK)


def test_a_discordant_biopsy_elsewhere_of_a_screening_0_is_protected_like_any_4(pathway: Pathway) -> None:
    pathway.screen()
    pathway.outside(BIOPSY, PathologyClass.BENIGN)
    pathway.sign(ConcordanceVerdict.DISCORDANT)
    pathway.told()
    assert pathway.is_open_in(State.BIOPSY_TO_BOOK)
    assert is_at_risk(pathway.current)


def test_a_high_risk_lesion_that_surgery_upgrades_to_cancer_is_told_the_same_day(pathway: Pathway) -> None:
    _high_risk_and_referred(pathway)
    pathway.outside(SURGERY, PathologyClass.IN_SITU)
    assert pathway.is_open_in(State.RESULT_TO_TELL)
    assert pathway.due_day() == pathway.today
    pathway.told()
    assert pathway.stands == (State.CLOSED, ClosureReason.CANCER_HANDED_OVER)


def test_a_high_risk_lesion_that_surgery_finds_benign_and_told_there_stays_closed(pathway: Pathway) -> None:
    _high_risk_and_referred(pathway)
    pathway.outside(SURGERY, PathologyClass.BENIGN, told_there="Dr. Sample-Surgeon")
    assert pathway.stands == (State.CLOSED, ClosureReason.HIGH_RISK_REFERRED)


def test_a_patient_who_declined_here_and_was_seen_elsewhere_has_an_answer_after_all(pathway: Pathway) -> None:
    pathway.screen()
    pathway.decline()
    pathway.days_pass(12)
    pathway.outside(IMAGING, Assessment.PROBABLY_BENIGN)
    assert pathway.is_open_in(State.RESULT_TO_TELL)
    pathway.told()
    assert pathway.is_open_in(State.FOLLOW_UP)


def test_an_outside_report_is_no_older_than_the_screening_and_not_of_tomorrow(pathway: Pathway) -> None:
    pathway.screen()
    outcome = actions.OutcomeInput(Assessment.NEGATIVE)
    for day in (pathway.recall.exam.exam_date.replace(year=2025), pathway.open_day(1)):
        report = actions.OutsideReportInput(IMAGING, HOSPITAL, day, ReportSource.FAX, outcome=outcome)
        with pytest.raises(ValidationError):
            actions.record_outside(pathway.recall, report, by=pathway.staff.scheduler)


def test_a_second_0_from_elsewhere_still_needs_a_visit(pathway: Pathway) -> None:
    _transferred(pathway)
    pathway.outside(IMAGING, Assessment.NEED_IMAGING)
    pathway.told()
    assert pathway.is_open_in(State.TO_CONTACT)
