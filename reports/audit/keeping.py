"""Counts months for the pages of large clinics, the way a page would count them itself."""

import time
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Max, Min
from django.utils import timezone

from clinic import calendar
from clinic.models import Site
from recalls.models import ScreeningExam
from reports.audit.cancers import load_cancers
from reports.audit.counted_cases import by_reader, of_all_readers, write_cases
from reports.audit.diagnostic_cases import count_work_ups
from reports.audit.equity.figures import count_reached
from reports.audit.equity.reach import load_reach
from reports.audit.kept_months import month_scope, next_month, write_months
from reports.audit.scope import DIAGNOSTIC_BREAKDOWNS, SCREENING_BREAKDOWNS, AuditScope, Breakdown
from reports.audit.screening_cases import ReaderCases, count_screenings
from reports.audit.waits.figures import WAIT_BREAKDOWNS, group_expression, group_rows
from reports.audit.waits.moments import load_recall_days
from reports.models import KeptMonth, KeptReaderMonth

KEPT_FROM = 100_000  # screenings: a page of a smaller clinic counts for itself
YEARS_KEPT = 6  # as many as the pages offer
_RECENT_DAYS = 25 * 31  # the running year, the one before it, and the month that a meeting looks at
_EVERY_HOUR, _EVERY_DAY = timedelta(hours=1), timedelta(hours=22)
_TIME_SECONDS = 60.0  # of one round: a task of the workers has 90
Part = KeptMonth.Part


def count_due_months(seconds: float = _TIME_SECONDS) -> int:
    """Those that are missing or old, the longest waiting first, for so many seconds; how many were counted."""
    ends, counted = time.monotonic() + seconds, 0
    for site, month in _due_months(timezone.now()):
        if time.monotonic() >= ends:
            break
        count_month(site, month)
        counted += 1
    return counted


def _due_months(now: datetime) -> list[tuple[Site, date]]:
    exams = ScreeningExam.objects.aggregate(first=Min("exam_date"), highest=Max("pk"))
    if not exams["highest"] or exams["highest"] < KEPT_FROM:
        return []
    sites = {site.pk: site for site in Site.objects.prefetch_related("opening_hours", "closures").order_by("pk")}
    today = calendar.earliest_today()
    month = date(max(today.year - YEARS_KEPT + 1, exams["first"].year), 1, 1)
    rows = KeptMonth.objects.order_by().values_list("site_id", "month").annotate(Min("counted_at"))
    counted = {(site, begun): at for site, begun, at in rows}
    due = []
    while month <= today:
        age = _EVERY_HOUR if (today - month).days <= _RECENT_DAYS else _EVERY_DAY
        for pk in sites:
            at = counted.get((pk, month))
            if at is None or at <= now - age:
                due.append((at.timestamp() if at else 0.0, pk, month))
        month = next_month(month)
    return [(sites[pk], month) for _at, pk, month in sorted(due)]


def count_month(site: Site, month: date) -> None:
    """Every breakdown of every part."""
    now, scope = timezone.now(), month_scope(site, month)
    exams = list(_count_exams(scope))
    found = [(part, by, write_cases(of_all_readers(cases))) for part, by, cases in exams]
    found += _count_recalls(scope, calendar.local_day(site, now))
    about = {"site": site, "month": month, "counted_at": now}
    write_months(
        site, month,
        [KeptMonth(part=part, by=by, counts=counts, **about) for part, by, counts in found],
        [KeptReaderMonth(reader_id=reader, counts=counts, **about) for reader, counts in _of_readers(exams)],
    )  # fmt: skip


def _count_exams(scope: AuditScope) -> Iterable[tuple[Part, Breakdown, ReaderCases]]:
    cancers = load_cancers(scope)
    for by in SCREENING_BREAKDOWNS:
        yield Part.SCREENING, by, count_screenings(scope, by, cancers)
    for of_work_ups in DIAGNOSTIC_BREAKDOWNS:
        yield Part.WORK_UP, of_work_ups, count_work_ups(scope, of_work_ups, cancers)


def _of_readers(exams: Iterable[tuple[Part, Breakdown, ReaderCases]]) -> list[tuple[int, dict[str, Any]]]:
    """Each reader with the numbers by part and breakdown; in one order, so that no two writers block each other."""
    found: defaultdict[int, defaultdict[str, dict[str, Any]]] = defaultdict(lambda: defaultdict(dict))
    for part, by, cases in exams:
        for reader, groups in by_reader(cases).items():
            found[reader][part.value][by.value] = write_cases(groups)
    return [(reader, dict(parts)) for reader, parts in sorted(found.items())]


def _count_recalls(scope: AuditScope, today: date) -> Iterable[tuple[Part, Breakdown, Any]]:
    """The recalls are read once for all breakdowns."""
    sites, reach = {site.pk: site for site in scope.sites}, load_reach(scope)
    rows = load_recall_days(scope, [group_expression(by) for by in WAIT_BREAKDOWNS])
    for number, by in enumerate(WAIT_BREAKDOWNS):
        groups = group_rows(rows, by, number).items()
        yield Part.RECALLS, by, [[key, count_reached(some, reach, sites, today).as_json()] for key, some in groups]
