"""Counts the last twelve weeks by site and language, as parts of one query."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Case, Exists, F, FloatField, Func, IntegerField, OuterRef, Q, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, TruncDate

from clinic.models import Site
from clinic.timezone_filters import end_of_today, group_site_ids_by_zone, per_zone_condition, start_of_day
from desk.union_counts import CountQuery, count_query
from recalls.enums import AppointmentStatus, Assessment, ClosureReason, RecallKind, State, VisitKind
from recalls.models import Appointment, Outcome, Recall
from recalls.selectors import kept_counts

WEEK_COUNT = 12
RUNNING_WEEK = WEEK_COUNT - 1
AGED_DAYS = 60  # result to resolution: the limit of the CDC and eCQM measures
NOT_CLOSED_WEEK = 15  # stands for a week of closing that has not come
WEEK_NUMBER_BASE = 16  # a week's number and a site's number share one column
_NOT_A_FIRST_VISIT = (VisitKind.BIOPSY, VisitKind.FOLLOW_UP)

ZoneBounds = Callable[[ZoneInfo], Sequence[datetime]]
ZoneInstant = Callable[[ZoneInfo], datetime]


class DaysBetween(Func):
    """Days from the second date to the first."""

    output_field = IntegerField()
    arity = 2
    arg_joiner = " - "
    template = "(%(expressions)s)"

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        days = self.copy()
        dates = self.get_source_expressions()
        days.set_source_expressions([Func(day, function="julianday", output_field=FloatField()) for day in dates])
        return days.as_sql(compiler, connection, template="CAST(%(expressions)s AS integer)", **context)


def _days_between(sites: Sequence[Site], site: str, start: Combinable, end: Combinable) -> Case:
    """Calendar days from one instant to another, by the clock of the row's site."""
    whens = [
        When(**{f"{site}__in": ids}, then=DaysBetween(TruncDate(end, tzinfo=zone), TruncDate(start, tzinfo=zone)))
        for zone, ids in group_site_ids_by_zone(sites).items()
    ]
    return Case(*whens, default=Value(0), output_field=IntegerField())


def week_starts(now: datetime, zone: ZoneInfo) -> list[date]:
    """The Mondays of the last twelve weeks, the running week last."""
    today = now.astimezone(zone).date()
    monday = today - timedelta(days=today.weekday())
    return [monday - timedelta(weeks=back) for back in reversed(range(WEEK_COUNT))]


def _week_bounds(now: datetime) -> ZoneBounds:
    return lambda zone: [start_of_day(zone, monday) for monday in week_starts(now, zone)]


def _aged_bounds(now: datetime) -> ZoneBounds:
    """A recall opened before the next of these instants is aged at the end of that week; the last is aged never yet."""
    aged = timedelta(days=AGED_DAYS)
    return lambda zone: [*(start - aged for start in _week_bounds(now)(zone)), now - aged]


def _happened(sites: Sequence[Site], column: str, since: ZoneInstant, until: ZoneInstant, *, site: str = "site") -> Q:
    return per_zone_condition(sites, f"{column}__gte", since, site=site) & per_zone_condition(
        sites, f"{column}__lt", until, site=site
    )


def _bound_number(sites: Sequence[Site], site: str, column: str, bounds: ZoneBounds, *whens: When) -> Case:
    """The number of the last bound that an instant has reached, by the clock of its site; 0 before all of them."""
    reached = [
        When(**{f"{site}__in": ids, f"{column}__gte": start}, then=Value(number))
        for zone, ids in group_site_ids_by_zone(sites).items()
        for number, start in reversed(list(enumerate(bounds(zone))))
    ]
    return Case(*whens, *reached, default=Value(0), output_field=IntegerField())


def _pack_site_and_week(site: str, number: Case) -> Any:
    return F(site) * WEEK_NUMBER_BASE + number


def weekly_count_queries(sites: Sequence[Site], now: datetime) -> list[CountQuery]:
    """All twelve weeks. Rows whose `first` is the site's number times sixteen plus the number of the week."""
    return [*_event_queries(sites, now, _first_monday(now), _end_of_today(now)), _open_recall_query(sites, now)]


def finished_day_queries(sites: Sequence[Site], now: datetime) -> list[CountQuery]:
    """The same without what happened today."""
    return [*_event_queries(sites, now, _first_monday(now), _start_of_today(now)), _open_recall_query(sites, now)]


def today_queries(sites: Sequence[Site], now: datetime) -> list[CountQuery]:
    """What happened today, and what stands at the end of the running week so far, out of what is kept (`second`: the
    site).
    """
    here, aged = [site.pk for site in sites], now - timedelta(days=AGED_DAYS)
    this_week = per_zone_condition(sites, "closed_at__gte", lambda zone: _week_bounds(now)(zone)[RUNNING_WEEK])
    lost = Recall.objects.filter(this_week, state=State.CLOSED, closure_reason=ClosureReason.LOST_TO_FOLLOW_UP)
    return [
        *_event_queries(sites, now, _start_of_today(now), _end_of_today(now)),
        kept_counts.open_by_kind("open", here),
        *kept_counts.opened_before("aged", here, aged),
        count_query(lost, "lost", second=F("site_id")),
    ]


def _first_monday(now: datetime) -> ZoneInstant:
    return lambda zone: _week_bounds(now)(zone)[0]


def _start_of_today(now: datetime) -> ZoneInstant:
    return lambda zone: start_of_day(zone, now.astimezone(zone).date())


def _end_of_today(now: datetime) -> ZoneInstant:
    return lambda zone: end_of_today(zone, now)


def _event_queries(sites: Sequence[Site], now: datetime, since: ZoneInstant, until: ZoneInstant) -> list[CountQuery]:
    return [
        _outcome_query(sites, now, since, until),
        _visit_wait_query(sites, now, since, until),
        _outcome_wait_query(sites, now, since, until),
    ]


def _outcome_query(sites: Sequence[Site], now: datetime, since: ZoneInstant, until: ZoneInstant) -> CountQuery:
    """Outcomes that stand (not amended since), by the week in which they were recorded."""
    recent = _happened(sites, "at", since, until, site="recall__site")
    standing = Outcome.objects.filter(recent, amended_by__isnull=True)
    week = _bound_number(sites, "recall__site", "at", _week_bounds(now))
    return count_query(standing, "outcomes", key=F("assessment"), first=_pack_site_and_week("recall__site_id", week))


def _visit_wait_query(sites: Sequence[Site], now: datetime, since: ZoneInstant, until: ZoneInstant) -> CountQuery:
    """First visits that were kept, by the week of the visit and the calendar days since the screening result."""
    kept = Appointment.objects.filter(status=AppointmentStatus.ATTENDED).exclude(kind__in=_NOT_A_FIRST_VISIT)
    earlier = kept.filter(recall=OuterRef("recall"), starts_at__lt=OuterRef("starts_at"))
    return count_query(
        kept.filter(_happened(sites, "starts_at", since, until), ~Exists(earlier)),
        "visit_days",
        key=F("recall__patient__language"),
        first=_pack_site_and_week("site_id", _bound_number(sites, "site", "starts_at", _week_bounds(now))),
        second=_days_between(sites, "site", _result_time(), F("starts_at")),
    )


def _outcome_wait_query(sites: Sequence[Site], now: datetime, since: ZoneInstant, until: ZoneInstant) -> CountQuery:
    """First outcomes that say more than "more pictures", by week and by the calendar days since the result."""
    final = Outcome.objects.exclude(assessment=Assessment.NEED_IMAGING)
    earlier = final.filter(recall=OuterRef("recall"), pk__lt=OuterRef("pk"))
    recent = _happened(sites, "at", since, until, site="recall__site")
    return count_query(
        final.filter(recent, ~Exists(earlier)),
        "outcome_days",
        key=F("recall__patient__language"),
        first=_pack_site_and_week("recall__site_id", _bound_number(sites, "recall__site", "at", _week_bounds(now))),
        second=_days_between(sites, "recall__site", _result_time(), F("at")),
    )


def _result_time() -> Case:
    """When the result came that opened the recall: the screening's, or that of a supplemental test."""
    supplemental = When(recall__kind=RecallKind.SUPPLEMENTAL, then=F("recall__opened_at"))
    return Case(supplemental, default=Coalesce(F("recall__exam__reported_at"), F("recall__opened_at")))


def _open_recall_query(sites: Sequence[Site], now: datetime) -> CountQuery:
    """Recalls that were open at any time of the twelve weeks: `first` the site and the week of opening (0 also before),
    `second` sixteen times the week from whose end on it counts as aged, plus the week of closing."""
    at_sites = Recall.objects.filter(site__in=[site.pk for site in sites])
    lost = Case(When(closure_reason=ClosureReason.LOST_TO_FOLLOW_UP, then=Value("lost")), default=Value(""))
    still_open = When(~Q(state=State.CLOSED), then=Value(NOT_CLOSED_WEEK))
    closed = _bound_number(sites, "site", "closed_at", _week_bounds(now), still_open)
    aged = _bound_number(sites, "site", "opened_at", _aged_bounds(now))
    return count_query(
        at_sites.filter(~Q(state=State.CLOSED) | per_zone_condition(sites, "closed_at__gte", _first_monday(now))),
        "standing",
        key=lost,
        first=_pack_site_and_week("site_id", _bound_number(sites, "site", "opened_at", _week_bounds(now))),
        second=aged * WEEK_NUMBER_BASE + closed,
    )
