"""Reads one page of the messages that are still to leave, with when and how each will, or why it will not."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from django.db.models import Q, QuerySet

from clinic import calendar
from clinic.models import Site
from desk.keyset import rows_after
from notifications.enums import NotificationState
from notifications.models import Notification
from notifications.planning.forecast import ForecastLine, forecast_rows

PAGE_SIZE = 50
_ORDER = ("not_before", "pk")


class ComingCursor(NamedTuple):
    """A place in the list: when the message may next be tried, and its number."""

    at: datetime
    pk: int


@dataclass(frozen=True, slots=True)
class ComingQuery:
    """What one page is to show; without a `day` everything from now on, empty words narrow nothing."""

    sites: Mapping[int, Site]
    now: datetime
    day: date | None = None
    kind: str = ""
    channel: str = ""
    after: ComingCursor | None = None


def get_coming_messages(wanted: ComingQuery) -> tuple[list[ForecastLine], ComingCursor | None]:
    """In the order in which they are due, and where the next page begins. A fixed number of queries."""
    found: list[Notification] = []
    for rows in (_to_leave(wanted), _held_back(wanted)):
        narrowed = rows.filter(**{name: value for name in ("kind", "channel") if (value := getattr(wanted, name))})
        if wanted.after is not None:
            narrowed = narrowed.filter(rows_after(_ORDER, wanted.after))
        found += narrowed.select_related("recall").order_by(*_ORDER)[: PAGE_SIZE + 1]
    shown = sorted(found, key=_place)[:PAGE_SIZE]
    following = _place(shown[-1]) if len(found) > len(shown) else None
    return forecast_rows(shown, wanted.sites, wanted.now), following


def _place(row: Notification) -> ComingCursor:
    return ComingCursor(row.not_before, row.pk)


def _to_leave(wanted: ComingQuery) -> QuerySet[Notification]:
    """What is overdue leaves today: it is on today's list."""
    rows = Notification.objects.filter(state=NotificationState.PLANNED)
    return rows.filter(_on_day(wanted, "not_before", with_overdue=True))


def _held_back(wanted: ComingQuery) -> QuerySet[Notification]:
    rows = Notification.objects.filter(state=NotificationState.SUPPRESSED)
    return rows.filter(_on_day(wanted, "due_at", with_overdue=False))


def _on_day(wanted: ComingQuery, field: str, *, with_overdue: bool) -> Q:
    """On that day in the time of each site; without a day from the beginning of today."""
    condition = Q(pk__in=())
    for site in wanted.sites.values():
        today = calendar.local_day(site, wanted.now)
        begins, ends = (_start(site, (wanted.day or today) + timedelta(days=more)) for more in (0, 1))
        of_site = Q(recall__site=site)
        if not (with_overdue and wanted.day in (None, today)):
            of_site &= Q(**{f"{field}__gte": begins})
        if wanted.day is not None:
            of_site &= Q(**{f"{field}__lt": ends})
        condition |= of_site
    return condition


def _start(site: Site, day: date) -> datetime:
    return calendar.instant(site, day, time(0))
