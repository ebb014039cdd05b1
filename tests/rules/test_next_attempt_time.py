"""Tests of the proposed time of the next call: the ladder's day, the site's hours, an untried part of the day."""

from datetime import datetime, time, timedelta

import pytest
from time_machine import TimeMachineFixture

from clinic.models import Site, User
from recalls import actions, contact_ladder
from recalls.actions import ContactAttemptInput
from recalls.enums import ContactChannel, ContactResult
from recalls.models import CallPreference, ContactAttempt, Recall
from recalls.testing.factories import RecallFactory
from tests.rules.step_actions import MONDAY

pytestmark = pytest.mark.django_db


def _proposed_time(recall: Recall, *calls: datetime, result: str = ContactResult.NO_ANSWER, wish: str = "") -> datetime:
    tries = [ContactAttempt(channel=ContactChannel.PHONE, result=result, at=at) for at in calls]
    at = contact_ladder.propose_attempt_time(recall, tries, wish)
    return at.astimezone(recall.site.zone)


@pytest.fixture
def recall(shadyside: Site, time_machine: TimeMachineFixture) -> Recall:
    time_machine.move_to(MONDAY, tick=False)
    recall = RecallFactory.create(site=shadyside)
    Recall.objects.filter(pk=recall.pk).update(contact_since=MONDAY)
    recall.contact_since = MONDAY
    return recall


def test_after_a_morning_call_the_afternoon_is_proposed_and_then_the_morning_again(recall: Recall) -> None:
    first = _proposed_time(recall, MONDAY)
    assert (first.date().isoformat(), first.time()) == ("2026-03-20", time(14, 30))
    second = _proposed_time(recall, MONDAY, MONDAY + timedelta(days=4, hours=5))
    assert second.time() == time(10, 0)


def test_no_call_is_proposed_while_the_site_is_closed(recall: Recall) -> None:
    both = (MONDAY, MONDAY + timedelta(hours=5))
    assert _proposed_time(recall, *both).time() < time(
        17, 0
    )  # the evening was never tried, and the site closes at five
    recall.site.opening_hours.filter(weekday__gte=0).update(closes=time(19, 0))
    recall.site.__dict__.pop("hours_by_weekday", None)
    assert _proposed_time(recall, *both).time() == time(17, 30)


def test_before_any_call_the_morning_of_the_next_business_day_is_proposed(recall: Recall) -> None:
    assert _proposed_time(recall).isoformat() == "2026-03-17T10:00:00-04:00"


def test_a_site_that_opens_at_ten_is_called_from_at_ten(recall: Recall) -> None:
    recall.site.opening_hours.update(opens=time(10, 0))
    recall.site.__dict__.pop("hours_by_weekday", None)
    assert _proposed_time(recall, MONDAY + timedelta(hours=5)).time() == time(10, 0)


def test_a_site_without_opening_hours_still_gets_a_time(recall: Recall) -> None:
    recall.site.opening_hours.all().delete()
    recall.site.__dict__.pop("hours_by_weekday", None)
    assert _proposed_time(recall, MONDAY).time() == time(14, 30)


def test_the_call_preference_comes_before_an_untried_part_of_day(recall: Recall) -> None:
    assert _proposed_time(recall, MONDAY, wish="morning").time() == time(10, 0)
    assert _proposed_time(recall, MONDAY, wish="evening").time() == time(14, 30)  # shut by then


def test_a_call_preference_is_kept_for_later_calls_and_undone_with_its_step(
    recall: Recall, scheduler_ana: User
) -> None:
    call = ContactAttemptInput(
        ContactChannel.PHONE, ContactResult.REACHED_CALLS_BACK, preferred_part_of_day="afternoon"
    )
    actions.log_contact(recall, call, by=scheduler_ana)
    assert CallPreference.objects.get().part == "afternoon"
    actions.undo(recall, by=scheduler_ana)
    assert not CallPreference.objects.exists()


def test_an_attempt_without_the_question_keeps_the_call_preference(recall: Recall, scheduler_ana: User) -> None:
    asked = ContactAttemptInput(ContactChannel.PHONE, ContactResult.NO_ANSWER, preferred_part_of_day="morning")
    actions.log_contact(recall, asked, by=scheduler_ana)
    actions.log_contact(recall, ContactAttemptInput(ContactChannel.LETTER, ContactResult.SENT), by=scheduler_ana)
    assert CallPreference.objects.get().part == "morning"


def test_no_call_is_proposed_past_a_target_that_is_still_ahead(recall: Recall) -> None:
    recall.target_at = MONDAY + timedelta(days=2)  # the ladder asks for Friday
    assert _proposed_time(recall, MONDAY).date().isoformat() == "2026-03-18"
    recall.target_at = MONDAY + timedelta(hours=2)
    assert _proposed_time(recall, MONDAY).date().isoformat() == "2026-03-17"
