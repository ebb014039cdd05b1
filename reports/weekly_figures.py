"""Gives the figures of the last twelve weeks: stored ones, or counted now if those are old."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from clinic.models import Heartbeat, Site
from desk.union_counts import CountRow, fetch_counts
from reports.models import WeeklyFigure
from reports.weekly_queries import NOT_CLOSED_WEEK, WEEK_COUNT, WEEK_NUMBER_BASE, week_starts, weekly_count_queries

Measure = WeeklyFigure.Measure
HEARTBEAT_NAME = "weeks"
MAX_AGE = timedelta(minutes=16)  # three rounds of the workers

WeekKey = tuple[int, int, str, str]  # site, number of the week, measure, language


@dataclass(frozen=True, slots=True)
class WeeklyCounts:
    """The figures of some sites by site, week (0 to 11), measure and language, and when they were counted."""

    counted_at: datetime
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
    by_key: defaultdict[WeekKey, Counter[str]] = defaultdict(Counter)
    for row in fetch_counts(weekly_count_queries(sites, now)) if sites else ():
        site, number = divmod(row.number_1, WEEK_NUMBER_BASE)
        if row.query_name == "outcomes":
            by_key[site, number, Measure.OUTCOMES, ""][row.key] += row.count
        elif row.query_name == "standing":
            _add_open_weeks(row, site, number, by_key)
        else:
            by_key[site, number, row.query_name, row.key][str(row.number_2)] += row.count
    return WeeklyCounts(now, dict(by_key))


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
    """Count every site's weeks and keep them in place of what was kept; the number of rows."""
    sites, now = list(Site.objects.all()), timezone.now()
    counted = compute_weekly_counts(sites, now)
    mondays = {site.pk: week_starts(now, site.zone) for site in sites}
    rows = [
        WeeklyFigure(
            site_id=site,
            week=mondays[site][number],
            measure=measure,
            language=language,
            counts=dict(counts),
            counted_at=now,
        )
        for (site, number, measure, language), counts in counted.by_key.items()
    ]
    # A site in whose weeks nothing happened has a row too: it says that it was counted.
    rows += [
        WeeklyFigure(site=site, week=mondays[site.pk][-1], measure=Measure.OPEN, counts={}, counted_at=now)
        for site in sites
        if (site.pk, WEEK_COUNT - 1, Measure.OPEN, "") not in counted.by_key
    ]
    with transaction.atomic():
        Heartbeat.objects.get_or_create(pk=HEARTBEAT_NAME)
        mark = Heartbeat.objects.select_for_update().get(pk=HEARTBEAT_NAME)  # two workers at once: one after the other
        WeeklyFigure.objects.all().delete()
        WeeklyFigure.objects.bulk_create(rows, batch_size=1000)
        mark.started_at, mark.finished_at, mark.counts = now, timezone.now(), {"rows": len(rows)}
        mark.save()
    return len(rows)


def _stored_counts(sites: Sequence[Site], now: datetime) -> WeeklyCounts | None:
    """None when a site's figures are missing, old, from the future or of another week than this."""
    weeks: dict[int, dict[date, int]] = {
        site.pk: {monday: number for number, monday in enumerate(week_starts(now, site.zone))} for site in sites
    }
    missing, oldest, by_key = set(weeks), now, {}
    for row in WeeklyFigure.objects.filter(site__in=sites):
        number = weeks[row.site_id].get(row.week)
        if number is None or not now - MAX_AGE <= row.counted_at <= now:
            return None
        if number == WEEK_COUNT - 1:
            missing.discard(row.site_id)
        oldest = min(oldest, row.counted_at)
        by_key[row.site_id, number, row.measure, row.language] = Counter(row.counts)
    return None if missing else WeeklyCounts(oldest, by_key)
