"""Reads what became of one reader's recalls of a period; rates are the audit's (`reports.audit`)."""

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
from recalls.enums import ClosureReason, State
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
    """The results that recalls of this kind led to."""
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
    yield from (fate.name for fate, is_so in holds.items() if is_so)


@dataclass(frozen=True, slots=True)
class ReaderScope:
    """Whose recalls, at which sites, screened from which day to which."""

    user: User
    site_ids: frozenset[int]
    since: date
    until: date


@dataclass(frozen=True, slots=True)
class ReaderFigures:
    """How many recalls led to each result, and of how many screenings they come."""

    results: dict[FollowUpResult, int]
    exam_count: int


def compute_reader_figures(reader: ReaderScope) -> ReaderFigures:
    """One query, over what is kept of one reader's exams of a period."""
    whose = (reader.user.pk, reader.site_ids, reader.since, reader.until)
    counts: Counter[str] = Counter()
    exam_count = 0
    for row in fetch_counts([
        kept_counts.reader_exams("exams", *whose),
        kept_counts.reader_recalls("recalls", *whose),
    ]):  # fmt: skip
        if row.query_name == "exams":
            exam_count += row.count
            continue
        for name in _results_of(kept_counts.split_reader_recall(row.key)):
            counts[name] += row.count
    return ReaderFigures({fate: counts[fate.name] for fate in FollowUpResult}, exam_count)


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
