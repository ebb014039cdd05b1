"""Rows of the navigator's list: the recall as on the queue, what is in the way, and the case."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from clinic import calendar
from clinic.models import Site, User
from recalls.models import NavigatorCase
from recalls.presenters.datetime_display import format_recent_day
from recalls.presenters.queue_rows import QueueRow, build_queue_rows


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One recall; `case` says why and since when it is the reader's, empty for one that nobody has."""

    row: QueueRow
    barriers: str
    case: str
    minutes: int
    act_url: str
    help_url: str


def build_case_rows(
    recalls: Iterable[Any],
    sites: dict[int, Site],
    now: datetime,
    reader: User,
    cases: Mapping[int, NavigatorCase] | None = None,
    minutes: Mapping[int, int] | None = None,
) -> list[CaseRow]:
    """No query with what `selectors.navigator_list` reads."""
    recalls = list(recalls)
    rows = build_queue_rows(recalls, sites, now, reader)
    cases, minutes = cases or {}, minutes or {}
    return [
        _case_row(recall, row, cases.get(recall.pk), minutes, now) for recall, row in zip(recalls, rows, strict=True)
    ]


def _case_row(
    recall: Any, row: QueueRow, case: NavigatorCase | None, minutes: Mapping[int, int], now: datetime
) -> CaseRow:
    unsettled = [barrier for barrier in recall.barriers.all() if barrier.is_unsettled]
    since = ""
    if case is not None:
        taken, today = (calendar.local_day(recall.site, at) for at in (case.taken_at, now))
        words = _("%(why)s, taken %(when)s")
        since = words % {"why": case.get_reason_display(), "when": format_recent_day(taken, today)}
    return CaseRow(
        row=row,
        barriers=", ".join(str(barrier.get_kind_display()) for barrier in unsettled),
        case=since,
        minutes=minutes.get(case.pk, 0) if case else 0,
        act_url=reverse("navigator_case", args=[recall.pk]),
        help_url=reverse("step", args=[recall.pk, "help_with_barrier"]) if unsettled else "",
    )
