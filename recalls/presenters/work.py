"""How does a small task read on the list?"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from clinic import calendar
from clinic.models import Site
from recalls.models import WorkItem
from recalls.presenters.moments import day_and_ago


@dataclass(frozen=True, slots=True)
class Task:
    """One open task; `url` leads to its recall, empty for a task about a patient without one."""

    what: str
    why: str
    name: str
    mrn: str
    since: str
    url: str
    done_url: str


def tasks_of(items: Iterable[WorkItem], sites: dict[int, Site], now: datetime) -> list[Task]:
    """Tasks in words, with their patients already read."""
    return [_task(item, sites[item.site_id], now) for item in items]


def _task(item: WorkItem, site: Site, now: datetime) -> Task:
    opened, today = (calendar.local_day(site, at) for at in (item.opened_at, now))
    return Task(
        what=str(item.get_kind_display()),
        why=item.reason,
        name=str(item.patient),
        mrn=item.patient.mrn,
        since=day_and_ago(opened, today),
        url=reverse("recall", args=[item.recall_id]) if item.recall_id else "",
        done_url=reverse("work_done", args=[item.pk]),
    )
