"""Plans the confirmation and, once a month, the next text of each series; looked at every minute."""

from datetime import timedelta

from dateutil.relativedelta import relativedelta
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from clinic import calendar
from clinic.calendar import SendWindow
from notifications.content import loader
from notifications.content.education import LESSONS, may_send_lesson
from notifications.enums import Channel, NotificationKind, NotificationState
from notifications.models import EducationSeries, Notification
from notifications.planning.channel_selection import select_channel
from notifications.planning.education.series import End, end_series, get_end_reason, load_facts
from notifications.planning.education.texts import confirm_occasion, text_occasion
from notifications.planning.plan import find_planned_message
from notifications.planning.reconcile import build_notification
from notifications.planning.snapshot import load_snapshot
from patients.channels import get_patient_channels
from recalls.models import Recall

BATCH_SIZE = 200  # the sweep of the next minute takes the rest
LOOK_AGAIN_AFTER = timedelta(days=1)
INTERVAL = relativedelta(months=1)


def plan_due_texts() -> int:
    """Go on with each series whose day has come; how many texts were planned."""
    if not settings.EDUCATION_FROM_EMAIL:
        return 0
    due = EducationSeries.objects.filter(ended_at=None, next_at__lte=timezone.now())
    numbers = list(due.order_by("next_at", "pk").values_list("pk", "recall")[:BATCH_SIZE])
    return sum(_go_on(pk, recall_id) for pk, recall_id in numbers)


def plan_confirmation(series: EducationSeries) -> None:
    """Plan the mail that asks whether the series is wanted, in the caller's transaction."""
    recall = Recall.objects.select_related("site", "patient", "exam").get(pk=series.recall_id)
    _plan(recall, NotificationKind.EDUCATION_CONFIRM, confirm_occasion(series))


@transaction.atomic
def _go_on(pk: int, recall_id: int) -> bool:
    """The recall before the series, as the claim does; one that somebody else holds is looked at the next minute."""
    locked = Recall.objects.select_for_update(of=("self",), skip_locked=True, no_key=True)
    recall = locked.select_related("site", "patient", "exam").filter(pk=recall_id).first()
    series = EducationSeries.objects.select_for_update(of=("self",)).filter(pk=pk, ended_at=None).first()
    if recall is None or series is None:
        return False
    facts, now = load_facts(recall.patient), timezone.now()
    older = EducationSeries.objects.filter(recall__patient=recall.patient_id, ended_at=None, pk__lt=pk)
    if series.confirmed_at is None:
        end_series(series, End.UNCONFIRMED)
    elif reason := get_end_reason(series, facts, is_first=not older.exists()):
        end_series(series, reason)
    elif facts.waits or not _may_send_next(series, recall):
        EducationSeries.objects.filter(pk=pk).update(next_at=now + LOOK_AGAIN_AFTER)
    elif series.lesson == len(LESSONS) and not _was_taken_back(series):
        end_series(series, End.COMPLETED)
    else:
        return _plan_text(series, recall)
    return False


def _plan_text(series: EducationSeries, recall: Recall) -> bool:
    """The next one, or again the one that was taken back while the series waited."""
    if not _was_taken_back(series):
        series.lesson += 1
    series.lesson_due_at = calendar.next_send_time(SendWindow.OPEN_DAYS, recall.site, timezone.now())
    series.next_at = series.lesson_due_at + INTERVAL
    series.save(update_fields=["lesson", "lesson_due_at", "next_at"])
    return _plan(recall, NotificationKind.EDUCATION, text_occasion(series))


def _was_taken_back(series: EducationSeries) -> bool:
    rows = Notification.objects.filter(recall=series.recall_id, occasion=text_occasion(series))
    return rows.filter(state=NotificationState.CANCELLED).exists()


def _may_send_next(series: EducationSeries, recall: Recall) -> bool:
    """Whether the text may leave: a site that sends only reviewed texts waits for the review."""
    language = loader.get_message_language(recall, NotificationKind.EDUCATION, Channel.EMAIL)
    number = min(series.lesson + 1, len(LESSONS))
    try:
        loader.get_message_text(NotificationKind.EDUCATION, language, detailed=False, site=recall.site)
    except LookupError:
        return False
    return may_send_lesson(number, language, recall.site)


def _plan(recall: Recall, kind: NotificationKind, occasion: str) -> bool:
    channels, now = get_patient_channels(recall.patient), timezone.now()
    planned = find_planned_message(load_snapshot(recall), kind, occasion)
    if planned is None:
        return False
    way = select_channel(recall, kind, planned, channels, now)
    if way.blocked_reason:  # the next look ends the series
        return False
    row = build_notification(recall, kind, planned, way)
    before = Notification.objects.filter(recall=recall, kind=kind, occasion=occasion)
    taken_back = before.filter(state=NotificationState.CANCELLED)
    times = {"due_at": row.due_at, "not_before": row.not_before, "expires_at": row.expires_at}
    if not taken_back.update(
        state=NotificationState.PLANNED, reason="", language=row.language, patient=recall.patient, **times
    ):
        Notification.objects.bulk_create([row], ignore_conflicts=True)
    return True
