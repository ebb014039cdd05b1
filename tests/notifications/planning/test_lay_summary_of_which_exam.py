"""Tests whose exam a lay summary is of: one that was moved, one done elsewhere, a test beside the mammogram."""

from datetime import timedelta

import pytest
from django.utils import timezone

from clinic.actors import INTAKE
from clinic.calendar import local_day
from clinic.factories import get_site_staff
from clinic.models import Site, User
from notifications.enums import SummaryState
from patients.factories import PatientFactory
from recalls import actions
from recalls.actions import OutcomeInput, OutsideReportInput
from recalls.actions.supplemental import SupplementalInput, advise_supplemental, record_supplemental
from recalls.enums import Assessment, OutsideReportKind, ReportSource, SupplementalTest
from tests.notifications.clock import Clock, plan_lay_summaries
from tests.notifications.lay_summaries import open_recall, post_letters, read_exam, summaries_of, summary_of, text_of

pytestmark = pytest.mark.django_db


def test_an_exam_moved_to_the_right_patient_owes_that_patient_a_summary(
    site: Site, clock: Clock, scheduler_ana: User
) -> None:
    """What the other one got does not count, and the letter speaks of no earlier one."""
    recall = open_recall(site)
    assert post_letters(scheduler_ana, site) == [recall.exam_id]
    clock.move_to("2026-11-13")
    right = PatientFactory.create(site=site, given_name="Rosa", family_name="Invented")
    actions.move_exam(recall, right, by=get_site_staff(site).manager, note="Two patients of one name.")
    plan_lay_summaries()
    to_the_other, theirs = summaries_of(recall)
    assert (to_the_other.state, to_the_other.superseded_by_id) == (SummaryState.SENT, None)
    assert theirs.state == SummaryState.OWED
    assert "Hello Rosa Invented" in text_of(theirs)
    assert post_letters(scheduler_ana, site) == [recall.exam_id]
    assert len(summaries_of(recall)) == 2


def test_the_result_of_a_visit_of_the_wrong_patient_is_sent_to_nobody(site: Site, clock: Clock) -> None:
    site.lay_summaries_from = local_day(site, timezone.now()) - timedelta(days=20)
    site.save()
    recall = open_recall(site, closed_benign=True)
    assert summary_of(recall).outcome_id is not None
    right = PatientFactory.create(site=site)
    actions.move_exam(recall, right, by=get_site_staff(site).manager, note="Two patients of one name.")
    plan_lay_summaries()
    assert [row.outcome_id for row in summaries_of(recall) if row.is_unsent] == [None]


def test_of_an_exam_done_elsewhere_the_other_facility_owes_the_summary(site: Site, clock: Clock) -> None:
    recall = open_recall(site)
    report = OutsideReportInput(
        OutsideReportKind.IMAGING, "Hillside Sample Hospital", local_day(site, timezone.now()), ReportSource.FAX,
        text="Benign.", outcome=OutcomeInput(Assessment.BENIGN),
    )  # fmt: skip
    actions.record_outside(recall, report, by=get_site_staff(site).radiologist)
    plan_lay_summaries()
    assert [row.outcome_id for row in summaries_of(recall)] == [None]


def test_a_supplemental_test_changes_nothing_in_the_summary_of_the_mammogram(site: Site) -> None:
    exam = read_exam(site)
    row = advise_supplemental(exam, SupplementalTest.ULTRASOUND, by=INTAKE)
    radiologist = get_site_staff(site).radiologist
    today = local_day(site, timezone.now())
    record_supplemental(row.pk, SupplementalInput(today, Assessment.SUSPICIOUS), by=radiologist)
    plan_lay_summaries()
    assert [row.result for row in summaries_of(exam)] == ["negative"]
