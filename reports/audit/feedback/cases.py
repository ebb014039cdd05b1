"""Finds the closed recalls that come back to those who read them, and what each said of its use."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext_lazy as _

from clinic.models import User
from desk.keyset import rows_after
from recalls.assignment import display_name
from recalls.enums import ClosureReason, OutcomeBasis, State
from recalls.models import Outcome, Recall, RecallFacts
from recalls.models.outcomes import is_read_by
from reports.models import CaseRating

PAGE_SIZE = 20


class CaseCursor(NamedTuple):
    """Where one page ended."""

    closed_at: datetime
    pk: int


class CaseChoice(models.TextChoices):
    """Which of the cases are shown."""

    NEW = "new", _("Not rated yet")
    CANCER = "cancer", _("Cancer found")
    FALSE_POSITIVE = "false-positive", _("Called back, no cancer")
    ALL = "all", _("All")


_NO_ANSWER = (
    ClosureReason.VOID, ClosureReason.LOST_TO_FOLLOW_UP, ClosureReason.DECLINED, ClosureReason.TRANSFERRED,
    ClosureReason.DECEASED,
)  # fmt: skip


def cases_of(reader: User) -> "QuerySet[Any]":
    """Recalls with an answer whose screening or work-up this person read, at the sites of the person."""
    own = Q(pk__in=RecallFacts.objects.filter(reader=reader).values("pk"))
    read_here = Outcome.objects.filter(is_read_by(reader.pk)).exclude(basis=OutcomeBasis.OUTSIDE)
    own |= Q(pk__in=read_here.values("recall"))
    closed: QuerySet[Any] = Recall.objects.for_user(reader).filter(own, state=State.CLOSED)
    rated = CaseRating.objects.filter(recall=OuterRef("pk"), user=reader).order_by("-pk")
    rated_cases: QuerySet[Any] = closed.exclude(closure_reason__in=_NO_ANSWER).annotate(
        rating=Subquery(rated.values("useful")[:1])
    )
    return rated_cases


def list_cases(reader: User, choice: CaseChoice, after: CaseCursor | None) -> list[Any]:
    """One page and one case more, those that closed last first. `rating` is None where the reader said nothing yet."""
    has_cancer = Exists(RecallFacts.objects.filter(pk=OuterRef("pk"), has_cancer=True))
    wanted = {
        CaseChoice.NEW: Q(rating=None),
        CaseChoice.CANCER: Q(has_cancer),
        CaseChoice.FALSE_POSITIVE: ~Q(has_cancer),
        CaseChoice.ALL: Q(),
    }[choice]
    rows = cases_of(reader).filter(wanted).order_by("-closed_at", "-pk")
    if after is not None:
        rows = rows.filter(rows_after(("-closed_at", "-pk"), after))
    rows = rows.select_related("patient", "exam", "site")
    return list(
        rows.prefetch_related("exam__findings", "outcomes", "pathology_results", "concordances")[: PAGE_SIZE + 1]
    )


def rate_case(recall: Recall, *, useful: bool, by: User) -> None:
    CaseRating.objects.create(recall=recall, useful=useful, user=by, by=display_name(by))


def count_ratings(site_ids: Iterable[int]) -> tuple[int, int]:
    """How many cases of these sites were called useful, and how many were rated; by each reader's newest word."""
    newer = CaseRating.objects.filter(recall=OuterRef("recall"), user=OuterRef("user"), pk__gt=OuterRef("pk"))
    newest = CaseRating.objects.filter(~Exists(newer), recall__site__in=list(site_ids))
    return newest.filter(useful=True).count(), newest.count()
