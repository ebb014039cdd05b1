"""Rows of the search results."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from clinic import calendar
from clinic.models import Site
from recalls.enums import ClosureReason, State
from recalls.models import Recall
from recalls.presenters.datetime_display import format_day
from recalls.selectors.search import FoundPatient


@dataclass(frozen=True, slots=True)
class SearchResult:
    """One recall, or a patient without one, with enough to tell two patients of one name apart."""

    url: str  # empty where there is no page to open
    name: str
    birth_date: str
    mrn: str
    state: str
    exam_day: str
    exam_url: str  # empty without an exam at the user's sites
    site: str


def build_search_results(found: Iterable[FoundPatient], sites: dict[int, Site], now: datetime) -> list[SearchResult]:
    """Results in the order given; `sites` are the user's own, by primary key."""
    return [_search_result(row, sites, now) for row in found]


def _search_result(row: FoundPatient, sites: dict[int, Site], now: datetime) -> SearchResult:
    patient, exam, recall = row.patient, row.exam, row.recall
    site = sites.get(recall.site_id if recall else exam.site_id if exam else patient.site_id)
    return SearchResult(
        url=reverse("recall", args=[recall.pk]) if recall else reverse("patient", args=[patient.pk]),
        name=str(patient),
        birth_date=f"{patient.birth_date:%Y-%m-%d}",
        mrn=patient.mrn,
        state=_state(recall) if recall else _("No recall"),
        exam_day=format_day(exam.exam_date, calendar.local_day(site, now)) if exam and site else "",
        exam_url=reverse("exam", args=[exam.pk]) if exam and exam.site_id in sites else "",
        site=site.name if site else "",
    )


def _state(recall: Recall) -> str:
    state = str(State(recall.state).label)
    return f"{state}: {ClosureReason(recall.closure_reason).label}" if recall.closure_reason else state
