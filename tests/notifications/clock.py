"""Moves the time of a test from one due instant to the next, with the real worker's loop and the system's own steps."""

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
from notifications.enums import Channel, NotificationKind, NotificationState, SummaryState
from notifications.models import LaySummary, Notification
from notifications.planning.lay_summaries import alarms, walk
from recalls.models import Recall
from recalls.tasks import apply_due_steps

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
        plan_lay_summaries()
        while (due := _next_due_at(until)) is not None:
            self._traveller.move_to(max(due, timezone.now()))
            assert apply_due_steps()["failed"] == 0
            outbox.expire_overdue()
            send_due(5)
            plan_lay_summaries()
        self._traveller.move_to(until)
        outbox.expire_overdue()
        plan_lay_summaries()


def plan_lay_summaries() -> None:
    """What each minute does for lay summaries beside sending."""
    walk.plan_new_readings(60)
    walk.look_again_at_held()
    alarms.raise_alarms()


def _next_due_at(until: datetime) -> datetime | None:
    waiting = Notification.objects.filter(state=NotificationState.PLANNED, not_before__lte=until)
    emails = LaySummary.objects.filter(state=SummaryState.OWED, channel=Channel.EMAIL)
    dues = [waiting.order_by("not_before").values_list("not_before", flat=True).first()]
    dues += [Recall.objects.filter(wake_at__lte=until).order_by("wake_at").values_list("wake_at", flat=True).first()]
    dues += [max(leave_at, retry_at or leave_at) for leave_at, retry_at in emails.values_list("leave_at", "retry_at")]
    return min((due for due in dues if due is not None and due <= until), default=None)


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
