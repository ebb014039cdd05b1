"""Puts texts into a patient's hand and lets the patient answer them."""

from typing import Any

from django.utils import timezone

from notifications.enums import Channel, NotificationState
from notifications.inbound.sms_replies import handle_sms_reply
from notifications.models import Notification
from patients.models import ContactPoint
from recalls.enums import WorkItemKind
from recalls.models import Recall, WorkItem


def reached_by_text(recall: Recall, kind: str, occasion: str, **more: Any) -> Notification:
    """The text of that kind and occasion left by now."""
    now = timezone.now()
    fields: dict[str, Any] = {"state": NotificationState.ACCEPTED, "accepted_at": now, "channel": Channel.SMS} | more
    row, _made = Notification.objects.update_or_create(
        recall=recall, kind=kind, occasion=occasion, defaults=fields,
        create_defaults=fields | {"patient": recall.patient, "due_at": now, "not_before": now},
    )  # fmt: skip
    return row


def say(recall: Recall, words: str) -> None:
    handle_sms_reply(str(recall.patient.contact_points.get(kind=ContactPoint.Kind.MOBILE).value), words)


def tasks() -> list[str]:
    return list(
        WorkItem.objects.filter(kind=WorkItemKind.PATIENT_REQUEST, done_at=None).values_list("reason", flat=True)
    )
