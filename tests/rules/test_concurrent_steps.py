"""Tests of two users who act on one recall at the same moment, each on their own connection."""

from collections.abc import Callable
from typing import Any

import pytest

from clinic.factories import UserFactory
from clinic.models import Site, User
from clinic.roles import Role
from recalls import actions
from recalls.actions import ContactAttemptInput
from recalls.enums import ContactChannel, ContactResult, State
from recalls.models import Recall, RecallEvent
from recalls.permissions import StaleVersion, StepUnavailable
from recalls.testing.factories import ExamFactory, RecallFactory
from tests.rules.step_actions import tomorrow_slot
from tests.support.concurrency import run_concurrently

pytestmark = pytest.mark.django_db(transaction=True)

RecallCallable = Callable[[Recall], Any]


@pytest.fixture
def ana(shadyside: Site) -> User:
    return UserFactory.create(username="ana", first_name="Ana", role=Role.SCHEDULER, sites=[shadyside])


@pytest.fixture
def bea(shadyside: Site) -> User:
    return UserFactory.create(username="bea", first_name="Bea", role=Role.SCHEDULER, sites=[shadyside])


def _on_own_copy(recall: Recall, step: RecallCallable) -> Callable[[], Any]:
    return lambda: step(Recall.objects.select_related("site", "patient", "exam").get(pk=recall.pk))


def _booking(recall: Recall, by: User) -> Callable[[], Any]:
    return _on_own_copy(recall, lambda mine: actions.book_appointment(mine, tomorrow_slot(mine), by=by))


def _call(recall: Recall, by: User) -> Callable[[], Any]:
    contact = ContactAttemptInput(ContactChannel.PHONE, ContactResult.NO_ANSWER)
    return _on_own_copy(recall, lambda mine: actions.log_contact(mine, contact, by=by))


def _split_results(results: list[Any]) -> tuple[list[RecallEvent], list[Exception]]:
    won = [result for result in results if isinstance(result, RecallEvent)]
    return won, [result for result in results if isinstance(result, Exception)]


@pytest.mark.parametrize("round_", range(5))
def test_one_of_two_wins_and_the_other_reads_who_did_what(round_: int, shadyside: Site, ana: User, bea: User) -> None:
    recall = RecallFactory.create(site=shadyside)
    seen = recall.version
    results = run_concurrently(
        _on_own_copy(recall, lambda mine: actions.book_appointment(mine, tomorrow_slot(mine), by=ana, seen=seen)),
        _on_own_copy(recall, lambda mine: actions.decline(mine, by=bea, seen=seen, note="Said no.")),
    )
    won, lost = _split_results(results)
    assert len(won) == len(lost) == 1
    assert isinstance(lost[0], StaleVersion)
    assert str(lost[0]).startswith(won[0].by)
    assert ("Book visit" if won[0].step == "book_appointment" else "Patient declines") in str(lost[0])
    stored = Recall.objects.get(pk=recall.pk)
    assert (stored.version, stored.state) == (seen + 1, won[0].to_state)
    assert stored.appointments.count() == (stored.state == State.SCHEDULED)


@pytest.mark.parametrize("round_", range(3))
def test_without_a_version_the_second_booking_is_still_refused(
    round_: int, shadyside: Site, ana: User, bea: User
) -> None:
    recall = RecallFactory.create(site=shadyside)
    results = run_concurrently(_booking(recall, ana), _booking(recall, bea))
    won, lost = _split_results(results)
    assert len(won) == len(lost) == 1
    assert isinstance(lost[0], StepUnavailable)
    assert Recall.objects.get(pk=recall.pk).appointments.count() == 1


def test_no_logged_contact_is_lost(shadyside: Site, ana: User, bea: User) -> None:
    recall = RecallFactory.create(site=shadyside)
    steps = [_call(recall, by) for by in (ana, bea, ana, bea)]
    won, lost = _split_results(run_concurrently(*steps))
    assert (len(won), lost) == (4, [])
    stored = Recall.objects.get(pk=recall.pk)
    assert (stored.version, stored.contact_attempts.count()) == (5, 4)
    previous = ""
    for event in stored.events.order_by("version"):
        assert event.previous_hash == previous
        previous = event.hash
    assert stored.head_hash == previous


def test_a_form_sent_twice_at_once_books_once(shadyside: Site, ana: User) -> None:
    recall = RecallFactory.create(site=shadyside)
    step = _on_own_copy(
        recall, lambda mine: actions.book_appointment(mine, tomorrow_slot(mine), by=ana, seen=1, key="one-form")
    )
    won, lost = _split_results(run_concurrently(step, step))
    assert (len(won), lost) == (2, [])
    assert won[0].pk == won[1].pk
    assert Recall.objects.get(pk=recall.pk).appointments.count() == 1


def test_one_result_that_comes_in_twice_at_once_opens_one_recall(shadyside: Site, ana: User, bea: User) -> None:
    exam = ExamFactory.create(patient__site=shadyside)
    won, lost = _split_results(run_concurrently(*(lambda by=by: actions.open_recall(exam, by=by) for by in (ana, bea))))
    assert (len(won), lost) == (2, [])
    assert Recall.objects.get().version == 1
    assert won[0].pk == won[1].pk
