"""Counts the diagnostic work-ups of an audit as cases: the last reading of each round of a recall."""

from collections import Counter, defaultdict
from datetime import date, timedelta
from functools import cache
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from clinic.timezone_filters import per_zone_condition, start_of_day
from recalls.enums import MODALITY_BY_VISIT_KIND, SUSPICIOUS_ASSESSMENTS, Modality, OutcomeBasis
from recalls.models import Biopsy, Outcome
from recalls.models.outcomes import READ_BY, is_read_by
from reports.audit.cancers import KnownCancer, standing_pathology, within_window
from reports.audit.cases import NOT_AUDITED, AuditCase, worst_cancer
from reports.audit.scope import AuditScope, Breakdown
from reports.audit.screening_cases import ReaderCases

# At these visits no mammogram is made.
_NO_MAMMOGRAM = [
    kind.value for kind, room in MODALITY_BY_VISIT_KIND.items() if room not in (Modality.MAMMOGRAPHY, Modality.CEM)
]


def count_work_ups(scope: AuditScope, by: Breakdown, cancers: list[KnownCancer]) -> ReaderCases:
    """How many work-ups of each kind each reader has in each group, in one pass over the readings of the period.

    Three queries.
    """
    zones = {site.pk: site.zone for site in scope.sites}
    biopsies = _biopsy_days(scope)
    cancers_of: defaultdict[int, list[KnownCancer]] = defaultdict(list)
    for one in cancers:
        cancers_of[one.patient_id].append(one)
    group = by.expression("recall__exam__", reader="read_by")
    columns = ("recall_id", "recall__patient_id", "recall__site_id", "assessment", "read_at", "read_by", group)
    counted: Counter[tuple[int | None, Any, AuditCase]] = Counter()
    for recall, patient, site, assessment, read_at, reader, key in (
        _work_ups(scope).annotate(read_by=READ_BY).values_list(*columns)
    ):
        if patient not in cancers_of and recall not in biopsies:
            counted[reader, key, _plain_case(assessment)] += 1
            continue
        day = read_at.astimezone(zones[site]).date()
        found = [one.cancer for one in cancers_of.get(patient, ()) if within_window(day, one.day)]
        is_done = any(within_window(day, taken) for taken in biopsies.get(recall, ()))
        case = AuditCase(False, assessment, assessment, False, is_done or _is_suspicious(assessment), is_done,
                         worst_cancer(found))  # fmt: skip
        counted[reader, key, case] += 1
    groups: defaultdict[tuple[int | None, Any], Counter[AuditCase]] = defaultdict(Counter)
    for (reader, key, case), count in counted.items():
        groups[reader, by.key(key)][case] += count
    return dict(groups)


def _is_suspicious(assessment: str) -> bool:
    return assessment in SUSPICIOUS_ASSESSMENTS


@cache
def _plain_case(assessment: str) -> AuditCase:
    """A work-up of which nothing more is known."""
    return AuditCase(False, assessment, assessment, False, _is_suspicious(assessment))


def _work_ups(scope: AuditScope) -> "QuerySet[Outcome]":
    """Read here after a visit with a mammogram; by the day of the reading at the site."""
    standing = Outcome.objects.filter(basis=OutcomeBasis.VISIT, amended_by=None).order_by()
    later = standing.filter(recall=OuterRef("recall"), round=OuterRef("round"), pk__gt=OuterRef("pk"))
    day_after = scope.until + timedelta(days=1)
    read = per_zone_condition(
        scope.sites, "read_at__gte", lambda zone: start_of_day(zone, scope.since), site="recall__site"
    ) & per_zone_condition(scope.sites, "read_at__lt", lambda zone: start_of_day(zone, day_after), site="recall__site")
    wanted = standing.filter(read, ~Exists(later)).exclude(assessment__in=NOT_AUDITED)
    wanted = wanted.filter(Q(appointment=None) | ~Q(appointment__kind__in=_NO_MAMMOGRAM))
    return wanted if scope.reader_id is None else wanted.filter(is_read_by(scope.reader_id))


def _biopsy_days(scope: AuditScope) -> dict[int, list[date]]:
    """When tissue was taken, by recall: here or elsewhere."""
    days: defaultdict[int, list[date]] = defaultdict(list)
    period = (scope.since, scope.window_ends_on)
    done = Biopsy.objects.filter(recall__site__in=scope.site_ids, done_on__range=period).order_by()
    for recall, day in done.values_list("recall_id", "done_on"):
        days[recall].append(day)
    outside = standing_pathology().filter(recall__site__in=scope.site_ids, biopsy=None)
    for recall, taken, at in outside.values_list("recall_id", "performed_on", "at"):
        days[recall].append(taken or at.date())
    return days
