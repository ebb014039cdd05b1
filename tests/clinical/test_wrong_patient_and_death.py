"""Cases of the wrong patient, of a death and of a death recorded in error, and of two records that are one patient."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from notifications.enums import NotificationKind
from patients.actions import record_death
from patients.factories import PatientFactory
from recalls import actions
from recalls.enums import Assessment, ClosureReason, ConcordanceVerdict, PathologyClass, State, WorkItemKind
from recalls.models import Recall
from recalls.permissions import StepRefused
from tests.clinical.nothing_untold import assert_nothing_untold
from tests.clinical.pathway import Pathway
from tests.desk.conftest import ClientFor, StepFormClient, client_for, page_text

__all__ = ["client_for"]
pytestmark = pytest.mark.django_db


def _patient_dies(pathway: Pathway) -> None:
    actions.mark_deceased(pathway.recall, pathway.today, by=pathway.staff.scheduler, note="The family told us.")


def _death_is_taken_back(pathway: Pathway) -> None:
    actions.not_deceased(pathway.recall, by=pathway.staff.manager, note="It was a namesake.")


def test_an_exam_of_the_wrong_patient_goes_to_the_right_one_with_a_recall_of_its_own(pathway: Pathway) -> None:
    right = PatientFactory.create(site=pathway.site)
    pathway.screen()
    pathway.visit()
    pathway.outcome_in_writing(Assessment.BENIGN)
    sent_to_the_wrong_one = set(pathway.recall.notifications.values_list("kind", flat=True))
    actions.move_exam(pathway.recall, right, by=pathway.staff.manager, note="Two patients of one name.")
    theirs = Recall.objects.get(patient=right)
    assert theirs.state == State.TO_CONTACT
    assert pathway.current.state == State.CLOSED
    assert NotificationKind.OUTCOME_BENIGN in sent_to_the_wrong_one
    assert set(pathway.recall.notifications.values_list("kind", flat=True)) == sent_to_the_wrong_one
    assert NotificationKind.OUTCOME_BENIGN not in pathway.messages(), "what was not sent yet is not sent"
    assert_nothing_untold(theirs)


def test_a_5_filed_under_the_wrong_patient_is_a_5_of_the_right_one(pathway: Pathway) -> None:
    right = PatientFactory.create(site=pathway.site)
    pathway.screen(Assessment.HIGHLY_SUGGESTIVE)
    actions.move_exam(pathway.recall, right, by=pathway.staff.radiologist, note="Two patients of one name.")
    theirs = Recall.objects.get(patient=right)
    assert (theirs.state, theirs.suspicious) == (State.TO_CONTACT, True)
    assert pathway.stands == (State.CLOSED, ClosureReason.VOID)
    assert pathway.messages() == set()


def test_a_patient_who_dies_after_the_recall_was_closed_gets_no_more_letters(pathway: Pathway) -> None:
    pathway.screen()
    pathway.visit()
    pathway.outcome_in_writing(Assessment.BENIGN)
    assert NotificationKind.OUTCOME_BENIGN in pathway.messages()
    _patient_dies(pathway)
    assert pathway.stands == (State.CLOSED, ClosureReason.BENIGN), "the outcome stands for the audit"
    assert pathway.messages() == set()


@pytest.mark.parametrize("assessment", [Assessment.SUSPICIOUS_B, Assessment.NEGATIVE])
def test_no_amendment_after_the_death_opens_the_recall_again(pathway: Pathway, assessment: Assessment) -> None:
    pathway.screen()
    pathway.visit()
    pathway.outcome(Assessment.BENIGN, told=True)
    _patient_dies(pathway)
    actions.amend_outcome(
        pathway.recall, actions.OutcomeInput(assessment), reason="For the audit.", by=pathway.staff.radiologist
    )
    assert pathway.current.state == State.CLOSED
    assert pathway.messages() == set()


def test_a_corrected_5_of_a_patient_who_has_died_is_a_task_and_no_call(pathway: Pathway) -> None:
    pathway.screen()
    pathway.visit()
    pathway.outcome(Assessment.BENIGN, told=True)
    _patient_dies(pathway)
    pathway.correct(Assessment.HIGHLY_SUGGESTIVE)
    assert pathway.stands == (State.CLOSED, ClosureReason.BENIGN)
    assert pathway.tasks() == [WorkItemKind.CORRECTED_RESULT]


def test_a_death_before_the_result_was_told_stops_everything_and_taken_back_owes_it_again(pathway: Pathway) -> None:
    pathway.screen()
    pathway.visit()
    pathway.outcome(Assessment.SUSPICIOUS_B)
    _patient_dies(pathway)
    assert pathway.stands == (State.CLOSED, ClosureReason.DECEASED)
    assert pathway.messages() == set()
    pathway.days_pass(4)
    _death_is_taken_back(pathway)
    assert pathway.is_open_in(State.RESULT_TO_TELL)
    pathway.told()
    assert pathway.is_open_in(State.BIOPSY_TO_BOOK)


def test_a_death_recorded_in_error_while_tissue_is_awaited_does_not_lose_the_tissue(pathway: Pathway) -> None:
    pathway.advise_biopsy_at_visit()
    pathway.biopsy()
    _patient_dies(pathway)
    pathway.days_pass(6)
    _death_is_taken_back(pathway)
    assert pathway.is_open_in(State.AWAITING_PATHOLOGY)
    pathway.tissue(PathologyClass.INVASIVE, ConcordanceVerdict.MALIGNANT)
    assert pathway.is_open_in(State.RESULT_TO_TELL)


def test_a_death_recorded_in_error_before_the_images_were_read_leaves_them_to_be_read(pathway: Pathway) -> None:
    pathway.screen()
    pathway.visit()
    _patient_dies(pathway)
    _death_is_taken_back(pathway)
    assert pathway.is_open_in(State.AWAITING_OUTCOME)


def test_a_death_recorded_in_error_while_prior_images_are_awaited_goes_on_waiting(pathway: Pathway) -> None:
    pathway.screen(Assessment.NEED_PRIORS)
    _patient_dies(pathway)
    _death_is_taken_back(pathway)
    assert pathway.is_open_in(State.AWAITING_PRIORS)


def test_a_death_recorded_in_error_on_a_fresh_recall_leaves_the_patient_to_be_called(pathway: Pathway) -> None:
    pathway.screen()
    _patient_dies(pathway)
    with pytest.raises(StepRefused):
        actions.not_deceased(pathway.recall, by=pathway.staff.scheduler, note="It was a namesake.")
    _death_is_taken_back(pathway)
    assert pathway.is_open_in(State.TO_CONTACT)
    assert NotificationKind.RECALL_NOTICE in pathway.messages()
    pathway.call()


def test_a_declined_visit_of_a_patient_wrongly_called_dead_is_still_offered_again(pathway: Pathway) -> None:
    pathway.screen()
    pathway.decline(offer_again_on=pathway.open_day(10))
    _patient_dies(pathway)
    _death_is_taken_back(pathway)
    pathway.days_pass(10)
    assert pathway.is_open_in(State.TO_CONTACT)


def test_a_merge_of_two_records_keeps_the_result_that_is_to_be_told(pathway: Pathway) -> None:
    stays = PatientFactory.create(site=pathway.site)
    pathway.screen()
    pathway.visit()
    pathway.outcome(Assessment.SUSPICIOUS_C)
    limit = pathway.current.tell_by
    actions.merge_patients(pathway.patient, stays, by=pathway.staff.manager)
    assert pathway.is_open_in(State.RESULT_TO_TELL)
    assert (pathway.current.patient, pathway.current.tell_by) == (stays, limit)
    pathway.told()
    assert pathway.is_open_in(State.BIOPSY_TO_BOOK)


def test_a_death_of_one_record_and_a_merge_into_the_living_one_can_be_taken_back(pathway: Pathway) -> None:
    stays = PatientFactory.create(site=pathway.site)
    pathway.screen()
    _patient_dies(pathway)
    actions.merge_patients(pathway.patient, stays, by=pathway.staff.manager)
    assert pathway.stands == (State.CLOSED, ClosureReason.DECEASED)
    assert pathway.messages() == set()
    _death_is_taken_back(pathway)
    assert pathway.is_open_in(State.TO_CONTACT), "the patient who stays is alive"


def test_a_death_dated_before_the_patient_was_here_is_asked_about_once_more(
    pathway: Pathway, client_for: ClientFor
) -> None:
    """A year mistyped would close a 5 and stop every message of a living patient."""
    pathway.screen(Assessment.HIGHLY_SUGGESTIVE)
    year_before = pathway.today.replace(year=pathway.today.year - 1)
    with pytest.raises(ValidationError, match="was here on"):
        actions.mark_deceased(pathway.recall, year_before, by=pathway.staff.scheduler, note="The family told us.")
    pathway.visit()
    day_before = pathway.today - timedelta(days=1)  # after the exam, before the visit
    form = StepFormClient(client_for(pathway.staff.scheduler), pathway.current, "mark_deceased")
    page = page_text(form.send(died_on=str(day_before), note="The family told us."))
    assert "The patient was here on" in page
    assert "The date of death is right all the same" in page
    assert pathway.is_open_in(State.AWAITING_OUTCOME)
    form.send(died_on=str(day_before), note="The visit was her sister's.", date_is_right="on")
    assert pathway.stands == (State.CLOSED, ClosureReason.DECEASED)


def test_a_record_of_a_death_is_not_merged_with_one_of_a_patient_who_was_here_after_it(pathway: Pathway) -> None:
    other = PatientFactory.create(site=pathway.site)
    record_death(other, pathway.today - timedelta(days=100), by=pathway.staff.manager)
    pathway.screen()
    for loser, stays in ((other, pathway.patient), (pathway.patient, other)):
        with pytest.raises(ValidationError, match="was here on"):
            actions.merge_patients(loser, stays, by=pathway.staff.manager, note="One patient.")
    assert pathway.is_open_in(State.TO_CONTACT)
