"""Plans a failed message on the next channel, and marks an email address that does not work."""

from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.actors import SYSTEM
from notifications.enums import Channel, NotificationKind, NotificationState, StatusReason
from notifications.models import LaySummary, LaySummaryCopy, Notification, RenderedMessage
from notifications.planning import reconcile
from notifications.planning.channel_selection import select_channel
from notifications.planning.plan import find_planned_message
from notifications.planning.snapshot import load_snapshot
from patients import addresses
from patients.channels import get_patient_channels
from patients.models import ContactPoint, Patient
from recalls.actions import open_shared_address_tasks
from recalls.models import Recall

# Its words are at fault, and would be on any channel; or it may have arrived already, and a person finds out.
_NOT_REROUTED = frozenset({StatusReason.NOT_RENDERED, StatusReason.NOT_REVIEWED, StatusReason.UNCERTAIN_TOO_OFTEN})


def reroute(recall: Recall, pk: int) -> bool:
    """Plan a message that failed or came back anew on the next channel, if it is still true and there is one.

    `failed_channels` of the row names the channels that failed. Called with the recall locked.
    """
    now, row = timezone.now(), Notification.objects.get(pk=pk)
    one = find_planned_message(load_snapshot(recall), NotificationKind(row.kind), row.occasion)
    if one is None or (one.expires_at is not None and one.expires_at <= now) or row.reason in _NOT_REROUTED:
        return False
    way = select_channel(recall, row.kind, one, get_patient_channels(recall.patient), now, row.failed_channels)
    if way.blocked_reason or way.channel in row.failed_channels:
        return False
    row.recall = recall
    _archive_rendered_copy(row)
    fresh = {"state": NotificationState.PLANNED, "reason": "", "not_before": now}
    fresh |= {"first_failed_at": None, "accepted_at": None}
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


def get_emailed_address(row: Notification) -> str:
    """Where the message went by email, also when another channel took over since; empty where it never did."""
    copy = RenderedMessage.objects.filter(notification=row).first()
    if copy is None:
        return ""
    tries = [*copy.earlier, {"channel": copy.channel.value, "address": copy.address}]
    return next((str(one["address"]) for one in reversed(tries) if one["channel"] == Channel.EMAIL), "")


def get_emailed_summary_address(summary: LaySummary) -> str:
    """The same for a lay summary; empty once it was put on paper, where the copy holds the postal address."""
    copy = LaySummaryCopy.objects.filter(summary=summary).first()
    return copy.address if copy is not None and "@" in copy.address else ""


def mark_email_unusable(recall: Recall, address: str, why: ContactPoint.UnusableReason) -> bool:
    """Mark the email address to which a message went as unusable; one that the patient gave since is untouched.

    What waits for the address goes another way. False when the patient does not have the address (any more).
    """
    is_marked = mark_address_unusable(recall.patient, address, why)
    if is_marked:
        reconcile.reconcile_messages(load_snapshot(recall))
    return is_marked


def mark_address_unusable(patient: Patient, address: str, why: ContactPoint.UnusableReason) -> bool:
    """The mark alone; False when the patient does not have the address (any more).

    Everybody else who has the address gets the mark as well, and a task; their messages ask again before they leave.
    """
    marked = addresses.mark_address_unusable(address, why, by=SYSTEM)
    words = _("The same address does not work for another patient: %(why)s. Ask for one that works.")
    open_shared_address_tasks(marked, words % {"why": why.label}, apart_from=patient)
    return any(point.patient_id == patient.pk for point in marked)
