"""A worker reads the facts of several due messages at once. Is what happens before a message's own turn always seen?"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from clinic.actors import INTAKE
from clinic.factories import cast_of
from clinic.models import Site
from notifications.delivery import outbox
from notifications.delivery.claim_prefetch import ClaimPrefetcher
from notifications.enums import Channel, NotificationKind, NotificationState, StatusReason
from patients.actions import mark_unusable, record_consent, record_death, set_contact_point, update_details
from patients.factories import PatientFactory
from patients.models import Consent, ContactPoint
from recalls import actions
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from tests.notifications.clock import Clock, latest_notification

pytestmark = pytest.mark.django_db(transaction=True)  # what was written since is told by the transaction that wrote it

S = NotificationState


@pytest.fixture
def due(clock: Clock, shadyside: Site) -> list[Recall]:
    """Four recalls whose notices are due, the first one first."""
    found = []
    for number in range(4):
        clock.move_to("2026-11-10", f"08:{20 + number}")
        patient = PatientFactory.create(site=shadyside, email=f"no{number}@example.org", address_line="")
        found.append(RecallFactory.create(patient=patient))
    return found


@pytest.fixture
def prefetcher(due: list[Recall]) -> ClaimPrefetcher:
    """The line of a worker that has just taken the first message, and read about the others."""
    line = ClaimPrefetcher()
    assert claim_next_recall(line) == due[0].pk
    return line


def claim_next_recall(prefetcher: ClaimPrefetcher) -> int | str:
    """Claim the next message: the number of its recall, or what became of it."""
    turn = outbox.claim_next(prefetcher)
    assert turn is not None
    return turn.state if isinstance(turn, outbox.NotSent) else turn.recall.pk


@contextmanager
def locked_recall(recall: Recall) -> Iterator[None]:
    """Somebody else is about to move this recall."""
    ready, enough = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            Recall.objects.select_for_update().get(pk=recall.pk)
            ready.set()
            enough.wait(10)
        connection.close()

    person = threading.Thread(target=hold)
    person.start()
    assert ready.wait(10)
    try:
        yield
    finally:
        enough.set()
        person.join(10)


def test_messages_leave_in_the_order_in_which_they_were_due(due: list[Recall], prefetcher: ClaimPrefetcher) -> None:
    assert [claim_next_recall(prefetcher) for _turn in range(3)] == [recall.pk for recall in due[1:]]
    assert outbox.claim_next(prefetcher) is None


@pytest.mark.parametrize(
    ("happens", "state", "reason"),
    [
        (
            lambda one: record_death(one.patient, date(2026, 11, 9), by=INTAKE),
            S.CANCELLED,
            StatusReason.NO_LONGER_NEEDED,
        ),
        (
            lambda one: record_consent(one.patient, Consent.Subject.EMAIL, granted=False, source="phone", by=INTAKE),
            S.SUPPRESSED,
            StatusReason.OPTED_OUT,
        ),
        (
            lambda one: mark_unusable(
                one.patient.contact_points.get(kind=ContactPoint.Kind.EMAIL), ContactPoint.Unusable.WRONG, by=INTAKE
            ),
            S.SUPPRESSED,
            StatusReason.ADDRESS_WRONG,
        ),
        (
            lambda one: one.patient.contact_points.filter(kind=ContactPoint.Kind.EMAIL).delete(),
            S.SUPPRESSED,
            StatusReason.NO_ADDRESS,
        ),
    ],
    ids=["died", "wants no email", "the address is somebody else's", "the address was taken away"],
)
def test_what_happens_after_the_facts_were_read_is_seen_when_the_message_is_claimed(
    due: list[Recall],
    prefetcher: ClaimPrefetcher,
    happens: Callable[[Recall], object],
    state: NotificationState,
    reason: StatusReason,
) -> None:
    happens(due[1])
    assert claim_next_recall(prefetcher) == state
    row = latest_notification(due[1], NotificationKind.RECALL_NOTICE)
    assert (row.state, row.reason) == (state, reason)
    assert claim_next_recall(prefetcher) == due[2].pk


def test_a_recall_that_moved_on_meanwhile_sends_nothing(
    due: list[Recall], prefetcher: ClaimPrefetcher, shadyside: Site
) -> None:
    actions.decline(due[1], by=cast_of(shadyside).scheduler, note="Wants no additional imaging.")
    assert claim_next_recall(prefetcher) == due[2].pk
    assert latest_notification(due[1], NotificationKind.RECALL_NOTICE).state == S.CANCELLED


def test_a_new_address_a_new_name_and_a_new_language_are_used_at_once(
    due: list[Recall], prefetcher: ClaimPrefetcher
) -> None:
    set_contact_point(due[1].patient, ContactPoint.Kind.EMAIL, "new@example.org", by=INTAKE)
    update_details(due[2].patient, {"preferred_name": "Invita"}, by=INTAKE)
    first, second = outbox.claim_next(prefetcher), outbox.claim_next(prefetcher)
    assert isinstance(first, outbox.Claim)
    assert isinstance(second, outbox.Claim)
    assert first.channels.email == "new@example.org"
    assert second.recall.patient.first_name == "Invita"


def test_what_another_worker_has_set_aside_is_left_to_it(due: list[Recall], prefetcher: ClaimPrefetcher) -> None:
    if connection.features.has_select_for_update_skip_locked:
        assert outbox.claim_next(ClaimPrefetcher()) is None
        assert claim_next_recall(prefetcher) == due[1].pk
    else:  # nothing is read ahead: each takes the next one
        assert claim_next_recall(ClaimPrefetcher()) == due[1].pk
        assert claim_next_recall(prefetcher) == due[2].pk


def test_what_a_worker_gave_back_is_free_at_once(due: list[Recall], prefetcher: ClaimPrefetcher) -> None:
    prefetcher.release()
    assert claim_next_recall(ClaimPrefetcher()) == due[1].pk


def test_what_a_dead_worker_had_set_aside_is_free_again_soon(
    due: list[Recall], prefetcher: ClaimPrefetcher, clock: Clock
) -> None:
    clock.move_to("2026-11-10", "09:00")
    successor = ClaimPrefetcher()
    assert [claim_next_recall(successor) for _turn in range(3)] == [recall.pk for recall in due[1:]]
    assert outbox.claim_next(prefetcher) is None


def test_a_message_somebody_works_on_is_passed_over_and_not_forgotten(
    due: list[Recall], prefetcher: ClaimPrefetcher
) -> None:
    if not connection.features.has_select_for_update_skip_locked:
        assert [claim_next_recall(prefetcher) for _turn in range(3)] == [recall.pk for recall in due[1:]]
        return
    with locked_recall(due[1]):
        assert claim_next_recall(prefetcher) == due[2].pk
    assert [claim_next_recall(prefetcher) for _turn in range(2)] == [due[3].pk, due[1].pk]


def test_each_channel_has_its_own_prefetched_queue(due: list[Recall], prefetcher: ClaimPrefetcher) -> None:
    assert outbox.claim_next(ClaimPrefetcher(Channel.SMS)) is None
    assert claim_next_recall(prefetcher) == due[1].pk


def test_a_claim_asks_little_where_the_facts_were_read_ahead(due: list[Recall], prefetcher: ClaimPrefetcher) -> None:
    with CaptureQueriesContext(connection) as asked:
        claim_next_recall(prefetcher)
    if connection.features.has_select_for_update_skip_locked:
        # begin, lock, unchanged?, how many today, lease, commit
        assert len(asked) <= 6
    else:
        assert len(asked) <= 12
