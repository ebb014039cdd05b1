"""Tests that each reading has a summary of its own: after a visit, a correction, an amendment and an ending."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from clinic.actors import INTAKE
from clinic.calendar import local_day
from clinic.factories import get_site_staff
from clinic.models import Site, User
from notifications.enums import StatusReason, SummaryState
from recalls import actions
from recalls.actions import OutcomeInput
from recalls.enums import Assessment, ClosureReason, WorkItemKind
from recalls.models import Recall, WorkItem
from tests.notifications.clock import Clock, plan_lay_summaries
from tests.notifications.lay_summaries import (
    days_after_report,
    limit_of,
    open_recall,
    post_letters,
    read_exam,
    summaries_of,
    summary_of,
    text_of,
)

pytestmark = pytest.mark.django_db


def amend(recall: Recall, assessment: Assessment) -> None:
    radiologist = get_site_staff(recall.site).radiologist
    actions.amend_outcome(recall, OutcomeInput(assessment), reason="Read again.", by=radiologist)
    plan_lay_summaries()


def test_a_diagnostic_exam_gets_a_summary_of_its_own(site: Site, clock: Clock, scheduler_ana: User) -> None:
    clock.move_to("2026-11-20", "16:00")
    recall = open_recall(site, closed_normal=True)
    visit, outcome = summary_of(recall), recall.outcomes.get()
    assert (visit.outcome_id, visit.result, visit.read_at) == (outcome.pk, "negative", outcome.at)
    assert visit.exam_day == local_day(site, recall.appointments.get().starts_at)
    assert days_after_report(visit, "due_by") <= 30


def test_a_biopsy_advised_after_the_visit_is_told_in_writing_within_seven_days(site: Site, clock: Clock) -> None:
    clock.move_to("2026-11-20", "16:00")
    recall = open_recall(site, biopsy_to_book=True)
    row = summary_of(recall)
    assert (row.outcome_id, row.result) == (recall.outcomes.get().pk, "suspicious")
    assert days_after_report(row, "due_by") <= 7


def test_an_outcome_waits_for_its_release_but_not_past_the_limit(site: Site, clock: Clock) -> None:
    clock.move_to("2026-11-20", "16:00")
    recall = open_recall(site, attended=True)
    radiologist = get_site_staff(site).radiologist
    actions.record_outcome(recall, OutcomeInput(Assessment.NEGATIVE), by=radiologist)
    plan_lay_summaries()
    row = summary_of(recall)
    assert row.leave_at > timezone.now() + timedelta(days=20)
    assert row.leave_at <= row.due_by - timedelta(days=3)
    actions.release_outcome(recall, timezone.now(), by=radiologist)
    plan_lay_summaries()
    assert summary_of(recall).leave_at < timezone.now() + timedelta(days=4)


def test_an_outcome_that_was_undone_as_a_slip_owes_nothing(site: Site, clock: Clock) -> None:
    clock.move_to("2026-11-20", "14:00")
    recall = open_recall(site, attended=True)
    radiologist = get_site_staff(site).radiologist
    actions.record_outcome(recall, OutcomeInput(Assessment.HIGHLY_SUGGESTIVE), by=radiologist)
    plan_lay_summaries()
    assert [row.state for row in summaries_of(recall)] == [SummaryState.REPLACED, SummaryState.OWED]
    actions.undo(recall, by=radiologist)
    plan_lay_summaries()
    assert [row.state for row in summaries_of(recall)] == [SummaryState.OWED, SummaryState.CLOSED]


def test_a_request_to_come_that_never_left_gives_way_to_the_visits_result_and_hands_on_its_limit(
    site: Site, clock: Clock
) -> None:
    clock.move_to("2026-11-20", "16:00")
    screening, visit = summaries_of(open_recall(site, closed_benign=True))
    assert (screening.state, screening.superseded_by_id) == (SummaryState.REPLACED, visit.pk)
    assert limit_of(visit) == limit_of(screening)


def test_a_summary_that_was_sent_stands_beside_that_of_the_visit(site: Site, clock: Clock, scheduler_ana: User) -> None:
    clock.move_to("2026-11-20", "14:00")
    recall = open_recall(site, attended=True)
    assert post_letters(scheduler_ana, site) == [recall.exam_id]
    actions.record_outcome(recall, OutcomeInput(Assessment.NEGATIVE), by=get_site_staff(site).radiologist)
    plan_lay_summaries()
    screening, visit = summaries_of(recall)
    assert (screening.state, screening.superseded_by, visit.state) == (SummaryState.SENT, None, SummaryState.OWED)


def test_a_corrected_screening_result_has_a_summary_of_its_own_with_its_own_limit(
    site: Site, clock: Clock, scheduler_ana: User
) -> None:
    recall = open_recall(site)
    post_letters(scheduler_ana, site)
    clock.run_until("2026-11-30")
    actions.correct_exam(recall.exam, {"assessment": Assessment.HIGHLY_SUGGESTIVE}, None, by=INTAKE)
    plan_lay_summaries()
    first, second = summaries_of(recall)
    assert (first.state, first.superseded_by_id) == (SummaryState.SENT, second.pk)
    assert (second.state, second.result) == (SummaryState.OWED, "highly_suggestive")
    assert limit_of(second) == date(2026, 12, 7)


def test_a_result_corrected_to_normal_is_told_too(site: Site, scheduler_ana: User) -> None:
    recall = open_recall(site)
    post_letters(scheduler_ana, site)
    actions.correct_exam(recall.exam, {"assessment": Assessment.BENIGN}, None, by=INTAKE)
    plan_lay_summaries()
    recall.refresh_from_db()
    assert recall.closure_reason == ClosureReason.VOID
    row = summary_of(recall)
    assert (row.state, row.result) == (SummaryState.OWED, "benign")
    assert "This letter takes the place of the earlier one." in text_of(row, replaces_sent=True)


def test_a_summary_that_had_not_left_when_the_result_was_corrected_leaves_once(site: Site, scheduler_ana: User) -> None:
    recall = open_recall(site)
    actions.correct_exam(recall.exam, {"assessment": Assessment.NEGATIVE}, None, by=INTAKE)
    plan_lay_summaries()
    assert [row.state for row in summaries_of(recall)] == [SummaryState.REPLACED, SummaryState.OWED]
    assert post_letters(scheduler_ana, site) == [recall.exam_id]


def test_a_correction_that_changes_no_word_of_the_summary_sends_no_second_letter(
    site: Site, scheduler_ana: User
) -> None:
    exam = read_exam(site)
    post_letters(scheduler_ana, site)
    actions.correct_exam(exam, {"comment": "Spelling."}, None, by=INTAKE)
    plan_lay_summaries()
    assert len(summaries_of(exam)) == 1


def test_an_amended_outcome_has_a_summary_that_takes_the_place_of_the_first(
    site: Site, clock: Clock, scheduler_ana: User
) -> None:
    clock.move_to("2026-11-20", "16:00")
    recall = open_recall(site, closed_normal=True)
    post_letters(scheduler_ana, site)
    clock.move_to("2026-11-24")
    amend(recall, Assessment.SUSPICIOUS_C)
    first, second = summaries_of(recall)[-2:]
    assert (first.state, first.superseded_by_id) == (SummaryState.SENT, second.pk)
    assert (second.result, limit_of(second)) == ("suspicious", date(2026, 12, 1))


def test_an_amended_outcome_that_says_the_same_to_the_patient_sends_no_second_letter(
    site: Site, clock: Clock, scheduler_ana: User
) -> None:
    clock.move_to("2026-11-20", "16:00")
    recall = open_recall(site, biopsy_to_book=True)
    clock.move_to("2026-11-30")
    post_letters(scheduler_ana, site)
    before = len(summaries_of(recall))
    amend(recall, Assessment.SUSPICIOUS_A)
    assert len(summaries_of(recall)) == before


def test_a_recall_resolved_by_prior_images_gets_its_final_result_in_writing(
    site: Site, clock: Clock, scheduler_ana: User
) -> None:
    recall = open_recall(site, exam__assessment=Assessment.NEED_PRIORS)
    post_letters(scheduler_ana, site)
    clock.move_to("2026-11-16")
    reading = OutcomeInput(Assessment.NEGATIVE, release_at=timezone.now())
    actions.resolve_by_priors(recall, reading, by=get_site_staff(site).radiologist)
    plan_lay_summaries()
    first, final = summaries_of(recall)
    assert (first.state, first.superseded_by_id) == (SummaryState.SENT, final.pk)
    assert (final.result, final.exam_day) == ("negative", recall.exam.exam_date)
    assert local_day(site, final.leave_at) == date(2026, 11, 16)


def test_after_a_recall_was_voided_a_person_looks_before_its_result_leaves(
    site: Site, clock: Clock, scheduler_ana: User
) -> None:
    """The exam may be another patient's."""
    recall = open_recall(site)
    actions.void(recall, by=get_site_staff(site).manager, note="Wrong patient.")
    assert post_letters(scheduler_ana, site) == []
    row = summary_of(recall)
    assert (row.state, row.reason) == (SummaryState.HELD, StatusReason.RECALL_VOIDED)
    tasks = WorkItem.objects.filter(patient=recall.patient, done_at=None)
    assert tasks.get().kind == WorkItemKind.UNDELIVERABLE_MESSAGE
