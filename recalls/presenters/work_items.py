"""Rows of the work item list."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from clinic import calendar
from clinic.models import Site
from recalls.models import WorkItem
from recalls.presenters.datetime_display import format_recent_day


@dataclass(frozen=True, slots=True)
class WorkItemRow:
    """One open task; `url` leads to its recall, empty for a task about a patient without one."""

    kind: str
    reason: str
    name: str
    mrn: str
    opened: str
    url: str
    done_url: str


def build_work_item_rows(items: Iterable[WorkItem], sites: dict[int, Site], now: datetime) -> list[WorkItemRow]:
    """Tasks in words, with their patients already read."""
    return [_work_item_row(item, sites[item.site_id], now) for item in items]


def _work_item_row(item: WorkItem, site: Site, now: datetime) -> WorkItemRow:
    opened, today = (calendar.local_day(site, at) for at in (item.opened_at, now))
    return WorkItemRow(
        kind=str(item.get_kind_display()),
        reason=item.reason,
        name=str(item.patient),
        mrn=item.patient.mrn,
        opened=format_recent_day(opened, today),
        url=reverse("recall", args=[item.recall_id]) if item.recall_id else "",
        done_url=reverse("work_item_done", args=[item.pk]),
    )
