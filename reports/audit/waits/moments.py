"""Reads, for each recall that was opened in a period, the day of each moment on its way."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import CharField, F, Min, Q, QuerySet, Value

from clinic.timezone_filters import per_zone_condition, start_of_day
from recalls.enums import (
    MALIGNANT_CLASSES,
    SUSPICIOUS_ASSESSMENTS,
    AppointmentStatus,
    Assessment,
    ClosureReason,
    ContactChannel,
    OutsideReportKind,
    RecallKind,
    VisitKind,
)
from recalls.models import (
    Appointment,
    Biopsy,
    ContactAttempt,
    Outcome,
    OutsideReport,
    PathologyResult,
    Recall,
    RecallEvent,
    ResultDisclosure,
)
from reports.audit.scope import AuditScope, Breakdown, WholeYears
from reports.audit.waits.definitions import Moment

_NOT_A_FIRST_VISIT = (VisitKind.BIOPSY, VisitKind.FOLLOW_UP)
# A planned first visit proves nothing: somebody there said that the patient came, or they were operated on.
_SEEN_THERE = (OutsideReportKind.FIRST_VISIT, OutsideReportKind.SURGERY)
_RESOLVING = (Assessment.NEGATIVE, Assessment.BENIGN, Assessment.PROBABLY_BENIGN)


@dataclass(slots=True)
class RecallDays:
    """One recall: what it is told apart by, how it ended, and on which day each moment came."""

    site_id: int
    group: Any
    closure_reason: str
    closed_on: date | None
    days: dict[Moment, date] = field(default_factory=dict)


def load_recall_days(scope: AuditScope, group: Any) -> list[RecallDays]:
    """A fixed number of queries; `group` is what the recalls are told apart by. Voided recalls never were."""
    zones = {site.pk: site.zone for site in scope.sites}
    opened = _opened_in(scope, "")
    rows = Recall.objects.filter(opened).exclude(closure_reason=ClosureReason.VOID).order_by()
    columns = ("pk", "site_id", group, "kind", "opened_at", "exam__reported_at", "exam__assessment",
               "closure_reason", "closed_at")  # fmt: skip
    found: dict[int, RecallDays] = {}
    for pk, site, key, kind, opened_at, reported_at, assessment, reason, closed_at in rows.values_list(*columns):
        zone = zones[site]
        closed_on = closed_at.astimezone(zone).date() if closed_at else None
        one = found[pk] = RecallDays(site, key, reason, closed_on)
        result = opened_at if kind == RecallKind.SUPPLEMENTAL else reported_at or opened_at
        # A patient whose prior images are awaited is not to be called yet.
        if assessment != Assessment.NEED_PRIORS:
            _put(one, Moment.RESULT, result, zone)
    for recall, at in _sent_on(scope):
        if recall in found:
            _put(found[recall], Moment.RESULT, at, zones[found[recall].site_id])
    for moment, firsts in _first_instants(scope).items():
        for recall, at in firsts:
            if recall in found:
                _put(found[recall], moment, at, zones[found[recall].site_id])
    _put_told(found, scope, zones)
    return list(found.values())


def _sent_on(scope: AuditScope) -> "QuerySet[Any, Any]":
    """When the comparison with prior images led to more pictures."""
    asked = RecallEvent.objects.filter(_opened_in(scope, "recall__"), step="need_imaging")
    by_recall: QuerySet[Any, Any] = asked.order_by().values_list("recall_id").annotate(first=Min("at"))
    return by_recall


def _put(one: RecallDays, moment: Moment, at: datetime | date, zone: ZoneInfo) -> None:
    one.days[moment] = at.astimezone(zone).date() if isinstance(at, datetime) else at


def _opened_in(scope: AuditScope, recall: str) -> Q:
    """Recalls opened on the days of the period at their site; `recall` leads to them."""
    day_after = scope.until + timedelta(days=1)
    bounds: dict[str, Callable[[ZoneInfo], datetime]] = {
        f"{recall}opened_at__gte": lambda zone: start_of_day(zone, scope.since),
        f"{recall}opened_at__lt": lambda zone: start_of_day(zone, day_after),
    }
    wanted = Q()
    for lookup, bound in bounds.items():
        wanted &= per_zone_condition(scope.sites, lookup, bound, site=f"{recall}site")
    return wanted


def _first_instants(scope: AuditScope) -> dict[Moment, "QuerySet[Any, Any]"]:
    """For each moment the first row of each recall: its number, and the instant or day."""
    here = _opened_in(scope, "recall__")
    outcomes = Outcome.objects.filter(here)

    def first(rows: "QuerySet[Any]", column: Any) -> "QuerySet[Any, Any]":
        by_recall: QuerySet[Any, Any] = (
            rows.filter(here).order_by().values_list("recall_id").annotate(first=Min(column))
        )
        return by_recall

    calls = ContactAttempt.objects.filter(channel=ContactChannel.PHONE, retracts=None, retracted_by=None)
    visits = Appointment.objects.filter(status=AppointmentStatus.ATTENDED).exclude(kind__in=_NOT_A_FIRST_VISIT)
    tissue = PathologyResult.objects.all()
    return {
        Moment.CALL: first(calls, "at"),
        Moment.VISIT: first(visits, "starts_at"),
        Moment.OUTCOME: first(outcomes.exclude(assessment=Assessment.NEED_IMAGING), "at"),
        Moment.ADVISED: first(outcomes.filter(assessment__in=SUSPICIOUS_ASSESSMENTS), "at"),
        Moment.BIOPSY: first(Biopsy.objects.all(), "done_on"),
        Moment.PATHOLOGY: first(tissue, "at"),
        Moment.CANCER: first(tissue.filter(result__in=MALIGNANT_CLASSES), "at"),
        Moment.TREATMENT: first(OutsideReport.objects.filter(kind__in=_SEEN_THERE), "performed_on"),
        Moment.RESOLUTION: first(outcomes.filter(assessment__in=_RESOLVING), "at"),
    }


def _put_told(found: dict[int, RecallDays], scope: AuditScope, zones: dict[int, ZoneInfo]) -> None:
    """Told is the first talk or letter after the result; a biopsy resolves a recall as an outcome does."""
    told: defaultdict[int, list[datetime]] = defaultdict(list)
    rows = ResultDisclosure.objects.filter(_opened_in(scope, "recall__")).order_by("told_at")
    for recall, at in rows.values_list("recall_id", "told_at"):
        told[recall].append(at)
    for number, one in found.items():
        for result, moment in ((Moment.OUTCOME, Moment.TOLD), (Moment.PATHOLOGY, Moment.PATHOLOGY_TOLD)):
            since, zone = one.days.get(result), zones[one.site_id]
            days = (at.astimezone(zone).date() for at in told.get(number, ()))
            after = next((day for day in days if since is not None and day >= since), None)
            if after is not None:
                one.days[moment] = after
        ends = [one.days[moment] for moment in (Moment.RESOLUTION, Moment.BIOPSY) if moment in one.days]
        if ends:
            one.days[Moment.RESOLUTION] = min(ends)


def group_expression(by: Breakdown) -> Any:
    """What recalls are told apart by."""
    return {
        Breakdown.SITE: F("site_id"),
        Breakdown.AGE: WholeYears(F("exam__exam_date"), F("patient__birth_date")),
        Breakdown.LANGUAGE: F("patient__language"),
        Breakdown.FIRST_SCREEN: F("exam__first_screen"),
    }.get(by, Value("", CharField()))
