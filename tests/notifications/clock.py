"""Moves the time of a test from one due instant to the next, with the real worker's loop."""

from collections.abc import Iterable
from datetime import datetime
from email.message import Message
from zoneinfo import ZoneInfo

import time_machine
from django.core import mail
from django.db.models import QuerySet
from django.utils import timezone

from notifications.delivery import outbox
from notifications.delivery.worker import send_due
from notifications.enums import NotificationKind, NotificationState
from notifications.models import Notification
from recalls.models import Recall

PITTSBURGH = ZoneInfo("America/New_York")


def at(day: str, hour: str = "09:00") -> datetime:
    """That hour of that day at the clinic: `at("2026-11-24", "08:15")`."""
    return datetime.fromisoformat(f"{day}T{hour}").replace(tzinfo=PITTSBURGH)


class Clock:
    """The clinic's clock; while it is moved on, messages leave when they are due."""

    def __init__(self, traveller: time_machine.Traveller) -> None:
        self._traveller = traveller

    def move_to(self, day: str, hour: str = "09:00") -> None:
        """The time changes and no worker runs meanwhile: the system was down."""
        self._traveller.move_to(at(day, hour))

    def run_until(self, day: str, hour: str = "09:00") -> None:
        """Time passes with the workers at work."""
        until = at(day, hour)
        while (due := _next_due_at(until)) is not None:
            self._traveller.move_to(max(due, timezone.now()))
            outbox.expire_overdue()
            send_due(5)
        self._traveller.move_to(until)
        outbox.expire_overdue()


def _next_due_at(until: datetime) -> datetime | None:
    waiting = Notification.objects.filter(state=NotificationState.PLANNED, not_before__lte=until)
    return waiting.order_by("not_before").values_list("not_before", flat=True).first()


def sent_messages(recall: Recall, zone: ZoneInfo = PITTSBURGH) -> list[str]:
    """What left for the patient, in order, as a person would note it: "Tue 2026-11-24 09:15 recall_notice"."""
    rows = _patient_notifications(recall).filter(accepted_at__isnull=False).order_by("accepted_at", "pk")
    return [f"{row.accepted_at.astimezone(zone):%a %Y-%m-%d %H:%M} {row.kind}" for row in rows if row.accepted_at]


def waiting_messages(recall: Recall, zone: ZoneInfo = PITTSBURGH) -> list[str]:
    """What waits for the patient, in the same words."""
    rows = _patient_notifications(recall).filter(state=NotificationState.PLANNED).order_by("due_at", "pk")
    return [f"{row.due_at.astimezone(zone):%a %Y-%m-%d %H:%M} {row.kind}" for row in rows]


def _patient_notifications(recall: Recall) -> QuerySet[Notification]:
    return Notification.objects.filter(recall=recall).exclude(kind=NotificationKind.REFERRER_NOTICE)


def latest_notification(recall: Recall, kind: str) -> Notification:
    return Notification.objects.filter(recall=recall, kind=kind).latest("pk")


def sent_bodies() -> Iterable[str]:
    """Everything that left in this test, text, page and headers."""
    return [message.message().as_string() for message in mail.outbox]


def plain_text_part(message: Message) -> str:
    """The text part of a received message."""
    for part in message.walk():
        if part.get_content_type() == "text/plain":
            payload = part.get_payload(decode=True)
            assert isinstance(payload, bytes)
            return payload.decode()
    raise AssertionError("the message has no text part")
