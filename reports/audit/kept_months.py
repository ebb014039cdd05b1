"""Keeps what was counted of each month at each site, and gives it for a period of whole months.

A screening counts in the month of its exam and a recall in that of its opening, whatever else is asked for: the months
of a period and its sites are summed up. A page counts for itself where something of its period is missing or old.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models.fields.json import KeyTransform
from django.utils import timezone

from clinic import calendar
from clinic.models import Site
from reports.audit.scope import AuditScope, Breakdown
from reports.models import KeptMonth, KeptReaderMonth

MAX_AGE = timedelta(hours=26)  # the workers count the older months once a day
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class KeptCounts:
    """What was kept of each month and site of a period, and when the oldest of it was counted."""

    months: tuple[Any, ...]
    counted_at: datetime


def next_month(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def month_scope(site: Site, month: date) -> AuditScope:
    return AuditScope((site,), month, next_month(month) - _ONE_DAY)


def months_of(scope: AuditScope, last: date) -> list[date]:
    """Those that began by the last day; empty where the period ends within a month."""
    if scope.since.day != 1 or (scope.until + _ONE_DAY).day != 1:
        return []
    found, month = [], scope.since
    while month <= min(scope.until, last):
        found.append(month)
        month = next_month(month)
    return found


def read_months(scope: AuditScope, part: KeptMonth.Part, by: Breakdown) -> KeptCounts | None:
    """None where a month of one of the sites is missing or old, and for what one person read. One query."""
    if scope.reader_id is not None:
        return None
    found = _read_rows(scope, part, by, "counts")
    return KeptCounts(tuple(counts for counts, _at in found), min(at for _counts, at in found)) if found else None


def read_reader_months(scope: AuditScope, part: KeptMonth.Part, by: Breakdown) -> KeptCounts | None:
    """Of the reader of the scope, who may have read nothing in some month. Two queries."""
    whole = _read_rows(scope, part, by)
    if not whole:
        return None
    own = KeptReaderMonth.objects.filter(
        reader=scope.reader_id, site__in=scope.site_ids, month__range=(scope.since, scope.until)
    )
    counts = own.annotate(own_counts=KeyTransform(by.value, KeyTransform(part.value, "counts")))
    found = counts.values_list("own_counts", flat=True)
    return KeptCounts(tuple(one for one in found if one), min(at for (at,) in whole))


def _read_rows(scope: AuditScope, part: KeptMonth.Part, by: Breakdown, *columns: str) -> list[tuple[Any, ...]]:
    """These columns and the time of counting of each site's months; empty where one is missing or old."""
    now = timezone.now()
    wanted = {(site, month) for site in scope.site_ids for month in months_of(scope, calendar.earliest_today())}
    if not wanted:
        return []
    rows = KeptMonth.objects.filter(
        part=part, by=by, site__in=scope.site_ids, month__range=(scope.since, scope.until),
        counted_at__gt=now - MAX_AGE, counted_at__lte=now,
    )  # fmt: skip
    found = {(site, month): tuple(values) for site, month, *values in
             rows.values_list("site_id", "month", *columns, "counted_at")}  # fmt: skip
    return list(found.values()) if wanted <= found.keys() else []


@transaction.atomic
def write_months(site: Site, month: date, rows: Sequence[KeptMonth], of_readers: Sequence[KeptReaderMonth]) -> None:
    """In the place of those that were kept of the month; who read nothing in it any more is in it no more."""
    KeptMonth.objects.bulk_create(
        rows, batch_size=500, update_conflicts=True, unique_fields=["site", "month", "part", "by"],
        update_fields=["counts", "counted_at"],
    )  # fmt: skip
    KeptReaderMonth.objects.bulk_create(
        of_readers, batch_size=500, update_conflicts=True, unique_fields=["reader", "month", "site"],
        update_fields=["counts", "counted_at"],
    )  # fmt: skip
    of_month = KeptReaderMonth.objects.filter(site=site, month=month)
    of_month.exclude(reader__in=[row.reader_id for row in of_readers]).delete()
