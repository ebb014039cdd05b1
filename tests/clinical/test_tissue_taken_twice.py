"""Cases in which a lesion is biopsied again and the laboratory corrects its report of the first sample meanwhile."""

import pytest
from django.core.exceptions import ValidationError

from recalls import actions
from recalls.actions import PathologyInput
from recalls.enums import Assessment, ClosureReason, ConcordanceVerdict, PathologyClass, State
from recalls.lesion_stages import LesionStage, load_lesion_statuses
from recalls.permissions import StepUnavailable
from tests.clinical.pathway import Pathway
from tests.desk.conftest import ClientFor, StepFormClient, client_for, page_text

__all__ = ["client_for"]
pytestmark = pytest.mark.django_db
BENIGN, CANCER = PathologyClass.BENIGN, PathologyClass.INVASIVE
CONCORDANT, DISCORDANT = ConcordanceVerdict.CONCORDANT_BENIGN, ConcordanceVerdict.DISCORDANT


@pytest.fixture
def repeated(pathway: Pathway) -> Pathway:
    """The first sample was benign and did not explain the images; the second one is being read."""
    pathway.advise_biopsy_at_visit(Assessment.SUSPICIOUS_C)
    pathway.biopsy()
    pathway.tissue(BENIGN, DISCORDANT)
    pathway.told()
    pathway.biopsy()
    assert pathway.is_open_in(State.AWAITING_PATHOLOGY)
    return pathway


def _amend(pathway: Pathway, result: PathologyClass, amended_id: int | None = None) -> None:
    actions.amend_pathology(
        pathway.recall, PathologyInput(result), reason="Addendum of the laboratory.", amended_id=amended_id,
        by=pathway.staff.radiologist,
    )  # fmt: skip


def test_a_first_report_corrected_to_cancer_is_signed_told_and_handed_over_while_the_second_sample_is_read(
    repeated: Pathway,
) -> None:
    _amend(repeated, CANCER)
    assert repeated.is_open_in(State.AWAITING_CONCORDANCE)
    repeated.sign(ConcordanceVerdict.MALIGNANT)
    assert repeated.due_day() == repeated.today
    repeated.told()
    assert repeated.is_open_in(State.TO_HAND_OVER)
    with pytest.raises(StepUnavailable, match="Tissue was taken"):
        repeated.transfer()
    repeated.hand_over()
    assert repeated.is_open_in(State.AWAITING_PATHOLOGY)
    repeated.tissue(BENIGN, CONCORDANT)
    repeated.told()
    assert repeated.stands == (State.CLOSED, ClosureReason.CANCER_HANDED_OVER)


def test_a_benign_second_sample_does_not_settle_a_cancer_of_the_first_that_nobody_has_taken_over(
    repeated: Pathway,
) -> None:
    _amend(repeated, CANCER)
    repeated.pathology(BENIGN)  # comes while the corrected report is to be signed
    (status,) = load_lesion_statuses(repeated.current)
    assert (status.stage, status.is_tissue_awaited, len(status.tissue)) == (LesionStage.TO_SIGN, False, 2)
    repeated.sign(ConcordanceVerdict.MALIGNANT)
    assert repeated.is_open_in(State.AWAITING_CONCORDANCE)
    repeated.sign(CONCORDANT)
    repeated.told()
    assert repeated.is_open_in(State.TO_HAND_OVER)
    repeated.hand_over()
    assert repeated.stands == (State.CLOSED, ClosureReason.CANCER_HANDED_OVER)


def test_a_first_report_corrected_and_benign_still_leaves_the_second_sample_awaited(repeated: Pathway) -> None:
    due = repeated.due_day()
    _amend(repeated, BENIGN)
    repeated.sign(CONCORDANT)
    repeated.told()
    assert repeated.is_open_in(State.AWAITING_PATHOLOGY)
    assert repeated.due_day() == due
    repeated.tissue(CANCER, ConcordanceVerdict.MALIGNANT)
    repeated.told()
    assert repeated.is_open_in(State.TO_HAND_OVER)


def test_of_two_samples_the_correction_says_which_one_it_is_about(repeated: Pathway) -> None:
    repeated.tissue(BENIGN, CONCORDANT)
    repeated.told()
    assert repeated.stands == (State.CLOSED, ClosureReason.BENIGN_CONCORDANT)
    with pytest.raises(ValidationError, match="which result"):
        _amend(repeated, CANCER)
    first, second = (row.pk for row in repeated.current.pathology_results.all())
    _amend(repeated, BENIGN, amended_id=first)
    repeated.sign(DISCORDANT)  # as before: the second sample has answered it
    repeated.told()
    assert repeated.stands == (State.CLOSED, ClosureReason.BENIGN_CONCORDANT)
    _amend(repeated, CANCER, amended_id=second)
    assert repeated.is_open_in(State.AWAITING_CONCORDANCE)


def test_the_form_offers_the_first_result_and_the_page_says_that_newer_tissue_is_awaited(
    repeated: Pathway, client_for: ClientFor
) -> None:
    browser = client_for(repeated.staff.radiologist)
    form = StepFormClient(browser, repeated.current, "amend_pathology")
    form.send(result="invasive", reason="Addendum of the laboratory.")
    assert repeated.is_open_in(State.AWAITING_CONCORDANCE)
    page = page_text(browser.get(f"/recalls/{repeated.recall.pk}/"))
    assert "Pathology to sign, newer tissue awaited" in page
    StepFormClient(browser, repeated.current, "record_pathology").send(result="benign")
    choices = browser.get(f"/recalls/{repeated.recall.pk}/amend_pathology/").context["form"].fields["amended"].choices
    assert [label.partition(": right, calcifications: ")[2].partition(",")[0] for _pk, label in choices] == [
        "Malignant", "Benign",
    ]  # fmt: skip
