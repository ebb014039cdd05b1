"""Rows and audit figures of the page where a reader sees the outcomes of their recalls."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic import calendar
from clinic.models import Site
from recalls.models import Recall
from recalls.presenters.datetime_display import format_day
from recalls.presenters.reading_case import closure_reason_or_state
from recalls.presenters.recall_header import format_findings
from recalls.selectors.reader_outcomes import Ratio, ReaderFigures


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


@dataclass(frozen=True, slots=True)
class AuditMeasure:
    """A figure with its denominator and the definition it follows; `value` is empty where nothing was counted."""

    label: Any
    value: str
    fraction: str
    definition: Any


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


_RECALL_RATE = gettext_lazy(
    "Screenings read as “incomplete, need additional imaging evaluation”, out of all screenings you read (21 CFR "
    "900.12, MQSA). Those that only need prior images do not count."
)
_PPV1 = gettext_lazy(
    "Cancers known here, out of positive screenings: 0 for additional imaging, 3, 4 or 5 (BI-RADS). Voided "
    "recalls are left out."
)
_PPV2 = gettext_lazy("Cancers known here, out of recalls in which a biopsy was advised (4 or 5).")
_PPV3 = gettext_lazy("Cancers known here, out of recalls with a biopsy result.")


def build_audit_measures(figures: ReaderFigures) -> list[AuditMeasure]:
    rate = figures.recall_rate
    unknown = _(
        "Not known: the screenings that were not called back are missing here. Of %(all)d screenings that came in, "
        "%(negative)d were negative or benign."
    ) % {"all": figures.exam_count, "negative": figures.negative_exams}
    return [
        AuditMeasure(
            _("Recall rate (MQSA)"),
            _format_percent(rate) if rate else "",
            _format_fraction(rate) if rate else unknown,
            _RECALL_RATE,
        ),
        AuditMeasure(
            _("Cancers among positive screenings (PPV1)"),
            _format_percent(figures.ppv1),
            _with_unknown(_format_fraction(figures.ppv1), figures.positive_open),
            _PPV1,
        ),
        AuditMeasure(
            _("Cancers among biopsies advised (PPV2)"),
            _format_percent(figures.ppv2),
            _with_unknown(_format_fraction(figures.ppv2), figures.biopsy_open),
            _PPV2,
        ),
        AuditMeasure(
            _("Cancers among biopsies done (PPV3)"),
            _format_percent(figures.ppv3),
            _format_fraction(figures.ppv3),
            _PPV3,
        ),
    ]


def _with_unknown(fraction: str, unknown: int) -> str:
    """A cancer may still be among those whose end nobody knows."""
    if not unknown:
        return fraction
    words = _("%(fraction)s; of %(count)d of them the end is not known yet")
    return words % {"fraction": fraction, "count": unknown}


def _format_percent(share: Ratio) -> str:
    return f"{100 * share.numerator / share.denominator:.1f} %" if share.denominator else ""


def _format_fraction(share: Ratio) -> str:
    return (
        _("%(part)d of %(whole)d") % {"part": share.numerator, "whole": share.denominator}
        if share.denominator
        else _("none counted")
    )
