"""How has it gone, week by week? Outcomes and the days from result to visit over the last twelve weeks."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Case, Exists, F, FloatField, Func, IntegerField, OuterRef, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, TruncDate

from clinic.models import Site
from clinic.zones import by_zone, in_every_zone, start_of_day
from recalls.models import Appointment, Outcome
from recalls.states import AppointmentStatus, VisitKind
from reports.parts import Part, part

WEEKS = 12
_NOT_A_FIRST_VISIT = (VisitKind.BIOPSY, VisitKind.FOLLOW_UP)


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


def _days(sites: Sequence[Site], site: str, start: Combinable, end: Combinable) -> Case:
    """Calendar days from one instant to another, by the clock of the row's site."""
    whens = [
        When(**{f"{site}__in": ids}, then=DaysBetween(TruncDate(end, tzinfo=zone), TruncDate(start, tzinfo=zone)))
        for zone, ids in by_zone(sites).items()
    ]
    return Case(*whens, default=Value(0), output_field=IntegerField())


def week_starts(now: datetime, zone: ZoneInfo) -> list[date]:
    """The Mondays of the last twelve weeks, the running week last."""
    today = now.astimezone(zone).date()
    monday = today - timedelta(days=today.weekday())
    return [monday - timedelta(weeks=back) for back in reversed(range(WEEKS))]


def _week(sites: Sequence[Site], site: str, column: str, now: datetime) -> Case:
    """In which of the twelve weeks a row falls, 0 to 11, by the clock of its site."""
    whens = [
        When(**{f"{site}__in": ids, f"{column}__gte": start_of_day(zone, monday)}, then=Value(number))
        for zone, ids in by_zone(sites).items()
        for number, monday in reversed(list(enumerate(week_starts(now, zone))))
    ]
    return Case(*whens, default=Value(0), output_field=IntegerField())


def history_parts(sites: Sequence[Site], now: datetime) -> list[Part]:
    return [_outcomes(sites, now), _days_to_visit(sites, now)]


def _outcomes(sites: Sequence[Site], now: datetime) -> Part:
    """Outcomes that stand (not amended since), by the week in which they were recorded."""
    recent = in_every_zone(
        sites, "at__gte", lambda zone: start_of_day(zone, week_starts(now, zone)[0]), site="recall__site"
    )
    standing = Outcome.objects.filter(recent, amended_by__isnull=True)
    return part(standing, "outcomes", key=F("assessment"), first=_week(sites, "recall__site", "at", now))


def _days_to_visit(sites: Sequence[Site], now: datetime) -> Part:
    """First visits that were kept, by the week of the visit and the calendar days since the screening result."""
    recent = in_every_zone(sites, "starts_at__gte", lambda zone: start_of_day(zone, week_starts(now, zone)[0]))
    kept = Appointment.objects.filter(status=AppointmentStatus.ATTENDED).exclude(kind__in=_NOT_A_FIRST_VISIT)
    earlier = kept.filter(recall=OuterRef("recall"), starts_at__lt=OuterRef("starts_at"))
    result_at = Coalesce(F("recall__exam__reported_at"), F("recall__opened_at"))
    return part(
        kept.filter(recent, ~Exists(earlier)),
        "visits",
        first=_week(sites, "site", "starts_at", now),
        second=_days(sites, "site", result_at, F("starts_at")),
    )
