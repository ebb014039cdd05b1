"""Plans a failed message on the next channel, and marks an email address that does not work."""

from django.utils import timezone

from clinic.actors import SYSTEM
from notifications.enums import NotificationKind, NotificationState, StatusReason
from notifications.models import Notification, RenderedMessage
from notifications.planning import reconcile
from notifications.planning.channel_selection import select_channel
from notifications.planning.plan import find_planned_message
from notifications.planning.snapshot import load_snapshot
from patients.actions import mark_contact_unusable
from patients.channels import get_patient_channels
from patients.models import ContactPoint
from recalls.models import Recall

# Its words are at fault, and would be on any channel.
_CONTENT_REASONS = frozenset({StatusReason.NOT_RENDERED, StatusReason.NOT_REVIEWED, StatusReason.REQUIRED_FACT_MISSING})


def reroute(recall: Recall, pk: int) -> bool:
    """Plan a message that failed or came back anew on the next channel, if it is still true and there is one.

    `failed_channels` of the row names the channels that failed. Called with the recall locked.
    """
    now, row = timezone.now(), Notification.objects.get(pk=pk)
    one = find_planned_message(load_snapshot(recall), NotificationKind(row.kind), row.occasion)
    if one is None or (one.expires_at is not None and one.expires_at <= now) or row.reason in _CONTENT_REASONS:
        return False
    way = select_channel(recall, row.kind, one, get_patient_channels(recall.patient), now, row.failed_channels)
    if way.blocked_reason or way.channel in row.failed_channels:
        return False
    row.recall = recall
    _archive_rendered_copy(row)
    fresh = {"state": NotificationState.PLANNED, "not_before": now, "first_failed_at": None, "accepted_at": None}
    Notification.objects.filter(pk=pk).update(**fresh)
    reconcile.switch_channel(row, way)
    return True


def _archive_rendered_copy(row: Notification) -> None:
    """The copy of what failed stays beside the one that the next channel writes."""
    copy = RenderedMessage.objects.filter(notification=row).first()
    if copy is not None:
        names = ("address", "subject", "text", "html", "calendar")
        copy.earlier.append({"channel": copy.channel.value} | {name: getattr(copy, name) for name in names})
        copy.save(update_fields=["earlier"])


def mark_email_unusable(recall: Recall, address: str, why: ContactPoint.UnusableReason) -> bool:
    """Mark the email address to which a message went as unusable; one that the patient gave since is untouched.

    What waits for the address goes another way. False when the patient does not have the address (any more).
    """
    points = ContactPoint.objects.filter(patient=recall.patient, kind=ContactPoint.Kind.EMAIL, unusable="")
    written_to = [point for point in points if address and point.value.lower() == address.lower()]
    for point in written_to:
        mark_contact_unusable(point, why, by=SYSTEM)
    if written_to:
        reconcile.reconcile_messages(load_snapshot(recall))
    return bool(written_to)
