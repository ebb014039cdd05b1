"""Rows of the page where a reader sees the outcomes of their recalls."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse

from clinic import calendar
from clinic.models import Site
from recalls.models import Recall
from recalls.presenters.datetime_display import format_day
from recalls.presenters.reading_case import closure_reason_or_state
from recalls.presenters.recall_header import format_findings


@dataclass(frozen=True, slots=True)
class ReaderOutcomeRow:
    """Where one recall went. Empty where nothing was said yet."""

    url: str
    name: str
    mrn: str
    exam_day: str
    screening_assessment: str
    findings: str
    outcome: str
    pathology: str
    concordance: str
    status: str


def build_reader_outcome_rows(
    recalls: Iterable[Recall], sites: dict[int, Site], now: datetime
) -> list[ReaderOutcomeRow]:
    return [_reader_outcome_row(recall, sites[recall.site_id], now) for recall in recalls]


def _reader_outcome_row(recall: Recall, site: Site, now: datetime) -> ReaderOutcomeRow:
    exam = recall.exam
    return ReaderOutcomeRow(
        url=reverse("recall", args=[recall.pk]),
        name=str(recall.patient),
        mrn=recall.patient.mrn,
        exam_day=format_day(exam.exam_date, calendar.local_day(site, now)),
        screening_assessment=str(exam.get_assessment_display()),
        findings="; ".join(format_findings(exam)),
        outcome=_newest_display(recall.outcomes.all(), "assessment"),
        pathology=_newest_display(recall.pathology_results.all(), "result"),
        concordance=_newest_display(recall.concordances.all(), "verdict"),
        status=closure_reason_or_state(recall),
    )


def _newest_display(rows: Iterable[Any], field: str) -> str:
    last = max(rows, key=lambda row: row.pk, default=None)
    return str(getattr(last, f"get_{field}_display")()) if last else ""
