"""Cases that begin with a symptom, a blurred picture or a 3: no comfort before the visit, no clash of letters."""

from datetime import timedelta

import pytest
from django.utils import timezone

from clinic import calendar
from notifications.enums import NotificationKind
from notifications.models import LaySummary
from notifications.planning.lay_summaries.planner import plan_summaries
from recalls import actions
from recalls.enums import (
    Assessment,
    ClosureReason,
    FindingKind,
    RecallKind,
    Side,
    State,
    VisitKind,
)
from tests.clinical.pathway import Pathway

pytestmark = pytest.mark.django_db


def _symptom_at_screening(pathway: Pathway, kind: FindingKind = FindingKind.SYMPTOM) -> None:
    """The images are a 1, and the patient has told the technologist of a lump or discharge."""
    pathway.screen(Assessment.NEGATIVE, recall_kind=RecallKind.CLINICAL, findings=[(kind, Side.LEFT)])


@pytest.mark.parametrize("kind", [FindingKind.SYMPTOM, FindingKind.LUMP])
def test_a_lump_is_worked_up_though_the_mammogram_is_a_1(pathway: Pathway, kind: FindingKind) -> None:
    _symptom_at_screening(pathway, kind)
    assert pathway.is_open_in(State.TO_CONTACT)
    assert pathway.due_day() == pathway.open_day(1)
    pathway.visit(kind=VisitKind.DIAGNOSTIC_ULTRASOUND)
    pathway.outcome(Assessment.NEGATIVE)
    assert pathway.is_open_in(State.RESULT_TO_TELL)
    pathway.told()
    assert pathway.recall.outcomes.get().assessment == Assessment.NEGATIVE


@pytest.mark.parametrize("kind", [FindingKind.SKIN, FindingKind.NIPPLE, FindingKind.DUCT, FindingKind.LUMP])
def test_a_skin_or_nipple_change_keeps_its_kind_to_the_end(pathway: Pathway, kind: FindingKind) -> None:
    _symptom_at_screening(pathway, kind)
    pathway.visit()
    pathway.outcome(Assessment.BENIGN, told=True)
    row = pathway.current
    assert (row.kind, row.state) == (RecallKind.CLINICAL, State.CLOSED)
    assert [finding.kind for finding in row.exam.findings.all()] == [kind]


def test_a_lump_whose_images_turn_out_a_4_is_told_and_biopsied(pathway: Pathway) -> None:
    _symptom_at_screening(pathway)
    pathway.visit()
    pathway.outcome(Assessment.SUSPICIOUS_C)
    assert pathway.due_day() == pathway.today
    pathway.told()
    assert pathway.is_open_in(State.BIOPSY_TO_BOOK)


def test_a_corrected_1_does_not_void_the_recall_of_a_patient_with_a_lump(pathway: Pathway) -> None:
    pathway.screen(Assessment.NEED_IMAGING, recall_kind=RecallKind.CLINICAL)
    pathway.correct(Assessment.NEGATIVE)
    assert pathway.is_open_in(State.TO_CONTACT), "the lump is still there"


def test_a_blurred_picture_is_repeated_and_a_1_closes_it(pathway: Pathway) -> None:
    pathway.screen(
        Assessment.NEGATIVE, recall_kind=RecallKind.TECHNICAL, findings=[(FindingKind.TECHNICAL, Side.RIGHT)]
    )
    pathway.visit(kind=VisitKind.REPEAT_VIEW)
    pathway.outcome_in_writing(Assessment.NEGATIVE)
    assert pathway.stands == (State.CLOSED, ClosureReason.NORMAL)
    assert pathway.recall.kind == RecallKind.TECHNICAL


def test_a_repeated_view_that_shows_something_is_one_more_visit_and_told(pathway: Pathway) -> None:
    pathway.screen(
        Assessment.NEED_IMAGING, recall_kind=RecallKind.TECHNICAL, findings=[(FindingKind.TECHNICAL, Side.LEFT)]
    )
    pathway.visit(kind=VisitKind.REPEAT_VIEW)
    pathway.outcome(Assessment.NEED_IMAGING)
    assert pathway.is_open_in(State.RESULT_TO_TELL)
    pathway.told()
    assert pathway.is_open_in(State.TO_CONTACT)
    assert NotificationKind.RECALL_NOTICE not in pathway.messages(), "the second visit is not a first recall"


def test_a_technical_recall_never_waits_for_prior_images(pathway: Pathway) -> None:
    pathway.screen(Assessment.NEED_PRIORS, recall_kind=RecallKind.TECHNICAL)
    assert pathway.is_open_in(State.TO_CONTACT)


def test_a_developing_asymmetry_that_vanishes_at_the_visit_is_a_1_and_is_told(pathway: Pathway) -> None:
    pathway.screen(findings=[(FindingKind.DEVELOPING_ASYMMETRY, Side.LEFT)])
    pathway.visit(kind=VisitKind.DIAGNOSTIC_ULTRASOUND)
    pathway.outcome(Assessment.NEGATIVE)
    pathway.release()
    assert pathway.stands == (State.CLOSED, ClosureReason.NORMAL)
    assert NotificationKind.OUTCOME_NORMAL in pathway.messages()


def test_a_3_at_screening_is_worked_up_before_anybody_waits_six_months(pathway: Pathway) -> None:
    pathway.screen(Assessment.PROBABLY_BENIGN)
    assert pathway.is_open_in(State.TO_CONTACT)
    assert NotificationKind.OUTCOME_PROBABLY_BENIGN not in pathway.messages()
    pathway.visit()
    pathway.outcome(Assessment.PROBABLY_BENIGN, told=True)
    assert pathway.is_open_in(State.FOLLOW_UP)


def _summary_leaves_in_days(pathway: Pathway) -> int:
    plan_summaries([pathway.current.exam_id])
    row = LaySummary.objects.get(exam=pathway.current.exam_id)
    return (calendar.local_day(pathway.site, row.leave_at) - calendar.local_day(pathway.site, row.read_at)).days


@pytest.mark.parametrize("days_on_the_way", [0, 3, 5])
def test_the_summary_of_a_5_leaves_within_seven_days_of_the_report_however_late_it_came_in(
    pathway: Pathway, days_on_the_way: int
) -> None:
    pathway.site.sends_lay_summaries = True
    pathway.site.lay_summaries_from = pathway.today - timedelta(days=days_on_the_way)
    pathway.site.save()
    pathway.screen(Assessment.HIGHLY_SUGGESTIVE, reported_at=timezone.now() - timedelta(days=days_on_the_way))
    assert _summary_leaves_in_days(pathway) <= 7


def test_a_symptom_told_before_the_first_visit_brings_the_visit_forward(pathway: Pathway) -> None:
    pathway.screen()
    pathway.book(days=9)
    pathway.days_pass(1)
    actions.symptom_reported(pathway.recall, by=pathway.staff.scheduler, note="The nipple bleeds.")
    assert pathway.is_open_in(State.TO_CONTACT)
    assert pathway.due_day() == pathway.open_day(1)
    pathway.visit(days=1)
    pathway.outcome(Assessment.BENIGN, told=True)
    assert not pathway.current.symptom_reported
