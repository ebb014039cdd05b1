"""Writes what became of a claimed message: the attempt, the copy as sent, and a permanent failure."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from notifications.delivery import sealed_copies
from notifications.delivery.failures import DeliveryFailure
from notifications.enums import EDUCATION_KINDS, AttemptResult, NotificationKind, NotificationState
from notifications.models import DeliveryAttempt, Notification, RenderedMessage
from notifications.planning import channel_fallback
from patients.models import ContactPoint
from recalls.actions import open_work_item
from recalls.enums import WorkItemKind
from recalls.models import Recall

# So many tries of which nobody knows the end: a sender that dies each time, or a copy that cannot be stored.
MAX_UNCERTAIN_TRIES = 3


def end_claim(pk: int, token: int, **fields: Any) -> bool:
    """Only the holder of the token may end a claim."""
    mine = Notification.objects.filter(pk=pk, state=NotificationState.SENDING, lease_token=token)
    return bool(mine.update(lease_until=None, **fields))


def record_attempt(
    row: Notification,
    number: int,
    token: int,
    result: AttemptResult,
    at: datetime,
    failure: DeliveryFailure | None = None,
    copy: RenderedMessage | None = None,
) -> None:
    """`copy` is the one that is kept of this try."""
    DeliveryAttempt.objects.create(
        notification=row,
        number=number,
        channel=row.channel,
        at=at,
        result=result,
        smtp_code=failure.code if failure else None,
        detail=failure.detail if failure else "",
        lease_token=token,
        copy_seal=sealed_copies.seal_copy(copy),
    )


def is_last_uncertain_try(row: Notification) -> bool:
    """Whether one more try without an answer is one too many; counted by channel, anew once it is planned anew."""
    if row.first_failed_at is None:
        return False
    tries = row.attempts.filter(channel=row.channel, result=AttemptResult.UNCERTAIN, at__gte=row.first_failed_at)
    return tries.count() + 1 >= MAX_UNCERTAIN_TRIES


def save_rendered_copy(copy: RenderedMessage) -> None:
    """The copy of the newest try stands."""
    names = ["address", "subject", "text", "html", "calendar", "letter"]
    RenderedMessage.objects.bulk_create(
        [copy], update_conflicts=True, unique_fields=["notification"], update_fields=names
    )


def mark_failed_permanently(
    row: Notification,
    state: NotificationState,
    token: int,
    failure: DeliveryFailure,
    copy: RenderedMessage | None = None,
) -> None:
    """Another channel takes over; without one a dead letter, and a task for a person.

    No other channel takes over where it may have arrived: then the task at once.
    A mailbox that does not exist is not written to again: `copy` says where the message went.
    """
    now, count = timezone.now(), row.attempt_count + 1
    with transaction.atomic():
        # The recall before the message, as every move does: two who wait for each other would both stand still.
        locked = Recall.objects.select_for_update(of=("self",), no_key=True)
        recall = locked.select_related("site", "patient").get(pk=row.recall_id)
        mine = Notification.objects.filter(pk=row.pk, state=state, lease_token=token)
        ended: dict[str, Any] = {
            "state": NotificationState.FAILED,
            "reason": failure.reason,
            "lease_until": None,
            "attempt_count": count,
            "failed_channels": [*row.failed_channels, row.channel],
        }
        ended |= {"first_failed_at": row.first_failed_at or now, "lease_token": token + 1}
        ended["may_have_arrived_twice"] = row.may_have_arrived_twice or failure.result == AttemptResult.UNCERTAIN
        if not mine.update(**ended):
            return
        attempt_token = token if state == NotificationState.SENDING else token + 1
        kept = copy if failure.result == AttemptResult.UNCERTAIN else None
        record_attempt(row, count, attempt_token, failure.result, now, failure, kept)
        if kept is not None:
            save_rendered_copy(kept)
        if failure.bad_mailbox and copy is not None and row.kind != NotificationKind.REFERRER_NOTICE:
            channel_fallback.mark_email_unusable(recall, copy.address, ContactPoint.UnusableReason.BOUNCED)
        if row.kind in EDUCATION_KINDS:  # nobody needs to be told by voice
            return
        if not channel_fallback.reroute(recall, row.pk):
            words = {"message": row.get_kind_display(), "why": failure.reason.label}
            open_work_item(recall, WorkItemKind.CALL_DELIVERY_FAILED, _("“%(message)s”: %(why)s") % words)
