"""What does it mean when the receiving side tells us later what became of a message?

Delivered is the best we can know. Came back means that she did not get it: a person rings her, and an address that does
not exist is not written to again. Reported as unwanted stops mail to that address. The same news twice changes nothing.
"""

import logging
import uuid
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from notifications import fallback
from notifications.kinds import Kind, NotificationState, Reason
from notifications.models import Notification, RenderedMessage
from notifications.records import DeliveryReport
from patients.models import ContactPoint
from recalls.actions import open_work_item
from recalls.models import Recall
from recalls.states import WorkItemKind

log = logging.getLogger(__name__)

S, Result = NotificationState, DeliveryReport.Result
_LONGEST_DETAIL = 60


class NotYet(Exception):
    """The message is being handed over at this instant: tell us again later."""


@dataclass(frozen=True, slots=True)
class News:
    """One report. `bad_mailbox`: nothing sent to that address will ever arrive."""

    result: DeliveryReport.Result
    detail: str = ""
    bad_mailbox: bool = False


def find(public_id: str = "", message_id: str = "") -> Notification | None:
    """The message that a report names by our own number or by its Message-ID; None for anybody else's."""
    try:
        number = uuid.UUID(public_id or message_id.strip().strip("<>").partition("@")[0])
    except ValueError:
        return None
    return Notification.objects.filter(public_id=number).first()


def take(row: Notification, news: News) -> bool:
    """Write the news down and act on it, once; False when it was known. Raises NotYet."""
    with transaction.atomic():
        # The recall before the message, as everywhere.
        recall = Recall.objects.select_for_update(of=("self",), no_key=True).select_related("site", "patient")
        locked_recall = recall.get(pk=row.recall_id)
        locked = Notification.objects.select_for_update(no_key=True).get(pk=row.pk)
        if locked.state == S.SENDING:
            raise NotYet
        told = {"detail": news.detail[:_LONGEST_DETAIL]}
        _report, is_new = DeliveryReport.objects.get_or_create(notification=locked, result=news.result, defaults=told)
        if not is_new:
            return False
        log.info("message %s: %s %s", locked.pk, news.result, news.detail)
        if news.result == Result.DELIVERED:
            _delivered(locked)
        else:
            _unwelcome(locked, locked_recall, news)
    return True


def _delivered(row: Notification) -> None:
    """A message of which nobody knew whether it had left, and that was to be sent once more, is not."""
    doubtful = row.state == S.PLANNED and row.may_have_arrived_twice and row.reason == Reason.UNCERTAIN
    if row.state == S.ACCEPTED or doubtful:
        _set(row, state=S.DELIVERED, reason="" if doubtful else row.reason)


def _unwelcome(row: Notification, recall: Recall, news: News) -> None:
    """It came back or was reported as unwanted: stop using the address where it is at fault, and let a person ring."""
    came_back = news.result == Result.BOUNCED
    if came_back and row.state in (S.ACCEPTED, S.DELIVERED):
        _set(row, state=S.BOUNCED, reason=Reason.CAME_BACK, given_up=[*row.given_up, row.channel])
    if news.bad_mailbox or not came_back:
        why = ContactPoint.Unusable.BOUNCED if came_back else ContactPoint.Unusable.COMPLAINED
        copy = RenderedMessage.objects.filter(notification=row).first()
        if copy is not None and fallback.stop_using(recall, copy.address, why):
            open_work_item(recall, WorkItemKind.VERIFY_CONTACT, str(why.label).capitalize() + ".")
    if came_back:
        _go_another_way(row, recall)


def _go_another_way(row: Notification, recall: Recall) -> None:
    """The next channel takes over, and somebody asks her for an address that works; without one somebody rings."""
    words = {"message": row.get_kind_display(), "why": Reason.CAME_BACK.label}
    task = WorkItemKind.CALL_DELIVERY_FAILED
    if fallback.take_over(recall, row.pk):
        if row.kind == Kind.REFERRER_NOTICE:
            return
        task = WorkItemKind.VERIFY_CONTACT
    open_work_item(recall, task, _("“%(message)s”: %(why)s") % words)


def _set(row: Notification, **fields: Any) -> None:
    Notification.objects.filter(pk=row.pk, state=row.state).update(**fields)
