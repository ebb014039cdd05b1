"""Cases of telling a result: it is open work until somebody has told the patient, within its limit."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from clinic.actors import SYSTEM
from clinic.factories import UserFactory
from clinic.roles import Role
from notifications.enums import NotificationKind
from patients.models import ContactPoint
from recalls import actions
from recalls.enums import (
    Assessment,
    ClosureReason,
    ConcordanceVerdict,
    DisclosureMethod,
    Listener,
    PathologyClass,
    State,
)
from recalls.permissions import StepRefused
from recalls.selectors.reading_worklist import get_worklist_sections
from tests.clinical.nothing_untold import assert_nothing_untold
from tests.clinical.pathway import Pathway

pytestmark = pytest.mark.django_db


def test_a_malignant_result_stays_open_until_somebody_told_the_patient_and_named_a_surgeon(pathway: Pathway) -> None:
    pathway.advise_biopsy_at_visit()
    pathway.biopsy()
    pathway.tissue(PathologyClass.INVASIVE, ConcordanceVerdict.MALIGNANT)
    assert pathway.is_open_in(State.RESULT_TO_TELL)
    assert pathway.due_day() == pathway.today, "cancer is told on the day of the result"
    pathway.told()
    assert pathway.is_open_in(State.TO_HAND_OVER)
    pathway.hand_over()
    assert pathway.stands == (State.CLOSED, ClosureReason.CANCER_HANDED_OVER)


def test_a_benign_biopsy_result_is_told_too_before_the_recall_closes(pathway: Pathway) -> None:
    pathway.advise_biopsy_at_visit()
    pathway.biopsy()
    pathway.tissue(PathologyClass.BENIGN, ConcordanceVerdict.CONCORDANT_BENIGN)
    assert pathway.is_open_in(State.RESULT_TO_TELL)
    pathway.told(by=pathway.staff.navigator)
    assert pathway.stands == (State.CLOSED, ClosureReason.BENIGN_CONCORDANT)


def test_a_biopsy_advised_from_the_screening_images_is_told_by_a_doctor_before_the_desk_books_it(
    pathway: Pathway,
) -> None:
    pathway.screen(Assessment.SUSPICIOUS_B)
    actions.advise_biopsy(pathway.recall, by=pathway.staff.radiologist)
    assert pathway.is_open_in(State.RESULT_TO_TELL)
    with pytest.raises(StepRefused):
        pathway.book_biopsy()
    pathway.told()
    assert pathway.is_open_in(State.BIOPSY_TO_BOOK)


def test_a_5_that_goes_straight_to_biopsy_is_told_the_same_day(pathway: Pathway) -> None:
    pathway.screen(Assessment.HIGHLY_SUGGESTIVE)
    actions.advise_biopsy(pathway.recall, by=pathway.staff.radiologist)
    assert pathway.due_day() == pathway.today
    assert not pathway.messages() & {NotificationKind.BIOPSY_CONFIRMATION, NotificationKind.OUTCOME_BENIGN}


def test_a_normal_result_that_was_mailed_and_becomes_a_4b_is_owed_anew(pathway: Pathway) -> None:
    pathway.screen()
    pathway.visit()
    pathway.outcome_in_writing(Assessment.NEGATIVE)
    assert pathway.stands == (State.CLOSED, ClosureReason.NORMAL)
    pathway.days_pass(2)
    pathway.amend(Assessment.SUSPICIOUS_B)
    assert pathway.is_open_in(State.RESULT_TO_TELL)
    assert NotificationKind.OUTCOME_NORMAL not in pathway.messages()
    pathway.told()
    assert pathway.is_open_in(State.BIOPSY_TO_BOOK)


def test_nobody_asks_the_patient_to_call_before_a_radiologist_has_signed_the_pathology(pathway: Pathway) -> None:
    pathway.advise_biopsy_at_visit()
    pathway.biopsy()
    pathway.days_pass(3)
    pathway.pathology(PathologyClass.INVASIVE)
    assert NotificationKind.PLEASE_CALL_RESULTS not in pathway.messages()
    pathway.sign(ConcordanceVerdict.MALIGNANT)
    assert NotificationKind.PLEASE_CALL_RESULTS in pathway.messages()


def test_a_normal_result_kept_for_a_talk_is_open_work_that_every_radiologist_of_the_site_sees(
    pathway: Pathway,
) -> None:
    pathway.screen()
    pathway.visit()
    pathway.outcome(Assessment.NEGATIVE)
    pathway.days_pass(1)
    sections = {one.state: one.recalls for one in get_worklist_sections([pathway.site.pk], timezone.now())}
    assert sections[State.RESULT_TO_TELL] == [pathway.recall]


def test_a_benign_result_is_not_put_off_beyond_its_limit(pathway: Pathway) -> None:
    pathway.screen()
    pathway.visit()
    pathway.outcome(Assessment.BENIGN)
    with pytest.raises(ValidationError, match="must be told by"):
        pathway.release(timezone.now() + timedelta(days=10))
    pathway.release(timezone.now() + timedelta(hours=24))
    assert pathway.is_open_in(State.RESULT_TO_TELL), "the time of the message has not come"
    pathway.days_pass(1, hour=12)
    assert pathway.stands == (State.CLOSED, ClosureReason.BENIGN)


def test_a_probably_benign_result_kept_for_a_talk_is_due_in_days_and_not_in_months(pathway: Pathway) -> None:
    pathway.screen()
    pathway.visit()
    pathway.outcome(Assessment.PROBABLY_BENIGN)
    assert pathway.due_day() == pathway.open_day(2)
    pathway.told()
    assert pathway.is_open_in(State.FOLLOW_UP)


def test_a_result_told_at_the_visit_closes_the_recall_in_one_step(pathway: Pathway) -> None:
    pathway.screen()
    pathway.visit()
    pathway.outcome(Assessment.NEGATIVE, told=True)
    assert pathway.stands == (State.CLOSED, ClosureReason.NORMAL)
    assert pathway.recall.disclosures.get().method == DisclosureMethod.AT_VISIT


@pytest.mark.parametrize("assessment", [Assessment.SUSPICIOUS_A, Assessment.SUSPICIOUS_C])
def test_a_4_is_told_by_voice_and_never_first_in_writing(pathway: Pathway, assessment: Assessment) -> None:
    pathway.screen()
    pathway.visit()
    with pytest.raises(ValidationError, match="told in person or by phone first"):
        pathway.outcome_in_writing(assessment)
    pathway.outcome(assessment)
    with pytest.raises(StepRefused, match="may be told in writing; tell this one"):
        pathway.release()


def test_a_patient_who_wants_a_daughter_to_hear_it_is_told_through_the_daughter_by_name(pathway: Pathway) -> None:
    pathway.screen()
    wish = {"proxy_name": "Dora Sample-Oak", "no_details": True}
    actions.record_wishes(pathway.recall, wish, by=pathway.staff.scheduler)
    pathway.visit()
    pathway.outcome(Assessment.SUSPICIOUS_A)
    with pytest.raises(ValidationError, match="Name the person"):
        pathway.told(told_to=Listener.PROXY)
    pathway.told(told_to=Listener.PROXY, told_to_name="Dora Sample-Oak")
    assert pathway.is_open_in(State.BIOPSY_TO_BOOK)


def test_the_result_of_an_author_who_is_away_is_told_by_a_colleague(pathway: Pathway) -> None:
    colleague = UserFactory.create(role=Role.RADIOLOGIST, sites=[pathway.site])
    pathway.screen()
    pathway.visit()
    pathway.outcome(Assessment.HIGHLY_SUGGESTIVE)
    author = pathway.staff.radiologist
    author.away_until = pathway.open_day(10)
    author.save()
    pathway.told(by=colleague)
    assert pathway.recall.disclosures.get().told_by == colleague.get_full_name()


def test_a_scheduler_does_not_break_the_news(pathway: Pathway) -> None:
    pathway.screen()
    pathway.visit()
    pathway.outcome(Assessment.SUSPICIOUS_B)
    with pytest.raises(StepRefused):
        pathway.told(by=pathway.staff.scheduler)


def test_a_written_result_that_does_not_arrive_is_told_by_a_person(pathway: Pathway) -> None:
    pathway.screen()
    pathway.visit()
    pathway.outcome_in_writing(Assessment.BENIGN)
    actions.result_undelivered(pathway.recall, by=SYSTEM, note="The mail server refused it.")
    assert pathway.is_open_in(State.RESULT_TO_TELL)
    pathway.told()
    assert pathway.stands == (State.CLOSED, ClosureReason.BENIGN)


def test_a_patient_whom_no_message_can_reach_is_told_by_a_person(pathway: Pathway) -> None:
    pathway.screen()
    ContactPoint.objects.filter(patient=pathway.patient).delete()
    type(pathway.patient).objects.filter(pk=pathway.patient.pk).update(address_line="", city="")
    pathway.visit()
    pathway.outcome_in_writing(Assessment.NEGATIVE)
    assert pathway.is_open_in(State.RESULT_TO_TELL)


def test_a_5_that_is_signed_after_hours_is_told_on_the_next_open_day(pathway: Pathway) -> None:
    pathway.screen()
    pathway.visit(days=4)  # Friday
    pathway.move_to(pathway.today, hour=18)
    pathway.outcome(Assessment.HIGHLY_SUGGESTIVE)
    assert pathway.due_day() == pathway.open_day(1)
    assert_nothing_untold(pathway.recall)


def test_a_screening_4_that_went_straight_to_a_benign_biopsy_is_over_and_nobody_asks_for_a_visit(
    pathway: Pathway,
) -> None:
    pathway.screen(Assessment.SUSPICIOUS_B)
    actions.advise_biopsy(pathway.recall, by=pathway.staff.radiologist)
    pathway.told()
    pathway.biopsy()
    pathway.tissue(PathologyClass.BENIGN, ConcordanceVerdict.CONCORDANT_BENIGN)
    pathway.told()
    assert pathway.stands == (State.CLOSED, ClosureReason.BENIGN_CONCORDANT)


@pytest.mark.parametrize("assessment", [Assessment.NEGATIVE, Assessment.BENIGN, Assessment.PROBABLY_BENIGN])
def test_a_5_of_the_screening_is_never_ended_by_a_letter_alone(pathway: Pathway, assessment: Assessment) -> None:
    """One radiologist reads it; a person tells the patient before the recall goes on."""
    pathway.screen(Assessment.HIGHLY_SUGGESTIVE)
    pathway.visit()
    pathway.outcome_in_writing(assessment)
    assert pathway.is_open_in(State.RESULT_TO_TELL)
    with pytest.raises(StepRefused, match="A 4 or 5 stood here"):
        pathway.release()
    pathway.told(by=pathway.staff.navigator)
    assert pathway.stands[0] in (State.CLOSED, State.FOLLOW_UP)


def test_a_5_of_the_screening_answered_by_prior_images_is_told_by_a_person_too(pathway: Pathway) -> None:
    pathway.screen(Assessment.SUSPICIOUS_B)
    reading = actions.OutcomeInput(Assessment.BENIGN, release_at=timezone.now())
    actions.resolve_by_priors(pathway.recall, reading, by=pathway.staff.radiologist)
    assert pathway.is_open_in(State.RESULT_TO_TELL)
    pathway.told()
    assert pathway.stands == (State.CLOSED, ClosureReason.RESOLVED_BY_PRIORS)


def test_an_outcome_of_5_amended_to_benign_is_told_by_a_person(pathway: Pathway) -> None:
    pathway.advise_biopsy_at_visit(Assessment.HIGHLY_SUGGESTIVE)
    pathway.days_pass(1)
    pathway.amend(Assessment.BENIGN, release_at=timezone.now())
    assert pathway.is_open_in(State.RESULT_TO_TELL)
    pathway.told()
    assert pathway.stands[0] == State.CLOSED


def test_once_a_person_has_told_the_answer_to_a_5_later_rounds_may_be_written(pathway: Pathway) -> None:
    pathway.screen(Assessment.HIGHLY_SUGGESTIVE)
    pathway.visit()
    pathway.outcome(Assessment.PROBABLY_BENIGN, told=True)
    assert pathway.is_open_in(State.FOLLOW_UP)
    pathway.visit(days=100)
    pathway.outcome_in_writing(Assessment.BENIGN)
    assert pathway.stands == (State.CLOSED, ClosureReason.BENIGN)
