"""When is the next call proposed? On the ladder's day, in the site's hours, at a time that was not tried yet."""

from datetime import UTC, datetime, time, timedelta

import pytest
from time_machine import TimeMachineFixture

from clinic.models import Site, User
from recalls import actions, ladder
from recalls.actions import Contact
from recalls.factories import RecallFactory
from recalls.models import CallWish, ContactAttempt, Recall
from recalls.states import ContactChannel, ContactResult

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 3, 16, 14, 0, tzinfo=UTC)  # 10 am in Pittsburgh


def _proposed(recall: Recall, *calls: datetime, result: str = ContactResult.NO_ANSWER, wish: str = "") -> datetime:
    tries = [ContactAttempt(channel=ContactChannel.PHONE, result=result, at=at) for at in calls]
    at = ladder.propose_try(recall.site, recall.contact_since or MONDAY, tries, 1, wish)
    return at.astimezone(recall.site.zone)


@pytest.fixture
def recall(shadyside: Site, time_machine: TimeMachineFixture) -> Recall:
    time_machine.move_to(MONDAY, tick=False)
    recall = RecallFactory.create(site=shadyside)
    Recall.objects.filter(pk=recall.pk).update(contact_since=MONDAY)
    recall.contact_since = MONDAY
    return recall


def test_after_a_morning_call_the_afternoon_is_proposed_and_then_the_morning_again(recall: Recall) -> None:
    first = _proposed(recall, MONDAY)
    assert (first.date().isoformat(), first.time()) == ("2026-03-20", time(14, 30))
    second = _proposed(recall, MONDAY, MONDAY + timedelta(days=4, hours=5))
    assert second.time() == time(10, 0)


def test_nobody_is_to_be_rung_while_the_site_is_shut(recall: Recall) -> None:
    both = (MONDAY, MONDAY + timedelta(hours=5))
    assert _proposed(recall, *both).time() < time(17, 0)  # the evening was never tried, and the site closes at five
    recall.site.opening_hours.filter(weekday__gte=0).update(closes=time(19, 0))
    recall.site.__dict__.pop("week", None)
    assert _proposed(recall, *both).time() == time(17, 30)


def test_what_she_asked_for_comes_before_trying_another_time(recall: Recall) -> None:
    assert _proposed(recall, MONDAY, wish="morning").time() == time(10, 0)
    assert _proposed(recall, MONDAY, wish="evening").time() == time(14, 30)  # shut by then


def test_when_she_likes_to_be_rung_is_kept_for_every_later_call_and_undone_with_its_step(
    recall: Recall, scheduler_ana: User
) -> None:
    call = Contact(ContactChannel.PHONE, ContactResult.REACHED_CALLS_BACK, best_time="afternoon")
    actions.log_contact(recall, call, by=scheduler_ana)
    assert CallWish.objects.get().part == "afternoon"
    actions.undo(recall, by=scheduler_ana)
    assert not CallWish.objects.exists()


def test_a_try_without_the_question_leaves_her_wish_alone(recall: Recall, scheduler_ana: User) -> None:
    asked = Contact(ContactChannel.PHONE, ContactResult.NO_ANSWER, best_time="morning")
    actions.log_contact(recall, asked, by=scheduler_ana)
    actions.log_contact(recall, Contact(ContactChannel.LETTER, ContactResult.SENT), by=scheduler_ana)
    assert CallWish.objects.get().part == "morning"
