"""Writes what became of lay summaries: the append-only proof, and the state that follows from it."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.utils import timezone

from clinic.actors import Actor, actor_for
from clinic.models import User
from notifications.enums import StatusReason, SummaryEventKind, SummaryState
from notifications.models import LaySummary, LaySummaryCopy, LaySummaryEvent
from notifications.planning.lay_summaries import work_items

RENDER_RETRY_PERIOD = timedelta(days=1)


def build_event(
    row: LaySummary, kind: SummaryEventKind, *, by: User | Actor, at: datetime, address: str = "", detail: str = ""
) -> LaySummaryEvent:
    actor = actor_for(by)
    return LaySummaryEvent(
        summary=row, kind=kind, at=at, by=actor.name, user=actor.user, address=address, detail=detail[:300]
    )


def record_event(row: LaySummary, kind: SummaryEventKind, *, by: User | Actor, detail: str = "") -> None:
    """One event, at the address of the last copy."""
    copy = LaySummaryCopy.objects.filter(summary=row).first()
    address = copy.address if copy else ""
    build_event(row, kind, by=by, at=timezone.now(), address=address, detail=detail).save(force_insert=True)


def record_sent(rows: Sequence[LaySummary], kind: SummaryEventKind, *, by: User | Actor, detail: str = "") -> None:
    """These were proven sent now: their state, the proof of each, and their alarms.

    `rows` are locked and not sent yet, with exam and copy read. Three queries, whatever their number.
    """
    now, user = timezone.now(), actor_for(by).user
    sent = {"state": SummaryState.SENT, "reason": "", "sent_at": now, "sent_by": user, "retry_at": None}
    LaySummary.objects.filter(pk__in=[row.pk for row in rows]).update(**sent, lease_until=None)
    LaySummaryEvent.objects.bulk_create(
        build_event(row, kind, by=by, at=now, address=_copied_address(row), detail=detail) for row in rows
    )
    work_items.finish_alarm_tasks(rows, by=by)


def _copied_address(row: LaySummary) -> str:
    return row.copy.address if hasattr(row, "copy") else ""


def save_copies(copies: Iterable[LaySummaryCopy]) -> None:
    """The copy of the newest PDF or try stands. One query."""
    LaySummaryCopy.objects.bulk_create(
        copies,
        update_conflicts=True,
        unique_fields=["summary"],
        update_fields=["address", "text_version", "letter", "text"],
    )


def hold_unwritable(rows: Sequence[LaySummary]) -> None:
    """Their text or a fact in them is at fault: a person is asked, and each is tried again after a day."""
    if not rows:
        return
    for row in rows:
        row.state, row.reason, row.batch = SummaryState.HELD, StatusReason.NOT_RENDERED, None
        row.retry_at = timezone.now() + RENDER_RETRY_PERIOD
    LaySummary.objects.bulk_update(rows, ["state", "reason", "batch", "retry_at"])
    work_items.open_tasks(work_items.held_task(row, row.exam, ()) for row in rows)
