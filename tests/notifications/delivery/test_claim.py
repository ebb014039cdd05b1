"""Tests that a claim takes the next message and checks everything again at that moment."""

from collections.abc import Callable
from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.actors import INTAKE, PATIENT
from clinic.factories import get_site_staff
from clinic.models import Site
from notifications.delivery import outbox
from notifications.delivery.claim_prefetch import ClaimPrefetcher
from notifications.enums import Channel, NotificationKind, NotificationState, StatusReason
from patients.actions import (
    mark_contact_unusable,
    record_consent,
    record_death,
    set_contact_point,
    set_result_wish,
    update_details,
)
from patients.addresses import mark_address_unusable
from patients.factories import PatientFactory
from patients.models import Consent, ContactPoint, Patient
from recalls import actions
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from tests.notifications.clock import Clock, latest_notification
from tests.support.concurrency import locked_recall, uncommitted

pytestmark = pytest.mark.django_db(transaction=True)  # locks of another connection need real transactions


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
    """That of a worker which has claimed the first message, and has read the facts about the others."""
    found = ClaimPrefetcher()
    assert claim_next_recall(found) == due[0].pk
    return found


def claim_next_recall(prefetcher: ClaimPrefetcher) -> int | str:
    """Claim the next message: the primary key of its recall, or what became of it."""
    claim = outbox.claim_next(prefetcher)
    assert claim is not None
    return claim.state if isinstance(claim, outbox.NotSent) else claim.recall.pk


def test_messages_leave_in_the_order_in_which_they_were_due(due: list[Recall], prefetcher: ClaimPrefetcher) -> None:
    assert [claim_next_recall(prefetcher) for _turn in range(3)] == [recall.pk for recall in due[1:]]
    assert outbox.claim_next(prefetcher) is None


@pytest.mark.parametrize(
    ("happens", "state", "reason"),
    [
        (
            lambda recall: record_death(recall.patient, date(2026, 11, 9), by=INTAKE),
            NotificationState.CANCELLED,
            StatusReason.NO_LONGER_NEEDED,
        ),
        (
            lambda recall: record_consent(
                recall.patient, Consent.Subject.EMAIL, granted=False, source="phone", by=INTAKE
            ),
            NotificationState.SUPPRESSED,
            StatusReason.OPTED_OUT,
        ),
        (
            lambda recall: mark_contact_unusable(
                recall.patient.contact_points.get(kind=ContactPoint.Kind.EMAIL),
                ContactPoint.UnusableReason.WRONG,
                by=INTAKE,
            ),
            NotificationState.SUPPRESSED,
            StatusReason.ADDRESS_WRONG,
        ),
        (
            lambda recall: recall.patient.contact_points.filter(kind=ContactPoint.Kind.EMAIL).delete(),
            NotificationState.SUPPRESSED,
            StatusReason.NO_ADDRESS,
        ),
    ],
    ids=["the patient died", "no email is wanted", "the address is somebody else's", "the address was taken away"],
)
def test_what_happened_since_the_last_claim_is_seen_by_the_next_one(
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
    actions.decline(due[1], by=get_site_staff(shadyside).scheduler, note="The patient wants no more images.")
    assert claim_next_recall(prefetcher) == due[2].pk
    assert latest_notification(due[1], NotificationKind.RECALL_NOTICE).state == NotificationState.CANCELLED


def test_a_new_address_and_a_new_name_are_used_at_once(due: list[Recall], prefetcher: ClaimPrefetcher) -> None:
    set_contact_point(due[1].patient, ContactPoint.Kind.EMAIL, "new@example.org", by=INTAKE)
    update_details(due[2].patient, {"preferred_name": "Invita"}, by=INTAKE)
    first, second = outbox.claim_next(prefetcher), outbox.claim_next(prefetcher)
    assert isinstance(first, outbox.Claim)
    assert isinstance(second, outbox.Claim)
    assert first.channels.email == "new@example.org"
    assert second.recall.patient.first_name == "Invita"


def test_what_another_worker_has_reserved_is_left_to_it(due: list[Recall], prefetcher: ClaimPrefetcher) -> None:
    if connection.features.has_select_for_update_skip_locked:
        assert outbox.claim_next(ClaimPrefetcher()) is None
        assert claim_next_recall(prefetcher) == due[1].pk
    else:  # nothing is reserved: each takes the next one
        assert claim_next_recall(ClaimPrefetcher()) == due[1].pk
        assert claim_next_recall(prefetcher) == due[2].pk


def test_what_a_worker_released_is_free_at_once(due: list[Recall], prefetcher: ClaimPrefetcher) -> None:
    prefetcher.release()
    assert claim_next_recall(ClaimPrefetcher()) == due[1].pk


def test_what_a_dead_worker_had_reserved_is_free_again_soon(
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


@pytest.mark.parametrize(
    ("act", "after"),
    [
        (
            lambda patient: record_consent(patient, Consent.Subject.EMAIL, granted=False, source="page", by=PATIENT),
            NotificationState.SUPPRESSED,
        ),
        (
            lambda patient: set_contact_point(patient, ContactPoint.Kind.EMAIL, "new@example.org", by=INTAKE),
            None,
        ),
        (
            lambda patient: mark_address_unusable("no1@example.org", ContactPoint.UnusableReason.WRONG, by=PATIENT),
            NotificationState.SUPPRESSED,
        ),
        (lambda patient: set_result_wish(patient, {}, by=PATIENT), None),
    ],
    ids=["an opt-out", "a new address", "not me", "a wish about results"],
)
def test_a_message_is_not_claimed_while_an_act_on_the_patient_is_about_to_be_committed(
    due: list[Recall],
    prefetcher: ClaimPrefetcher,
    act: Callable[[Patient], object],
    after: NotificationState | None,
) -> None:
    if not connection.features.has_select_for_update_skip_locked:  # there one writer waits for the other
        act(due[1].patient)
        assert claim_next_recall(prefetcher) == (after or due[1].pk)
        return
    with uncommitted(lambda: act(due[1].patient)):
        assert claim_next_recall(prefetcher) == due[2].pk
    assert [claim_next_recall(prefetcher) for _turn in range(2)] == [due[3].pk, after or due[1].pk]


def test_each_channel_has_its_own_queue(due: list[Recall], prefetcher: ClaimPrefetcher) -> None:
    assert outbox.claim_next(ClaimPrefetcher(Channel.SMS)) is None
    assert claim_next_recall(prefetcher) == due[1].pk


def test_a_claim_asks_the_database_little(due: list[Recall], prefetcher: ClaimPrefetcher) -> None:
    with CaptureQueriesContext(connection) as asked:
        claim_next_recall(prefetcher)
    # With a batch of facts: begin, lock with the row versions, how many today, lease, commit. Without one, two short
    # questions come first: is anything due, is any of it urgent.
    most = 5 if connection.features.has_select_for_update_skip_locked else 12
    assert len(asked) <= most, [query["sql"] for query in asked]
