"""Cases of prior images: they come, come late, settle it or do not; the patient hears by the day of the report."""

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from notifications.enums import NotificationKind
from recalls import actions
from recalls.actions import OutcomeInput
from recalls.enums import Assessment, ClosureReason, State, WorkItemKind
from recalls.selectors.reading_worklist import get_worklist_sections
from tests.clinical.pathway import Pathway

pytestmark = pytest.mark.django_db


def _ask_for_priors(pathway: Pathway) -> None:
    actions.request_priors(pathway.recall, by=pathway.staff.scheduler, note="Asked Hillside Sample Clinic.")


def _priors_come(pathway: Pathway) -> None:
    actions.receive_priors(pathway.recall, by=pathway.staff.scheduler)


def _resolve(pathway: Pathway, assessment: Assessment, *, in_writing: bool = True) -> None:
    outcome = OutcomeInput(assessment, release_at=timezone.now() if in_writing else None)
    actions.resolve_by_priors(pathway.recall, outcome, by=pathway.staff.radiologist)


def test_prior_images_that_never_come_are_a_radiologists_decision_before_the_thirty_days_end(
    pathway: Pathway,
) -> None:
    pathway.screen(Assessment.NEED_PRIORS)
    report_day = pathway.today
    for _week in range(5):
        _ask_for_priors(pathway)
        pathway.days_pass(5)
    due = pathway.due_day()
    assert due is not None
    assert (due - report_day).days <= pathway.site.policy.priors_report
    sections = {one.state: one.recalls for one in get_worklist_sections([pathway.site.pk], timezone.now())}
    assert sections[State.AWAITING_PRIORS] == [pathway.recall]
    actions.need_imaging(pathway.recall, by=pathway.staff.radiologist, note="They are not to be had.")
    assert pathway.is_open_in(State.TO_CONTACT)
    assert NotificationKind.RECALL_NOTICE in pathway.messages()


def test_a_recall_that_waited_for_prior_images_and_needs_a_visit_has_its_visit_time_from_that_day(
    pathway: Pathway,
) -> None:
    pathway.screen(Assessment.NEED_PRIORS)
    _ask_for_priors(pathway)
    pathway.days_pass(8)
    _priors_come(pathway)
    actions.need_imaging(pathway.recall, by=pathway.staff.radiologist, note="They do not settle it.")
    assert pathway.current.clock_from == timezone.now()
    pathway.visit()
    pathway.outcome(Assessment.NEGATIVE, told=True)
    assert pathway.stands == (State.CLOSED, ClosureReason.NORMAL)


def test_prior_images_that_settle_it_leave_a_final_assessment_and_the_patient_is_told(pathway: Pathway) -> None:
    pathway.screen(Assessment.NEED_PRIORS)
    _priors_come(pathway)
    _resolve(pathway, Assessment.BENIGN)
    assert pathway.stands == (State.CLOSED, ClosureReason.RESOLVED_BY_PRIORS)
    assert pathway.recall.outcomes.get().assessment == Assessment.BENIGN
    assert NotificationKind.NO_VISIT_NEEDED in pathway.messages()


def test_prior_images_that_come_after_a_visit_was_booked_ask_a_radiologist_to_compare(pathway: Pathway) -> None:
    pathway.screen()
    pathway.book(days=8)
    _priors_come(pathway)
    assert pathway.is_open_in(State.SCHEDULED)
    assert pathway.tasks() == [WorkItemKind.PRIORS_TO_COMPARE]
    _resolve(pathway, Assessment.BENIGN)
    assert pathway.stands == (State.CLOSED, ClosureReason.RESOLVED_BY_PRIORS)
    assert not pathway.recall.appointments.filter(status="booked").exists()


def test_prior_images_that_make_it_a_3_lead_to_a_follow_up_that_the_patient_hears_of(pathway: Pathway) -> None:
    pathway.screen(Assessment.NEED_PRIORS)
    _priors_come(pathway)
    _resolve(pathway, Assessment.PROBABLY_BENIGN)
    assert pathway.is_open_in(State.FOLLOW_UP)
    assert NotificationKind.OUTCOME_PROBABLY_BENIGN in pathway.messages()
    assert pathway.due_day() == pathway.open_day(1)


def test_prior_images_never_settle_a_4(pathway: Pathway) -> None:
    pathway.screen(Assessment.NEED_PRIORS)
    with pytest.raises(ValidationError, match="needs a visit"):
        _resolve(pathway, Assessment.SUSPICIOUS_A)
    assert pathway.is_open_in(State.AWAITING_PRIORS)


def test_a_result_by_prior_images_that_is_kept_for_a_talk_is_due_in_days(pathway: Pathway) -> None:
    pathway.screen(Assessment.NEED_PRIORS)
    _resolve(pathway, Assessment.NEGATIVE, in_writing=False)
    assert pathway.is_open_in(State.RESULT_TO_TELL)
    assert pathway.due_day() == pathway.open_day(2)
    assert NotificationKind.NO_VISIT_NEEDED not in pathway.messages(), "nothing is written before the talk"
    pathway.told()
    assert pathway.stands == (State.CLOSED, ClosureReason.RESOLVED_BY_PRIORS)
