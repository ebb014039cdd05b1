"""Cases of good news beside a 4 or 5 of another recall, and of results found under another patient's exam."""

import pytest

from clinic.actors import INTAKE
from notifications.enums import NotificationKind, NotificationState, StatusReason
from notifications.planning.undelivered_results import bring_back_undelivered
from patients.factories import PatientFactory
from recalls import actions
from recalls.enums import (
    Assessment,
    ClosureReason,
    ConcordanceVerdict,
    PathologyClass,
    State,
    WorkItemKind,
)
from recalls.models import Recall
from recalls.permissions import StepUnavailable, is_at_risk
from recalls.testing.factories import ExamFactory
from tests.clinical.nothing_untold import assert_nothing_untold
from tests.clinical.pathway import Pathway

pytestmark = pytest.mark.django_db


def _open_another(pathway: Pathway, assessment: Assessment = Assessment.HIGHLY_SUGGESTIVE) -> Recall:
    return actions.open_recall(ExamFactory.create(patient=pathway.patient, assessment=assessment), by=INTAKE).recall


def _message(pathway: Pathway, kind: NotificationKind) -> tuple[str, str]:
    row = pathway.recall.notifications.get(kind=kind)
    return row.state, row.reason


@pytest.mark.parametrize("assessment", [Assessment.NEGATIVE, Assessment.BENIGN, Assessment.PROBABLY_BENIGN])
def test_a_normal_result_beside_a_5_of_another_recall_is_told_by_a_person(
    pathway: Pathway, assessment: Assessment
) -> None:
    pathway.screen()
    other = _open_another(pathway)
    pathway.visit()
    pathway.outcome_in_writing(assessment)
    assert pathway.is_open_in(State.RESULT_TO_TELL)
    with pytest.raises(StepUnavailable, match="both results"):
        pathway.release()
    assert_nothing_untold(pathway.recall)
    assert Recall.objects.get(pk=other.pk).state == State.TO_CONTACT
    pathway.told()


def test_a_written_result_that_has_not_left_when_a_5_comes_in_is_told_by_a_person(pathway: Pathway) -> None:
    pathway.screen()
    pathway.visit()
    pathway.outcome_in_writing(Assessment.NEGATIVE)
    _open_another(pathway)
    actions.add_note(pathway.recall, by=pathway.staff.scheduler, note="Asked about parking.")
    assert _message(pathway, NotificationKind.OUTCOME_NORMAL) == (
        NotificationState.SUPPRESSED,
        StatusReason.BESIDE_4_OR_5,
    )
    bring_back_undelivered()
    assert pathway.is_open_in(State.RESULT_TO_TELL)


def test_nobody_writes_that_no_visit_is_needed_beside_a_5_of_another_recall(pathway: Pathway) -> None:
    pathway.screen()
    _open_another(pathway)
    pathway.book(days=8)
    pathway.correct(Assessment.BENIGN)
    assert pathway.stands == (State.CLOSED, ClosureReason.VOID)
    assert _message(pathway, NotificationKind.RESULT_WITHDRAWN)[0] == NotificationState.SUPPRESSED
    assert WorkItemKind.UNDELIVERABLE_MESSAGE in pathway.tasks()


def test_a_normal_result_beside_an_ordinary_recall_is_written_as_ever(pathway: Pathway) -> None:
    pathway.screen()
    _open_another(pathway, Assessment.NEED_IMAGING)
    pathway.visit()
    pathway.outcome_in_writing(Assessment.NEGATIVE)
    assert pathway.stands == (State.CLOSED, ClosureReason.NORMAL)


def test_a_written_3_that_had_not_left_when_the_patient_declined_is_told_by_a_person(pathway: Pathway) -> None:
    pathway.screen()
    pathway.visit()
    pathway.outcome_in_writing(Assessment.PROBABLY_BENIGN)
    pathway.decline()
    assert pathway.stands == (State.CLOSED, ClosureReason.DECLINED)
    assert pathway.tasks() == [WorkItemKind.UNDELIVERABLE_MESSAGE]


def test_a_written_result_held_back_by_a_death_in_error_leaves_when_that_is_taken_back(pathway: Pathway) -> None:
    pathway.screen()
    pathway.visit()
    pathway.outcome_in_writing(Assessment.BENIGN)
    actions.mark_deceased(pathway.recall, pathway.today, by=pathway.staff.scheduler, note="The family told us.")
    pathway.days_pass(40)
    actions.not_deceased(pathway.recall, by=pathway.staff.manager, note="It was a namesake.")
    assert _message(pathway, NotificationKind.OUTCOME_BENIGN)[0] == NotificationState.PLANNED


def test_a_screening_corrected_to_a_5_leads_the_recall_that_a_supplemental_test_opened(pathway: Pathway) -> None:
    exam = ExamFactory.create(patient=pathway.patient, assessment=Assessment.NEGATIVE)
    pathway.recall = actions.open_recall(exam, by=INTAKE, supplemental_result=Assessment.NEED_IMAGING).recall
    pathway.correct(Assessment.HIGHLY_SUGGESTIVE)
    assert pathway.is_open_in(State.TO_CONTACT)
    assert is_at_risk(pathway.current)
    assert pathway.tasks() == [WorkItemKind.CORRECTED_RESULT]


def _exam_was_of_another(pathway: Pathway) -> Recall:
    right = PatientFactory.create(site=pathway.site)
    actions.move_exam(pathway.recall, right, by=pathway.staff.manager, note="Two patients of one name.")
    assert pathway.stands == (State.CLOSED, ClosureReason.VOID)
    return Recall.objects.get(patient=right)


def test_a_5_found_in_a_patient_who_came_for_anothers_exam_is_a_question_and_goes_on(pathway: Pathway) -> None:
    pathway.screen()
    pathway.visit()
    pathway.outcome(Assessment.HIGHLY_SUGGESTIVE)
    theirs = _exam_was_of_another(pathway)
    assert pathway.tasks() == [WorkItemKind.CORRECTED_RESULT]
    actions.reopen(pathway.recall, by=pathway.staff.manager, note="The images are of this patient.")
    assert pathway.is_open_in(State.RESULT_TO_TELL)
    assert pathway.current.exam.patient == pathway.patient
    assert Recall.objects.get(pk=theirs.pk).state == State.TO_CONTACT
    pathway.told()
    assert pathway.is_open_in(State.BIOPSY_TO_BOOK)


def test_tissue_of_a_patient_who_came_for_anothers_exam_is_recorded_signed_and_told(pathway: Pathway) -> None:
    pathway.advise_biopsy_at_visit()
    pathway.biopsy()
    _exam_was_of_another(pathway)
    pathway.tissue(PathologyClass.INVASIVE, ConcordanceVerdict.MALIGNANT)
    pathway.told()
    assert pathway.is_open_in(State.TO_HAND_OVER)


def test_a_patient_who_was_not_examined_yet_needs_no_second_look_when_the_exam_moves(pathway: Pathway) -> None:
    pathway.screen()
    _exam_was_of_another(pathway)
    assert pathway.tasks() == []
