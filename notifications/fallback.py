"""What happens when a way to her fails? The next channel takes over; a mailbox that is not there is left alone."""

from django.utils import timezone

from clinic.actors import SYSTEM
from notifications import reconcile
from notifications.kinds import NotificationState, Reason
from notifications.models import Notification, RenderedMessage
from notifications.plan import wanted
from notifications.routes import way_for
from notifications.situation import situation_of
from patients.actions import mark_unusable
from patients.channels import channels_of
from patients.models import ContactPoint
from recalls.models import Recall

# Its words are at fault, and would be on any channel.
_NO_CHANNELS_FAULT = frozenset({Reason.NOT_RENDERED, Reason.NOT_REVIEWED, Reason.FACT_MISSING})


def take_over(recall: Recall, pk: int) -> bool:
    """Plan a message that failed or came back anew on the next channel, if it is still true and there is one.

    `given_up` of the row names the channels that failed. Called with the recall locked.
    """
    now, row = timezone.now(), Notification.objects.get(pk=pk)
    one = wanted(situation_of(recall)).get((row.kind, row.occasion))
    if one is None or (one.expires_at is not None and one.expires_at <= now) or row.reason in _NO_CHANNELS_FAULT:
        return False
    way = way_for(recall, row.kind, one, channels_of(recall.patient), now, row.given_up)
    if way.why_not or way.channel in row.given_up:
        return False
    row.recall = recall
    _put_by(row)
    fresh = {"state": NotificationState.PLANNED, "not_before": now, "first_failed_at": None, "accepted_at": None}
    Notification.objects.filter(pk=pk).update(**fresh)
    reconcile.go_by(row, way)
    return True


def _put_by(row: Notification) -> None:
    """The copy of what failed stays beside the one that the next channel writes."""
    copy = RenderedMessage.objects.filter(notification=row).first()
    if copy is not None:
        names = ("address", "subject", "text", "html", "calendar")
        copy.earlier.append({"channel": copy.channel.value} | {name: getattr(copy, name) for name in names})
        copy.save(update_fields=["earlier"])


def stop_using(recall: Recall, address: str, why: ContactPoint.Unusable) -> bool:
    """Mark the email address to which a message went as unusable; one that the patient gave since is untouched.

    What waits for the address goes another way. False when the patient does not have the address (any more).
    """
    points = ContactPoint.objects.filter(patient=recall.patient, kind=ContactPoint.Kind.EMAIL, unusable="")
    written_to = [point for point in points if address and point.value.lower() == address.lower()]
    for point in written_to:
        mark_unusable(point, why, by=SYSTEM)
    if written_to:
        reconcile.reconcile(situation_of(recall))
    return bool(written_to)
