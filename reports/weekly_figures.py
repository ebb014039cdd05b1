"""Gives the figures of the last twelve weeks: stored ones, or counted now if those are old.

The workers count what happened today every few minutes. Days that are over hardly change (a visit recorded late, an
outcome amended), and to count them reads all that happened in twelve weeks: they are counted once a day.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from clinic import calendar
from clinic.models import Heartbeat, Site
from desk.union_counts import CountQuery, CountRow, fetch_counts
from reports.models import WeeklyFigure
from reports.weekly_queries import (
    NOT_CLOSED_WEEK,
    RUNNING_WEEK,
    WEEK_COUNT,
    WEEK_NUMBER_BASE,
    finished_day_queries,
    today_queries,
    week_starts,
    weekly_count_queries,
)

Measure = WeeklyFigure.Measure
_STANDING = (Measure.OPEN, Measure.AGED, Measure.LOST)  # at the end of a week, and in all of it
HEARTBEAT_NAME = "weeks"
MAX_AGE = timedelta(minutes=16)  # three rounds of the workers

WeekKey = tuple[int, int, str, str]  # site, number of the week, measure, language


@dataclass(frozen=True, slots=True)
class WeeklyCounts:
    """The figures of some sites by site, week (0 to 11), measure and language.

    `counted_at`: when the days that are over were counted; `today_at`: when today was.
    """

    counted_at: datetime
    today_at: datetime
    by_key: dict[WeekKey, Counter[str]] = field(default_factory=dict)

    def rows_for(self, measure: Measure) -> Iterable[tuple[int, int, str, Counter[str]]]:
        """Site, week, language and counts of one measure."""
        for (site, week, name, language), counts in self.by_key.items():
            if name == measure:
                yield site, week, language, counts

    def total(self, measure: Measure, week: int) -> int:
        return sum(counts.total() for _site, number, _language, counts in self.rows_for(measure) if number == week)


def get_weekly_counts(sites: Sequence[Site], now: datetime) -> WeeklyCounts:
    """What the workers kept for these sites; counted here and now when that is old, or a site is not in it."""
    kept = _stored_counts(sites, now)
    return kept if kept is not None else compute_weekly_counts(sites, now)


def compute_weekly_counts(sites: Sequence[Site], now: datetime) -> WeeklyCounts:
    """Count them: one query, the heavier the more happened in twelve weeks."""
    return WeeklyCounts(now, now, _sum_up(weekly_count_queries(sites, now) if sites else []))


def _sum_up(parts: list[CountQuery]) -> dict[WeekKey, Counter[str]]:
    by_key: defaultdict[WeekKey, Counter[str]] = defaultdict(Counter)
    for row in fetch_counts(parts) if parts else ():
        site, number = divmod(row.number_1, WEEK_NUMBER_BASE)
        if row.query_name == "outcomes":
            by_key[site, number, Measure.OUTCOMES, ""][row.key] += row.count
        elif row.query_name == "standing":
            _add_open_weeks(row, site, number, by_key)
        elif row.query_name in _STANDING:
            by_key[row.number_2, RUNNING_WEEK, row.query_name, ""]["all"] += row.count
        else:
            by_key[site, number, row.query_name, row.key][str(row.number_2)] += row.count
    return {key: +counts for key, counts in by_key.items() if +counts}


def _add_open_weeks(row: CountRow, site: int, opened: int, by_key: defaultdict[WeekKey, Counter[str]]) -> None:
    """Recalls opened and closed in the same weeks count at the end of each week between."""
    aged, closed = divmod(row.number_2, WEEK_NUMBER_BASE)
    for week in range(opened, min(closed, WEEK_COUNT)):
        by_key[site, week, Measure.OPEN, ""]["all"] += row.count
        if week >= aged:
            by_key[site, week, Measure.AGED, ""]["all"] += row.count
    if row.key == "lost" and closed != NOT_CLOSED_WEEK:
        by_key[site, closed, Measure.LOST, ""]["all"] += row.count


def store_weekly_figures() -> int:
    """Count today at every site, once a day also the days that are over, and keep them; the number of rows."""
    sites, now = list(Site.objects.all()), timezone.now()
    mark, _created = Heartbeat.objects.get_or_create(pk=HEARTBEAT_NAME)
    known = mark.counts.get("finished_days_at", "")
    is_whole = _are_days_to_count(sites, now, known)
    rows = [*_today_rows(sites, now), *(_finished_rows(sites, now) if is_whole else ())]
    with transaction.atomic():
        mark = Heartbeat.objects.select_for_update().get(pk=HEARTBEAT_NAME)  # two workers at once: one after the other
        if mark.counts.get("finished_days_at", "") != known:
            return 0  # the other has just counted all of them
        replaced = WeeklyFigure.objects.all()
        (replaced if is_whole else replaced.filter(is_today=True)).delete()
        WeeklyFigure.objects.bulk_create(rows, batch_size=1000)
        mark.started_at, mark.finished_at = now, timezone.now()
        mark.counts = {"rows": len(rows), "finished_days_at": now.isoformat() if is_whole else known}
        mark.save()
    return len(rows)


def _are_days_to_count(sites: Sequence[Site], now: datetime, known: str) -> bool:
    """Whether a day has begun at any site since they were counted (`known`), or a site has come or gone."""
    counted_at = datetime.fromisoformat(known) if known else None
    if counted_at is None or counted_at > now:
        return True
    if any(calendar.local_day(site, now) != calendar.local_day(site, counted_at) for site in sites):
        return True
    kept = WeeklyFigure.objects.order_by().values_list("site", flat=True).distinct()
    return set(kept) != {site.pk for site in sites}


def _today_rows(sites: Sequence[Site], now: datetime) -> list[WeeklyFigure]:
    found = _sum_up(today_queries(sites, now)) if sites else {}
    # A site at which nothing happened has a row too: it says that it was counted.
    for site in sites:
        found.setdefault((site.pk, RUNNING_WEEK, Measure.OPEN, ""), Counter())
    return _build_rows(sites, now, found, is_today=True)


def _finished_rows(sites: Sequence[Site], now: datetime) -> list[WeeklyFigure]:
    found = _sum_up(finished_day_queries(sites, now)) if sites else {}
    over = {key: counts for key, counts in found.items() if not (key[1] == RUNNING_WEEK and key[2] in _STANDING)}
    return _build_rows(sites, now, over, is_today=False)


def _build_rows(
    sites: Sequence[Site], now: datetime, found: dict[WeekKey, Counter[str]], *, is_today: bool
) -> list[WeeklyFigure]:
    mondays = {site.pk: week_starts(now, site.zone) for site in sites}
    return [
        WeeklyFigure(
            site_id=site, week=mondays[site][number], measure=measure, language=language, is_today=is_today,
            counts=dict(counts), counted_at=now,
        )
        for (site, number, measure, language), counts in found.items()
    ]  # fmt: skip


def _stored_counts(sites: Sequence[Site], now: datetime) -> WeeklyCounts | None:
    """None when a site's figures are missing, old, from the future or of another week than this."""
    weeks: dict[int, dict[date, int]] = {
        site.pk: {monday: number for number, monday in enumerate(week_starts(now, site.zone))} for site in sites
    }
    missing, counted_at, today_at = set(weeks), now, now
    by_key: defaultdict[WeekKey, Counter[str]] = defaultdict(Counter)
    for row in WeeklyFigure.objects.filter(site__in=sites):
        number = weeks[row.site_id].get(row.week)
        if number is None or row.counted_at > now or (row.is_today and row.counted_at < now - MAX_AGE):
            return None
        if row.is_today:
            missing.discard(row.site_id)
            today_at = min(today_at, row.counted_at)
        counted_at = min(counted_at, row.counted_at)
        by_key[row.site_id, number, row.measure, row.language] += Counter(row.counts)
    return None if missing else WeeklyCounts(counted_at, today_at, dict(by_key))
