"""Every wait that is measured, once: from which instant to which, its target, and what others have published."""

from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class Moment(models.TextChoices):
    """An instant on the way of a recall; each wait runs from one to another."""

    RESULT = "result", _("the result")
    CALL = "call", _("first phone call")
    VISIT = "visit", _("first visit kept")
    OUTCOME = "outcome", _("first outcome other than “additional imaging needed”")
    TOLD = "told", _("patient told of it")
    ADVISED = "advised", _("biopsy advised")
    BIOPSY = "biopsy", _("first biopsy")
    PATHOLOGY = "pathology", _("first pathology result")
    PATHOLOGY_TOLD = "pathology_told", _("patient told of it")
    CANCER = "cancer", _("first malignant result")
    TREATMENT = "treatment", _("first visit at the treatment")
    RESOLUTION = "resolution", _("outcome of 1, 2 or 3, or a biopsy")


@dataclass(frozen=True, slots=True)
class WaitDefinition:
    """One wait in calendar days at the site; `target` days are the line it is held to."""

    name: str
    label: Any
    start: Moment
    end: Moment
    target: int
    yardstick: Any = ""
    source: str = ""


_PHONING = "Johns Hopkins, 6,727 patients: before phoning and booking by the clinic, while it began, after"

WAITS: tuple[WaitDefinition, ...] = (
    WaitDefinition("call", _("Result to first call"), Moment.RESULT, Moment.CALL, 1),
    WaitDefinition(
        "visit", _("Result to visit"), Moment.RESULT, Moment.VISIT, 7,
        _("median 28, 15, 9 days; centres aim at 7"), f"{_PHONING}; NAPBC 2019 to 2021",
    ),
    WaitDefinition("outcome", _("Result to outcome"), Moment.RESULT, Moment.OUTCOME, 30),
    WaitDefinition(
        "told", _("Outcome to told"), Moment.OUTCOME, Moment.TOLD, 7, "", "21 CFR 900.12(c): 7 days after a 4 or 5",
    ),
    WaitDefinition(
        "biopsy", _("Biopsy advised to biopsy"), Moment.ADVISED, Moment.BIOPSY, 7,
        _("average 6 business days; centres aim at 7"), "NQMBC 2005 to 2019; NAPBC 2019 to 2021",
    ),
    WaitDefinition("pathology", _("Biopsy to pathology"), Moment.BIOPSY, Moment.PATHOLOGY, 5),
    WaitDefinition("pathology_told", _("Pathology to told"), Moment.PATHOLOGY, Moment.PATHOLOGY_TOLD, 5),
    WaitDefinition(
        "treatment", _("Malignant result to first visit at the treatment"), Moment.CANCER, Moment.TREATMENT, 60,
    ),
    WaitDefinition(
        "resolution_60", _("Result to resolution within 60 days"), Moment.RESULT, Moment.RESOLUTION, 60,
        _("73.1, 87.6, 90.0 %; more than 90 % (NBCCEDP)"), f"CMS1303FHIR, NBCCEDP: 60 days; {_PHONING}",
    ),
    WaitDefinition(
        "resolution_90", _("Result to resolution within 90 days"), Moment.RESULT, Moment.RESOLUTION, 90,
        "", "HEDIS FMA-E: 90 days",
    ),
)  # fmt: skip
