"""Describes lay summaries for staff: what they tell, where they stand, and what became of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from clinic.models import Site, User
from notifications.models import LaySummary
from notifications.planning.lay_summaries.planner import plan_summaries, summaries_with_sent_predecessor
from notifications.rendering.lay_summary import build_summary_letter
from recalls.presenters import DisplayDateTime, display_datetime


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """One summary: the patient, which reading, its state and its time limit in the time zone of its site."""

    summary: LaySummary
    patient: str
    reading_label: str
    state_label: str
    reason_label: str
    leaves_at: DisplayDateTime
    due_by: DisplayDateTime
    is_late: bool


@dataclass(frozen=True, slots=True)
class SummaryHistoryLine:
    """One event: when, what, by whom, and to which address or why."""

    time: DisplayDateTime
    text: str
    by: str
    detail: str


def summaries_needing_attention(user: User, now: datetime) -> QuerySet[LaySummary]:
    """Not proven sent by the alarm day, or held back: the nearest time limit first."""
    rows = LaySummary.objects.filter(site__in=user.site_ids)
    pressing = rows.alarming(now) | rows.held_back()
    return pressing.select_related("exam__patient").order_by("due_by", "pk")


def build_rows(summaries: Iterable[LaySummary], sites: Mapping[int, Site], now: datetime) -> list[SummaryRow]:
    """In the given order; exam and patient are read."""
    return [_build_row(row, sites[row.site_id], now) for row in summaries]


def _build_row(row: LaySummary, site: Site, now: datetime) -> SummaryRow:
    return SummaryRow(
        summary=row,
        patient=str(row.exam.patient),
        reading_label=_("Outcome of the visit") if row.outcome_id else _("Screening exam"),
        state_label=str(row.get_state_display()),
        reason_label=str(row.get_reason_display()) if row.reason else "",
        leaves_at=display_datetime(site, row.leave_at, now),
        due_by=display_datetime(site, row.due_by, now),
        is_late=row.is_unsent and row.due_by <= now,
    )


def build_history(row: LaySummary, now: datetime) -> list[SummaryHistoryLine]:
    """Oldest first. One query."""
    return [
        SummaryHistoryLine(
            display_datetime(row.site, event.at, now),
            str(event.get_kind_display()),
            event.by,
            ", ".join(part for part in (event.address, event.detail) if part),
        )
        for event in row.events.order_by("pk")
    ]


def letter_as_it_stands(row: LaySummary) -> dict[str, Any] | None:
    """The data of the letter: of what was sent or printed its copy, else as it would be now; None where it has none."""
    if hasattr(row, "copy") and (row.batch_id or row.sent_at):
        return row.copy.letter or None
    standing = {found.pk: (found, reading) for found, reading in plan_summaries([row.exam_id])}
    if row.pk not in standing:
        return None
    try:
        copy = build_summary_letter(*standing[row.pk], replaces_sent=bool(summaries_with_sent_predecessor([row.pk])))
    except (KeyError, LookupError, ValueError):
        return None  # a fact is missing: the page says which task names it
    letter: dict[str, Any] = copy.letter
    return letter
