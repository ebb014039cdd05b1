"""Reads what became of one reader's recalls, with the audit figures of a period.

The figures follow 21 CFR 900.12(f) (MQSA) and the audit chapter of BI-RADS; each is a numerator and its denominator,
never a percentage alone. Cancers are those known here by today: what another clinic found is not among them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from django.db import models
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from clinic.models import User
from clinic.roles import Role
from desk.keyset import rows_after
from recalls.enums import SUSPICIOUS_ASSESSMENTS, Assessment, ClosureReason, PathologyClass, RecallKind, State
from recalls.models import Outcome, PathologyResult, Recall, RecallEvent, ScreeningExam

PAGE_SIZE = 25
_YEAR = timedelta(days=365)
_MALIGNANT_RESULTS = (PathologyClass.IN_SITU, PathologyClass.INVASIVE)
# A positive screening in BI-RADS: called back for more pictures, or 3, 4 or 5 at once; not "earlier pictures needed".
_POSITIVE_ASSESSMENTS = (Assessment.NEED_IMAGING, Assessment.PROBABLY_BENIGN, *SUSPICIOUS_ASSESSMENTS)
_ORDER = ("-exam__exam_date", "-pk")


class ReaderOutcomeCursor(NamedTuple):
    """Where one page ended."""

    exam_date: date
    pk: int


class ReviewPeriod(models.TextChoices):
    """By the day of the screening."""

    QUARTER = "quarter", _("Last 3 months")
    YEAR = "year", _("Last 12 months")
    YEAR_BEFORE = "year-before", _("13 to 24 months ago")

    def date_range(self, today: date) -> tuple[date, date]:
        """First and last day."""
        if self == ReviewPeriod.YEAR_BEFORE:
            return today - 2 * _YEAR + timedelta(days=1), today - _YEAR
        return today - (timedelta(days=91) if self == ReviewPeriod.QUARTER else _YEAR) + timedelta(days=1), today


class FollowUpResult(models.TextChoices):
    """What a recall led to; a recall may be in several of these."""

    ALL = "all", _("Called back")
    OPEN = "open", _("Still open")
    SETTLED = "settled", _("Normal, benign, or explained by prior images")
    SHORT_INTERVAL = "short-interval", _("In short-interval follow-up")
    BIOPSY = "biopsy", _("Biopsy advised")
    BIOPSY_RESULT = "tissue", _("Biopsy with a result")
    CANCER = "cancer", _("Cancer found")
    UNKNOWN = "unknown", _("Ended without an answer")
    VOID = "void", _("Voided: no recall after all")


_RESULT_CONDITIONS: dict[FollowUpResult, Q] = {
    FollowUpResult.ALL: Q(),
    FollowUpResult.OPEN: ~Q(state=State.CLOSED),
    FollowUpResult.SETTLED: Q(
        closure_reason__in=(ClosureReason.NORMAL, ClosureReason.BENIGN, ClosureReason.RESOLVED_BY_PRIORS)
    ),
    FollowUpResult.SHORT_INTERVAL: Q(state=State.FOLLOW_UP) | (~Q(state=State.CLOSED) & Q(round__gt=0)),
    FollowUpResult.BIOPSY: Q(biopsy_advised=True),
    FollowUpResult.BIOPSY_RESULT: Q(has_tissue=True),
    FollowUpResult.CANCER: Q(has_cancer=True),
    FollowUpResult.UNKNOWN: Q(
        closure_reason__in=(
            ClosureReason.DECLINED, ClosureReason.LOST_TO_FOLLOW_UP, ClosureReason.TRANSFERRED, ClosureReason.DECEASED,
        )
    ),
    FollowUpResult.VOID: Q(closure_reason=ClosureReason.VOID),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ReaderScope:
    """Whose recalls, at which sites, screened from which day to which."""

    user: User
    site_ids: frozenset[int]
    since: date
    until: date


@dataclass(frozen=True, slots=True)
class Ratio:
    numerator: int
    denominator: int


@dataclass(frozen=True, slots=True)
class ReaderFigures:
    results: dict[FollowUpResult, int]
    # None where the screenings that were not called back do not all come in: then nobody knows out of how many.
    recall_rate: Ratio | None
    negative_exams: int
    exam_count: int
    recent_exams: int
    ppv1: Ratio
    ppv2: Ratio
    ppv3: Ratio
    # Of the positive screenings and of the biopsies advised, those whose end is not known yet.
    positive_open: int
    biopsy_open: int


def compute_reader_figures(reader: ReaderScope, today: date) -> ReaderFigures:
    """Two aggregates, over one reader's exams of a period.

    No reader calls back more screenings than they clear. Where fewer negative ones came in than were called back, the
    negative ones are not all here, and a rate would be untrue.
    """
    exams = _exams(reader).aggregate(
        all=Count("pk"),
        incomplete=Count("pk", filter=Q(assessment=Assessment.NEED_IMAGING)),
        negative=Count("pk", filter=Q(assessment__in=(Assessment.NEGATIVE, Assessment.BENIGN))),
        young=Count("pk", filter=Q(exam_date__gt=today - _YEAR)),
    )
    positive = Q(exam__assessment__in=_POSITIVE_ASSESSMENTS) & ~_RESULT_CONDITIONS[FollowUpResult.VOID]
    wanted = {fate.name: condition for fate, condition in _RESULT_CONDITIONS.items()} | {
        "positive": positive,
        "positive_cancer": positive & _RESULT_CONDITIONS[FollowUpResult.CANCER],
        "positive_open": positive & _RESULT_CONDITIONS[FollowUpResult.OPEN],
        "biopsy_open": _RESULT_CONDITIONS[FollowUpResult.BIOPSY] & Q(has_tissue=False, has_cancer=False),
        "biopsy_cancer": _RESULT_CONDITIONS[FollowUpResult.BIOPSY] & _RESULT_CONDITIONS[FollowUpResult.CANCER],
        "tissue_cancer": _RESULT_CONDITIONS[FollowUpResult.BIOPSY_RESULT] & _RESULT_CONDITIONS[FollowUpResult.CANCER],
    }
    counts = _recalls(reader).aggregate(**{name: Count("pk", filter=condition) for name, condition in wanted.items()})
    return ReaderFigures(
        results={fate: counts[fate.name] for fate in FollowUpResult},
        recall_rate=Ratio(exams["incomplete"], exams["all"]) if exams["negative"] > exams["incomplete"] else None,
        negative_exams=exams["negative"],
        exam_count=exams["all"],
        recent_exams=exams["young"],
        ppv1=Ratio(counts["positive_cancer"], counts["positive"]),
        ppv2=Ratio(counts["biopsy_cancer"], counts["BIOPSY"]),
        ppv3=Ratio(counts["tissue_cancer"], counts["BIOPSY_RESULT"]),
        positive_open=counts["positive_open"],
        biopsy_open=counts["biopsy_open"],
    )


def list_reader_recalls(reader: ReaderScope, fate: FollowUpResult, after: ReaderOutcomeCursor | None) -> list[Recall]:
    """One page and one row more, the newest screening first."""
    rows = _recalls(reader).filter(_RESULT_CONDITIONS[fate])
    if after is not None:
        rows = rows.filter(rows_after(_ORDER, after))
    first = rows.select_related("patient", "exam").order_by(*_ORDER)[: PAGE_SIZE + 1]
    return list(first.prefetch_related("exam__findings", "outcomes", "pathology_results", "concordances"))


def readers_at(site_ids: Iterable[int]) -> list[User]:
    """Everybody who reads at these sites, by name."""
    rows = User.objects.filter(groups__name=Role.RADIOLOGIST, sites__in=site_ids).distinct()
    return list(rows.order_by("last_name", "first_name", "pk"))


def _exams(reader: ReaderScope) -> QuerySet[ScreeningExam]:
    return ScreeningExam.objects.filter(
        reader=reader.user, site_id__in=reader.site_ids, exam_date__range=(reader.since, reader.until)
    )


def _recalls(reader: ReaderScope) -> QuerySet[Recall]:
    tissue = PathologyResult.objects.filter(recall=OuterRef("pk"))
    suspicious = Outcome.objects.filter(recall=OuterRef("pk"), assessment__in=SUSPICIOUS_ASSESSMENTS, amended_by=None)
    without_visit = RecallEvent.objects.filter(recall=OuterRef("pk"), step="advise_biopsy")
    cancer = Exists(tissue.filter(result__in=_MALIGNANT_RESULTS)) | Q(closure_reason=ClosureReason.CANCER_HANDED_OVER)
    # What a supplemental test found after a negative reading is no call back of that reader's.
    of_reader: QuerySet[Recall] = Recall.objects.exclude(kind=RecallKind.SUPPLEMENTAL).filter(
        exam__reader=reader.user,
        exam__site_id__in=reader.site_ids,
        exam__exam_date__range=(reader.since, reader.until),
    )
    return of_reader.annotate(
        has_tissue=Exists(tissue),
        has_cancer=cancer,
        biopsy_advised=Exists(suspicious) | Exists(without_visit),
    )
