"""What became of one reader's recalls? Her exams of a period, what they led to, and the figures they make.

The figures follow 21 CFR 900.12(f) (MQSA) and the audit chapter of BI-RADS; each is a numerator and its denominator,
never a percentage alone. Cancers are those known here by today: what another clinic found is not among them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import models
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from clinic.models import User
from clinic.roles import Role
from recalls.models import Outcome, PathologyResult, Recall, RecallEvent, ScreeningExam
from recalls.states import SUSPICIOUS, Assessment, ClosureReason, PathologyClass, State

PAGE_SIZE = 25
_YEAR = timedelta(days=365)
_MALIGNANT = (PathologyClass.IN_SITU, PathologyClass.INVASIVE)
# A positive screening in BI-RADS: called back for more pictures, or 3, 4 or 5 at once; not "earlier pictures needed".
_POSITIVE = (Assessment.NEED_IMAGING, Assessment.PROBABLY_BENIGN, *SUSPICIOUS)
Position = tuple[date, int]


class Period(models.TextChoices):
    """By the day of the screening."""

    QUARTER = "quarter", _("Last 3 months")
    YEAR = "year", _("Last 12 months")
    YEAR_BEFORE = "year-before", _("13 to 24 months ago")

    def days(self, today: date) -> tuple[date, date]:
        """First and last day."""
        if self == Period.YEAR_BEFORE:
            return today - 2 * _YEAR + timedelta(days=1), today - _YEAR
        return today - (timedelta(days=91) if self == Period.QUARTER else _YEAR) + timedelta(days=1), today


class Fate(models.TextChoices):
    """What a recall led to; a recall may be in several of these."""

    ALL = "all", _("Called back")
    OPEN = "open", _("Still open")
    SETTLED = "settled", _("Normal, benign, or explained by earlier pictures")
    SHORT_INTERVAL = "short-interval", _("In short-interval follow-up")
    BIOPSY = "biopsy", _("Biopsy advised")
    TISSUE = "tissue", _("Biopsy with a result")
    CANCER = "cancer", _("Cancer found")
    UNKNOWN = "unknown", _("Ended without an answer")
    VOID = "void", _("Voided: no recall after all")


_FATE: dict[Fate, Q] = {
    Fate.ALL: Q(),
    Fate.OPEN: ~Q(state=State.CLOSED),
    Fate.SETTLED: Q(closure_reason__in=(ClosureReason.NORMAL, ClosureReason.BENIGN, ClosureReason.RESOLVED_BY_PRIORS)),
    Fate.SHORT_INTERVAL: Q(state=State.FOLLOW_UP) | (~Q(state=State.CLOSED) & Q(round__gt=0)),
    Fate.BIOPSY: Q(biopsy_advised=True),
    Fate.TISSUE: Q(has_tissue=True),
    Fate.CANCER: Q(has_cancer=True),
    Fate.UNKNOWN: Q(
        closure_reason__in=(
            ClosureReason.DECLINED, ClosureReason.LOST_TO_FOLLOW_UP, ClosureReason.TRANSFERRED, ClosureReason.DECEASED,
        )
    ),
    Fate.VOID: Q(closure_reason=ClosureReason.VOID),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reader:
    """Whose recalls, at which sites, screened from which day to which."""

    user: User
    site_ids: frozenset[int]
    since: date
    until: date


@dataclass(frozen=True, slots=True)
class Share:
    part: int
    whole: int


@dataclass(frozen=True, slots=True)
class Figures:
    fates: dict[Fate, int]
    # None where only exams that were called back come in: then nobody knows out of how many.
    recall_rate: Share | None
    exams: int
    young: int
    ppv1: Share
    ppv2: Share
    ppv3: Share


def figures_of(reader: Reader, today: date) -> Figures:
    """Two aggregates, over one reader's exams of a period."""
    exams = _exams(reader).aggregate(
        all=Count("pk"),
        incomplete=Count("pk", filter=Q(assessment=Assessment.NEED_IMAGING)),
        negative=Count("pk", filter=Q(assessment__in=(Assessment.NEGATIVE, Assessment.BENIGN))),
        young=Count("pk", filter=Q(exam_date__gt=today - _YEAR)),
    )
    positive = Q(exam__assessment__in=_POSITIVE) & ~_FATE[Fate.VOID]
    wanted = {fate.name: condition for fate, condition in _FATE.items()} | {
        "positive": positive,
        "positive_cancer": positive & _FATE[Fate.CANCER],
        "biopsy_cancer": _FATE[Fate.BIOPSY] & _FATE[Fate.CANCER],
        "tissue_cancer": _FATE[Fate.TISSUE] & _FATE[Fate.CANCER],
    }
    counts = _recalls(reader).aggregate(**{name: Count("pk", filter=condition) for name, condition in wanted.items()})
    return Figures(
        fates={fate: counts[fate.name] for fate in Fate},
        recall_rate=Share(exams["incomplete"], exams["all"]) if exams["negative"] else None,
        exams=exams["all"],
        young=exams["young"],
        ppv1=Share(counts["positive_cancer"], counts["positive"]),
        ppv2=Share(counts["biopsy_cancer"], counts["BIOPSY"]),
        ppv3=Share(counts["tissue_cancer"], counts["TISSUE"]),
    )


def page_of(reader: Reader, fate: Fate, after: Position | None) -> list[Recall]:
    """One page and one row more, the newest screening first."""
    rows = _recalls(reader).filter(_FATE[fate])
    if after is not None:
        day, pk = after
        rows = rows.filter(exam__exam_date__lte=day).exclude(exam__exam_date=day, pk__gte=pk)
    first = rows.select_related("patient", "exam").order_by("-exam__exam_date", "-pk")[: PAGE_SIZE + 1]
    return list(first.prefetch_related("exam__findings", "outcomes", "pathology_results", "concordances"))


def readers_at(site_ids: Iterable[int]) -> list[User]:
    """Everybody who reads at these sites, by name."""
    rows = User.objects.filter(groups__name=Role.RADIOLOGIST, sites__in=site_ids).distinct()
    return list(rows.order_by("last_name", "first_name", "pk"))


def _exams(reader: Reader) -> QuerySet[ScreeningExam]:
    return ScreeningExam.objects.filter(
        reader=reader.user, site_id__in=reader.site_ids, exam_date__range=(reader.since, reader.until)
    )


def _recalls(reader: Reader) -> QuerySet[Recall]:
    tissue = PathologyResult.objects.filter(recall=OuterRef("pk"))
    suspicious = Outcome.objects.filter(recall=OuterRef("pk"), assessment__in=SUSPICIOUS, amended_by=None)
    without_visit = RecallEvent.objects.filter(recall=OuterRef("pk"), step="advise_biopsy")
    cancer = Exists(tissue.filter(result__in=_MALIGNANT)) | Q(closure_reason=ClosureReason.CANCER_HANDED_OVER)
    hers: QuerySet[Recall] = Recall.objects.filter(
        exam__reader=reader.user,
        exam__site_id__in=reader.site_ids,
        exam__exam_date__range=(reader.since, reader.until),
    )
    return hers.annotate(
        has_tissue=Exists(tissue),
        has_cancer=cancer,
        biopsy_advised=Exists(suspicious) | Exists(without_visit),
    )
