"""Every wait that is measured, once: from which instant to which, its target, and what others have published."""

from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class Moment(models.TextChoices):
    """An instant on the way of a recall; each wait runs from one to another."""

    SCREENING = "screening", _("the screening")
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
    ROUND_0 = "round_0", _("first reading as category 3")
    RETURN_1 = "return_1", _("next reading, due after 6 months")
    ROUND_1 = "round_1", _("reading as category 3 at 6 months")
    RETURN_2 = "return_2", _("next reading, due at 12 months")
    ROUND_2 = "round_2", _("reading as category 3 at 12 months")
    RETURN_3 = "return_3", _("next reading, due at 24 months")

    @property
    def position(self) -> int:
        """Its place in the list of a recall's days."""
        return _POSITIONS[self.value]


MOMENT_COUNT = len(Moment)
_POSITIONS = {moment.value: number for number, moment in enumerate(Moment)}


@dataclass(frozen=True, slots=True)
class WaitDefinition:
    """One wait in calendar days at the site; `target` days are the line it is held to.

    `passed_by`: who got to one of these is past this wait, also without the step that it ends with. `ages`: the first
    and the last whole year of age at the screening, where a rule is about those alone. `of_positive`: only about
    screenings read as 0, 4 or 5.
    """

    name: str
    label: Any
    start: Moment
    end: Moment
    target: int
    yardstick: Any = ""
    source: str = ""
    passed_by: tuple[Moment, ...] = ()
    ages: tuple[int, int] | None = None
    of_positive: bool = False


_PHONING = "Johns Hopkins, 6,727 patients: before phoning and booking by the clinic, while it began, after"

_RETURNS = "National Mammography Database, 43,381 patients"

WAITS: tuple[WaitDefinition, ...] = (
    WaitDefinition(
        "call", _("Result to first call"), Moment.RESULT, Moment.CALL, 1,
        passed_by=(Moment.VISIT, Moment.OUTCOME),
    ),
    WaitDefinition(
        "visit", _("Result to visit"), Moment.RESULT, Moment.VISIT, 7,
        _("median 28, 15, 9 days; centres aim at 7"), f"{_PHONING}; NAPBC 2019 to 2021",
        passed_by=(Moment.OUTCOME,),
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
        _("73.1, 87.6, 90.0 %"), _PHONING,
    ),
    WaitDefinition("resolution_90", _("Result to resolution within 90 days"), Moment.RESULT, Moment.RESOLUTION, 90),
    WaitDefinition(
        "nbccedp_60", _("Screening to resolution within 60 days (NBCCEDP)"), Moment.SCREENING, Moment.RESOLUTION, 60,
        _("more than 90 %"), "NBCCEDP: final diagnosis within 60 days of the screening", of_positive=True,
    ),
    WaitDefinition(
        "ecqm_60", _("Screening to resolution within 60 days, ages 40 to 75 (eCQM)"), Moment.SCREENING,
        Moment.RESOLUTION, 60, "", "eCQM 4700e, CMS1303FHIR", ages=(40, 75), of_positive=True,
    ),
    WaitDefinition(
        "hedis_90", _("Screening to resolution within 90 days, ages 40 to 74 (HEDIS)"), Moment.SCREENING,
        Moment.RESOLUTION, 90, "", "HEDIS FMA-E", ages=(40, 74), of_positive=True,
    ),
    WaitDefinition(
        "return_6", _("Category 3: return at 6 months"), Moment.ROUND_0, Moment.RETURN_1, 274,
        _("72.5 % at 6 months"), f"{_RETURNS}; in time is up to 3 months late",
    ),
    WaitDefinition(
        "return_12", _("Category 3: return at 12 months"), Moment.ROUND_1, Moment.RETURN_2, 274,
        _("72.1 % at 12 months"), f"{_RETURNS}; in time is up to 3 months late",
    ),
    WaitDefinition(
        "return_24", _("Category 3: return at 24 months"), Moment.ROUND_2, Moment.RETURN_3, 456,
        "", "In time is up to 3 months late",
    ),
    WaitDefinition(
        "return_15", _("Category 3: return within 15 months"), Moment.ROUND_0, Moment.RETURN_1, 456,
        _("76.7 % (6,778 of 8,834)"), "Giess 2024, one system of hospitals: by 15 months",
    ),
)  # fmt: skip
