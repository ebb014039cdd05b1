"""Cases of a patient with more than one recall, or more than one visit: none hides the other."""

from datetime import timedelta

import pytest
from django.utils import timezone

from clinic.actors import INTAKE
from clinic.factories import get_site_staff
from clinic.models import Site
from notifications.enums import NotificationKind
from patients.factories import PatientFactory
from recalls import actions
from recalls.actions import ContactAttemptInput
from recalls.enums import (
    Assessment,
    ClosureReason,
    ConcordanceVerdict,
    ContactChannel,
    ContactResult,
    FindingKind,
    PathologyClass,
    Side,
    State,
    VisitKind,
    WorkItemKind,
)
from recalls.models import Recall
from recalls.permissions import NotPermitted, StepUnavailable
from recalls.testing.factories import ExamFactory
from tests.clinical.nothing_untold import assert_nothing_untold
from tests.clinical.pathway import Pathway

pytestmark = pytest.mark.django_db


def _second_recall(pathway: Pathway, assessment: Assessment = Assessment.NEED_IMAGING) -> Recall:
    """Another screening of the same patient opens a recall of its own."""
    exam = ExamFactory.create(patient=pathway.patient, assessment=assessment, findings=[(FindingKind.MASS, Side.LEFT)])
    return actions.open_recall(exam, by=INTAKE).recall


def test_closing_one_recall_of_a_patient_leaves_the_other_to_be_called(pathway: Pathway) -> None:
    pathway.screen()
    other = _second_recall(pathway, Assessment.SUSPICIOUS_B)
    pathway.visit()
    pathway.outcome(Assessment.NEGATIVE, told=True)
    other.refresh_from_db()
    assert (other.state, other.suspicious) == (State.TO_CONTACT, True)
    assert other.due_at is not None
    contact = ContactAttemptInput(ContactChannel.PHONE, ContactResult.NO_ANSWER)
    actions.log_contact(other, contact, by=pathway.staff.scheduler)
    assert_nothing_untold(other)


def test_a_death_closes_every_recall_of_the_patient_also_at_another_site(pathway: Pathway, foothills: Site) -> None:
    pathway.screen()
    exam = ExamFactory.create(patient=pathway.patient, site=foothills)
    elsewhere = actions.open_recall(exam, by=INTAKE).recall
    actions.mark_deceased(pathway.recall, pathway.today, by=pathway.staff.scheduler, note="The family told us.")
    elsewhere.refresh_from_db()
    assert (elsewhere.state, elsewhere.closure_reason) == (State.CLOSED, ClosureReason.DECEASED)
    actions.not_deceased(pathway.recall, by=pathway.staff.manager, note="It was a namesake.")
    elsewhere.refresh_from_db()
    assert elsewhere.state == State.TO_CONTACT


def test_two_records_of_one_patient_with_two_open_recalls_are_a_question_for_a_person(pathway: Pathway) -> None:
    stays = PatientFactory.create(site=pathway.site)
    theirs = actions.open_recall(ExamFactory.create(patient=stays), by=INTAKE).recall
    pathway.screen()
    actions.merge_patients(pathway.patient, stays, by=pathway.staff.manager)
    assert Recall.objects.filter(patient=stays).still_open().count() == 2
    assert WorkItemKind.MERGE_CONFLICT in {item.kind for item in stays.work_items.all()}
    assert_nothing_untold(theirs)


def test_a_second_0_after_the_visit_is_told_and_has_a_visits_time_of_its_own(pathway: Pathway) -> None:
    pathway.screen()
    pathway.visit()
    pathway.outcome(Assessment.NEED_IMAGING)
    assert pathway.due_day() == pathway.open_day(2)
    pathway.told()
    assert pathway.is_open_in(State.TO_CONTACT)
    assert pathway.due_day() == pathway.open_day(1)
    pathway.visit(kind=VisitKind.MRI)
    pathway.outcome(Assessment.SUSPICIOUS_B, told=True)
    assert pathway.is_open_in(State.BIOPSY_TO_BOOK)


def test_a_third_0_in_a_row_is_still_open_work(pathway: Pathway) -> None:
    pathway.screen()
    for _visit in range(2):
        pathway.visit()
        pathway.outcome(Assessment.NEED_IMAGING, told=True)
        assert pathway.is_open_in(State.TO_CONTACT)
        assert NotificationKind.OUTCOME_BENIGN not in pathway.messages()


def test_a_screening_years_after_a_benign_recall_is_a_recall_of_its_own(pathway: Pathway) -> None:
    pathway.screen()
    pathway.visit()
    pathway.outcome(Assessment.BENIGN, told=True)
    pathway.days_pass(260)
    first, second = pathway.recall, pathway.screen(Assessment.SUSPICIOUS_A)
    first.refresh_from_db()
    assert first.state == State.CLOSED
    assert second.state == State.TO_CONTACT
    actions.reopen(first, by=pathway.staff.manager, note="Asked again.")
    assert_nothing_untold(first)


def test_the_same_report_twice_opens_one_recall(pathway: Pathway) -> None:
    pathway.screen()
    event = actions.open_recall(pathway.recall.exam, by=INTAKE)
    assert event.recall == pathway.recall
    assert Recall.objects.count() == 1


def test_the_staff_of_another_site_takes_no_step_on_the_patients_recall(pathway: Pathway, foothills: Site) -> None:
    pathway.screen()
    pathway.visit()
    pathway.outcome(Assessment.HIGHLY_SUGGESTIVE)
    stranger = get_site_staff(foothills).radiologist
    with pytest.raises(NotPermitted, match="site"):
        pathway.told(by=stranger)
    with pytest.raises(NotPermitted, match="site"):
        actions.void(pathway.recall, by=stranger, note="Not ours.")


def test_a_written_result_of_one_recall_does_not_wait_for_the_other(pathway: Pathway) -> None:
    pathway.screen()
    other = _second_recall(pathway)
    pathway.visit()
    pathway.outcome_in_writing(Assessment.NEGATIVE)
    assert pathway.stands == (State.CLOSED, ClosureReason.NORMAL)
    assert NotificationKind.OUTCOME_NORMAL in pathway.messages()
    other.refresh_from_db()
    assert other.state == State.TO_CONTACT


def test_a_written_normal_result_is_held_back_when_a_biopsy_of_the_other_side_is_advised(pathway: Pathway) -> None:
    pathway.screen()
    pathway.visit()
    pathway.outcome_in_writing(Assessment.NEGATIVE)
    pathway.amend(
        Assessment.SUSPICIOUS_B, assessment_left=Assessment.SUSPICIOUS_B, assessment_right=Assessment.NEGATIVE
    )
    pathway.told()
    pathway.biopsy(Side.LEFT)
    pathway.tissue(PathologyClass.BENIGN, ConcordanceVerdict.CONCORDANT_BENIGN)
    pathway.told()
    assert pathway.stands == (State.CLOSED, ClosureReason.BENIGN_CONCORDANT)
    assert NotificationKind.OUTCOME_NORMAL not in pathway.messages()


def test_a_slip_of_the_hand_is_undone_only_before_the_patient_has_heard(pathway: Pathway) -> None:
    pathway.screen()
    pathway.visit()
    pathway.outcome(Assessment.BENIGN)
    actions.undo(pathway.recall, by=pathway.staff.radiologist)
    assert pathway.is_open_in(State.AWAITING_OUTCOME)
    pathway.outcome(Assessment.SUSPICIOUS_B, told=True)
    pathway.move_to(pathway.today + timedelta(days=1))
    with pytest.raises(StepUnavailable):
        actions.undo(pathway.recall, by=pathway.staff.radiologist)
    assert timezone.now() > pathway.current.state_since
