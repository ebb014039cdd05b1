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

from clinic.actors import SYSTEM
from notifications.delivery import lay_summary_events
from notifications.enums import (
    EDUCATION_KINDS,
    Channel,
    NotificationKind,
    NotificationState,
    StatusReason,
    SummaryEventKind,
    SummaryState,
)
from notifications.models import DeliveryReport, EducationSeries, LaySummary, Notification
from notifications.planning import channel_fallback
from notifications.planning.education.series import end_series_of
from notifications.planning.lay_summaries.planner import plan_summaries
from patients.models import ContactPoint
from recalls.actions import open_work_item
from recalls.enums import WorkItemKind
from recalls.models import Recall, ScreeningExam

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


def find_message(public_id: str = "", message_id: str = "") -> Notification | LaySummary | None:
    """The message that a report names by our own number or by its Message-ID; None for anybody else's."""
    try:
        number = uuid.UUID(public_id or message_id.strip().strip("<>").partition("@")[0])
    except ValueError:
        return None
    row = Notification.objects.filter(public_id=number).first()
    return row or LaySummary.objects.filter(public_id=number).first()


def record_report(row: Notification | LaySummary, news: ReportedOutcome) -> bool:
    """Write the news down and act on it, once; False when it was known. Raises StillSending."""
    if isinstance(row, LaySummary):
        return _record_summary_report(row, news)
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


_SUMMARY_EVENT_BY_RESULT = {
    Result.DELIVERED: SummaryEventKind.EMAIL_DELIVERED,
    Result.BOUNCED: SummaryEventKind.EMAIL_BOUNCED,
    Result.COMPLAINED: SummaryEventKind.EMAIL_COMPLAINED,
}


@transaction.atomic
def _record_summary_report(row: LaySummary, news: ReportedOutcome) -> bool:
    """A lay summary that came back is owed again and goes on paper, and its address is not written to any more."""
    exam = ScreeningExam.objects.select_for_update(of=("self",), no_key=True).select_related("patient")
    patient = exam.get(pk=row.exam_id).patient
    locked = LaySummary.objects.select_for_update(no_key=True).get(pk=row.pk)
    kind = _SUMMARY_EVENT_BY_RESULT[news.result]
    if locked.state == SummaryState.SENDING:
        raise StillSending
    if locked.events.filter(kind=kind).exists():
        return False
    lay_summary_events.record_event(locked, kind, by=SYSTEM, detail=news.detail)
    if news.bad_mailbox or news.result == Result.COMPLAINED:
        reason = ContactPoint.UnusableReason
        why = reason.COMPLAINED if news.result == Result.COMPLAINED else reason.BOUNCED
        channel_fallback.mark_address_unusable(patient, channel_fallback.get_emailed_summary_address(locked), why)
    if news.result == Result.BOUNCED and (locked.state, locked.channel) == (SummaryState.SENT, Channel.EMAIL):
        fields = {"state": SummaryState.OWED, "sent_at": None, "failed_channels": [Channel.EMAIL.value]}
        LaySummary.objects.filter(pk=locked.pk).update(**fields, alarmed_at=None)
        plan_summaries([locked.exam_id])
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
    if row.kind in EDUCATION_KINDS and not came_back:  # of the series alone: messages about their care go on
        end_series_of(recall, EducationSeries.EndReason.STOPPED)
        return
    if news.bad_mailbox or not came_back:
        why = ContactPoint.UnusableReason.BOUNCED if came_back else ContactPoint.UnusableReason.COMPLAINED
        address = channel_fallback.get_emailed_address(row)
        if row.kind != NotificationKind.REFERRER_NOTICE and channel_fallback.mark_email_unusable(recall, address, why):
            open_work_item(recall, WorkItemKind.VERIFY_CONTACT, str(why.label).capitalize() + ".")
    if came_back and row.kind not in EDUCATION_KINDS:
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
