"""Cases of a corrected screening report and of an amended outcome: nobody is left with the old word."""

import pytest

from clinic.factories import UserFactory
from clinic.roles import Role
from notifications.enums import NotificationKind
from recalls import actions
from recalls.enums import (
    AppointmentStatus,
    Assessment,
    ClosureReason,
    ConcordanceVerdict,
    PathologyClass,
    State,
    WorkItemKind,
)
from recalls.permissions import is_at_risk
from tests.clinical.pathway import Pathway

pytestmark = pytest.mark.django_db


def test_a_0_corrected_to_a_2_after_the_notice_is_void_and_its_visit_cancelled(pathway: Pathway) -> None:
    pathway.screen()
    pathway.days_pass(2)
    pathway.book(days=8)
    pathway.correct(Assessment.BENIGN)
    assert pathway.stands == (State.CLOSED, ClosureReason.VOID)
    assert [visit.status for visit in pathway.recall.appointments.all()] == [AppointmentStatus.CANCELLED]
    assert NotificationKind.RECALL_NOTICE not in pathway.messages(), "nobody is asked to come any more"


def test_a_0_corrected_to_a_2_after_the_visit_is_for_a_radiologist_to_decide(pathway: Pathway) -> None:
    pathway.screen()
    pathway.visit()
    pathway.correct(Assessment.BENIGN)
    assert pathway.is_open_in(State.AWAITING_OUTCOME), "images that were taken are read"
    assert pathway.tasks() == [WorkItemKind.CORRECTED_RESULT]


def test_a_0_corrected_to_a_5_with_a_visit_booked_rings_on_the_task_list(pathway: Pathway) -> None:
    pathway.screen()
    pathway.book(days=18)
    pathway.days_pass(2)
    pathway.correct(Assessment.HIGHLY_SUGGESTIVE)
    assert pathway.is_open_in(State.SCHEDULED)
    assert pathway.tasks() == [WorkItemKind.CORRECTED_RESULT]
    assert is_at_risk(pathway.current)
    actions.reschedule(pathway.recall, pathway.slot(1), by=pathway.staff.scheduler)
    assert pathway.due_day() == pathway.open_day(1)


@pytest.mark.parametrize("assessment", [Assessment.HIGHLY_SUGGESTIVE, Assessment.SUSPICIOUS_A])
def test_a_0_corrected_to_a_4_or_5_opens_a_closed_recall_again_and_rings(
    pathway: Pathway, assessment: Assessment
) -> None:
    pathway.screen()
    pathway.visit()
    pathway.outcome(Assessment.BENIGN, told=True)
    pathway.days_pass(5)
    pathway.correct(assessment)
    assert pathway.is_open_in(State.TO_CONTACT)
    assert pathway.due_day() == pathway.open_day(1)
    assert pathway.tasks() == [WorkItemKind.CORRECTED_RESULT]


def test_a_5_that_comes_for_a_patient_who_went_elsewhere_is_a_task_and_no_silence(pathway: Pathway) -> None:
    pathway.screen()
    pathway.transfer()
    pathway.correct(Assessment.HIGHLY_SUGGESTIVE)
    assert pathway.stands == (State.CLOSED, ClosureReason.TRANSFERRED)
    assert pathway.tasks() == [WorkItemKind.CORRECTED_RESULT]


def test_a_correction_after_a_biopsy_was_advised_asks_a_person_to_look_again(pathway: Pathway) -> None:
    pathway.advise_biopsy_at_visit()
    pathway.correct(Assessment.BENIGN)
    assert pathway.is_open_in(State.BIOPSY_TO_BOOK)
    assert pathway.tasks() == [WorkItemKind.CORRECTED_RESULT]


def test_a_corrected_screening_takes_no_advised_biopsy_out_of_its_protection(pathway: Pathway) -> None:
    pathway.advise_biopsy_at_visit()
    pathway.correct(Assessment.NEED_PRIORS)
    assert pathway.is_open_in(State.BIOPSY_TO_BOOK)
    assert is_at_risk(pathway.current), "the 4 of the visit still stands"


def test_a_5_corrected_down_to_a_0_is_an_ordinary_recall_again(pathway: Pathway) -> None:
    pathway.screen(Assessment.HIGHLY_SUGGESTIVE)
    pathway.correct(Assessment.NEED_IMAGING)
    assert pathway.is_open_in(State.TO_CONTACT)
    assert not is_at_risk(pathway.current)


def test_a_0_corrected_to_a_5_and_back_to_a_2_is_void_once(pathway: Pathway) -> None:
    pathway.screen()
    pathway.correct(Assessment.HIGHLY_SUGGESTIVE)
    pathway.correct(Assessment.BENIGN)
    assert pathway.stands == (State.CLOSED, ClosureReason.VOID)
    pathway.correct(Assessment.HIGHLY_SUGGESTIVE)
    assert pathway.is_open_in(State.TO_CONTACT)
    assert pathway.current.pk == pathway.recall.pk


def test_a_5_on_hold_is_called_when_its_corrected_report_comes(pathway: Pathway) -> None:
    pathway.screen(Assessment.NEED_PRIORS)
    pathway.hold(pathway.open_day(8))
    pathway.correct(Assessment.HIGHLY_SUGGESTIVE)
    assert pathway.tasks() == [WorkItemKind.CORRECTED_RESULT]
    assert pathway.is_open_in(State.TO_CONTACT), "nobody waits for prior images of a 5"


def test_an_amendment_from_4a_to_2_cancels_the_booked_biopsy_and_is_told(pathway: Pathway) -> None:
    pathway.advise_biopsy_at_visit(Assessment.SUSPICIOUS_A)
    pathway.book_biopsy(days=6)
    pathway.days_pass(1)
    pathway.amend(Assessment.BENIGN)
    assert pathway.is_open_in(State.RESULT_TO_TELL)
    assert pathway.recall.appointments.latest("pk").status == AppointmentStatus.CANCELLED
    pathway.told()
    assert pathway.stands == (State.CLOSED, ClosureReason.BENIGN)


def test_an_amendment_from_2_to_4a_after_the_patient_was_told_is_owed_anew(pathway: Pathway) -> None:
    pathway.screen()
    pathway.visit()
    pathway.outcome(Assessment.BENIGN, told=True)
    pathway.days_pass(3)
    pathway.amend(Assessment.SUSPICIOUS_A)
    assert pathway.is_open_in(State.RESULT_TO_TELL)
    assert pathway.due_day() == pathway.open_day(2)


def test_an_amendment_to_a_5_is_told_on_the_day_of_the_amendment(pathway: Pathway) -> None:
    pathway.advise_biopsy_at_visit(Assessment.SUSPICIOUS_A)
    pathway.days_pass(2)
    pathway.amend(Assessment.HIGHLY_SUGGESTIVE)
    assert pathway.due_day() == pathway.today
    pathway.told()
    assert pathway.is_open_in(State.BIOPSY_TO_BOOK)


def test_an_amended_comment_is_no_new_result(pathway: Pathway) -> None:
    pathway.screen()
    pathway.visit()
    pathway.outcome(Assessment.BENIGN, told=True)
    pathway.amend(Assessment.BENIGN, text="Cyst at 3 o'clock.")
    assert pathway.stands == (State.CLOSED, ClosureReason.BENIGN)


def test_an_amendment_while_tissue_is_awaited_leaves_the_tissue_to_be_read(pathway: Pathway) -> None:
    pathway.advise_biopsy_at_visit(Assessment.SUSPICIOUS_A)
    pathway.biopsy()
    pathway.amend(Assessment.SUSPICIOUS_C)
    pathway.told()
    assert pathway.is_open_in(State.AWAITING_PATHOLOGY)
    pathway.tissue(PathologyClass.BENIGN, ConcordanceVerdict.CONCORDANT_BENIGN)
    pathway.told()
    assert pathway.stands == (State.CLOSED, ClosureReason.BENIGN_CONCORDANT)


def test_an_amendment_to_benign_while_tissue_is_awaited_does_not_lose_the_tissue(pathway: Pathway) -> None:
    pathway.advise_biopsy_at_visit(Assessment.SUSPICIOUS_A)
    pathway.biopsy()
    pathway.amend(Assessment.BENIGN)
    pathway.told()
    assert pathway.is_open_in(State.AWAITING_PATHOLOGY), "tissue was taken: its result is still to come"
    pathway.tissue(PathologyClass.INVASIVE, ConcordanceVerdict.MALIGNANT)
    pathway.told()
    assert pathway.is_open_in(State.TO_HAND_OVER)


def test_another_radiologist_amends_and_owns_the_result(pathway: Pathway) -> None:
    colleague = UserFactory.create(role=Role.RADIOLOGIST, sites=[pathway.site])
    pathway.screen()
    pathway.visit()
    pathway.outcome(Assessment.NEGATIVE, told=True)
    reading = actions.OutcomeInput(Assessment.SUSPICIOUS_B)
    actions.amend_outcome(pathway.recall, reading, reason="Second look.", by=colleague)
    assert pathway.current.result_owner == colleague
