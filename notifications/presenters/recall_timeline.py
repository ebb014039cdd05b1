"""What does the story of a recall tell about its messages? Each with its life in plain words."""

from collections.abc import Iterator

from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils.translation import gettext as _

from notifications.enums import NotificationKind, NotificationState
from notifications.models import DeliveryReport, Notification
from notifications.presenters.message_history import describe_reroute
from recalls.models import Recall
from recalls.timeline_registry import TimelineEntry

# A planned message belongs to the time to come, and one that was planned and dropped again says nothing to the reader.
_SHOWN_STATES = frozenset(NotificationState) - {NotificationState.PLANNED, NotificationState.CANCELLED}


def message_timeline_entries(recall: Recall) -> Iterator[TimelineEntry]:
    """One query."""
    unwanted = DeliveryReport.objects.filter(notification=OuterRef("pk"), result=DeliveryReport.Result.COMPLAINED)
    rows = Notification.objects.filter(recall=recall, state__in=_SHOWN_STATES).annotate(unwanted=Exists(unwanted))
    for row in rows.order_by("pk"):
        details = [row.state_label]
        if row.reason:
            details.append(row.get_reason_display())
        if row.may_have_arrived_twice:
            details.append(_("It may have arrived twice."))
        if row.unwanted:
            details.append(str(DeliveryReport.Result.COMPLAINED.label))
        if said := describe_reroute(row):
            details.append(said)
        title = _("%(channel)s: %(message)s") % {
            "channel": row.get_channel_display(),
            "message": row.get_kind_display(),
        }
        held_back = row.state == NotificationState.SUPPRESSED
        at = row.created_at if held_back else row.accepted_at or row.not_before
        to = _("to the referring doctor") if row.kind == NotificationKind.REFERRER_NOTICE else _("to the patient")
        url = reverse("message", args=[row.pk])
        yield TimelineEntry(at=at, title=title, by=to, details=tuple(details), url=url)
