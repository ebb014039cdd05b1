"""Reads, for each recall that was opened in a period, the day of each moment on its way."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import F, Q, QuerySet

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
from reports.audit.cases import INCOMPLETE
from reports.audit.scope import AuditScope, WholeYears
from reports.audit.waits.definitions import MOMENT_COUNT, Moment

_NOT_A_FIRST_VISIT = (VisitKind.BIOPSY, VisitKind.FOLLOW_UP)
# A planned first visit proves nothing: somebody there said that the patient came, or they were operated on.
_SEEN_THERE = (OutsideReportKind.FIRST_VISIT, OutsideReportKind.SURGERY)
_POSITIVE = INCOMPLETE | SUSPICIOUS_ASSESSMENTS
_AGE = WholeYears(F("exam__exam_date"), F("exam__patient__birth_date"))
_RESOLVING = frozenset({Assessment.NEGATIVE, Assessment.BENIGN, Assessment.PROBABLY_BENIGN})
# They are owed an answer still: their wait is not over.
_STILL_WAITING = (ClosureReason.LOST_TO_FOLLOW_UP, ClosureReason.DECLINED)
# From then on nobody knows: their wait is known to have lasted until that day.
_OUT_OF_SIGHT = (ClosureReason.TRANSFERRED, ClosureReason.DECEASED)
# The reading of each round that asks for a return, and the reading at the return.
_ROUND_STARTS = (Moment.ROUND_0.position, Moment.ROUND_1.position, Moment.ROUND_2.position)
_ROUND_ENDS = (Moment.RETURN_1.position, Moment.RETURN_2.position, Moment.RETURN_3.position)


@dataclass(slots=True)
class RecallDays:
    """One recall: what it is told apart by, how it ended, and on which day each moment came.

    Days are ordinals, and stand by the position of the moment: there are a hundred thousand recalls.
    """

    pk: int
    site_id: int
    groups: tuple[Any, ...]
    zone: ZoneInfo
    closure_reason: str
    is_answered: bool  # closed, and nothing is owed any more
    age: int = 0  # whole years at the screening
    is_positive: bool = False  # the screening was read as 0, 4 or 5
    last_seen_on: int | None = None  # from then on nobody knows
    days: list[int | None] = field(default_factory=lambda: [None] * MOMENT_COUNT)

    def put(self, position: int, at: datetime | date) -> None:
        """The first of them counts."""
        day = self.day_of(at)
        before = self.days[position]
        if before is None or day < before:
            self.days[position] = day

    def day_of(self, at: datetime | date) -> int:
        return at.astimezone(self.zone).toordinal() if isinstance(at, datetime) else at.toordinal()


def opened_recalls(scope: AuditScope) -> "QuerySet[Recall]":
    """Recalls opened on the days of the period at their site. Voided ones never were."""
    day_after = scope.until + timedelta(days=1)
    bounds: dict[str, Callable[[ZoneInfo], datetime]] = {
        "opened_at__gte": lambda zone: start_of_day(zone, scope.since),
        "opened_at__lt": lambda zone: start_of_day(zone, day_after),
    }
    wanted = Q()
    for lookup, bound in bounds.items():
        wanted &= per_zone_condition(scope.sites, lookup, bound)
    return Recall.objects.filter(wanted).exclude(closure_reason=ClosureReason.VOID).order_by()


def load_recall_days(scope: AuditScope, groups: Sequence[Any] = ()) -> list[RecallDays]:
    """One query over the recalls and one for each table about them; `groups` is what the recalls are told apart by."""
    recalls = opened_recalls(scope)
    zones = {site.pk: site.zone for site in scope.sites}
    columns = ("pk", "site_id", "kind", "opened_at", "exam__reported_at", "exam__assessment", "closure_reason",
               "closed_at", "exam__exam_date")  # fmt: skip
    keys: dict[str, Any] = {f"group_{number}": expression for number, expression in enumerate(groups)}
    rows: Any = recalls.annotate(years=_AGE, **keys).values_list(*columns, "years", *keys)
    found: dict[int, RecallDays] = {}
    for pk, site, kind, opened_at, reported_at, assessment, reason, closed_at, screened_on, years, *own in rows:
        is_answered = bool(reason) and reason not in _STILL_WAITING and reason not in _OUT_OF_SIGHT
        one = found[pk] = RecallDays(pk, site, tuple(own), zones[site], reason, is_answered)
        one.age, one.is_positive = years, assessment in _POSITIVE
        one.put(Moment.SCREENING.position, screened_on)
        one.last_seen_on = one.day_of(closed_at) if closed_at and reason in _OUT_OF_SIGHT else None
        # A patient whose prior images are awaited is not to be called yet.
        if assessment != Assessment.NEED_PRIORS:
            one.put(Moment.RESULT.position, opened_at if kind == RecallKind.SUPPLEMENTAL else reported_at or opened_at)
    _put_new_results(found, recalls)
    for moment, rows, column in _single_moments():
        position = moment.position
        about = rows.filter(recall__in=recalls).order_by()
        for recall, at in _known(found, about.values_list("recall_id", column)):
            found[recall].put(position, at)
    _put_outcomes(found, recalls)
    _put_tissue(found, recalls)
    _put_told(found, recalls)
    return list(found.values())


def _known(found: dict[int, RecallDays], rows: Iterable[Any]) -> Iterable[Any]:
    """Without those of recalls that were opened since the recalls were read."""
    return (row for row in rows if row[0] in found)


def _single_moments() -> list[tuple[Moment, "QuerySet[Any]", str]]:
    """Each moment that is the first row of a table, and the column with its time."""
    calls = ContactAttempt.objects.filter(channel=ContactChannel.PHONE, retracts=None, retracted_by=None)
    visits = Appointment.objects.filter(status=AppointmentStatus.ATTENDED).exclude(kind__in=_NOT_A_FIRST_VISIT)
    return [
        (Moment.CALL, calls, "at"),
        (Moment.VISIT, visits, "starts_at"),
        (Moment.BIOPSY, Biopsy.objects.all(), "done_on"),
        (Moment.TREATMENT, OutsideReport.objects.filter(kind__in=_SEEN_THERE), "performed_on"),
    ]


def _put_new_results(found: dict[int, RecallDays], recalls: "QuerySet[Recall]") -> None:
    """Where the comparison with prior images led to more pictures, the wait begins on that day."""
    asked = RecallEvent.objects.filter(recall__in=recalls, step="need_imaging").order_by()
    firsts: dict[int, int] = {}
    for recall, at in _known(found, asked.values_list("recall_id", "at")):
        day = found[recall].day_of(at)
        firsts[recall] = min(firsts.get(recall, day), day)
    for recall, day in firsts.items():
        found[recall].days[Moment.RESULT.position] = day


def _put_outcomes(found: dict[int, RecallDays], recalls: "QuerySet[Recall]") -> None:
    outcome, advised, resolution = Moment.OUTCOME.position, Moment.ADVISED.position, Moment.RESOLUTION.position
    rows = Outcome.objects.filter(recall__in=recalls).order_by()
    columns = ("recall_id", "at", "assessment", "round")
    for recall, at, assessment, number in _known(found, rows.values_list(*columns)):
        one = found[recall]
        if assessment != Assessment.NEED_IMAGING:
            one.put(outcome, at)
        if assessment in SUSPICIOUS_ASSESSMENTS:
            one.put(advised, at)
        if assessment in _RESOLVING:
            one.put(resolution, at)
        if assessment == Assessment.PROBABLY_BENIGN and number < len(_ROUND_STARTS):
            one.put(_ROUND_STARTS[number], at)
        if 0 < number <= len(_ROUND_ENDS):
            one.put(_ROUND_ENDS[number - 1], at)


def _put_tissue(found: dict[int, RecallDays], recalls: "QuerySet[Recall]") -> None:
    """Also resolves the recall, as an outcome does, from the day of the biopsy."""
    rows = PathologyResult.objects.filter(recall__in=recalls).order_by()
    for recall, at, result in _known(found, rows.values_list("recall_id", "at", "result")):
        found[recall].put(Moment.PATHOLOGY.position, at)
        if result in MALIGNANT_CLASSES:
            found[recall].put(Moment.CANCER.position, at)
    biopsy, resolution = Moment.BIOPSY.position, Moment.RESOLUTION.position
    for one in found.values():
        ends = [day for day in (one.days[biopsy], one.days[resolution]) if day is not None]
        one.days[resolution] = min(ends, default=None)


def _put_told(found: dict[int, RecallDays], recalls: "QuerySet[Recall]") -> None:
    """Told is the first talk or letter after the result."""
    told: defaultdict[int, list[datetime]] = defaultdict(list)
    rows = ResultDisclosure.objects.filter(recall__in=recalls).order_by()
    for recall, at in _known(found, rows.values_list("recall_id", "told_at")):
        told[recall].append(at)
    pairs = ((Moment.OUTCOME.position, Moment.TOLD.position),
             (Moment.PATHOLOGY.position, Moment.PATHOLOGY_TOLD.position))  # fmt: skip
    for recall, talks in told.items():
        one = found[recall]
        days = sorted(map(one.day_of, talks))
        for result, moment in pairs:
            since = one.days[result]
            one.days[moment] = next((day for day in days if since is not None and day >= since), None)
