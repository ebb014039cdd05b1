"""Tests that each lesion goes its own way, the worst one leads, and a recall closes only when none is open."""

from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.utils import timezone
from time_machine import TimeMachineFixture

from clinic import calendar
from clinic.factories import SiteStaff
from clinic.models import Site
from recalls import actions
from recalls.actions import BiopsyInput, LesionInput, OutcomeInput, PathologyInput
from recalls.enums import AppointmentStatus, Assessment, ClosureReason, ConcordanceVerdict, PathologyClass, Side, State
from recalls.enums.lesions import Histology
from recalls.lesion_stages import LesionStage, load_lesion_statuses
from recalls.models import BiopsyRetraction, Recall
from recalls.permissions import StepUnavailable
from recalls.testing.factories import RecallFactory
from tests.rules.recall_states import (
    book_begun_biopsy,
)
from tests.rules.results.hand_over import hand_over
from tests.rules.step_actions import (
    MONDAY,
    TOLD_AT_VISIT,
    TOLD_BY_PHONE,
)

pytestmark = pytest.mark.django_db
TWO_LESIONS = (
    LesionInput(Assessment.SUSPICIOUS_C, side=Side.RIGHT),
    LesionInput(Assessment.SUSPICIOUS_A, side=Side.LEFT),
)


def _stages(recall: Recall) -> list[LesionStage]:
    return [status.stage for status in load_lesion_statuses(recall)]


def _lesion_ids(recall: Recall) -> list[int]:
    return list(recall.lesions.order_by("number").values_list("pk", flat=True))


def _sign(recall: Recall, staff: SiteStaff, lesion: int, result: PathologyClass, verdict: ConcordanceVerdict) -> None:
    """Pathology of one lesion, signed and told."""
    actions.record_pathology(recall, PathologyInput(result, lesion), by=staff.radiologist)
    actions.sign_concordance(recall, verdict, told=TOLD_BY_PHONE, by=staff.radiologist)


@pytest.fixture
def two_biopsied(visited: Recall, staff: SiteStaff, time_machine: TimeMachineFixture) -> Recall:
    """Tissue was taken from a lesion on each side, and both results are awaited."""
    outcome = OutcomeInput(Assessment.SUSPICIOUS_C, lesions=TWO_LESIONS, told=TOLD_AT_VISIT)
    actions.record_outcome(visited, outcome, by=staff.radiologist)
    book_begun_biopsy(visited, time_machine)
    actions.biopsy_done(visited, by=staff.scheduler)
    return visited


def test_an_outcome_of_4_makes_one_lesion_of_the_only_finding(visited: Recall, staff: SiteStaff) -> None:
    actions.record_outcome(visited, OutcomeInput(Assessment.SUSPICIOUS_B), by=staff.radiologist)
    lesion, finding = visited.lesions.get(), visited.exam.findings.get()
    assert (lesion.number, lesion.side, lesion.kind, lesion.finding) == (1, Side.RIGHT, "calcifications", finding)
    assert lesion.assessments.get().assessment == Assessment.SUSPICIOUS_B


def test_a_normal_outcome_makes_no_lesion(visited: Recall, staff: SiteStaff) -> None:
    actions.record_outcome(visited, OutcomeInput(Assessment.NEGATIVE), by=staff.radiologist)
    assert not visited.lesions.exists()


def test_two_sides_with_a_result_of_their_own_are_two_lesions(visited: Recall, staff: SiteStaff) -> None:
    outcome = OutcomeInput(Assessment.SUSPICIOUS_B, assessment_left="4B", assessment_right="3", told=TOLD_AT_VISIT)
    actions.record_outcome(visited, outcome, by=staff.radiologist)
    said = {row.side: row.assessments.get().assessment for row in visited.lesions.all()}
    assert said == {Side.RIGHT: Assessment.PROBABLY_BENIGN, Side.LEFT: Assessment.SUSPICIOUS_B}
    assert visited.state == State.BIOPSY_TO_BOOK  # the worse one leads


def test_the_overall_result_is_that_of_the_worst_lesion_named(visited: Recall, staff: SiteStaff) -> None:
    lower = OutcomeInput(Assessment.SUSPICIOUS_A, lesions=TWO_LESIONS)
    with pytest.raises(ValidationError, match="worst lesion"):
        actions.record_outcome(visited, lower, by=staff.radiologist)
    assert not visited.lesions.exists()


def test_a_lesion_of_another_recall_is_refused(shadyside: Site, visited: Recall, staff: SiteStaff) -> None:
    other = RecallFactory.create(site=shadyside, biopsy_to_book=True).lesions.get()
    reading = OutcomeInput(Assessment.SUSPICIOUS_B, known_lesions={other.pk: Assessment.SUSPICIOUS_B})
    with pytest.raises(ValidationError, match="no such lesion"):
        actions.record_outcome(visited, reading, by=staff.radiologist)


def test_the_first_result_does_not_close_a_recall_while_the_second_is_awaited(
    two_biopsied: Recall, staff: SiteStaff
) -> None:
    right, left = _lesion_ids(two_biopsied)
    _sign(two_biopsied, staff, right, PathologyClass.BENIGN, ConcordanceVerdict.CONCORDANT_BENIGN)
    assert (two_biopsied.state, _stages(two_biopsied)) == (
        State.AWAITING_PATHOLOGY, [LesionStage.SETTLED, LesionStage.PATHOLOGY_AWAITED],
    )  # fmt: skip
    _sign(two_biopsied, staff, left, PathologyClass.BENIGN, ConcordanceVerdict.CONCORDANT_BENIGN)
    assert (two_biopsied.state, two_biopsied.closure_reason) == (State.CLOSED, ClosureReason.BENIGN_CONCORDANT)


def test_a_second_result_may_come_before_the_first_is_signed(two_biopsied: Recall, staff: SiteStaff) -> None:
    right, left = _lesion_ids(two_biopsied)
    for lesion, result in ((right, PathologyClass.BENIGN), (left, PathologyClass.INVASIVE)):
        actions.record_pathology(two_biopsied, PathologyInput(result, lesion), by=staff.radiologist)
    assert _stages(two_biopsied) == [LesionStage.TO_SIGN, LesionStage.TO_SIGN]
    actions.sign_concordance(two_biopsied, ConcordanceVerdict.CONCORDANT_BENIGN, by=staff.radiologist)
    assert two_biopsied.state == State.AWAITING_CONCORDANCE  # the benign one is not told while the other is unsigned
    actions.sign_concordance(two_biopsied, ConcordanceVerdict.MALIGNANT, by=staff.radiologist)
    assert two_biopsied.state == State.RESULT_TO_TELL
    assert two_biopsied.tell_by == calendar.end_of_business(two_biopsied.site, timezone.now())
    actions.result_told(two_biopsied, TOLD_BY_PHONE, by=staff.radiologist)
    assert two_biopsied.state == State.TO_HAND_OVER


def test_a_cancer_on_one_side_is_handed_over_while_the_other_side_is_awaited(
    two_biopsied: Recall, staff: SiteStaff
) -> None:
    right, left = _lesion_ids(two_biopsied)
    _sign(two_biopsied, staff, right, PathologyClass.INVASIVE, ConcordanceVerdict.MALIGNANT)
    assert two_biopsied.state == State.TO_HAND_OVER
    hand_over(two_biopsied, staff)
    assert two_biopsied.state == State.AWAITING_PATHOLOGY
    _sign(two_biopsied, staff, left, PathologyClass.BENIGN, ConcordanceVerdict.CONCORDANT_BENIGN)
    assert (two_biopsied.state, two_biopsied.closure_reason) == (State.CLOSED, ClosureReason.CANCER_HANDED_OVER)


def test_a_result_says_of_which_lesion_it_is_while_several_wait(two_biopsied: Recall, staff: SiteStaff) -> None:
    with pytest.raises(ValidationError, match="say which one this is about"):
        actions.record_pathology(two_biopsied, PathologyInput(PathologyClass.BENIGN), by=staff.radiologist)
    right, _left = _lesion_ids(two_biopsied)
    actions.record_pathology(two_biopsied, PathologyInput(PathologyClass.BENIGN, right), by=staff.radiologist)
    with pytest.raises(ValidationError, match="Choose another"):
        actions.record_pathology(two_biopsied, PathologyInput(PathologyClass.BENIGN, right), by=staff.radiologist)


def test_a_histology_of_another_class_is_refused(two_biopsied: Recall, staff: SiteStaff) -> None:
    right, _left = _lesion_ids(two_biopsied)
    wrong = PathologyInput(PathologyClass.BENIGN, right, histology=Histology.INVASIVE_DUCTAL)
    with pytest.raises(ValidationError):
        actions.record_pathology(two_biopsied, wrong, by=staff.radiologist)
    assert _stages(two_biopsied) == [LesionStage.PATHOLOGY_AWAITED, LesionStage.PATHOLOGY_AWAITED]


def test_a_lesion_left_out_of_the_biopsy_is_still_to_be_biopsied(
    visited: Recall, staff: SiteStaff, time_machine: TimeMachineFixture
) -> None:
    outcome = OutcomeInput(Assessment.SUSPICIOUS_C, lesions=TWO_LESIONS, told=TOLD_AT_VISIT)
    actions.record_outcome(visited, outcome, by=staff.radiologist)
    right, left = _lesion_ids(visited)
    book_begun_biopsy(visited, time_machine)
    for wrong, why in (([], "Choose the lesion"), ([right, 999], "does not wait for a biopsy")):
        with pytest.raises(ValidationError, match=why):
            actions.biopsy_done(visited, BiopsyInput(wrong), by=staff.scheduler)
    actions.biopsy_done(visited, BiopsyInput([right], device="core", clip="ribbon"), by=staff.scheduler)
    assert (visited.state, _stages(visited)) == (
        State.BIOPSY_TO_BOOK, [LesionStage.PATHOLOGY_AWAITED, LesionStage.TO_BIOPSY],
    )  # fmt: skip
    biopsy = visited.biopsies.get()
    assert (biopsy.lesion_id, biopsy.device, biopsy.clip) == (right, "core", "ribbon")
    assert biopsy.done_on == calendar.local_day(visited.site, timezone.now())
    _sign(visited, staff, right, PathologyClass.BENIGN, ConcordanceVerdict.CONCORDANT_BENIGN)
    assert (visited.state, left) == (State.BIOPSY_TO_BOOK, visited.lesions.latest("number").pk)


def test_a_biopsy_noted_by_a_slip_is_undone_and_noted_again_for_the_right_lesion_alone(
    visited: Recall, staff: SiteStaff, time_machine: TimeMachineFixture
) -> None:
    outcome = OutcomeInput(Assessment.SUSPICIOUS_C, lesions=TWO_LESIONS, told=TOLD_AT_VISIT)
    actions.record_outcome(visited, outcome, by=staff.radiologist)
    right, _left = _lesion_ids(visited)
    book_begun_biopsy(visited, time_machine)
    actions.biopsy_done(visited, by=staff.scheduler)
    actions.undo(visited, by=staff.scheduler)
    assert (visited.state, visited.biopsies.count(), BiopsyRetraction.objects.count()) == (State.BIOPSY_BOOKED, 0, 2)
    actions.biopsy_done(visited, BiopsyInput([right]), by=staff.scheduler)
    assert _stages(visited) == [LesionStage.PATHOLOGY_AWAITED, LesionStage.TO_BIOPSY]
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        BiopsyRetraction.objects.update(by="Somebody else")


def test_a_booked_biopsy_of_one_lesion_stays_booked_while_the_other_is_signed_told_and_handed_over(
    visited: Recall, staff: SiteStaff, time_machine: TimeMachineFixture
) -> None:
    outcome = OutcomeInput(Assessment.SUSPICIOUS_C, lesions=TWO_LESIONS, told=TOLD_AT_VISIT)
    actions.record_outcome(visited, outcome, by=staff.radiologist)
    right, _left = _lesion_ids(visited)
    book_begun_biopsy(visited, time_machine)
    actions.biopsy_done(visited, BiopsyInput([right]), by=staff.scheduler)
    book_begun_biopsy(visited, time_machine)
    actions.record_pathology(visited, PathologyInput(PathologyClass.INVASIVE, right), by=staff.radiologist)
    actions.sign_concordance(visited, ConcordanceVerdict.MALIGNANT, by=staff.radiologist)
    actions.result_told(visited, TOLD_BY_PHONE, by=staff.radiologist)
    hand_over(visited, staff)
    assert visited.state == State.BIOPSY_BOOKED
    assert visited.appointments.latest("pk").status == AppointmentStatus.BOOKED


def test_after_a_benign_biopsy_the_probably_benign_other_side_is_followed(
    visited: Recall, staff: SiteStaff, time_machine: TimeMachineFixture
) -> None:
    outcome = OutcomeInput(Assessment.SUSPICIOUS_B, assessment_left="4B", assessment_right="3", told=TOLD_AT_VISIT)
    actions.record_outcome(visited, outcome, by=staff.radiologist)
    book_begun_biopsy(visited, time_machine)
    actions.biopsy_done(visited, by=staff.scheduler)
    assert visited.suspicious
    left = visited.lesions.get(side=Side.LEFT).pk
    _sign(visited, staff, left, PathologyClass.BENIGN, ConcordanceVerdict.CONCORDANT_BENIGN)
    assert (visited.state, visited.suspicious) == (State.FOLLOW_UP, False)
    assert visited.follow_up_on == date(2026, 9, 16)  # six months after the visit of March 16


@pytest.mark.parametrize("verdict", [ConcordanceVerdict.DISCORDANT, ConcordanceVerdict.INSUFFICIENT])
def test_tissue_that_does_not_settle_a_lesion_is_taken_again_once_the_patient_knows(
    verdict: ConcordanceVerdict, shadyside: Site, staff: SiteStaff, time_machine: TimeMachineFixture
) -> None:
    recall = RecallFactory.create(site=shadyside, awaiting_concordance=True)
    actions.sign_concordance(recall, verdict, by=staff.radiologist)
    assert (recall.state, recall.biopsy_since) == (State.RESULT_TO_TELL, MONDAY)
    actions.result_told(recall, TOLD_BY_PHONE, by=staff.navigator)
    assert (recall.state, recall.target_at) == (State.BIOPSY_TO_BOOK, calendar.add_days(shadyside, MONDAY, 7))
    book_begun_biopsy(recall, time_machine)
    actions.biopsy_done(recall, by=staff.scheduler)
    assert (recall.state, _stages(recall)) == (State.AWAITING_PATHOLOGY, [LesionStage.PATHOLOGY_AWAITED])


def test_a_high_risk_lesion_may_be_followed_by_imaging_instead_of_surgery(
    visited: Recall, staff: SiteStaff, time_machine: TimeMachineFixture
) -> None:
    actions.record_outcome(visited, OutcomeInput(Assessment.SUSPICIOUS_A, told=TOLD_AT_VISIT), by=staff.radiologist)
    book_begun_biopsy(visited, time_machine)
    actions.biopsy_done(visited, by=staff.scheduler)
    actions.record_pathology(visited, PathologyInput(PathologyClass.HIGH_RISK), by=staff.radiologist)
    actions.sign_concordance(
        visited, ConcordanceVerdict.HIGH_RISK, follow_up_months=6, told=TOLD_BY_PHONE, by=staff.radiologist
    )
    assert (visited.state, visited.follow_up_on) == (State.FOLLOW_UP, date(2026, 9, 17))


def test_a_benign_word_about_one_lesion_is_not_sent_while_another_waits_for_its_biopsy(
    shadyside: Site, staff: SiteStaff
) -> None:
    """The patient would read that all is well."""
    recall = RecallFactory.create(site=shadyside, biopsy_to_book=True)
    more = OutcomeInput(
        Assessment.SUSPICIOUS_B, lesions=(LesionInput(Assessment.SUSPICIOUS_B, side=Side.LEFT),), told=TOLD_AT_VISIT
    )
    actions.amend_outcome(recall, more, reason="Seen on the left, too.", by=staff.radiologist)
    _right, left = _lesion_ids(recall)
    known = {left: Assessment.BENIGN}
    written = OutcomeInput(Assessment.BENIGN, known_lesions=known, release_at=MONDAY)
    actions.amend_outcome(recall, written, reason="A cyst after all.", by=staff.radiologist)
    assert (recall.state, recall.wake_at, recall.told_in_writing) == (State.RESULT_TO_TELL, None, False)
    with pytest.raises(StepUnavailable, match="tell this one"):
        actions.release_outcome(recall, MONDAY, by=staff.radiologist)
    actions.result_told(recall, TOLD_BY_PHONE, by=staff.radiologist)
    assert (recall.state, _stages(recall)) == (State.BIOPSY_TO_BOOK, [LesionStage.TO_BIOPSY, LesionStage.SETTLED])


def test_an_outcome_undone_leaves_no_open_lesion(visited: Recall, staff: SiteStaff) -> None:
    outcome = OutcomeInput(Assessment.SUSPICIOUS_C, lesions=TWO_LESIONS, told=TOLD_AT_VISIT)
    actions.record_outcome(visited, outcome, by=staff.radiologist)
    actions.undo(visited, by=staff.radiologist)
    assert (visited.state, set(_stages(visited))) == (State.AWAITING_OUTCOME, {LesionStage.SETTLED})
    actions.record_outcome(visited, OutcomeInput(Assessment.NEGATIVE, told=TOLD_AT_VISIT), by=staff.radiologist)
    assert (visited.state, visited.closure_reason) == (State.CLOSED, ClosureReason.NORMAL)
