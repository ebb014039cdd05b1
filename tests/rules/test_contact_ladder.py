"""Tests of the contact ladder: whom to try next, how, when, and when a patient counts as lost."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from time_machine import TimeMachineFixture

from clinic import calendar
from clinic.actors import SYSTEM, actor_for
from clinic.contact_ladder import DEFAULT_LADDER
from clinic.factories import UserFactory, get_site_staff
from clinic.models import Site, User
from clinic.roles import Role
from patients.models import ContactPoint
from recalls import actions, contact_ladder
from recalls.actions import ContactAttemptInput
from recalls.enums import ContactChannel, ContactResult, State, WorkItemKind
from recalls.models import Recall
from recalls.permissions import NotPermitted, StepUnavailable, step_blocked_reason
from recalls.presenters import describe_next_action
from recalls.testing.factories import RecallFactory
from recalls.workflow import STEPS_BY_NAME
from tests.rules.recall_states import (
    move_to_visit,
)
from tests.rules.step_actions import (
    MONDAY,
    tomorrow_slot,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def recall(shadyside: Site, time_machine: TimeMachineFixture) -> Recall:
    time_machine.move_to(MONDAY, tick=False)
    return RecallFactory.create(site=shadyside)


def _log_contact(
    recall: Recall, channel: ContactChannel, result: ContactResult, point: ContactPoint.Kind | None = None
) -> None:
    actions.log_contact(recall, ContactAttemptInput(channel, result, point), by=get_site_staff(recall.site).navigator)


def _try_every_rung(recall: Recall) -> None:
    for rung in DEFAULT_LADDER:
        _log_contact(recall, rung.channel, actions.RESULTS_BY_CHANNEL[rung.channel][-1])


def _due_in_days(recall: Recall) -> int:
    assert recall.due_at is not None
    return (recall.due_at - MONDAY).days


@pytest.mark.parametrize(
    ("result", "days"),
    [
        (ContactResult.NO_ANSWER, 4),  # the second rung's own day, Friday
        (ContactResult.LEFT_MESSAGE, 4),
        (ContactResult.REACHED_WILL_BOOK, 1),  # the patient waits for an offer: the next business day
    ],
)
def test_the_result_of_a_call_sets_the_next_attempt(recall: Recall, result: ContactResult, days: int) -> None:
    _log_contact(recall, ContactChannel.PHONE, result)
    assert _due_in_days(recall) == days


def test_a_late_second_call_is_followed_by_a_business_day_without_calls(
    recall: Recall, time_machine: TimeMachineFixture
) -> None:
    _log_contact(recall, ContactChannel.PHONE, ContactResult.NO_ANSWER)
    time_machine.move_to(MONDAY + timedelta(days=11), tick=False)  # Friday of the second week
    _log_contact(recall, ContactChannel.PHONE, ContactResult.NO_ANSWER)
    assert _due_in_days(recall) == 14  # Monday, though the third call's own day has passed


def test_a_patient_expected_to_call_back_is_given_two_business_days(
    recall: Recall, time_machine: TimeMachineFixture
) -> None:
    time_machine.move_to(MONDAY + timedelta(days=11), tick=False)
    _log_contact(recall, ContactChannel.PHONE, ContactResult.LEFT_MESSAGE)
    assert _due_in_days(recall) == 15  # Tuesday


def test_each_rung_names_itself_until_the_ladder_is_complete(recall: Recall) -> None:
    said = [describe_next_action(recall)]
    for rung in DEFAULT_LADDER:
        _log_contact(recall, rung.channel, actions.RESULTS_BY_CHANNEL[rung.channel][-1])
        said.append(describe_next_action(recall))
    assert all(str(rung.label) in sentence for rung, sentence in zip(DEFAULT_LADDER, said, strict=False))
    assert "Ladder complete" in said[-1]


def test_a_patient_is_lost_only_after_every_rung_and_sixty_days(
    recall: Recall, time_machine: TimeMachineFixture
) -> None:
    manager = get_site_staff(recall.site).manager
    _try_every_rung(recall)
    with pytest.raises(StepUnavailable, match="ladder is not complete"):
        actions.close_lost(recall, by=manager, note="Every way was tried.")
    time_machine.move_to(MONDAY + timedelta(days=61), tick=False)
    actions.close_lost(recall, by=manager, note="Every way was tried.")
    assert (recall.state, recall.closure_reason) == (State.CLOSED, "lost_to_follow_up")


@pytest.mark.parametrize("missing", range(len(DEFAULT_LADDER)))
def test_one_open_rung_keeps_a_patient_from_being_lost(
    missing: int, recall: Recall, time_machine: TimeMachineFixture
) -> None:
    for at, rung in enumerate(DEFAULT_LADDER):
        if at != missing:
            _log_contact(recall, rung.channel, actions.RESULTS_BY_CHANNEL[rung.channel][-1])
    time_machine.move_to(MONDAY + timedelta(days=90), tick=False)
    assert len(contact_ladder.open_rungs(recall, contact_ladder.current_ladder_attempts(recall))) == 1
    with pytest.raises(StepUnavailable):
        actions.close_lost(recall, by=get_site_staff(recall.site).manager, note="Too early.")


def test_a_missed_visit_continues_the_ladder_and_is_followed_by_a_call_within_a_business_day(shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, missed=True)
    called, missed = recall.contact_attempts.get(), recall.events.latest("pk").at
    assert contact_ladder.current_ladder_attempts(recall) == [called]
    assert recall.contact_since == recall.opened_at
    assert recall.due_at == calendar.add_business_days(shadyside, missed, 1)
    assert describe_next_action(recall).startswith("Second call")


def test_three_missed_visits_do_not_put_off_for_ever_the_day_on_which_a_patient_counts_as_lost(
    recall: Recall, time_machine: TimeMachineFixture
) -> None:
    cast = get_site_staff(recall.site)
    _try_every_rung(recall)
    for _visit in range(3):
        actions.book_appointment(recall, tomorrow_slot(recall), by=cast.scheduler)
        move_to_visit(recall, time_machine)
        actions.mark_missed(recall, by=cast.scheduler)
    assert contact_ladder.lost_from(recall) == calendar.add_days(recall.site, MONDAY, 60)
    time_machine.move_to(MONDAY + timedelta(days=61), tick=False)
    actions.close_lost(recall, by=cast.manager, note="Never came.")
    assert recall.closure_reason == "lost_to_follow_up"


def test_a_hold_continues_the_ladder_where_it_was(recall: Recall, time_machine: TimeMachineFixture) -> None:
    cast = get_site_staff(recall.site)
    _log_contact(recall, ContactChannel.PHONE, ContactResult.NO_ANSWER)
    actions.hold(recall, calendar.local_day(recall.site, MONDAY) + timedelta(days=7), by=cast.navigator, note="Away.")
    back = MONDAY + timedelta(days=7)
    time_machine.move_to(back, tick=False)
    actions.resume(recall, by=SYSTEM)
    assert len(contact_ladder.current_ladder_attempts(recall)) == 1
    assert (recall.contact_since, recall.due_at) == (MONDAY, calendar.add_business_days(recall.site, back, 1))


def test_a_cancelled_visit_begins_a_new_ladder(shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, cancelled=True)
    assert recall.contact_attempts.exists()
    assert contact_ladder.current_ladder_attempts(recall) == []


@pytest.mark.parametrize("channel", list(ContactChannel))
def test_an_attempt_always_has_a_result_valid_for_its_channel(channel: ContactChannel, recall: Recall) -> None:
    for result in ContactResult:
        if result in actions.RESULTS_BY_CHANNEL[channel]:
            _log_contact(recall, channel, result)
        else:
            with pytest.raises(ValidationError, match="fits how you tried"):
                _log_contact(recall, channel, result)


def test_a_wrong_number_is_not_used_again_and_opens_one_task(recall: Recall) -> None:
    for _twice in range(2):
        _log_contact(recall, ContactChannel.PHONE, ContactResult.WRONG_NUMBER, ContactPoint.Kind.MOBILE)
    points = {point.kind: point.unusable for point in recall.patient.contact_points.all()}
    assert points[ContactPoint.Kind.MOBILE] == ContactPoint.UnusableReason.WRONG
    assert points[ContactPoint.Kind.HOME] == ""
    assert [item.kind for item in recall.work_items.all()] == [WorkItemKind.VERIFY_CONTACT]


def test_whoever_made_the_last_try_does_not_sign_the_patient_off_as_lost(
    recall: Recall, time_machine: TimeMachineFixture
) -> None:
    both = UserFactory.create(roles=[Role.NAVIGATOR, Role.MANAGER], sites=[recall.site])
    for rung in DEFAULT_LADDER:
        contact = ContactAttemptInput(rung.channel, actions.RESULTS_BY_CHANNEL[rung.channel][-1])
        actions.log_contact(recall, contact, by=both)
    time_machine.move_to(MONDAY + timedelta(days=61), tick=False)
    assert "a second person signs" in step_blocked_reason(recall, STEPS_BY_NAME["close_lost"], actor_for(both))
    with pytest.raises(NotPermitted, match="a second person signs"):
        actions.close_lost(recall, by=both, note="Every way was tried.")
    another = UserFactory.create(role=Role.MANAGER, sites=[recall.site])
    actions.close_lost(recall, by=another, note="Every way was tried.")
    assert recall.closure_reason == "lost_to_follow_up"


def test_the_days_until_a_patient_counts_as_lost_begin_when_they_were_last_to_be_contacted(
    recall: Recall, time_machine: TimeMachineFixture, scheduler_ana: User
) -> None:
    """After a cancelled visit the patient is to be contacted anew: the days before it do not count."""
    again = MONDAY + timedelta(days=30)
    Recall.objects.filter(pk=recall.pk).update(contact_since=again)
    recall.refresh_from_db()
    time_machine.move_to(again, tick=False)
    for rung in DEFAULT_LADDER:
        contact = ContactAttemptInput(rung.channel, actions.RESULTS_BY_CHANNEL[rung.channel][-1])
        actions.log_contact(recall, contact, by=scheduler_ana)
    manager = actor_for(get_site_staff(recall.site).manager)
    time_machine.move_to(MONDAY + timedelta(days=61), tick=False)
    assert step_blocked_reason(recall, STEPS_BY_NAME["close_lost"], manager)
    time_machine.move_to(again + timedelta(days=61), tick=False)
    assert not step_blocked_reason(recall, STEPS_BY_NAME["close_lost"], manager)


def test_the_last_try_counts_for_the_second_signature_and_not_the_first(
    recall: Recall, time_machine: TimeMachineFixture
) -> None:
    first, last = (UserFactory.create(roles=[Role.NAVIGATOR, Role.MANAGER], sites=[recall.site]) for _ in range(2))
    for at, rung in enumerate(DEFAULT_LADDER):
        contact = ContactAttemptInput(rung.channel, actions.RESULTS_BY_CHANNEL[rung.channel][-1])
        actions.log_contact(recall, contact, by=last if at else first)
    time_machine.move_to(MONDAY + timedelta(days=61), tick=False)
    with pytest.raises(NotPermitted, match="a second person signs"):
        actions.close_lost(recall, by=last, note="Every way was tried.")
    actions.close_lost(recall, by=first, note="Every way was tried.")
    assert recall.closure_reason == "lost_to_follow_up"


def test_a_patient_whom_somebody_at_home_is_to_tell_is_given_two_business_days(
    recall: Recall, time_machine: TimeMachineFixture
) -> None:
    time_machine.move_to(MONDAY + timedelta(days=11), tick=False)  # a Friday
    _log_contact(recall, ContactChannel.PHONE, ContactResult.THIRD_PERSON)
    assert _due_in_days(recall) == 15  # Tuesday
