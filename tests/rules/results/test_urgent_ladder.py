"""Tests of the urgent contact ladder: a patient with a result to hear or a biopsy to book is tried within two weeks."""

from datetime import timedelta

import pytest
from time_machine import TimeMachineFixture

from clinic import calendar
from clinic.contact_ladder import URGENT_LADDER, ContactChannel
from clinic.factories import SiteStaff
from recalls import actions, contact_ladder
from recalls.actions import ContactAttemptInput, OutcomeInput
from recalls.contact_ladder import current_ladder_attempts
from recalls.enums import Assessment, ClosureReason, ContactResult, State
from recalls.models import Recall
from recalls.permissions import NotPermitted, StepUnavailable
from recalls.presenters import describe_next_action
from tests.rules.recall_states import (
    complete_ladder,
)
from tests.rules.step_actions import (
    MONDAY,
    TOLD_AT_VISIT,
    TOLD_BY_PHONE,
)

pytestmark = pytest.mark.django_db
NO_ANSWER = ContactAttemptInput(ContactChannel.PHONE, ContactResult.NO_ANSWER)


@pytest.fixture
def to_book(visited: Recall, staff: SiteStaff) -> Recall:
    """A biopsy that the patient was told of this morning."""
    actions.record_outcome(visited, OutcomeInput(Assessment.SUSPICIOUS_B, told=TOLD_AT_VISIT), by=staff.radiologist)
    return visited


def test_the_urgent_ladder_has_a_certified_letter_within_two_weeks_and_ends_after_thirty_days() -> None:
    days = [rung.day for rung in URGENT_LADDER.rungs]
    assert days == sorted(days)
    assert days[-1] <= 14
    assert ContactChannel.CERTIFIED_LETTER in {rung.channel for rung in URGENT_LADDER.rungs}
    assert sum(rung.channel == ContactChannel.PHONE for rung in URGENT_LADDER.rungs) >= 2
    assert URGENT_LADDER.lost_after == 30


def _next_try(recall: Recall) -> str:
    return str(contact_ladder.next_rung(recall, current_ladder_attempts(recall))[1])


def test_a_patient_with_a_biopsy_to_book_is_called_every_day(
    to_book: Recall, staff: SiteStaff, time_machine: TimeMachineFixture
) -> None:
    tomorrow = calendar.add_business_days(to_book.site, MONDAY, 1)
    assert (to_book.due_at, _next_try(to_book)) == (tomorrow, "First call")
    actions.log_contact(to_book, NO_ANSWER, by=staff.navigator)
    assert (to_book.due_at, _next_try(to_book)) == (tomorrow, "Second call, at another time of day")
    time_machine.move_to(MONDAY + timedelta(days=1), tick=False)
    actions.log_contact(to_book, NO_ANSWER, by=staff.navigator)
    assert to_book.due_at == calendar.add_business_days(to_book.site, MONDAY, 2)


def test_a_patient_who_cannot_be_reached_with_a_result_is_tried_again_tomorrow_and_the_limit_stays(
    visited: Recall, staff: SiteStaff
) -> None:
    actions.record_outcome(visited, OutcomeInput(Assessment.HIGHLY_SUGGESTIVE), by=staff.radiologist)
    today = calendar.closing_time(visited.site, calendar.local_day(visited.site, MONDAY))
    assert visited.due_at == today
    actions.log_contact(visited, NO_ANSWER, by=staff.navigator)
    assert visited.due_at == calendar.add_business_days(visited.site, MONDAY, 1)
    assert (visited.tell_by, visited.target_at) == (today, today)


def test_a_result_nobody_could_tell_is_never_signed_off_as_lost(
    visited: Recall, staff: SiteStaff, time_machine: TimeMachineFixture
) -> None:
    actions.record_outcome(visited, OutcomeInput(Assessment.SUSPICIOUS_B), by=staff.radiologist)
    complete_ladder(visited, URGENT_LADDER.rungs, staff.navigator)
    time_machine.move_to(MONDAY + timedelta(days=90), tick=False)
    assert "certified letter" in describe_next_action(visited)
    with pytest.raises(StepUnavailable, match="Not while the recall is “Result to tell”"):
        actions.close_lost(visited, by=staff.radiologist, note="Every way was tried.")


def test_a_patient_of_a_4_is_lost_only_by_a_radiologist_after_every_rung_and_thirty_days(
    to_book: Recall, staff: SiteStaff, time_machine: TimeMachineFixture
) -> None:
    complete_ladder(to_book, URGENT_LADDER.rungs[:-1], staff.navigator)
    time_machine.move_to(MONDAY + timedelta(days=31), tick=False)
    with pytest.raises(StepUnavailable, match="ladder is not complete"):
        actions.close_lost(to_book, by=staff.radiologist, note="Too early.")
    complete_ladder(to_book, URGENT_LADDER.rungs[-1:], staff.navigator)
    assert contact_ladder.lost_from(to_book) == calendar.add_days(to_book.site, MONDAY, 30)
    with pytest.raises(NotPermitted, match="of a 4 or 5 by a radiologist"):
        actions.close_lost(to_book, by=staff.manager, note="Every way was tried.")
    actions.close_lost(to_book, by=staff.radiologist, note="Every way was tried.")
    assert (to_book.state, to_book.closure_reason) == (State.CLOSED, ClosureReason.LOST_TO_FOLLOW_UP)


def test_the_tries_to_tell_a_result_do_not_count_for_booking_the_biopsy(
    visited: Recall, staff: SiteStaff, time_machine: TimeMachineFixture
) -> None:
    actions.record_outcome(visited, OutcomeInput(Assessment.SUSPICIOUS_B), by=staff.radiologist)
    actions.log_contact(visited, NO_ANSWER, by=staff.navigator)
    tomorrow = MONDAY + timedelta(days=1)
    time_machine.move_to(tomorrow, tick=False)
    actions.result_told(visited, TOLD_BY_PHONE, by=staff.navigator)
    assert (visited.state, visited.contact_since) == (State.BIOPSY_TO_BOOK, tomorrow)
    assert current_ladder_attempts(visited) == []


def test_once_the_ladder_is_complete_a_radiologist_sees_it_on_the_worklist(to_book: Recall, staff: SiteStaff) -> None:
    assert to_book.to_read_at is None
    complete_ladder(to_book, URGENT_LADDER.rungs, staff.navigator)
    assert to_book.to_read_at == contact_ladder.lost_from(to_book)
