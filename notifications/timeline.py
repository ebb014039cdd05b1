"""What does the story of a recall tell about its messages? Each with its life in plain words."""

from collections.abc import Iterator

from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils.translation import gettext as _

from notifications.kinds import Kind, NotificationState
from notifications.life import other_way
from notifications.models import DeliveryReport, Notification
from recalls.models import Recall
from recalls.timeline import Entry

# A planned message belongs to the time to come, and one that was planned and dropped again says nothing to the reader.
_TOLD = frozenset(NotificationState) - {NotificationState.PLANNED, NotificationState.CANCELLED}


def messages_of(recall: Recall) -> Iterator[Entry]:
    """One query."""
    unwanted = DeliveryReport.objects.filter(notification=OuterRef("pk"), result=DeliveryReport.Result.COMPLAINED)
    rows = Notification.objects.filter(recall=recall, state__in=_TOLD).annotate(unwanted=Exists(unwanted))
    for row in rows.order_by("pk"):
        details = [row.life]
        if row.reason:
            details.append(row.get_reason_display())
        if row.may_have_arrived_twice:
            details.append(_("It may have arrived twice."))
        if row.unwanted:
            details.append(str(DeliveryReport.Result.COMPLAINED.label))
        if said := other_way(row):
            details.append(said)
        title = _("%(channel)s: %(message)s") % {
            "channel": row.get_channel_display(),
            "message": row.get_kind_display(),
        }
        held_back = row.state == NotificationState.SUPPRESSED
        at = row.created_at if held_back else row.accepted_at or row.not_before
        to = _("to the referring doctor") if row.kind == Kind.REFERRER_NOTICE else _("to the patient")
        url = reverse("message", args=[row.pk])
        yield Entry(at=at, title=title, by=to, details=tuple(details), url=url)
