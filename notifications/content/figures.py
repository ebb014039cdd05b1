"""Decides which figure is true for a patient, for messages and page alike; where none is, none is shown."""

from dataclasses import dataclass
from typing import Final

from notifications.content.situation import still_needs_doctor
from recalls.enums import Assessment, FindingKind, RecallKind
from recalls.models import Outcome, Recall


@dataclass(frozen=True, slots=True)
class RecallFigures:
    """The explainer that tells the figures, and the ids of the two statistics in it that make a hundred."""

    explainer: str
    cancer: str = "called_back_cancer_per_100"
    not_cancer: str = "called_back_not_cancer_per_100"


_FIRST_SCREEN: Final = RecallFigures("figures/first_screen")
_LATER_SCREEN: Final = RecallFigures("figures/later_screen")
_DEVELOPING_ASYMMETRY: Final = RecallFigures(
    "figures/developing_asymmetry",
    "developing_asymmetry_cancer_per_100",
    "developing_asymmetry_not_cancer_per_100",
)
# The general figures would comfort falsely here, and there is no figure of its own: a distortion leads to a biopsy more
# often than most findings.
_WITHOUT_FIGURES: Final = frozenset({FindingKind.ARCHITECTURAL_DISTORTION, FindingKind.TECHNICAL})
# Domain fact: BI-RADS 4A to 4B are 2 to 50 in 100, 4C 50 to 95, 5 more: the figure of all biopsies is false there.
_BIOPSY_FIGURE_IS_TRUE: Final = frozenset({Assessment.SUSPICIOUS, Assessment.SUSPICIOUS_A, Assessment.SUSPICIOUS_B})
_BIOPSY_FIGURE_IS_FALSE: Final = frozenset(
    {Assessment.SUSPICIOUS_C, Assessment.HIGHLY_SUGGESTIVE, Assessment.KNOWN_MALIGNANCY}
)


def recall_figures(recall: Recall, *, visited: bool) -> RecallFigures | None:
    """How often being called back turns out fine; None where that figure does not hold for this patient.

    It counts people called back for something in the pictures, from the call back on: it says nothing of a blurred
    picture, a symptom, a result of 4 or 5, a later round, or of somebody who has `visited` already. Where nobody knows
    whether it was a first screen, the figures that count all of them. One query unless the findings are prefetched.
    """
    if recall.kind != RecallKind.FINDING or recall.suspicious or recall.round or visited or still_needs_doctor(recall):
        return None
    kinds = {finding.kind for finding in recall.exam.findings.all()}
    if kinds & _WITHOUT_FIGURES:
        return None
    if FindingKind.DEVELOPING_ASYMMETRY in kinds:
        return _DEVELOPING_ASYMMETRY
    return _FIRST_SCREEN if recall.exam.first_screen else _LATER_SCREEN


def biopsy_chance_explainer(recall: Recall, outcome: Outcome | None, *, biopsied: bool) -> str:
    """The explainer that says what a biopsy may find: the figure only where it is true, else whom to ask.

    The figure counts first biopsies after a screening mammogram. `outcome` is the one that stands; `biopsied` where
    tissue was looked at before.
    """
    readings = {recall.exam.assessment, recall.exam.assessment_left, recall.exam.assessment_right}
    if outcome is not None:
        readings |= {outcome.assessment, outcome.assessment_left, outcome.assessment_right}
    is_true = readings & _BIOPSY_FIGURE_IS_TRUE and not readings & _BIOPSY_FIGURE_IS_FALSE
    is_counted = recall.kind == RecallKind.FINDING and not recall.round and not biopsied
    return "biopsy_chance/figure" if is_true and is_counted and not still_needs_doctor(recall) else "biopsy_chance/ask"
