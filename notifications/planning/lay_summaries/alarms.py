"""Alarms a person, once for each lay summary, that it is not proven sent while its time limit comes near."""

from datetime import datetime

from django.db import transaction
from django.db.models import Prefetch
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic import calendar
from notifications.enums import UNSENT_SUMMARY_STATES, StatusReason
from notifications.models import LaySummary
from notifications.planning.lay_summaries.work_items import TaskRequest, open_tasks
from recalls.enums import WorkItemKind
from recalls.models import Recall

ALARMS_AT_ONCE = 500


def raise_alarms() -> int:
    """Once for each summary that is not proven sent by its alarm day: a task that names the time limit."""
    now = timezone.now()
    waiting = LaySummary.objects.filter(state__in=UNSENT_SUMMARY_STATES, alarmed_at=None, alarm_at__lte=now)
    with transaction.atomic():
        rows = list(
            waiting.select_for_update(skip_locked=True, of=("self",), no_key=True)
            .select_related("site", "exam__patient")
            .prefetch_related(Prefetch("exam__recalls", Recall.objects.order_by("pk")))
            .order_by("alarm_at")[:ALARMS_AT_ONCE]
        )
        open_tasks(_alarm_task(row, now) for row in rows if not row.exam.patient.deceased_on)
        LaySummary.objects.filter(pk__in=[row.pk for row in rows]).update(alarmed_at=now)
    return len(rows)


def _alarm_task(row: LaySummary, now: datetime) -> TaskRequest:
    day = calendar.local_day(row.site, row.due_by)
    words = _("Exam %(accession)s: no summary is proven sent. The law's limit is %(day)s. %(why)s")
    why = StatusReason(row.reason).label if row.reason else _("It waits under “Letters” or for the mail server.")
    if row.due_by <= now:
        words = _("Exam %(accession)s: no summary is proven sent. The law's limit was %(day)s. %(why)s")
    facts = {"accession": row.exam.accession, "day": f"{day:%Y-%m-%d}", "why": why}
    return TaskRequest(row, row.exam, WorkItemKind.SUMMARY_DUE, words % facts)
