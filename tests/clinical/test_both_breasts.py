"""Cases of a screening 4 or 5 with findings in both breasts: tissue of one breast never answers for the other."""

import pytest
from django.core.exceptions import ValidationError

from recalls import actions
from recalls.actions import OutsideReportInput, PathologyInput
from recalls.enums import (
    Assessment,
    ClosureReason,
    ConcordanceVerdict,
    FindingKind,
    OutsideReportKind,
    PathologyClass,
    ReportSource,
    Side,
    State,
)
from tests.clinical.pathway import HOSPITAL, Pathway
from tests.desk.conftest import ClientFor, StepFormClient, client_for, page_text

__all__ = ["client_for"]
pytestmark = pytest.mark.django_db
BENIGN = (PathologyClass.BENIGN, ConcordanceVerdict.CONCORDANT_BENIGN)
FIVE = Assessment.HIGHLY_SUGGESTIVE


@pytest.fixture
def both(pathway: Pathway) -> Pathway:
    """A 5 for the exam as a whole, with a finding in each breast and no result of either."""
    pathway.screen(FIVE, findings=[(FindingKind.CALCIFICATIONS, Side.RIGHT), (FindingKind.MASS, Side.LEFT)])
    return pathway


def _advise(pathway: Pathway, **results: Assessment) -> None:
    by_side = {Side(side): result for side, result in results.items()}
    actions.advise_biopsy(pathway.recall, by_side=by_side, by=pathway.staff.radiologist)


def _said(pathway: Pathway) -> dict[str, str]:
    return {row.side: row.assessments.get().assessment for row in pathway.current.lesions.all()}


def test_straight_to_biopsy_each_breast_with_a_finding_has_its_lesion_and_one_result_does_not_close(
    both: Pathway,
) -> None:
    _advise(both)
    assert _said(both) == {Side.RIGHT: FIVE, Side.LEFT: FIVE}
    assert [(row.side, row.kind) for row in both.current.lesions.all()] == [
        (Side.RIGHT, FindingKind.CALCIFICATIONS), (Side.LEFT, FindingKind.MASS),
    ]  # fmt: skip
    both.told()
    both.biopsy(Side.RIGHT)
    both.tissue(*BENIGN, side=Side.RIGHT)
    both.told()
    assert both.is_open_in(State.BIOPSY_TO_BOOK)


def test_a_breast_called_incomplete_beside_the_5_gets_its_visit_after_the_biopsy(both: Pathway) -> None:
    _advise(both, right=FIVE, left=Assessment.NEED_IMAGING)
    assert _said(both) == {Side.RIGHT: FIVE, Side.LEFT: Assessment.NEED_IMAGING}
    both.told()
    both.biopsy()
    both.tissue(*BENIGN)
    both.told()
    assert both.is_open_in(State.TO_CONTACT)
    both.visit()
    both.outcome(Assessment.BENIGN, told=True)
    assert both.stands[0] == State.CLOSED


def test_a_breast_called_benign_beside_the_5_asks_for_nothing_more(both: Pathway) -> None:
    _advise(both, right=FIVE, left=Assessment.BENIGN)
    both.told()
    both.biopsy()
    both.tissue(*BENIGN)
    both.told()
    assert both.stands == (State.CLOSED, ClosureReason.BENIGN_CONCORDANT)


def test_one_of_the_breasts_has_the_result_of_the_exam(both: Pathway) -> None:
    with pytest.raises(ValidationError, match="worse breast"):
        _advise(both, right=Assessment.SUSPICIOUS_B, left=Assessment.BENIGN)
    assert not both.current.lesions.exists()


def test_a_breast_with_a_finding_beside_one_with_a_result_has_its_lesion_too(pathway: Pathway) -> None:
    pathway.screen(FIVE, assessment_right=FIVE, findings=[(FindingKind.MASS, Side.LEFT)])
    _advise(pathway, left=Assessment.SUSPICIOUS_A)
    assert _said(pathway) == {Side.RIGHT: FIVE, Side.LEFT: Assessment.SUSPICIOUS_A}


def test_findings_in_one_breast_are_one_lesion_as_before(pathway: Pathway) -> None:
    pathway.screen(FIVE)
    _advise(pathway)
    assert pathway.current.lesions.count() == 1


def test_the_form_asks_for_each_breast_before_it_saves(both: Pathway, client_for: ClientFor) -> None:
    form = StepFormClient(client_for(both.staff.radiologist), both.current, "advise_biopsy")
    page = page_text(form.send())
    assert "The screening found something here and gave this breast no result." in page
    assert both.is_open_in(State.TO_CONTACT)
    form.send(assessment_right="5", assessment_left="0-AI")
    assert _said(both) == {Side.RIGHT: FIVE, Side.LEFT: Assessment.NEED_IMAGING}
    assert both.is_open_in(State.RESULT_TO_TELL)


def test_an_outside_biopsy_says_of_which_breast_it_is_and_leaves_the_other_one_open(
    both: Pathway, client_for: ClientFor
) -> None:
    benign = PathologyInput(PathologyClass.BENIGN)
    tissue = OutsideReportInput(OutsideReportKind.BIOPSY, HOSPITAL, both.today, ReportSource.FAX, pathology=benign)
    with pytest.raises(ValidationError, match="which breast"):
        actions.record_outside(both.recall, tissue, by=both.staff.scheduler)
    form = StepFormClient(client_for(both.staff.scheduler), both.current, "record_outside")
    typed = {"kind": "biopsy", "facility": HOSPITAL, "performed_on": str(both.today), "source": "fax"}
    form.send(**typed, result="benign", side="left")
    assert both.is_open_in(State.AWAITING_CONCORDANCE)
    both.sign(ConcordanceVerdict.CONCORDANT_BENIGN)
    both.told()
    assert both.is_open_in(State.BIOPSY_TO_BOOK)
    assert _said(both) == {Side.RIGHT: FIVE, Side.LEFT: FIVE}
    both.biopsy()
    both.tissue(*BENIGN)
    both.told()
    assert both.stands[0] == State.CLOSED
