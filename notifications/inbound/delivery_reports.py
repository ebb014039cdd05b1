"""Records what the receiving side reports about a message, and acts on bounces and complaints.

Delivered is the best we can know. Came back means that it did not arrive: a person calls, and an address that does
not exist is not written to again. Reported as unwanted stops mail to that address. The same news twice changes nothing.
"""

import logging
import uuid
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from notifications.enums import NotificationKind, NotificationState, StatusReason
from notifications.models import DeliveryReport, Notification, RenderedMessage
from notifications.planning import channel_fallback
from patients.models import ContactPoint
from recalls.actions import open_work_item
from recalls.enums import WorkItemKind
from recalls.models import Recall

log = logging.getLogger(__name__)

Result = DeliveryReport.Result
_MAX_DETAIL_LENGTH = 60


class StillSending(Exception):
    """The message is being handed over at this instant: tell us again later."""


@dataclass(frozen=True, slots=True)
class ReportedOutcome:
    """One report. `bad_mailbox`: nothing sent to that address will ever arrive."""

    result: DeliveryReport.Result
    detail: str = ""
    bad_mailbox: bool = False


def find_notification(public_id: str = "", message_id: str = "") -> Notification | None:
    """The message that a report names by our own number or by its Message-ID; None for anybody else's."""
    try:
        number = uuid.UUID(public_id or message_id.strip().strip("<>").partition("@")[0])
    except ValueError:
        return None
    return Notification.objects.filter(public_id=number).first()


def record_report(row: Notification, news: ReportedOutcome) -> bool:
    """Write the news down and act on it, once; False when it was known. Raises NotYet."""
    with transaction.atomic():
        # The recall before the message, as everywhere.
        recall = Recall.objects.select_for_update(of=("self",), no_key=True).select_related("site", "patient")
        locked_recall = recall.get(pk=row.recall_id)
        locked = Notification.objects.select_for_update(no_key=True).get(pk=row.pk)
        if locked.state == NotificationState.SENDING:
            raise StillSending
        told = {"detail": news.detail[:_MAX_DETAIL_LENGTH]}
        _report, is_new = DeliveryReport.objects.get_or_create(notification=locked, result=news.result, defaults=told)
        if not is_new:
            return False
        log.info("message %s: %s %s", locked.pk, news.result, news.detail)
        if news.result == Result.DELIVERED:
            _mark_delivered(locked)
        else:
            _handle_bounce_or_complaint(locked, locked_recall, news)
    return True


def _mark_delivered(row: Notification) -> None:
    """A message of which nobody knew whether it had left, and that was to be sent once more, is not."""
    doubtful = (
        row.state == NotificationState.PLANNED and row.may_have_arrived_twice and row.reason == StatusReason.UNCERTAIN
    )
    if row.state == NotificationState.ACCEPTED or doubtful:
        _update_notification(row, state=NotificationState.DELIVERED, reason="" if doubtful else row.reason)


def _handle_bounce_or_complaint(row: Notification, recall: Recall, news: ReportedOutcome) -> None:
    """It came back or was reported as unwanted: stop using the address where it is at fault, and let a person ring."""
    came_back = news.result == Result.BOUNCED
    if came_back and row.state in (NotificationState.ACCEPTED, NotificationState.DELIVERED):
        _update_notification(
            row,
            state=NotificationState.BOUNCED,
            reason=StatusReason.BOUNCED,
            failed_channels=[*row.failed_channels, row.channel],
        )
    if news.bad_mailbox or not came_back:
        why = ContactPoint.UnusableReason.BOUNCED if came_back else ContactPoint.UnusableReason.COMPLAINED
        copy = RenderedMessage.objects.filter(notification=row).first()
        if copy is not None and channel_fallback.mark_email_unusable(recall, copy.address, why):
            open_work_item(recall, WorkItemKind.VERIFY_CONTACT, str(why.label).capitalize() + ".")
    if came_back:
        _reroute_or_call(row, recall)


def _reroute_or_call(row: Notification, recall: Recall) -> None:
    """The next channel takes over, and a person asks for an address that works; without one somebody rings."""
    words = {"message": row.get_kind_display(), "why": StatusReason.BOUNCED.label}
    task = WorkItemKind.CALL_DELIVERY_FAILED
    if channel_fallback.reroute(recall, row.pk):
        if row.kind == NotificationKind.REFERRER_NOTICE:
            return
        task = WorkItemKind.VERIFY_CONTACT
    open_work_item(recall, task, _("“%(message)s”: %(why)s") % words)


def _update_notification(row: Notification, **fields: Any) -> None:
    Notification.objects.filter(pk=row.pk, state=row.state).update(**fields)
