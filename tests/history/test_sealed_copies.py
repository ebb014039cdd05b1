"""Holds that the copy of what was sent, by whatever channel, is found when it was changed or taken away."""

from collections.abc import Iterator

import pytest
import time_machine
from django.db.models import F

from clinic.models import Site, User
from notifications.delivery import outbox, print_queue
from notifications.delivery.claim_prefetch import ClaimPrefetcher
from notifications.delivery.failures import DeliveryFailure
from notifications.delivery.worker import send_due
from notifications.enums import AttemptResult, Channel, NotificationState, StatusReason
from notifications.models import DeliveryAttempt, Notification, RenderedMessage
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from tests.history.test_sealed_facts import run_verify_history
from tests.notifications.clock import Clock, at

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock(db: None) -> Iterator[Clock]:
    with time_machine.travel(at("2026-11-10", "09:15"), tick=False) as traveller:
        yield Clock(traveller)


@pytest.fixture
def sent(clock: Clock, shadyside: Site) -> Recall:
    recall = RecallFactory.create(site=shadyside)
    clock.move_to("2026-11-12", "10:00")
    assert send_due(30)[AttemptResult.ACCEPTED]
    return recall


def test_every_try_that_sent_a_message_seals_its_copy(sent: Recall) -> None:
    assert not DeliveryAttempt.objects.filter(result=AttemptResult.ACCEPTED, copy_seal="").exists()
    assert run_verify_history()[0] == 0


@pytest.mark.parametrize("column", ["address", "subject", "text", "html", "calendar"])
def test_a_changed_copy_is_found(column: str, sent: Recall) -> None:
    assert RenderedMessage.objects.update(**{column: "Something else."})
    status, words = run_verify_history()
    assert (status, "the copy of what was sent was changed" in words) == (1, True)


def test_a_copy_that_was_taken_away_is_found(sent: Recall) -> None:
    RenderedMessage.objects.all().delete()
    status, words = run_verify_history()
    assert (status, "the copy of what was sent is missing" in words) == (1, True)


def test_a_copy_given_to_another_message_is_found(sent: Recall) -> None:
    copy = RenderedMessage.objects.earliest("pk")
    row = Notification.objects.get(pk=copy.notification_id)
    row.pk, row.occasion, row.public_id = None, "another", "6b1f0f0e-8f3c-4a43-9f8a-0f0f0f0f0f0f"
    row.save(force_insert=True)
    RenderedMessage.objects.filter(pk=copy.pk).update(notification=row)
    assert run_verify_history()[0] == 1


def test_a_try_without_an_answer_keeps_its_copy_sealed_and_the_next_one_stands(clock: Clock, shadyside: Site) -> None:
    RecallFactory.create(site=shadyside)
    clock.move_to("2026-11-12", "10:00")
    claim = outbox.claim_next(ClaimPrefetcher())
    assert isinstance(claim, outbox.Claim)
    copy = RenderedMessage(notification=claim.row, address="a@example.org", subject="s", text="t", html="<p>t</p>")
    outbox.record_failure(claim, DeliveryFailure(AttemptResult.UNCERTAIN, StatusReason.UNCERTAIN), copy)
    assert run_verify_history()[0] == 0
    clock.move_to("2026-11-12", "11:00")
    send_due(30)
    assert run_verify_history()[0] == 0


def test_a_letter_that_took_over_stands_beside_the_email_that_failed(
    clock: Clock, shadyside: Site, scheduler_ana: User
) -> None:
    RecallFactory.create(site=shadyside)
    clock.move_to("2026-11-12", "10:00")
    claim = outbox.claim_next(ClaimPrefetcher())
    assert isinstance(claim, outbox.Claim)
    copy = RenderedMessage(notification=claim.row, address="a@example.org", subject="s", text="t", html="<p>t</p>")
    outbox.record_failure(claim, DeliveryFailure(AttemptResult.UNCERTAIN, StatusReason.UNCERTAIN), copy)
    failure = DeliveryFailure(AttemptResult.PERMANENT, StatusReason.REFUSED)
    clock.move_to("2026-11-12", "11:00")
    claim = outbox.claim_next(ClaimPrefetcher())
    assert isinstance(claim, outbox.Claim)
    outbox.record_failure(claim, failure)
    send_due(30)
    numbers = [row.pk for row in print_queue.get_letters_to_print(scheduler_ana)]
    assert Notification.objects.filter(channel=Channel.LETTER, state=NotificationState.TO_PRINT).exists()
    print_queue.make_pdf(scheduler_ana, numbers)
    assert run_verify_history()[0] == 0
    print_queue.mark_printed(scheduler_ana, numbers)
    assert run_verify_history()[0] == 0
    RenderedMessage.objects.exclude(earlier=[]).update(earlier=[{**copy_of("email"), "text": "Something else."}])
    assert run_verify_history()[0] == 1


def copy_of(channel: str) -> dict[str, object]:
    kept = RenderedMessage.objects.exclude(earlier=[]).values_list("earlier", flat=True)
    return next(one for earlier in kept for one in earlier if one["channel"] == channel)


def test_a_letter_that_is_not_printed_yet_is_no_fault(clock: Clock, shadyside: Site, scheduler_ana: User) -> None:
    RecallFactory.create(site=shadyside, patient__no_email=True)
    clock.move_to("2026-11-12", "10:00")
    send_due(30)
    numbers = [row.pk for row in print_queue.get_letters_to_print(scheduler_ana)]
    assert numbers
    print_queue.make_pdf(scheduler_ana, numbers)
    RenderedMessage.objects.update(text=F("subject"))
    assert run_verify_history()[0] == 0
