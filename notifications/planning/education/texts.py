"""The rules of the plan for the series about breast health, and when its texts give way to other messages."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.utils import timezone

from clinic import calendar
from clinic.calendar import SendWindow
from notifications.enums import EDUCATION_KINDS, NOT_ABOUT_CARE_KINDS, NotificationKind, NotificationState
from notifications.models import EducationSeries, Notification
from notifications.planning.rules import PlannedMessage
from notifications.planning.snapshot import RecallSnapshot
from recalls.models import Recall

CONFIRM_WITHIN = timedelta(days=7)
TEXT_VALID_FOR = timedelta(days=14)
GIVE_WAY_FOR = timedelta(minutes=10)


def education_confirm(snapshot: RecallSnapshot) -> Iterator[PlannedMessage]:
    """Asks whoever reads that address whether they want the series."""
    series = snapshot.education
    if series is not None and series.confirmed_at is None and _is_for_address(series, snapshot.recall):
        due = calendar.next_send_time(SendWindow.ANY_DAY, snapshot.site, series.asked_at)
        yield PlannedMessage(confirm_occasion(series), due, series.asked_at + CONFIRM_WITHIN)


def education(snapshot: RecallSnapshot) -> Iterator[PlannedMessage]:
    """The text that is due, if any: one at a time, and none while a recall of the patient is open."""
    series = snapshot.education
    if series is None or series.confirmed_at is None or series.lesson_due_at is None:
        return
    recall = snapshot.recall
    if _is_for_address(series, recall) and not Recall.objects.still_open().filter(patient=recall.patient_id).exists():
        yield PlannedMessage(text_occasion(series), series.lesson_due_at, series.lesson_due_at + TEXT_VALID_FOR)


def confirm_occasion(series: EducationSeries) -> str:
    return f"series-{series.pk}-ask"


def text_occasion(series: EducationSeries) -> str:
    """Of the text that was planned last."""
    return f"series-{series.pk}-{series.lesson}"


def series_of(row: Notification) -> EducationSeries | None:
    """The series to which a message belongs, ended or not; None for any other message."""
    if row.kind not in EDUCATION_KINDS:
        return None
    number = row.occasion.split("-")[1]
    return EducationSeries.objects.select_related("recall__site", "recall__patient").filter(pk=number).first()


def give_way_until(row: Notification, now: datetime) -> datetime | None:
    """When a text of the series may leave instead: after what is due, and not on a day with another message.

    None where it may leave now, and for every other message. It takes nobody's turn at the mail server.
    """
    if row.kind != NotificationKind.EDUCATION:
        return None
    others = Notification.objects.exclude(kind__in=NOT_ABOUT_CARE_KINDS)
    if others.filter(patient=row.patient_id, accepted_at__gte=calendar.start_of_day(row.recall.site, now)).exists():
        return calendar.next_send_time(
            SendWindow.OPEN_DAYS, row.recall.site, calendar.start_of_day(row.recall.site, now, 1)
        )
    is_busy = others.filter(state=NotificationState.PLANNED, not_before__lte=now).exists()
    return timezone.now() + GIVE_WAY_FOR if is_busy else None


def _is_for_address(series: EducationSeries, recall: Recall) -> bool:
    """Whether the patient still has the address for which the series was asked."""
    points = recall.patient.contact_points.all()
    return any(point.kind == "email" and point.value.lower() == series.address.lower() for point in points)
