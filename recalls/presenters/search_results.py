"""Rows of the search results."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from clinic import calendar
from clinic.models import Site
from recalls.enums import ClosureReason, State
from recalls.models import Recall
from recalls.presenters.datetime_display import format_day


@dataclass(frozen=True, slots=True)
class SearchResult:
    """One recall with enough to tell two patients of one name apart."""

    url: str
    name: str
    birth_date: str
    mrn: str
    state: str
    exam_day: str
    site: str


def build_search_results(recalls: Iterable[Recall], sites: dict[int, Site], now: datetime) -> list[SearchResult]:
    """Results with their patient and exam already read."""
    return [_search_result(recall, sites[recall.site_id], now) for recall in recalls]


def _search_result(recall: Recall, site: Site, now: datetime) -> SearchResult:
    state = str(State(recall.state).label)
    if recall.closure_reason:
        state = f"{state}: {ClosureReason(recall.closure_reason).label}"
    return SearchResult(
        url=reverse("recall", args=[recall.pk]),
        name=str(recall.patient),
        birth_date=f"{recall.patient.birth_date:%Y-%m-%d}",
        mrn=recall.patient.mrn,
        state=state,
        exam_day=format_day(recall.exam.exam_date, calendar.local_day(site, now)),
        site=site.name,
    )
