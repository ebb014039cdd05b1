"""Claims due messages one at a time, re-checks each under lock, and records the result of each attempt.

A claim is a short transaction: it locks the oldest due row and its recall, and checks the plan, the address, the
consent, the sending hours and the limits again. A row that fails a check is put away with the reason. A claimed row
carries a lease and a token, and only the holder of the token may write a result. All instants are the application's
clock (`timezone.now()`), never the database's.
"""

import logging
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils import timezone

from clinic.actors import SYSTEM
from clinic.calendar import next_send_time, start_of_day
from notifications.content import loader
from notifications.delivery import attempts, rate_limit
from notifications.delivery.claim_prefetch import ClaimPrefetcher, PrefetchedFacts
from notifications.delivery.failures import DeliveryFailure, render_failure
from notifications.delivery.statements import lease, record_accepted
from notifications.enums import AttemptResult, Channel, NotificationKind, NotificationState, StatusReason
from notifications.models import Notification, RenderedMessage
from notifications.planning import daily_cap, print_work_items, reconcile
from notifications.planning.channel_selection import get_email_address, select_channel
from notifications.planning.education.texts import give_way_until
from notifications.planning.plan import find_planned_message, get_send_window
from notifications.planning.snapshot import RecallSnapshot, load_snapshot
from notifications.rendering import patient_link
from notifications.rendering.blocks import get_visit
from notifications.rendering.trial_text import take_into_text_trial
from patients.channels import PatientChannels, get_patient_channels
from recalls.models import Recall

log = logging.getLogger(__name__)

# A mail server may take its time at each of six answers: connect, hello, sender, recipient, data, end.
LEASE_TIME = timedelta(seconds=6 * settings.EMAIL_TIMEOUT)
RETRY_PERIOD = timedelta(hours=72)
FIRST_RETRY_DELAY = timedelta(minutes=5)  # what greylisting servers ask for
MAX_RETRY_DELAY = timedelta(hours=1)
_random = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class Claim:
    """A message that this process alone may send until its lease ends."""

    row: Notification
    token: int
    snapshot: RecallSnapshot
    channels: PatientChannels
    # Opens the patient's page: for the email alone, never for a log.
    page_token: str = field(default="", repr=False)

    @property
    def recall(self) -> Recall:
        return self.snapshot.recall


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A message that the server took, with the copy to keep, and when (UTC): not written down yet."""

    claim: Claim
    copy: RenderedMessage
    at: datetime


@dataclass(frozen=True, slots=True)
class NotSent:
    """A due row that is not sent now; `state` is its state after the check."""

    state: str


def anything_due() -> bool:
    due = Notification.objects.filter(state=NotificationState.PLANNED, not_before__lte=timezone.now())
    return due.exists()


def claim_next(prefetcher: ClaimPrefetcher) -> Claim | NotSent | None:
    """The next message to send, or what became of a row that is not sent; None when nothing is due."""
    now, row = timezone.now(), None
    if not prefetcher.prefetch(now):
        return None
    try:
        with transaction.atomic():
            found = prefetcher.lock_next(now)
            if found is None:
                return None
            row, facts = found
            return _recheck_and_lease(row, facts or _load_facts(row), now)
    except DatabaseError:
        raise
    except Exception as error:  # one row whose facts cannot be read must not stop all the others
        if row is None:
            raise
        log.error("message %s could not be read: %s", row.pk, type(error).__name__)
        attempts.mark_failed_permanently(row, NotificationState.PLANNED, row.lease_token, render_failure(error))
        return NotSent(NotificationState.FAILED)


def record_and_claim_next(accepted: Acceptance, prefetcher: ClaimPrefetcher) -> Claim | NotSent | None:
    """Write down what was accepted and claim the next message, in one transaction: one wait for the disk, not two.

    Only while the prefetcher holds messages. Where it raises, neither was done, and each may be done by itself.
    """
    now = timezone.now()
    try:
        with transaction.atomic():
            record_acceptance(accepted.claim, accepted.copy, accepted.at)
            found = prefetcher.lock_next(now)
            if found is None:
                return None
            row, facts = found
            return _recheck_and_lease(row, facts or _load_facts(row), now)
    except BaseException:
        prefetcher.put_back()
        raise


def _load_facts(row: Notification) -> PrefetchedFacts:
    return PrefetchedFacts(load_snapshot(row.recall), get_patient_channels(row.recall.patient))


def _recheck_and_lease(row: Notification, facts: PrefetchedFacts, now: datetime) -> Claim | NotSent:
    snapshot, channels = facts.snapshot, facts.channels
    if row.expires_at is not None and row.expires_at <= now:
        return _defer(row, state=NotificationState.EXPIRED, reason=StatusReason.TOO_LATE)
    planned = find_planned_message(snapshot, NotificationKind(row.kind), row.occasion)
    if planned is None:
        reconcile.reconcile_messages(snapshot, channels)
        return NotSent(NotificationState.CANCELLED)
    choice = select_channel(row.recall, row.kind, planned, channels, now, row.failed_channels)
    if choice.blocked_reason:
        reconcile.suppress(row.recall, row, choice.blocked_reason)
        return NotSent(NotificationState.SUPPRESSED)
    if choice.channel != row.channel:
        reconcile.switch_channel(row, choice)
        return NotSent(NotificationState.PLANNED)
    window = get_send_window(snapshot, row.kind)
    next_window = next_send_time(window, row.recall.site, now)
    if next_window > now:
        return _defer(row, not_before=next_window)
    next_day = daily_cap.get_next_day(row, window, row.recall.site, now)
    lease_minds_cap = row.channel != Channel.LETTER and lease.minds_daily_cap()
    if next_day and not lease_minds_cap and daily_cap.has_reached_cap(row.patient_id, row.recall.site, now):
        return _defer(row, not_before=next_day, reason=StatusReason.DAILY_CAP_REACHED)
    if later := give_way_until(row, now):
        return _defer(row, not_before=later)
    if row.channel == Channel.EMAIL:
        address = get_email_address(row.recall, row.kind, channels)
        send_at = rate_limit.get_allowed_send_time(row.reason == StatusReason.RATE_LIMITED, address, now)
        if send_at > now:
            return _defer(row, not_before=send_at, reason=StatusReason.RATE_LIMITED)
    if row.channel == Channel.LETTER:
        print_work_items.open_print_work_item(row.recall, row)
        return _defer(row, state=NotificationState.TO_PRINT, reason="")
    return _start_lease(row, facts, next_day, now)


def _start_lease(
    row: Notification, facts: PrefetchedFacts, next_day: datetime | None, now: datetime
) -> Claim | NotSent:
    """`next_day` is when it leaves if the patient's day is full; None for what leaves nevertheless."""
    snapshot, channels, token = facts.snapshot, facts.channels, row.lease_token + 1
    # A text may have been reviewed or withdrawn since, and the patient may have chosen another language.
    visit = get_visit(row, snapshot)
    row.language = loader.get_message_language(row.recall, row.kind, row.channel, visit.kind if visit else "")
    day_start = start_of_day(row.recall.site, now) if next_day else None
    if not lease.begin_lease(row, now, now + LEASE_TIME, day_start):
        if next_day and daily_cap.has_reached_cap(row.patient_id, row.recall.site, now):
            return _defer(row, not_before=next_day, reason=StatusReason.DAILY_CAP_REACHED)
        return NotSent(NotificationState.SENDING)
    take_into_text_trial(row, snapshot, channels)
    page_token = ""
    if row.channel == Channel.EMAIL:
        address = get_email_address(row.recall, row.kind, channels)
        rate_limit.count_sent(address, now)
        page_token = patient_link.issue_link_token(row, row.recall.site, address)
    return Claim(row, token, snapshot, channels, page_token)


def _defer(row: Notification, **fields: Any) -> NotSent:
    Notification.objects.filter(pk=row.pk, state=NotificationState.PLANNED).update(reserved_until=None, **fields)
    return NotSent(str(fields.get("state", NotificationState.PLANNED)))


def record_acceptance(claim: Claim, copy: RenderedMessage, now: datetime) -> bool:
    """The server took it now. False when the lease was lost meanwhile: another process has, or had, this message."""
    if record_accepted.supports_single_statement():
        return record_accepted.record_accepted(claim.row, claim.token, copy, now)
    with transaction.atomic():
        count = claim.row.attempt_count + 1
        fields = {"state": NotificationState.ACCEPTED, "accepted_at": now, "attempt_count": count}
        if not attempts.end_claim(claim.row.pk, claim.token, **fields):
            return False
        attempts.record_attempt(claim.row, count, claim.token, AttemptResult.ACCEPTED, now, copy=copy)
        attempts.save_rendered_copy(copy)
    return True


def record_failure(claim: Claim, failure: DeliveryFailure, copy: RenderedMessage | None = None) -> None:
    """It was not taken, or nobody knows: plan another try, or fail it for good and let a person call the patient."""
    now, row = timezone.now(), claim.row
    first_failed_at = row.first_failed_at or now
    if failure.result == AttemptResult.PERMANENT:
        return attempts.mark_failed_permanently(row, NotificationState.SENDING, claim.token, failure, copy)
    if now - first_failed_at >= RETRY_PERIOD:
        exhausted = DeliveryFailure(failure.result, StatusReason.RETRIES_EXHAUSTED, failure.code, failure.detail)
        return attempts.mark_failed_permanently(row, NotificationState.SENDING, claim.token, exhausted)
    uncertain = failure.result == AttemptResult.UNCERTAIN
    if uncertain and attempts.is_last_uncertain_try(row):
        return attempts.mark_failed_permanently(row, NotificationState.SENDING, claim.token, _too_often(failure), copy)
    # A lost connection is no try of this message.
    count = row.attempt_count + (failure.result != AttemptResult.CONNECTION_FAILED)
    fields = {
        "state": NotificationState.PLANNED,
        "reason": failure.reason,
        "not_before": now + retry_delay(count + 1),
        "attempt_count": count,
        "first_failed_at": first_failed_at,
        "may_have_arrived_twice": row.may_have_arrived_twice or uncertain,
    }
    with transaction.atomic():
        if not attempts.end_claim(row.pk, claim.token, **fields):
            return None
        kept = copy if uncertain else None
        attempts.record_attempt(row, row.attempt_count + 1, claim.token, failure.result, now, failure, kept)
        if kept is not None:
            attempts.save_rendered_copy(kept)
    return None


def _too_often(failure: DeliveryFailure) -> DeliveryFailure:
    return DeliveryFailure(failure.result, StatusReason.UNCERTAIN_TOO_OFTEN, failure.code, failure.detail)


def record_render_failure(claim: Claim, error: Exception) -> None:
    """Its text or a fact in it is at fault: this message fails and no other."""
    log.error("message %s could not be written: %s", claim.row.pk, type(error).__name__)
    attempts.mark_failed_permanently(claim.row, NotificationState.SENDING, claim.token, render_failure(error))


def retry_delay(number: int) -> timedelta:
    """How long to wait before the nth try: doubling from five minutes to an hour, give or take a fifth."""
    wait: timedelta = min(FIRST_RETRY_DELAY * 2 ** max(number - 2, 0), MAX_RETRY_DELAY)
    return wait * _random.uniform(0.8, 1.2)


def expire_overdue() -> int:
    """Mark what is of no use any more; the number of rows."""
    late = Notification.objects.filter(expires_at__lte=timezone.now())
    ended: dict[str, Any] = {"state": NotificationState.EXPIRED, "reason": StatusReason.TOO_LATE}
    unprinted = late.filter(state=NotificationState.TO_PRINT)
    recalls = list(unprinted.values_list("recall", flat=True))
    count = late.filter(state=NotificationState.PLANNED).update(**ended) + unprinted.update(**ended)
    for recall_id in recalls:
        print_work_items.close_print_work_items_if_done(recall_id, by=SYSTEM)
    return count


def reclaim_expired_leases() -> int:
    """Plan the messages whose sender vanished again: each may have left, and is sent again under its Message-ID.

    One whose sender vanished three times is a person's: it may be what ends the sender, or cannot be recorded.
    """
    now, count = timezone.now(), 0
    failure = DeliveryFailure(AttemptResult.UNCERTAIN, StatusReason.UNCERTAIN)
    fields: dict[str, Any] = {
        "state": NotificationState.PLANNED,
        "reason": StatusReason.UNCERTAIN,
        "may_have_arrived_twice": True,
        "not_before": now,
    }
    for row in Notification.objects.filter(state=NotificationState.SENDING, lease_until__lte=now):
        token, number = row.lease_token, row.attempt_count + 1
        if attempts.is_last_uncertain_try(row):
            log.error("message %s: its sender vanished %d times", row.pk, attempts.MAX_UNCERTAIN_TRIES)
            attempts.mark_failed_permanently(row, NotificationState.SENDING, token, _too_often(failure))
            count += 1
            continue
        fields["first_failed_at"] = row.first_failed_at or now
        with transaction.atomic():
            if attempts.end_claim(row.pk, token, attempt_count=number, **fields):
                attempts.record_attempt(row, number, token, AttemptResult.UNCERTAIN, now, failure)
                count += 1
    return count
