"""Cases of other visits: a known cancer, an aspiration, a surgeon without a biopsy, an MRI, implants."""

import pytest
from django.core.exceptions import ValidationError

from clinic.actors import INTAKE
from exchange.parsing.assessment_parser import parse_screening_assessment
from notifications.enums import NotificationKind
from recalls import actions
from recalls.actions import BiopsyInput, LesionInput
from recalls.enums import (
    Assessment,
    ClosureReason,
    ConcordanceVerdict,
    Density,
    FindingKind,
    PathologyClass,
    RecallKind,
    Side,
    State,
    VisitKind,
)
from recalls.enums.lesions import BiopsyDevice
from recalls.models import Recall
from recalls.permissions import StepRefused
from recalls.scheduling.slots import suggested_visit_kind
from recalls.testing.factories import ExamFactory
from tests.clinical.pathway import Pathway

pytestmark = pytest.mark.django_db


def test_a_known_cancer_at_the_visit_is_told_and_handed_over(pathway: Pathway) -> None:
    pathway.screen()
    pathway.visit()
    pathway.outcome(Assessment.KNOWN_MALIGNANCY)
    assert pathway.is_open_in(State.RESULT_TO_TELL)
    pathway.told()
    assert pathway.is_open_in(State.TO_HAND_OVER)
    pathway.hand_over()
    assert pathway.stands == (State.CLOSED, ClosureReason.CANCER_HANDED_OVER)


def test_a_known_cancer_with_a_new_lesion_in_the_other_breast_waits_for_that_biopsy(pathway: Pathway) -> None:
    pathway.screen()
    pathway.visit()
    pathway.outcome(
        Assessment.SUSPICIOUS_B,
        told=True,
        assessment_left=Assessment.KNOWN_MALIGNANCY,
        assessment_right=Assessment.SUSPICIOUS_B,
    )
    pathway.hand_over()
    assert pathway.is_open_in(State.BIOPSY_TO_BOOK)
    pathway.biopsy(Side.RIGHT)
    pathway.tissue(PathologyClass.BENIGN, ConcordanceVerdict.CONCORDANT_BENIGN)
    pathway.told()
    assert pathway.stands == (State.CLOSED, ClosureReason.CANCER_HANDED_OVER)


def test_a_marker_picture_after_a_biopsy_is_no_outcome_of_a_work_up(pathway: Pathway) -> None:
    pathway.screen()
    pathway.visit()
    with pytest.raises(ValidationError, match="can end a diagnostic visit"):
        pathway.outcome(Assessment.POST_PROCEDURE)


def test_a_cyst_that_is_gone_on_the_day_of_the_biopsy_is_cancelled_and_amended_to_benign(pathway: Pathway) -> None:
    pathway.advise_biopsy_at_visit(Assessment.SUSPICIOUS_A)
    pathway.book_biopsy()
    pathway.days_pass(3)
    actions.cancel_biopsy(pathway.recall, by=pathway.staff.scheduler, note="Emptied on aspiration, clear fluid.")
    pathway.amend(Assessment.BENIGN)
    pathway.told()
    assert pathway.stands == (State.CLOSED, ClosureReason.BENIGN)


def test_a_fine_needle_sample_with_too_few_cells_is_taken_again(pathway: Pathway) -> None:
    pathway.advise_biopsy_at_visit()
    pathway.book_biopsy()
    pathway.days_pass(3)
    needle = BiopsyInput(device=BiopsyDevice.FINE_NEEDLE)
    actions.biopsy_done(pathway.recall, needle, by=pathway.staff.radiologist)
    pathway.tissue(PathologyClass.INSUFFICIENT, ConcordanceVerdict.INSUFFICIENT)
    pathway.told()
    assert pathway.is_open_in(State.BIOPSY_TO_BOOK)


def test_a_discordant_result_is_repeated_and_its_cancer_found(pathway: Pathway) -> None:
    pathway.advise_biopsy_at_visit(Assessment.HIGHLY_SUGGESTIVE)
    pathway.biopsy()
    pathway.tissue(PathologyClass.BENIGN, ConcordanceVerdict.DISCORDANT)
    assert pathway.is_open_in(State.RESULT_TO_TELL)
    assert NotificationKind.OUTCOME_BENIGN not in pathway.messages()
    pathway.told()
    pathway.biopsy()
    pathway.tissue(PathologyClass.INVASIVE, ConcordanceVerdict.MALIGNANT)
    pathway.told()
    pathway.hand_over()
    assert pathway.stands == (State.CLOSED, ClosureReason.CANCER_HANDED_OVER)


def test_a_high_risk_lesion_is_referred_by_name_or_it_stays_open(pathway: Pathway) -> None:
    pathway.advise_biopsy_at_visit()
    pathway.biopsy()
    pathway.tissue(PathologyClass.HIGH_RISK, ConcordanceVerdict.HIGH_RISK)
    pathway.told()
    with pytest.raises(ValidationError, match="Name the clinician"):
        actions.hand_over(
            pathway.recall, clinician=" ", facility="", first_visit_on=pathway.today, by=pathway.staff.navigator
        )
    assert pathway.is_open_in(State.TO_HAND_OVER)
    assert pathway.due_day() == pathway.open_day(3)


def test_a_patient_who_goes_to_a_surgeon_without_a_biopsy_is_chased_until_the_report_comes(pathway: Pathway) -> None:
    pathway.advise_biopsy_at_visit(Assessment.HIGHLY_SUGGESTIVE)
    pathway.signed_by_two(lambda user: pathway.transfer(by=user))
    assert pathway.stands == (State.CLOSED, ClosureReason.TRANSFERRED)
    assert [row.received for row in pathway.recall.report_requests.all()] == [None]


def test_an_mri_is_a_visit_of_its_own_and_ends_with_an_outcome(pathway: Pathway) -> None:
    pathway.screen()
    pathway.visit(kind=VisitKind.MRI)
    assert pathway.is_open_in(State.AWAITING_OUTCOME)
    pathway.outcome(Assessment.NEGATIVE, told=True)
    assert pathway.recall.outcomes.get().appointment == pathway.recall.appointments.get()


def test_a_visit_that_becomes_an_mri_keeps_its_deadline(pathway: Pathway) -> None:
    pathway.screen()
    target = pathway.current.target_at
    pathway.book()
    actions.reschedule(pathway.recall, pathway.slot(4, kind=VisitKind.MRI), by=pathway.staff.scheduler)
    assert pathway.recall.appointments.get().kind == VisitKind.MRI
    assert pathway.current.target_at == target


def test_implants_are_written_on_each_booking(pathway: Pathway) -> None:
    pathway.screen()
    pathway.book(implants=True)
    pathway.miss()
    pathway.book(implants=True)
    assert [visit.implants for visit in pathway.recall.appointments.all()] == [True, True]


def test_dense_tissue_alone_opens_no_recall(pathway: Pathway) -> None:
    exam = ExamFactory.create(patient=pathway.patient, negative=True, density=Density.D)
    assert not exam.needs_recall
    pathway.screen(findings=[(FindingKind.DENSITY, Side.BOTH)])
    assert [row.exam for row in Recall.objects.all()] == [pathway.recall.exam]


def test_a_male_patient_goes_the_same_way(pathway: Pathway) -> None:
    type(pathway.patient).objects.filter(pk=pathway.patient.pk).update(sex="M")
    pathway.advise_biopsy_at_visit(Assessment.SUSPICIOUS_C)
    pathway.biopsy()
    pathway.tissue(PathologyClass.INVASIVE, ConcordanceVerdict.MALIGNANT)
    assert pathway.is_open_in(State.RESULT_TO_TELL)


def test_a_lesion_first_seen_at_the_visit_is_followed_to_its_end_beside_the_recalled_one(pathway: Pathway) -> None:
    pathway.screen()
    pathway.visit()
    new = LesionInput(Assessment.SUSPICIOUS_B, side=Side.LEFT, kind=FindingKind.MASS)
    pathway.outcome(Assessment.SUSPICIOUS_B, told=True, lesions=(new,))
    pathway.biopsy(Side.LEFT)
    pathway.tissue(PathologyClass.BENIGN, ConcordanceVerdict.CONCORDANT_BENIGN)
    pathway.told()
    assert pathway.stands == (State.CLOSED, ClosureReason.BENIGN_CONCORDANT)


def test_only_a_screening_4_or_5_goes_to_biopsy_without_a_visit(pathway: Pathway) -> None:
    pathway.screen()
    with pytest.raises(StepRefused, match="4 or 5"):
        actions.advise_biopsy(pathway.recall, by=pathway.staff.radiologist)
    with pytest.raises(StepRefused):
        actions.advise_biopsy(pathway.recall, by=INTAKE)


def test_a_patient_who_arrives_late_for_a_biopsy_counted_as_missed_is_biopsied(pathway: Pathway) -> None:
    pathway.advise_biopsy_at_visit()
    pathway.book_biopsy()
    pathway.miss()
    actions.arrived_late(pathway.recall, by=pathway.staff.scheduler)
    assert pathway.is_open_in(State.AWAITING_PATHOLOGY)
    assert pathway.due_day() == pathway.open_day(pathway.site.policy.pathology)


@pytest.mark.parametrize(
    ("words", "assessment"),
    [
        ("2. Recommendation: diagnostic mammogram for palpable lump", Assessment.BENIGN),
        ("negative, supplemental ultrasound recommended", Assessment.NEGATIVE),
        ("4A", Assessment.SUSPICIOUS_A),
    ],
)
def test_a_category_is_read_as_written_and_a_lump_beside_it_is_a_recall_of_its_own_kind(
    pathway: Pathway, words: str, assessment: Assessment
) -> None:
    assert parse_screening_assessment(words, pathway.site) == assessment
    pathway.screen(assessment, recall_kind=RecallKind.CLINICAL)
    assert pathway.is_open_in(State.TO_CONTACT)


@pytest.mark.parametrize(
    "kind", [FindingKind.ASYMMETRY, FindingKind.ARCHITECTURAL_DISTORTION, FindingKind.DENSITY, FindingKind.MASS]
)
def test_an_ultrasound_is_proposed_with_the_pictures_of_what_is_usually_looked_at_with_it(
    pathway: Pathway, kind: FindingKind
) -> None:
    pathway.screen(findings=[(kind, Side.LEFT)])
    assert suggested_visit_kind(pathway.current) == VisitKind.DIAGNOSTIC_ULTRASOUND
