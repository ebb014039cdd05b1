"""Cases in which images, tissue and the patient's own wish speak at once: neither takes the other's work away."""

from typing import Any

import pytest
from django.utils import timezone

from recalls import actions
from recalls.enums import (
    Assessment,
    ClosureReason,
    ConcordanceVerdict,
    ContactChannel,
    OutsideReportKind,
    PathologyClass,
    ReportSource,
    Side,
    State,
    WorkItemKind,
)
from recalls.models import Recall
from recalls.permissions import NotPermitted, StepRefused, StepUnavailable
from tests.clinical.pathway import Pathway

pytestmark = pytest.mark.django_db
IMAGING, BIOPSY, SURGERY = OutsideReportKind.IMAGING, OutsideReportKind.BIOPSY, OutsideReportKind.SURGERY
BENIGN = (PathologyClass.BENIGN, ConcordanceVerdict.CONCORDANT_BENIGN)
CANCER = (PathologyClass.INVASIVE, ConcordanceVerdict.MALIGNANT)


def _by_radiologist(pathway: Pathway, kind: OutsideReportKind, outcome: Assessment, told_there: str = "") -> None:
    report = actions.OutsideReportInput(
        kind, "Hillside", pathway.today, ReportSource.FAX, outcome=actions.OutcomeInput(outcome), told_there=told_there
    )
    actions.record_outside(pathway.recall, report, by=pathway.staff.radiologist)


def _informed_refusal(pathway: Pathway) -> dict[str, Any]:
    return {"explained_by": "Dr.", "risk_explained": "Cancer.", "offer_again_on": pathway.open_day(9)}


def test_outside_images_that_find_nothing_do_not_settle_a_cancer_nobody_has_taken_over(pathway: Pathway) -> None:
    pathway.advise_biopsy_at_visit()
    pathway.biopsy()
    pathway.tissue(*CANCER)
    pathway.told()
    pathway.days_pass(1)
    _by_radiologist(pathway, IMAGING, Assessment.BENIGN, told_there="Dr. Elsewhere")
    assert pathway.is_open_in(State.TO_HAND_OVER)
    pathway.hand_over()
    assert pathway.stands == (State.CLOSED, ClosureReason.CANCER_HANDED_OVER)


def test_outside_images_that_find_nothing_do_not_settle_tissue_nobody_has_signed(pathway: Pathway) -> None:
    pathway.advise_biopsy_at_visit()
    pathway.biopsy()
    pathway.days_pass(3)
    pathway.pathology(PathologyClass.INVASIVE)
    pathway.days_pass(1)
    _by_radiologist(pathway, IMAGING, Assessment.NEGATIVE, told_there="Dr. Elsewhere")
    assert pathway.is_open_in(State.AWAITING_CONCORDANCE)


def test_a_visit_read_as_a_2_does_not_settle_an_outside_biopsy_that_came_during_it(pathway: Pathway) -> None:
    pathway.screen(Assessment.SUSPICIOUS_B)
    pathway.visit()
    pathway.outside(BIOPSY, PathologyClass.INVASIVE)
    pathway.days_pass(1)
    pathway.outcome(Assessment.BENIGN, told=True)
    assert pathway.is_open_in(State.AWAITING_CONCORDANCE)


def test_a_verdict_signed_after_the_images_were_read_is_the_newer_word(pathway: Pathway) -> None:
    pathway.screen(Assessment.SUSPICIOUS_B)
    pathway.visit()
    pathway.outside(BIOPSY, PathologyClass.BENIGN)
    pathway.days_pass(1)
    pathway.outcome(Assessment.BENIGN, told=True)
    pathway.days_pass(1)
    pathway.sign(ConcordanceVerdict.DISCORDANT)
    pathway.told()
    assert pathway.is_open_in(State.BIOPSY_TO_BOOK)


@pytest.mark.parametrize(("suspicious", "incomplete"), [(Side.RIGHT, Side.LEFT), (Side.LEFT, Side.RIGHT)])
def test_a_breast_that_needs_more_images_is_not_lost_beside_a_4_of_the_other(
    pathway: Pathway, suspicious: Side, incomplete: Side
) -> None:
    sides = {f"assessment_{suspicious}": Assessment.SUSPICIOUS_B, f"assessment_{incomplete}": Assessment.NEED_IMAGING}
    pathway.advise_biopsy_at_visit(Assessment.SUSPICIOUS_B, **sides)
    pathway.biopsy()
    pathway.tissue(*BENIGN)
    pathway.told()
    assert pathway.is_open_in(State.TO_CONTACT)
    pathway.visit()
    pathway.outcome(Assessment.BENIGN, told=True)
    assert pathway.current.state == State.CLOSED


@pytest.mark.parametrize("other", [Assessment.NEED_IMAGING, Assessment.NEED_PRIORS])
def test_a_breast_the_screening_left_incomplete_is_not_lost_when_the_other_went_straight_to_biopsy(
    pathway: Pathway, other: Assessment
) -> None:
    pathway.screen(Assessment.HIGHLY_SUGGESTIVE, assessment_right=Assessment.HIGHLY_SUGGESTIVE, assessment_left=other)
    actions.advise_biopsy(pathway.recall, by=pathway.staff.radiologist)
    pathway.told()
    pathway.biopsy()
    pathway.tissue(*CANCER)
    pathway.told()
    pathway.hand_over()
    assert pathway.is_open_in(State.TO_CONTACT)


@pytest.mark.parametrize("kind", [IMAGING, SURGERY])
def test_the_desk_alone_does_not_settle_a_5_by_a_lesser_report_from_elsewhere(
    pathway: Pathway, kind: OutsideReportKind
) -> None:
    pathway.screen(Assessment.HIGHLY_SUGGESTIVE)
    result = Assessment.BENIGN if kind == IMAGING else PathologyClass.BENIGN
    with pytest.raises(NotPermitted, match="radiologist"):
        pathway.outside(kind, result, told_there="Dr. Elsewhere")
    assert pathway.is_open_in(State.TO_CONTACT)
    pathway.outside(BIOPSY, PathologyClass.BENIGN)
    assert pathway.is_open_in(State.AWAITING_CONCORDANCE), "tissue is signed by a radiologist anyway"


@pytest.mark.parametrize("step", ["decline", "transfer"])
def test_tissue_in_the_laboratory_is_waited_for_whatever_the_patient_decides(pathway: Pathway, step: str) -> None:
    pathway.advise_biopsy_at_visit()
    pathway.biopsy()
    refusal = _informed_refusal(pathway)
    with pytest.raises(StepUnavailable):
        getattr(pathway, step)(**(refusal if step == "decline" else {}))
    assert pathway.is_open_in(State.AWAITING_PATHOLOGY)


def test_tissue_in_the_laboratory_is_waited_for_though_the_other_lesions_biopsy_is_refused(pathway: Pathway) -> None:
    both = {"assessment_right": Assessment.SUSPICIOUS_B, "assessment_left": Assessment.SUSPICIOUS_A}
    pathway.advise_biopsy_at_visit(Assessment.SUSPICIOUS_B, **both)
    pathway.biopsy(Side.RIGHT)
    refusal = _informed_refusal(pathway)
    with pytest.raises(StepRefused, match="Tissue"):
        pathway.decline(**refusal)
    pathway.tissue(*BENIGN, side=Side.RIGHT)
    pathway.told()
    pathway.signed_by_two(lambda user: pathway.decline(by=user, **refusal))
    assert pathway.stands == (State.CLOSED, ClosureReason.DECLINED)


def test_a_screening_corrected_to_a_2_voids_no_recall_whose_tissue_is_in_the_laboratory(pathway: Pathway) -> None:
    both = {"assessment_right": Assessment.HIGHLY_SUGGESTIVE, "assessment_left": Assessment.SUSPICIOUS_B}
    pathway.screen(Assessment.HIGHLY_SUGGESTIVE, **both)
    actions.advise_biopsy(pathway.recall, by=pathway.staff.radiologist)
    pathway.told()
    pathway.biopsy(Side.RIGHT)
    pathway.hold(pathway.open_day(4))
    pathway.correct(Assessment.BENIGN)
    assert pathway.is_open_in(State.ON_HOLD)
    assert pathway.tasks() == [WorkItemKind.CORRECTED_RESULT]
    pathway.tissue(*CANCER, side=Side.RIGHT)
    assert pathway.is_open_in(State.RESULT_TO_TELL)


def test_a_recall_on_hold_that_turns_out_a_5_waits_no_longer(pathway: Pathway) -> None:
    pathway.screen()
    pathway.hold(pathway.open_day(80))
    pathway.correct(Assessment.HIGHLY_SUGGESTIVE)
    assert pathway.is_open_in(State.TO_CONTACT)
    assert pathway.due_day() == pathway.open_day(1)
    assert pathway.tasks() == [WorkItemKind.CORRECTED_RESULT]


def test_a_refused_visit_that_a_report_has_answered_is_not_offered_again(pathway: Pathway) -> None:
    pathway.screen()
    pathway.decline(offer_again_on=pathway.open_day(10))
    pathway.days_pass(3)
    pathway.outside(IMAGING, Assessment.BENIGN, told_there="Dr. Elsewhere")
    assert pathway.stands == (State.CLOSED, ClosureReason.BENIGN)
    pathway.days_pass(12)
    assert not Recall.objects.filter(wake_at__lte=timezone.now()).exists(), "nothing stands in the way of due steps"


def test_nobody_is_called_lost_while_tissue_is_in_the_laboratory(pathway: Pathway) -> None:
    both = {"assessment_right": Assessment.SUSPICIOUS_B, "assessment_left": Assessment.SUSPICIOUS_A}
    pathway.advise_biopsy_at_visit(Assessment.SUSPICIOUS_B, **both)
    pathway.biopsy(Side.RIGHT)
    pathway.climb(pathway.site.urgent_ladder)
    with pytest.raises(StepUnavailable, match="Tissue"):
        actions.close_lost(pathway.recall, by=pathway.staff.radiologist, note="Every way was tried.")
    pathway.log(ContactChannel.NAVIGATOR, actions.RESULTS_BY_CHANNEL[ContactChannel.NAVIGATOR][0])
