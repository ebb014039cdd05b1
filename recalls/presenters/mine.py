"""How does a reader see what became of her recalls? One line for each, and every figure with what it is out of."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic import calendar
from clinic.models import Site
from recalls.mine import Figures, Share
from recalls.models import Recall
from recalls.presenters.case import where_it_stands
from recalls.presenters.moments import day_words
from recalls.presenters.page import findings_of


@dataclass(frozen=True, slots=True)
class Went:
    """Where one recall went. Empty where nothing was said yet."""

    url: str
    name: str
    mrn: str
    exam_day: str
    screening: str
    findings: str
    outcome: str
    tissue: str
    verdict: str
    stands: str


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure with its denominator and the definition it follows; `value` is empty where nothing was counted."""

    label: Any
    value: str
    out_of: str
    definition: Any


def went_rows(recalls: Iterable[Recall], sites: dict[int, Site], now: datetime) -> list[Went]:
    return [_went(recall, sites[recall.site_id], now) for recall in recalls]


def _went(recall: Recall, site: Site, now: datetime) -> Went:
    exam = recall.exam
    return Went(
        url=reverse("recall", args=[recall.pk]),
        name=str(recall.patient),
        mrn=recall.patient.mrn,
        exam_day=day_words(exam.exam_date, calendar.local_day(site, now)),
        screening=str(exam.get_assessment_display()),
        findings="; ".join(findings_of(exam)),
        outcome=_newest(recall.outcomes.all(), "assessment"),
        tissue=_newest(recall.pathology_results.all(), "result"),
        verdict=_newest(recall.concordances.all(), "verdict"),
        stands=where_it_stands(recall),
    )


def _newest(rows: Iterable[Any], field: str) -> str:
    last = max(rows, key=lambda row: row.pk, default=None)
    return str(getattr(last, f"get_{field}_display")()) if last else ""


_RECALL_RATE = gettext_lazy(
    "Screenings read as “incomplete, need additional imaging evaluation”, out of all screenings you read "
    "(21 CFR 900.12, MQSA). Those that only need earlier pictures do not count."
)
_PPV1 = gettext_lazy(
    "Cancers known here, out of positive screenings: 0 for more pictures, 3, 4 or 5 (BI-RADS). Voided recalls are left "
    "out."
)
_PPV2 = gettext_lazy("Cancers known here, out of recalls in which a biopsy was advised (4 or 5).")
_PPV3 = gettext_lazy("Cancers known here, out of recalls with a biopsy result.")


def measures_of(figures: Figures) -> list[Measure]:
    rate = figures.recall_rate
    unknown = _("Not known: screenings that were not called back do not come in here.")
    return [
        Measure(
            _("Recall rate (MQSA)"), _percent(rate) if rate else "", _parts(rate) if rate else unknown, _RECALL_RATE
        ),
        Measure(_("Cancers among positive screenings (PPV1)"), _percent(figures.ppv1), _parts(figures.ppv1), _PPV1),
        Measure(_("Cancers among biopsies advised (PPV2)"), _percent(figures.ppv2), _parts(figures.ppv2), _PPV2),
        Measure(_("Cancers among biopsies done (PPV3)"), _percent(figures.ppv3), _parts(figures.ppv3), _PPV3),
    ]


def _percent(share: Share) -> str:
    return f"{100 * share.part / share.whole:.1f} %" if share.whole else ""


def _parts(share: Share) -> str:
    return _("%(part)d of %(whole)d") % {"part": share.part, "whole": share.whole} if share.whole else _("none counted")
