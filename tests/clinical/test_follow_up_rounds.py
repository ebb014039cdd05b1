"""Cases of short-interval follow-up: booked at once, dated by the series, early when a symptom asks for it."""

from datetime import date

import pytest
from dateutil.relativedelta import relativedelta
from django.core.exceptions import ValidationError

from clinic.actors import SYSTEM
from notifications.enums import NotificationKind
from recalls import actions
from recalls.enums import (
    Assessment,
    ClosureReason,
    ConcordanceVerdict,
    ContactResult,
    PathologyClass,
    State,
    VisitKind,
)
from tests.clinical.pathway import Pathway

pytestmark = pytest.mark.django_db


def _probably_benign(pathway: Pathway) -> date:
    """The visit ends with a 3, told before the patient leaves; returns its day."""
    pathway.screen()
    pathway.visit()
    pathway.outcome(Assessment.PROBABLY_BENIGN, told=True)
    return pathway.today


def _followed_after_biopsy(pathway: Pathway, result: PathologyClass, verdict: ConcordanceVerdict) -> None:
    """A biopsy whose result is to be followed by imaging in six months; the patient is told."""
    pathway.advise_biopsy_at_visit()
    pathway.biopsy()
    pathway.tissue(result, verdict, follow_up_months=6)
    pathway.told()


def _follow_up_day(pathway: Pathway) -> date:
    day = pathway.current.follow_up_on
    assert day is not None, "no follow-up is dated"
    return day


def _come_on(pathway: Pathway, day: date) -> None:
    """The patient is called when the follow-up comes near, and comes on that day."""
    pathway.move_to(day - relativedelta(days=10))
    pathway.visit(days=5, kind=VisitKind.FOLLOW_UP)


def test_the_visit_after_a_3_is_booked_on_the_day_of_the_answer(pathway: Pathway) -> None:
    _probably_benign(pathway)
    assert pathway.due_day() == pathway.open_day(1)
    pathway.book(days=125, kind=VisitKind.FOLLOW_UP)
    assert pathway.is_open_in(State.SCHEDULED)
    assert NotificationKind.APPOINTMENT_CONFIRMATION in pathway.messages()


def test_a_patient_who_comes_early_for_the_follow_up_is_seen(pathway: Pathway) -> None:
    _probably_benign(pathway)
    pathway.days_pass(30)
    pathway.visit(days=2, kind=VisitKind.FOLLOW_UP)
    pathway.outcome(Assessment.BENIGN, told=True)
    assert pathway.stands == (State.CLOSED, ClosureReason.BENIGN)


def test_a_patient_who_arrives_before_the_day_of_the_booked_visit_is_seen_that_day(pathway: Pathway) -> None:
    _probably_benign(pathway)
    pathway.book(days=120, kind=VisitKind.FOLLOW_UP)
    pathway.days_pass(40)
    with pytest.raises(ValidationError, match="come already"):
        actions.mark_attended(pathway.recall, by=pathway.staff.scheduler)
    actions.mark_attended(pathway.recall, came_early=True, by=pathway.staff.scheduler)
    assert pathway.is_open_in(State.AWAITING_OUTCOME)
    assert pathway.due_day() == pathway.open_day(1)


def test_the_rounds_are_at_6_12_24_and_36_months_and_then_the_radiologist_is_asked(pathway: Pathway) -> None:
    started = _probably_benign(pathway)
    for months in (6, 12, 24, 36):
        due = pathway.current.follow_up_on
        assert due == started + relativedelta(months=months)
        _come_on(pathway, due)
        if months < 36:
            pathway.outcome(Assessment.PROBABLY_BENIGN, told=True)
    with pytest.raises(ValidationError, match="36 months is over"):
        pathway.outcome(Assessment.PROBABLY_BENIGN, told=True)
    pathway.outcome(Assessment.BENIGN, told=True)
    assert pathway.stands == (State.CLOSED, ClosureReason.BENIGN)


def test_a_follow_up_after_a_benign_biopsy_is_dated_and_booked_like_any_other(pathway: Pathway) -> None:
    _followed_after_biopsy(pathway, PathologyClass.BENIGN, ConcordanceVerdict.CONCORDANT_BENIGN)
    assert pathway.is_open_in(State.FOLLOW_UP)
    due = pathway.current.follow_up_on
    assert due == pathway.today + relativedelta(months=6)
    _come_on(pathway, due)
    pathway.outcome(Assessment.NEGATIVE, told=True)
    assert pathway.stands == (State.CLOSED, ClosureReason.NORMAL)


def test_a_3_that_becomes_a_4_at_twelve_months_goes_to_biopsy_and_is_told(pathway: Pathway) -> None:
    _probably_benign(pathway)
    for assessment in (Assessment.PROBABLY_BENIGN, Assessment.SUSPICIOUS_B):
        _come_on(pathway, _follow_up_day(pathway))
        pathway.outcome(assessment)
        assert pathway.is_open_in(State.RESULT_TO_TELL)
        pathway.told()
    assert pathway.is_open_in(State.BIOPSY_TO_BOOK)
    pathway.biopsy()
    pathway.tissue(PathologyClass.IN_SITU, ConcordanceVerdict.MALIGNANT)
    pathway.told()
    pathway.hand_over()
    assert pathway.stands == (State.CLOSED, ClosureReason.CANCER_HANDED_OVER)


def test_a_lump_between_two_rounds_brings_the_patient_in_now(pathway: Pathway) -> None:
    _probably_benign(pathway)
    pathway.days_pass(40)
    actions.symptom_reported(pathway.recall, by=pathway.staff.scheduler, note="Feels a lump on the left.")
    assert pathway.is_open_in(State.TO_CONTACT)
    target = pathway.current.target_at
    assert target is not None
    assert (target.date() - pathway.today).days <= pathway.site.policy.visit
    pathway.visit(days=2)
    pathway.outcome(Assessment.PROBABLY_BENIGN, told=True)
    assert pathway.is_open_in(State.FOLLOW_UP), "the series goes on"


def test_a_lump_before_a_booked_visit_that_lies_months_ahead_cancels_it(pathway: Pathway) -> None:
    _probably_benign(pathway)
    pathway.book(days=120, kind=VisitKind.FOLLOW_UP)
    pathway.days_pass(20)
    actions.symptom_reported(pathway.recall, by=pathway.staff.navigator, note="Bloody discharge on the right.")
    assert pathway.is_open_in(State.TO_CONTACT)
    assert pathway.due_day() == pathway.open_day(1)


def test_a_missed_follow_up_is_called_like_any_missed_visit(pathway: Pathway) -> None:
    _probably_benign(pathway)
    pathway.book(days=125, kind=VisitKind.FOLLOW_UP)
    pathway.miss()
    assert pathway.is_open_in(State.TO_CONTACT)
    assert pathway.due_day() == pathway.open_day(1)
    assert NotificationKind.MISSED_APPOINTMENT in pathway.messages()


def test_a_cancelled_follow_up_months_ahead_is_booked_anew_and_counts_no_round(pathway: Pathway) -> None:
    _probably_benign(pathway)
    pathway.book(days=120, kind=VisitKind.FOLLOW_UP)
    pathway.days_pass(5)
    actions.cancel_appointment(pathway.recall, by=pathway.staff.scheduler, note="Will be away that week.")
    assert pathway.is_open_in(State.FOLLOW_UP)
    assert pathway.current.round == 0


def test_a_follow_up_that_nobody_books_rings_again_when_its_time_comes_near(pathway: Pathway) -> None:
    _probably_benign(pathway)
    due = _follow_up_day(pathway)
    pathway.days_pass(1)
    pathway.call(ContactResult.REACHED_CALLS_BACK)
    pathway.move_to(due - relativedelta(days=44))
    assert pathway.is_open_in(State.TO_CONTACT)
    assert pathway.due_day() == pathway.open_day(1)


def test_a_high_risk_lesion_followed_by_imaging_ends_benign(pathway: Pathway) -> None:
    _followed_after_biopsy(pathway, PathologyClass.HIGH_RISK, ConcordanceVerdict.HIGH_RISK)
    assert pathway.is_open_in(State.FOLLOW_UP)
    _come_on(pathway, _follow_up_day(pathway))
    pathway.outcome(Assessment.BENIGN, told=True)
    assert pathway.stands == (State.CLOSED, ClosureReason.BENIGN)


def test_a_high_risk_lesion_under_follow_up_that_grows_is_biopsied_again(pathway: Pathway) -> None:
    _followed_after_biopsy(pathway, PathologyClass.HIGH_RISK, ConcordanceVerdict.HIGH_RISK)
    pathway.visit(days=20, kind=VisitKind.FOLLOW_UP)
    pathway.outcome(Assessment.SUSPICIOUS_C, told=True)
    assert pathway.is_open_in(State.BIOPSY_TO_BOOK)


@pytest.mark.parametrize("kind", [VisitKind.FOLLOW_UP, VisitKind.DIAGNOSTIC_ULTRASOUND])
def test_an_amended_comment_leaves_the_booked_follow_up_and_its_day_alone(pathway: Pathway, kind: VisitKind) -> None:
    _probably_benign(pathway)
    due = pathway.current.follow_up_on
    pathway.book(days=120, kind=kind)
    pathway.days_pass(2)
    pathway.amend(Assessment.PROBABLY_BENIGN, text="Cluster at 2 o'clock.")
    assert pathway.is_open_in(State.SCHEDULED)
    assert pathway.current.follow_up_on == due


def test_a_3_amended_away_and_back_is_followed_at_its_six_months(pathway: Pathway) -> None:
    started = _probably_benign(pathway)
    pathway.book(days=120, kind=VisitKind.FOLLOW_UP)
    pathway.amend(Assessment.BENIGN)
    pathway.told()
    assert pathway.stands == (State.CLOSED, ClosureReason.BENIGN)
    pathway.amend(Assessment.PROBABLY_BENIGN)
    pathway.told()
    assert pathway.is_open_in(State.FOLLOW_UP)
    assert pathway.current.follow_up_on == started + relativedelta(months=6)


def test_an_amended_comment_after_the_round_began_leaves_the_patient_to_be_called(pathway: Pathway) -> None:
    _probably_benign(pathway)
    due = _follow_up_day(pathway)
    pathway.move_to(due - relativedelta(days=40))
    assert pathway.is_open_in(State.TO_CONTACT)
    pathway.amend(Assessment.PROBABLY_BENIGN, text="Cluster at 2 o'clock.")
    assert pathway.is_open_in(State.TO_CONTACT)
    assert pathway.current.round == 1


def test_a_3_whose_letter_came_back_is_told_and_its_booked_follow_up_stays(pathway: Pathway) -> None:
    pathway.screen()
    pathway.visit()
    pathway.outcome_in_writing(Assessment.PROBABLY_BENIGN)
    pathway.book(days=120, kind=VisitKind.FOLLOW_UP)
    actions.result_undelivered(pathway.recall, by=SYSTEM, note="The letter came back.")
    assert pathway.is_open_in(State.RESULT_TO_TELL)
    assert pathway.due_day() == pathway.open_day(2)
    pathway.told()
    assert pathway.is_open_in(State.SCHEDULED)


def test_a_3_whose_letter_came_back_after_its_round_began_is_told_and_still_called_for_that_round(
    pathway: Pathway,
) -> None:
    pathway.screen()
    pathway.visit()
    pathway.outcome_in_writing(Assessment.PROBABLY_BENIGN)
    due = _follow_up_day(pathway)
    pathway.move_to(due - relativedelta(days=40))
    actions.result_undelivered(pathway.recall, by=SYSTEM, note="The letter came back.")
    pathway.told()
    assert pathway.is_open_in(State.TO_CONTACT)
    assert pathway.current.round == 1
