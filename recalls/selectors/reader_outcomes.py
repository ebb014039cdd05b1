"""Reads what became of one reader's recalls, with the audit figures of a period.

The figures follow 21 CFR 900.12(f) (MQSA) and the audit chapter of BI-RADS; each is a numerator and its denominator,
never a percentage alone. Cancers are those known here by today: what another clinic found is not among them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clinic.models import User
from clinic.roles import Role
from desk.keyset import rows_after
from desk.union_counts import fetch_counts
from recalls.enums import Assessment, ClosureReason, State
from recalls.models import Recall, RecallFacts
from recalls.selectors import kept_counts
from recalls.selectors.kept_counts import ReaderRecallKind

PAGE_SIZE = 25
_YEAR = timedelta(days=365)


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


_SETTLED = (ClosureReason.NORMAL, ClosureReason.BENIGN, ClosureReason.RESOLVED_BY_PRIORS)
_UNKNOWN = (
    ClosureReason.DECLINED, ClosureReason.LOST_TO_FOLLOW_UP, ClosureReason.TRANSFERRED, ClosureReason.DECEASED,
)  # fmt: skip
# Which facts of a recall are in the list of each result; `_results_of` counts by the same.
_RESULT_CONDITIONS: dict[FollowUpResult, Q] = {
    FollowUpResult.ALL: Q(),
    FollowUpResult.OPEN: ~Q(state=State.CLOSED),
    FollowUpResult.SETTLED: Q(closure_reason__in=_SETTLED),
    FollowUpResult.SHORT_INTERVAL: ~Q(state=State.CLOSED) & (Q(state=State.FOLLOW_UP) | Q(later_round=True)),
    FollowUpResult.BIOPSY: Q(biopsy_advised=True),
    FollowUpResult.BIOPSY_RESULT: Q(has_tissue=True),
    FollowUpResult.CANCER: Q(has_cancer=True),
    FollowUpResult.UNKNOWN: Q(closure_reason__in=_UNKNOWN),
    FollowUpResult.VOID: Q(closure_reason=ClosureReason.VOID),
}


def _results_of(kind: ReaderRecallKind) -> Iterator[str]:
    """The results that recalls of this kind led to, and what the figures of an audit count of them."""
    is_open = kind.state != State.CLOSED
    holds = {
        FollowUpResult.ALL: True,
        FollowUpResult.OPEN: is_open,
        FollowUpResult.SETTLED: kind.closure_reason in _SETTLED,
        FollowUpResult.SHORT_INTERVAL: kind.state == State.FOLLOW_UP or (is_open and kind.later_round),
        FollowUpResult.BIOPSY: kind.biopsy_advised,
        FollowUpResult.BIOPSY_RESULT: kind.has_tissue,
        FollowUpResult.CANCER: kind.has_cancer,
        FollowUpResult.UNKNOWN: kind.closure_reason in _UNKNOWN,
        FollowUpResult.VOID: kind.closure_reason == ClosureReason.VOID,
    }
    positive = kind.positive and not holds[FollowUpResult.VOID]
    figures = {
        "positive": positive,
        "positive_cancer": positive and kind.has_cancer,
        "positive_open": positive and is_open,
        "biopsy_open": kind.biopsy_advised and not kind.has_tissue and not kind.has_cancer,
        "biopsy_cancer": kind.biopsy_advised and kind.has_cancer,
        "tissue_cancer": kind.has_tissue and kind.has_cancer,
    }
    yield from (fate.name for fate, is_so in holds.items() if is_so)
    yield from (name for name, is_so in figures.items() if is_so)


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
    """One query, over what is kept of one reader's exams of a period.

    No reader calls back more screenings than they clear. Where fewer negative ones came in than were called back, the
    negative ones are not all here, and a rate would be untrue.
    """
    whose = (reader.user.pk, reader.site_ids, reader.since, reader.until)
    counts: Counter[str] = Counter()
    exams: Counter[str] = Counter()
    for row in fetch_counts([
        kept_counts.reader_exams("exams", *whose, recent_since=today - _YEAR + timedelta(days=1)),
        kept_counts.reader_recalls("recalls", *whose),
    ]):  # fmt: skip
        if row.query_name == "exams":
            exams[row.key] += row.count
            exams["all"] += row.count
            exams["young"] += row.count * row.number_1
            continue
        for name in _results_of(kept_counts.split_reader_recall(row.key)):
            counts[name] += row.count
    incomplete, negative = exams[Assessment.NEED_IMAGING], exams[Assessment.NEGATIVE] + exams[Assessment.BENIGN]
    return ReaderFigures(
        results={fate: counts[fate.name] for fate in FollowUpResult},
        recall_rate=Ratio(incomplete, exams["all"]) if negative > incomplete else None,
        negative_exams=negative,
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
    facts = RecallFacts.objects.filter(
        _RESULT_CONDITIONS[fate],
        reader=reader.user, exam_site__in=reader.site_ids, exam_date__range=(reader.since, reader.until),
    )  # fmt: skip
    if after is not None:
        facts = facts.filter(rows_after(("-exam_date", "-pk"), after))
    numbers = list(facts.order_by("-exam_date", "-pk").values_list("pk", flat=True)[: PAGE_SIZE + 1])
    rows = Recall.objects.filter(pk__in=numbers).select_related("patient", "exam").order_by("-exam__exam_date", "-pk")
    return list(rows.prefetch_related("exam__findings", "outcomes", "pathology_results", "concordances"))


def readers_at(site_ids: Iterable[int]) -> list[User]:
    """Everybody who reads at these sites, by name."""
    rows = User.objects.filter(groups__name=Role.RADIOLOGIST, sites__in=site_ids).distinct()
    return list(rows.order_by("last_name", "first_name", "pk"))
