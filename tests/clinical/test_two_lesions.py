"""Cases of several lesions in one recall: each has its own fate, and the worst one leads."""

from urllib.parse import urlencode

import pytest
from django.core.exceptions import ValidationError
from django.http import QueryDict

from recalls.enums import Assessment, ClosureReason, ConcordanceVerdict, PathologyClass, Side, State
from recalls.forms.outcomes import RecordOutcomeForm
from recalls.permissions import StepRefused
from recalls.workflow import STEPS_BY_NAME
from tests.clinical.pathway import Pathway

pytestmark = pytest.mark.django_db
BENIGN = (PathologyClass.BENIGN, ConcordanceVerdict.CONCORDANT_BENIGN)
CANCER = (PathologyClass.INVASIVE, ConcordanceVerdict.MALIGNANT)
HIGH_RISK = (PathologyClass.HIGH_RISK, ConcordanceVerdict.HIGH_RISK)


def _both_breasts(pathway: Pathway, right: Assessment, left: Assessment, overall: Assessment | None = None) -> None:
    """A visit ends with a result of each breast, told before the patient leaves."""
    pathway.advise_biopsy_at_visit(overall or right, assessment_right=right, assessment_left=left)


@pytest.mark.parametrize(("benign", "malignant"), [(Side.RIGHT, Side.LEFT), (Side.LEFT, Side.RIGHT)])
def test_the_second_lesions_cancer_is_not_lost_when_the_first_is_benign(
    pathway: Pathway, benign: Side, malignant: Side
) -> None:
    _both_breasts(pathway, Assessment.SUSPICIOUS_B, Assessment.SUSPICIOUS_B)
    pathway.biopsy()
    pathway.tissue(*BENIGN, side=benign)
    pathway.told()
    assert pathway.is_open_in(State.AWAITING_PATHOLOGY)
    pathway.tissue(*CANCER, side=malignant)
    pathway.told()
    assert pathway.is_open_in(State.TO_HAND_OVER)
    pathway.hand_over()
    assert pathway.stands == (State.CLOSED, ClosureReason.CANCER_HANDED_OVER)


def test_the_cancer_that_comes_first_does_not_close_over_the_lesion_that_is_still_awaited(pathway: Pathway) -> None:
    _both_breasts(pathway, Assessment.SUSPICIOUS_C, Assessment.SUSPICIOUS_A)
    pathway.biopsy()
    pathway.tissue(*CANCER, side=Side.RIGHT)
    pathway.told()
    pathway.hand_over()
    assert pathway.is_open_in(State.AWAITING_PATHOLOGY)
    pathway.tissue(*BENIGN, side=Side.LEFT)
    pathway.told()
    assert pathway.stands == (State.CLOSED, ClosureReason.CANCER_HANDED_OVER)


def test_two_results_that_come_on_one_day_are_both_signed_before_either_is_told(pathway: Pathway) -> None:
    _both_breasts(pathway, Assessment.SUSPICIOUS_B, Assessment.SUSPICIOUS_B)
    pathway.biopsy()
    pathway.days_pass(3)
    pathway.pathology(PathologyClass.BENIGN, Side.RIGHT)
    pathway.pathology(PathologyClass.INVASIVE, Side.LEFT)
    pathway.sign(ConcordanceVerdict.CONCORDANT_BENIGN)
    assert pathway.is_open_in(State.AWAITING_CONCORDANCE)
    pathway.sign(ConcordanceVerdict.MALIGNANT)
    assert pathway.is_open_in(State.RESULT_TO_TELL)
    assert pathway.due_day() == pathway.today


def test_after_a_benign_biopsy_of_one_breast_the_3_of_the_other_is_still_followed(pathway: Pathway) -> None:
    _both_breasts(pathway, Assessment.SUSPICIOUS_B, Assessment.PROBABLY_BENIGN)
    pathway.biopsy()
    pathway.tissue(*BENIGN)
    pathway.told()
    assert pathway.is_open_in(State.FOLLOW_UP)
    assert pathway.current.follow_up_on is not None


def test_after_cancer_in_one_breast_the_3_of_the_other_is_still_followed(pathway: Pathway) -> None:
    _both_breasts(pathway, Assessment.PROBABLY_BENIGN, Assessment.SUSPICIOUS_C, overall=Assessment.SUSPICIOUS_C)
    pathway.biopsy()
    pathway.tissue(*CANCER)
    pathway.told()
    pathway.hand_over()
    assert pathway.is_open_in(State.FOLLOW_UP)


def test_a_lesion_that_was_left_out_of_the_biopsy_stays_to_be_biopsied(pathway: Pathway) -> None:
    _both_breasts(pathway, Assessment.SUSPICIOUS_B, Assessment.SUSPICIOUS_A)
    pathway.biopsy(Side.RIGHT)
    assert pathway.is_open_in(State.BIOPSY_TO_BOOK)
    pathway.tissue(*BENIGN)
    pathway.told()
    assert pathway.is_open_in(State.BIOPSY_TO_BOOK)
    pathway.biopsy(Side.LEFT)
    pathway.tissue(*BENIGN)
    pathway.told()
    assert pathway.stands == (State.CLOSED, ClosureReason.BENIGN_CONCORDANT)


def test_an_overall_benign_result_over_a_5_in_one_breast_is_refused(pathway: Pathway) -> None:
    pathway.screen()
    pathway.visit()
    with pytest.raises(ValidationError, match="worse breast"):
        pathway.outcome(
            Assessment.BENIGN, assessment_left=Assessment.HIGHLY_SUGGESTIVE, assessment_right=Assessment.BENIGN
        )
    assert pathway.is_open_in(State.AWAITING_OUTCOME)


def test_the_radiologists_form_refuses_a_benign_overall_result_over_a_5(pathway: Pathway) -> None:
    pathway.screen()
    pathway.visit()
    seen = {"version": str(pathway.current.version), "key": "one-form", "telling": "now"}
    entered = QueryDict(urlencode(seen | {"assessment": "2", "assessment_left": "5", "assessment_right": "2"}))
    form = RecordOutcomeForm(STEPS_BY_NAME["record_outcome"], pathway.current, pathway.staff.radiologist, entered)
    assert form.is_valid(), "the rule stands with the action, for every way in"
    with pytest.raises(ValidationError):
        form.save()
    assert "worse breast" in str(form.errors["assessment"])


def test_pathology_that_arrives_while_another_biopsy_is_booked_is_signed_and_told_and_the_biopsy_stays(
    pathway: Pathway,
) -> None:
    _both_breasts(pathway, Assessment.SUSPICIOUS_B, Assessment.SUSPICIOUS_B)
    pathway.biopsy(Side.RIGHT)
    pathway.book_biopsy(days=8)
    pathway.tissue(*CANCER, side=Side.RIGHT)
    assert pathway.is_open_in(State.RESULT_TO_TELL)
    pathway.told()
    pathway.hand_over()
    assert pathway.is_open_in(State.BIOPSY_BOOKED)
    pathway.biopsy_takes_place(Side.LEFT)
    assert pathway.is_open_in(State.AWAITING_PATHOLOGY)


def test_pathology_that_arrives_while_another_result_is_to_be_told_is_signed_first_and_told_with_it(
    pathway: Pathway,
) -> None:
    _both_breasts(pathway, Assessment.SUSPICIOUS_B, Assessment.SUSPICIOUS_B)
    pathway.biopsy()
    pathway.tissue(*BENIGN, side=Side.RIGHT)
    limit = pathway.current.tell_by
    pathway.days_pass(1)
    pathway.pathology(PathologyClass.INVASIVE, Side.LEFT)
    assert pathway.is_open_in(State.AWAITING_CONCORDANCE)
    pathway.sign(ConcordanceVerdict.MALIGNANT)
    assert limit is not None
    assert pathway.due_day() == pathway.today < pathway.open_day(1)
    pathway.told()
    assert pathway.is_open_in(State.TO_HAND_OVER)


def test_a_cancer_and_a_high_risk_lesion_of_the_other_breast_are_handed_over_together(pathway: Pathway) -> None:
    _both_breasts(pathway, Assessment.SUSPICIOUS_B, Assessment.SUSPICIOUS_B)
    pathway.biopsy()
    pathway.days_pass(3)
    for (result, _verdict), side in ((CANCER, Side.RIGHT), (HIGH_RISK, Side.LEFT)):
        pathway.pathology(result, side)
    for _result, verdict in (CANCER, HIGH_RISK):
        pathway.sign(verdict)
    pathway.told()
    pathway.hand_over()
    assert pathway.stands == (State.CLOSED, ClosureReason.CANCER_HANDED_OVER)


def test_a_result_that_names_no_lesion_is_refused_while_two_are_awaited(pathway: Pathway) -> None:
    _both_breasts(pathway, Assessment.SUSPICIOUS_B, Assessment.SUSPICIOUS_B)
    pathway.biopsy()
    with pytest.raises((ValidationError, StepRefused), match="which one"):
        pathway.pathology(PathologyClass.BENIGN)


def test_a_discordant_lesion_is_biopsied_again_while_the_other_one_is_settled(pathway: Pathway) -> None:
    _both_breasts(pathway, Assessment.SUSPICIOUS_C, Assessment.SUSPICIOUS_A)
    pathway.biopsy()
    pathway.days_pass(3)
    pathway.pathology(PathologyClass.BENIGN, Side.RIGHT)
    pathway.pathology(PathologyClass.BENIGN, Side.LEFT)
    pathway.sign(ConcordanceVerdict.DISCORDANT)
    pathway.sign(ConcordanceVerdict.CONCORDANT_BENIGN)
    pathway.told()
    assert pathway.is_open_in(State.BIOPSY_TO_BOOK)
    pathway.biopsy()
    assert [row.lesion.side for row in pathway.recall.biopsies.order_by("pk")][-1] == Side.RIGHT
