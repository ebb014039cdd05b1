"""Reads the cancers that are known, and finds the screening that each of them speaks about."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Coalesce

from clinic.models import Site
from recalls.enums import MALIGNANT_CLASSES, ClosureReason, PathologyClass, RecallKind
from recalls.models import CancerDiagnosis, PathologyResult, Recall, ScreeningExam
from reports.audit.cases import WINDOW_DAYS, Cancer
from reports.audit.scope import AuditScope, ExamRow

_WINDOW = timedelta(days=WINDOW_DAYS)
_NO_DAY = date(1, 1, 1)
_CHUNK = 20_000  # numbers asked for at once: SQLite takes 32,766 values in a query


@dataclass(frozen=True, slots=True)
class KnownCancer:
    """A cancer of a patient; `exam_id` is the screening whose recall found it, None where it came from elsewhere."""

    patient_id: int
    day: date
    cancer: Cancer
    exam_id: int | None


def within_window(exam_day: date, day: date) -> bool:
    return exam_day <= day <= exam_day + _WINDOW


def load_cancers(scope: AuditScope) -> list[KnownCancer]:
    """Every cancer diagnosed in the period or in the year after it, at any site. Three queries."""
    zones = {site.pk: site.zone for site in Site.objects.all()}
    found = [*_from_tissue(scope, zones), *_from_elsewhere(), *_handed_over(scope, zones)]
    return [one for one in found if scope.since <= one.day <= scope.window_ends_on]


def _earliest(scope: AuditScope) -> datetime:
    """Before the first day anywhere on earth: what is written down about a cancer is no older than the screening."""
    return datetime.combine(scope.since - timedelta(days=1), time.min, tzinfo=UTC)


def standing_pathology() -> "QuerySet[PathologyResult]":
    """Without the results that an amended report has replaced."""
    keyed = PathologyResult.objects.order_by().annotate(
        biopsy_key=Coalesce("biopsy_id", 0), day_key=Coalesce("performed_on", _NO_DAY)
    )
    newer = keyed.filter(
        lesion=OuterRef("lesion"), source=OuterRef("source"), pk__gt=OuterRef("pk"),
        biopsy_key=OuterRef("biopsy_key"), day_key=OuterRef("day_key"),
    )  # fmt: skip
    return keyed.filter(~Exists(newer))


def _from_tissue(scope: AuditScope, zones: dict[int, Any]) -> Iterator[KnownCancer]:
    rows = standing_pathology().filter(result__in=MALIGNANT_CLASSES, at__gte=_earliest(scope))
    for patient, exam, site, at, taken, done, result, size, nodes in rows.values_list(
        "recall__patient_id", "recall__exam_id", "recall__site_id", "at", "performed_on", "biopsy__done_on", "result",
        "size_mm", "nodes",
    ):  # fmt: skip
        day = next((one for one in (taken, done) if one is not None), at.astimezone(zones[site]).date())
        yield KnownCancer(patient, day, Cancer(result == PathologyClass.INVASIVE, size, nodes), exam)


def _from_elsewhere() -> Iterator[KnownCancer]:
    rows = CancerDiagnosis.objects.order_by().annotate(person=Coalesce("patient__merged_into_id", "patient_id"))
    for person, day, result, size, nodes in rows.values_list("person", "diagnosed_on", "result", "size_mm", "nodes"):
        yield KnownCancer(person, day, Cancer(result == PathologyClass.INVASIVE, size, nodes), None)


def _handed_over(scope: AuditScope, zones: dict[int, Any]) -> Iterator[KnownCancer]:
    """A recall that ended with a cancer whose tissue nobody recorded here."""
    tissue = PathologyResult.objects.filter(recall=OuterRef("pk"), result__in=MALIGNANT_CLASSES)
    rows = Recall.objects.filter(
        ~Exists(tissue), closure_reason=ClosureReason.CANCER_HANDED_OVER, closed_at__gte=_earliest(scope)
    )
    for patient, exam, site, closed_at in rows.values_list("patient_id", "exam_id", "site_id", "closed_at"):
        yield KnownCancer(patient, closed_at.astimezone(zones[site]).date(), Cancer(None), exam)


def in_chunks(numbers: list[int]) -> Iterator[list[int]]:
    return (numbers[start : start + _CHUNK] for start in range(0, len(numbers), _CHUNK))


def screenings_of_patients(cancers: Iterable[KnownCancer], group: Any) -> list[ExamRow]:
    """Every screening of the patients with these cancers, of each patient the earliest first."""
    found: list[ExamRow] = []
    for some in in_chunks(sorted({one.patient_id for one in cancers})):
        exams = ScreeningExam.objects.filter(patient_id__in=some)
        rows: Any = exams.exclude(recall_kind=RecallKind.INCIDENTAL).order_by("patient_id", "exam_date", "pk")
        columns = ("patient_id", "pk", "exam_date", "site_id", "reader_id", "assessment", "recall_kind", group)
        found += map(ExamRow._make, rows.values_list(*columns))
    return found


def cancers_by_exam(cancers: Iterable[KnownCancer], exams: Iterable[ExamRow]) -> dict[int, list[Cancer]]:
    """Each cancer at the screening it speaks about, if the window of that was open.

    That is the last screening up to the day of the diagnosis; also the one whose recall found it, where a later
    screening came in between.
    """
    by_patient: defaultdict[int, list[ExamRow]] = defaultdict(list)
    for exam in exams:
        by_patient[exam.patient_id].append(exam)
    found: defaultdict[int, list[Cancer]] = defaultdict(list)
    for one in cancers:
        earlier = [exam for exam in by_patient[one.patient_id] if exam.day <= one.day]
        for exam in earlier:
            is_meant = exam is earlier[-1] or exam.pk == one.exam_id
            if is_meant and within_window(exam.day, one.day):
                found[exam.pk].append(one.cancer)
    return found
