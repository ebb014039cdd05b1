"""Cases in which what was recorded or told turns out wrong: it is owed to the patient again, and the old row stays."""

import pytest
from django.core.exceptions import ValidationError

from notifications.enums import NotificationKind
from recalls import actions
from recalls.actions import PathologyInput
from recalls.enums import Assessment, ClosureReason, ConcordanceVerdict, DisclosureMethod, PathologyClass, State
from recalls.models import ResultDisclosure
from recalls.permissions import NotPermitted, StepUnavailable
from tests.clinical.pathway import Pathway

pytestmark = pytest.mark.django_db
BENIGN = (PathologyClass.BENIGN, ConcordanceVerdict.CONCORDANT_BENIGN)
CANCER = (PathologyClass.INVASIVE, ConcordanceVerdict.MALIGNANT)


def _amend(pathway: Pathway, result: PathologyClass, reason: str = "Addendum of the laboratory.") -> None:
    actions.amend_pathology(pathway.recall, PathologyInput(result), reason=reason, by=pathway.staff.radiologist)


def _take_back(pathway: Pathway) -> None:
    actions.told_in_error(pathway.recall, by=pathway.staff.navigator, note="It was the sister on the phone.")


def _benign_biopsy(pathway: Pathway) -> None:
    pathway.advise_biopsy_at_visit()
    pathway.biopsy()
    pathway.tissue(*BENIGN)
    pathway.told()
    assert pathway.stands == (State.CLOSED, ClosureReason.BENIGN_CONCORDANT)


def test_a_benign_biopsy_that_the_laboratory_corrects_to_cancer_opens_the_recall_again(pathway: Pathway) -> None:
    _benign_biopsy(pathway)
    pathway.days_pass(4)
    _amend(pathway, PathologyClass.INVASIVE)
    assert pathway.is_open_in(State.AWAITING_CONCORDANCE)
    pathway.sign(ConcordanceVerdict.MALIGNANT)
    assert pathway.due_day() == pathway.today
    pathway.told()
    pathway.hand_over()
    assert pathway.stands == (State.CLOSED, ClosureReason.CANCER_HANDED_OVER)
    assert [row.result for row in pathway.recall.pathology_results.all()] == ["benign", "invasive"]


def test_a_cancer_that_the_laboratory_corrects_to_benign_is_signed_and_told(pathway: Pathway) -> None:
    pathway.advise_biopsy_at_visit()
    pathway.biopsy()
    pathway.tissue(*CANCER)
    pathway.told()
    _amend(pathway, PathologyClass.BENIGN)
    pathway.days_pass(1)
    pathway.sign(ConcordanceVerdict.CONCORDANT_BENIGN)
    pathway.told()
    assert pathway.stands == (State.CLOSED, ClosureReason.BENIGN_CONCORDANT)


def test_an_amended_pathology_names_its_reason_and_is_a_radiologists(pathway: Pathway) -> None:
    _benign_biopsy(pathway)
    with pytest.raises(ValidationError, match="why"):
        _amend(pathway, PathologyClass.INVASIVE, reason=" ")
    amended = PathologyInput(PathologyClass.INVASIVE)
    with pytest.raises(NotPermitted):
        actions.amend_pathology(pathway.recall, amended, reason="Addendum.", by=pathway.staff.scheduler)


def test_tissue_that_is_still_awaited_is_recorded_and_not_amended(pathway: Pathway) -> None:
    pathway.advise_biopsy_at_visit()
    pathway.biopsy()
    with pytest.raises(StepUnavailable, match="amended"):
        _amend(pathway, PathologyClass.INVASIVE)


@pytest.mark.parametrize("method", [DisclosureMethod.PHONE, DisclosureMethod.IN_WRITING])
def test_a_biopsy_result_told_to_somebody_else_is_owed_to_the_patient_again(
    pathway: Pathway, method: DisclosureMethod
) -> None:
    pathway.advise_biopsy_at_visit()
    pathway.biopsy()
    pathway.tissue(*BENIGN)
    actions.result_told(
        pathway.recall, actions.DisclosureInput(method), by=pathway.staff.radiologist, note="Certified, 70 1234."
    )
    pathway.days_pass(6)
    _take_back(pathway)
    assert pathway.is_open_in(State.RESULT_TO_TELL)
    assert pathway.due_day() == pathway.open_day(2)
    assert NotificationKind.PLEASE_CALL_RESULTS in pathway.messages()
    pathway.told()
    assert pathway.stands == (State.CLOSED, ClosureReason.BENIGN_CONCORDANT)
    assert ResultDisclosure.all_objects.filter(recall=pathway.recall).count() == 3


def test_a_cancer_told_to_somebody_else_is_owed_on_the_same_day(pathway: Pathway) -> None:
    pathway.advise_biopsy_at_visit()
    pathway.biopsy()
    pathway.tissue(*CANCER)
    pathway.told()
    pathway.days_pass(1)
    _take_back(pathway)
    assert pathway.is_open_in(State.RESULT_TO_TELL)
    assert pathway.due_day() == pathway.today
    pathway.told()
    assert pathway.is_open_in(State.TO_HAND_OVER)


def test_a_5_told_to_somebody_else_is_owed_though_its_biopsy_is_booked(pathway: Pathway) -> None:
    pathway.advise_biopsy_at_visit(Assessment.HIGHLY_SUGGESTIVE)
    pathway.book_biopsy(days=5)
    _take_back(pathway)
    assert pathway.is_open_in(State.RESULT_TO_TELL)
    pathway.told()
    assert pathway.is_open_in(State.BIOPSY_BOOKED)


def test_a_written_result_that_went_to_an_old_address_is_written_anew(pathway: Pathway) -> None:
    pathway.screen()
    pathway.visit()
    pathway.outcome_in_writing(Assessment.NEGATIVE)
    before = {row.occasion for row in pathway.recall.notifications.filter(kind=NotificationKind.OUTCOME_NORMAL)}
    pathway.days_pass(5)
    _take_back(pathway)
    assert NotificationKind.OUTCOME_NORMAL not in pathway.messages()
    pathway.release()
    after = {row.occasion for row in pathway.recall.notifications.filter(kind=NotificationKind.OUTCOME_NORMAL)}
    assert len(after - before) == 1


def test_a_talk_undone_with_its_outcome_told_the_patient_nothing(pathway: Pathway) -> None:
    pathway.screen()
    pathway.visit()
    pathway.outcome(Assessment.BENIGN, told=True)
    actions.undo(pathway.recall, by=pathway.staff.radiologist)
    assert not pathway.recall.disclosures.exists()
    pathway.outcome(Assessment.HIGHLY_SUGGESTIVE)
    assert pathway.is_open_in(State.RESULT_TO_TELL)


def test_what_nobody_was_told_is_not_taken_back(pathway: Pathway) -> None:
    pathway.screen()
    with pytest.raises(StepUnavailable, match="told"):
        _take_back(pathway)


def test_the_work_of_who_leaves_while_a_result_is_to_be_told_is_everybodys(pathway: Pathway) -> None:
    pathway.advise_biopsy_at_visit()
    pathway.biopsy()
    pathway.tissue(*CANCER)
    actions.take_on(pathway.recall, by=pathway.staff.navigator)
    actions.hand_over_work(pathway.staff.navigator, None, by=pathway.staff.manager)
    assert pathway.current.assigned_to is None
    assert pathway.is_open_in(State.RESULT_TO_TELL)
    assert pathway.due_day() == pathway.today
