"""Whose turn is it, is it still true, and what became of it? Claims one message at a time and writes its result.

A claim is a short transaction: it takes the planned row that has been due longest, locks its recall too, and asks the
plan, the address, the consent and the clock again. What is not true any more is put away with the reason and never
sent. A taken row carries a lease and a token; a result is written only by the one who holds the token. All instants
are the application's clock (`timezone.now()`), never the database's.
"""

import logging
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.actors import SYSTEM
from notifications.content import loader
from notifications.delivery import rate_limit, record_accepted
from notifications.delivery.claim_prefetch import ClaimPrefetcher, PrefetchedFacts, share_site
from notifications.delivery.failures import DeliveryFailure, render_failure
from notifications.enums import AttemptResult, Channel, NotificationKind, NotificationState, StatusReason
from notifications.models import DeliveryAttempt, Notification, RenderedMessage
from notifications.planning import channel_fallback, daily_cap, print_work_items, reconcile
from notifications.planning.channel_selection import get_email_address, select_channel
from notifications.planning.plan import RULE_BY_KIND, planned_messages
from notifications.planning.send_windows import next_send_time
from notifications.planning.snapshot import RecallSnapshot, load_snapshot
from notifications.rendering import patient_link
from patients.channels import Channels, channels_of
from patients.models import ContactPoint
from recalls.actions import open_work_item
from recalls.enums import WorkItemKind
from recalls.models import Recall

log = logging.getLogger(__name__)

S, R = NotificationState, AttemptResult

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
    situation: RecallSnapshot
    channels: Channels
    # Opens the patient's page: for the mail alone, never for a log.
    page_token: str = field(default="", repr=False)

    @property
    def recall(self) -> Recall:
        return self.situation.recall


@dataclass(frozen=True, slots=True)
class NotSent:
    """A due row that is not sent now; `state` says what became of it."""

    state: str


def anything_due() -> bool:
    return Notification.objects.filter(state=S.PLANNED, not_before__lte=timezone.now()).exists()


def claim_next(line: ClaimPrefetcher) -> Claim | NotSent | None:
    """The next message to send by that channel, or what became of a row that is not sent; None when nothing is due."""
    now, row = timezone.now(), None
    line.prefetch(now)
    try:
        with transaction.atomic():
            found = line.lock_next_claim(now) or _oldest_due(line, now)
            if found is None:
                return None
            row, known = found
            return _recheck_and_lease(
                row, known or PrefetchedFacts(load_snapshot(row.recall), channels_of(row.recall.patient)), now
            )
    except DatabaseError:
        raise
    except Exception as error:  # one row whose facts cannot be read must not stop all the others
        if row is None:
            raise
        log.error("message %s could not be read: %s", row.pk, type(error).__name__)
        mark_failed_permanently(row, S.PLANNED, row.lease_token, render_failure(error))
        return NotSent(S.FAILED)


def _oldest_due(line: ClaimPrefetcher, now: datetime) -> tuple[Notification, None] | None:
    """Urgent ones first. Locks the row and its recall together, and passes over both when somebody holds either."""
    rows = Notification.objects.select_for_update(of=("self", "recall"), skip_locked=True, no_key=True)
    rows = rows.select_related("recall__patient", "recall__exam__referrer")
    nobodys = Q(reserved_until=None) | Q(reserved_until__lte=now)
    due = rows.filter(nobodys, state=S.PLANNED, channel=line.channel, not_before__lte=now).order_by("not_before", "pk")
    # Two looks at the index cost the same whatever waits; sorting by urgency would walk over what is due later.
    row = due.filter(urgent=True).first() or due.filter(urgent=False).first()
    if row is None:
        return None
    share_site(row.recall, line.sites)
    return row, None


def _recheck_and_lease(row: Notification, known: PrefetchedFacts, now: datetime) -> Claim | NotSent:
    if row.expires_at is not None and row.expires_at <= now:
        return _defer(row, state=S.EXPIRED, reason=StatusReason.TOO_LATE)
    situation, channels = known.situation, known.channels
    one = planned_messages(situation).get((row.kind, row.occasion))
    if one is None:
        reconcile.reconcile_messages(situation, channels)
        return NotSent(S.CANCELLED)
    way = select_channel(row.recall, row.kind, one, channels, now, row.failed_channels)
    if way.blocked_reason:
        reconcile.suppress(row.recall, row, way.blocked_reason)
        return NotSent(S.SUPPRESSED)
    if way.channel != row.channel:
        reconcile.switch_channel(row, way)
        return NotSent(S.PLANNED)
    opens = next_send_time(RULE_BY_KIND[NotificationKind(row.kind)].window, row.recall.site, now)
    if opens > now:
        return _defer(row, not_before=opens)
    if later := daily_cap.get_deferred_until(row, row.recall.site, now):
        return _defer(row, not_before=later, reason=StatusReason.DAILY_CAP_REACHED)
    if row.channel == Channel.EMAIL:
        turn = rate_limit.get_allowed_send_time(row, get_email_address(row.recall, row.kind, channels), now)
        if turn > now:
            return _defer(row, not_before=turn, reason=StatusReason.RATE_LIMITED)
    if row.channel == Channel.LETTER:
        print_work_items.open_print_work_item(row.recall, row)
        return _defer(row, state=S.TO_PRINT, reason="")
    return _start_lease(row, situation, channels, now)


def _start_lease(row: Notification, situation: RecallSnapshot, channels: Channels, now: datetime) -> Claim | NotSent:
    token = row.lease_token + 1
    lease: dict[str, Any] = {"state": S.SENDING, "reason": "", "lease_token": token, "lease_until": now + LEASE_TIME}
    lease["reserved_until"] = None  # it left the line: whoever plans it anew finds it free
    # A text may have been reviewed or withdrawn since, and the patient may have chosen another language.
    row.language = lease["language"] = loader.get_message_language(row.recall, row.kind, row.channel)
    # Where the database cannot lock a row, this comparison decides between two who read it at once.
    if not Notification.objects.filter(pk=row.pk, state=S.PLANNED, lease_token=row.lease_token).update(**lease):
        return NotSent(S.SENDING)
    page_token = ""
    if row.channel == Channel.EMAIL:
        rate_limit.count_sent(get_email_address(row.recall, row.kind, channels), now)
        page_token = patient_link.issue_link_token(row, row.recall.site)
    return Claim(row, token, situation, channels, page_token)


def _defer(row: Notification, **fields: Any) -> NotSent:
    Notification.objects.filter(pk=row.pk, state=S.PLANNED).update(reserved_until=None, **fields)
    return NotSent(str(fields.get("state", S.PLANNED)))


def record_acceptance(claim: Claim, copy: RenderedMessage) -> bool:
    """The server took it. False when the lease was lost meanwhile: another process has, or had, this message."""
    now = timezone.now()
    if record_accepted.supports_single_statement():
        return record_accepted.record_accepted(claim.row, claim.token, copy, now)
    with transaction.atomic():
        count = claim.row.attempt_count + 1
        if not _end_claim(claim.row.pk, claim.token, state=S.ACCEPTED, accepted_at=now, attempt_count=count):
            return False
        _record_attempt(claim.row, count, claim.token, R.ACCEPTED, now)
        save_rendered_copy(copy)
    return True


def record_failure(claim: Claim, failure: DeliveryFailure, copy: RenderedMessage | None = None) -> None:
    """It was not taken, or nobody knows: try again later, or let a person call the patient."""
    if failure.result == R.PERMANENT:
        return mark_failed_permanently(claim.row, S.SENDING, claim.token, failure, copy.address if copy else "")
    now, row = timezone.now(), claim.row
    since = row.first_failed_at or now
    burnt = 0 if failure.result == R.CONNECTION_FAILED else 1
    if now - since >= RETRY_PERIOD:
        gave_up = DeliveryFailure(failure.result, StatusReason.RETRIES_EXHAUSTED, failure.code, failure.detail)
        return mark_failed_permanently(row, S.SENDING, claim.token, gave_up)
    uncertain = failure.result == R.UNCERTAIN
    with transaction.atomic():
        count = row.attempt_count + burnt
        fields = {"not_before": now + retry_delay(count + 1), "attempt_count": count, "first_failed_at": since}
        twice = row.may_have_arrived_twice or uncertain
        if not _end_claim(
            row.pk, claim.token, state=S.PLANNED, reason=failure.reason, may_have_arrived_twice=twice, **fields
        ):
            return None
        _record_attempt(row, row.attempt_count + 1, claim.token, failure.result, now, failure)
        if uncertain and copy is not None:
            save_rendered_copy(copy)
    return None


def record_render_failure(claim: Claim, error: Exception) -> None:
    """Its text or a fact in it is at fault: this message fails and no other."""
    log.error("message %s could not be written: %s", claim.row.pk, type(error).__name__)
    mark_failed_permanently(claim.row, S.SENDING, claim.token, render_failure(error))


def retry_delay(number: int) -> timedelta:
    """How long to wait before the nth try: doubling from five minutes to an hour, give or take a fifth."""
    wait: timedelta = min(FIRST_RETRY_DELAY * 2 ** max(number - 2, 0), MAX_RETRY_DELAY)
    return wait * _random.uniform(0.8, 1.2)


def expire_overdue() -> int:
    """Mark what is of no use any more; the number of rows."""
    late = Notification.objects.filter(expires_at__lte=timezone.now())
    ended: dict[str, Any] = {"state": S.EXPIRED, "reason": StatusReason.TOO_LATE}
    unprinted = late.filter(state=S.TO_PRINT)
    recalls = list(unprinted.values_list("recall", flat=True))
    count = late.filter(state=S.PLANNED).update(**ended) + unprinted.update(**ended)
    for recall_id in recalls:
        print_work_items.close_print_work_items_if_done(recall_id, by=SYSTEM)
    return count


def reclaim_expired_leases() -> int:
    """Take back the messages whose sender vanished: each may have left, and is sent once more under its Message-ID."""
    now, count = timezone.now(), 0
    lost = Notification.objects.filter(state=S.SENDING, lease_until__lte=now)
    for row in lost:
        with transaction.atomic():
            token, tries = row.lease_token, row.attempt_count + 1
            fields = {
                "state": S.PLANNED,
                "reason": StatusReason.UNCERTAIN,
                "may_have_arrived_twice": True,
                "not_before": now,
            }
            if _end_claim(row.pk, token, attempt_count=tries, **fields):
                _record_attempt(
                    row, tries, token, R.UNCERTAIN, now, DeliveryFailure(R.UNCERTAIN, StatusReason.UNCERTAIN)
                )
                count += 1
    return count


def _end_claim(pk: int, token: int, **fields: Any) -> bool:
    """Only the holder of the token may end a claim."""
    mine = Notification.objects.filter(pk=pk, state=S.SENDING, lease_token=token)
    return bool(mine.update(lease_until=None, **fields))


def _record_attempt(
    row: Notification,
    number: int,
    token: int,
    result: AttemptResult,
    at: datetime,
    failure: DeliveryFailure | None = None,
) -> None:
    DeliveryAttempt.objects.create(
        notification=row,
        number=number,
        channel=row.channel,
        at=at,
        result=result,
        smtp_code=failure.code if failure else None,
        detail=failure.detail if failure else "",
        lease_token=token,
    )


def save_rendered_copy(copy: RenderedMessage) -> None:
    """The copy of the newest try stands."""
    names = ["address", "subject", "text", "html", "calendar", "letter"]
    RenderedMessage.objects.bulk_create(
        [copy], update_conflicts=True, unique_fields=["notification"], update_fields=names
    )


def mark_failed_permanently(
    row: Notification, state: NotificationState, token: int, failure: DeliveryFailure, address: str = ""
) -> None:
    """Another channel takes over; without one a dead letter, and a task for a person.

    A mailbox that does not exist is not written to again: `address` is where the message went.
    """
    now, count = timezone.now(), row.attempt_count + 1
    with transaction.atomic():
        # The recall before the message, as every move does: two who wait for each other would both stand still.
        locked = Recall.objects.select_for_update(of=("self",), no_key=True)
        recall = locked.select_related("site", "patient").get(pk=row.recall_id)
        mine = Notification.objects.filter(pk=row.pk, state=state, lease_token=token)
        ended: dict[str, Any] = {
            "state": S.FAILED,
            "reason": failure.reason,
            "lease_until": None,
            "attempt_count": count,
            "failed_channels": [*row.failed_channels, row.channel],
        }
        ended |= {"first_failed_at": row.first_failed_at or now, "lease_token": token + 1}
        if not mine.update(**ended):
            return
        _record_attempt(row, count, token if state == S.SENDING else token + 1, failure.result, now, failure)
        if failure.bad_mailbox and row.kind != NotificationKind.REFERRER_NOTICE:
            channel_fallback.mark_email_unusable(recall, address, ContactPoint.Unusable.BOUNCED)
        if not channel_fallback.reroute(recall, row.pk):
            words = {"message": row.get_kind_display(), "why": failure.reason.label}
            open_work_item(recall, WorkItemKind.CALL_DELIVERY_FAILED, _("“%(message)s”: %(why)s") % words)
