"""Provides the entries about messages for the timeline of a recall."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.queries.prepared import PreparedQuery
from notifications.enums import NotificationKind, NotificationState, SummaryState
from notifications.models import DeliveryReport, LaySummary, Notification
from notifications.presenters.message_history import describe_reroute, describe_tracking
from notifications.tracking_numbers import with_tracking_number
from recalls.models import Recall
from recalls.timeline_registry import TimelineEntry

_QUIET_SUMMARY_STATES = (SummaryState.REPLACED, SummaryState.CLOSED)
# Planned messages lie in the future, and cancelled ones tell the reader nothing.
_SHOWN_STATES = frozenset(NotificationState) - {NotificationState.PLANNED, NotificationState.CANCELLED}


def summary_timeline_entries(recall: Recall) -> Iterator[TimelineEntry]:
    """The lay summaries of the recall's exam that were sent, are held back or are past their alarm day.

    One query, and none at a site that does not send them.
    """
    if not recall.site.sends_lay_summaries:
        return
    rows = LaySummary.objects.filter(exam=recall.exam_id).exclude(state__in=_QUIET_SUMMARY_STATES)
    for row in rows.order_by("pk"):
        if row.sent_at is None and not row.reason and row.alarmed_at is None:
            continue
        details = [str(row.get_state_display()), *([str(row.get_reason_display())] if row.reason else [])]
        title = _("%(channel)s: lay summary") % {"channel": row.get_channel_display()}
        yield TimelineEntry(
            at=row.sent_at or row.alarmed_at or row.created_at,
            title=title,
            by=_("to the patient"),
            details=tuple(details),
            url=reverse("lay_summary", args=[row.pk]),
        )


def _build_messages(*, recall: int, now: datetime) -> "QuerySet[Notification]":
    complaints = DeliveryReport.objects.filter(notification=OuterRef("pk"), result=DeliveryReport.Result.COMPLAINED)
    not_yet = Q(state=NotificationState.SUPPRESSED, not_before__gt=now)
    rows = Notification.objects.filter(~not_yet, recall=recall, state__in=_SHOWN_STATES)
    return with_tracking_number(rows.annotate(has_complaint=Exists(complaints))).order_by("pk")


_MESSAGES = PreparedQuery(_build_messages)


def message_timeline_entries(recall: Recall) -> Iterator[TimelineEntry]:
    """Every message of the recall that is neither planned nor cancelled, with its state and reason. One query.

    What is held back is told once its day has come: until then the way may be mended, or the message not needed.
    """
    for row in _MESSAGES.rows(recall=recall.pk, now=timezone.now()):
        details = [row.state_label]
        if tracking := describe_tracking(row):
            details.append(tracking)
        if row.reason:
            details.append(row.get_reason_display())
        if row.may_have_arrived_twice:
            details.append(_("It may have arrived twice."))
        if row.has_complaint:
            details.append(str(DeliveryReport.Result.COMPLAINED.label))
        if rerouted := describe_reroute(row):
            details.append(rerouted)
        title = _("%(channel)s: %(message)s") % {
            "channel": row.get_channel_display(),
            "message": row.get_kind_display(),
        }
        is_suppressed = row.state == NotificationState.SUPPRESSED
        at = row.created_at if is_suppressed else row.accepted_at or row.not_before
        recipient = (
            _("to the referring doctor") if row.kind == NotificationKind.REFERRER_NOTICE else _("to the patient")
        )
        url = reverse("message", args=[row.pk])
        yield TimelineEntry(at=at, title=title, by=recipient, details=tuple(details), url=url)
