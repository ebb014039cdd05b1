"""Provides the entries about messages for the timeline of a recall."""

from collections.abc import Iterator

from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils.translation import gettext as _

from notifications.enums import NotificationKind, NotificationState
from notifications.models import DeliveryReport, Notification
from notifications.presenters.message_history import describe_reroute
from recalls.models import Recall
from recalls.timeline_registry import TimelineEntry

# Planned messages lie in the future, and cancelled ones tell the reader nothing.
_SHOWN_STATES = frozenset(NotificationState) - {NotificationState.PLANNED, NotificationState.CANCELLED}


def message_timeline_entries(recall: Recall) -> Iterator[TimelineEntry]:
    """Every message of the recall that is neither planned nor cancelled, with its state and reason. One query."""
    complaints = DeliveryReport.objects.filter(notification=OuterRef("pk"), result=DeliveryReport.Result.COMPLAINED)
    rows = Notification.objects.filter(recall=recall, state__in=_SHOWN_STATES).annotate(
        has_complaint=Exists(complaints)
    )
    for row in rows.order_by("pk"):
        details = [row.state_label]
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
