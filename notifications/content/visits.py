"""Names the texts for each kind of visit: what happens, how to get ready, what is done.

A kind is looked up by its stored value. One without a row here gets the general texts, which are true for every visit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class VisitTexts:
    """Names of explainers. The first paragraphs of `what_happens` and `safety_check` tell a stranger nothing.

    `answers`: the visit ends with one of the possible answers. `call_first`: a safety check must come before the day,
    so that even a text message asks for a call.
    """

    what_happens: str = "what_happens"
    preparation: str = "safety_check"
    procedures: tuple[str, ...] = ()
    # The federal rule on cost is about imaging and pathology that complete a screening (HRSA 2024-31228).
    cost: str = "cost_line"
    answers: bool = False
    call_first: bool = False


_MAMMOGRAM: Final = VisitTexts(
    preparation="preparation/mammogram", procedures=("procedures/diagnostic_mammogram",), answers=True
)
VISIT_TEXTS: Final[Mapping[str, VisitTexts]] = MappingProxyType(
    {
        "diagnostic": _MAMMOGRAM,
        "diagnostic_us": VisitTexts(
            preparation="preparation/mammogram",
            procedures=("procedures/diagnostic_mammogram", "procedures/ultrasound"),
            answers=True,
        ),
        "ultrasound": VisitTexts(
            preparation="preparation/ultrasound", procedures=("procedures/ultrasound",), answers=True
        ),
        "repeat_view": VisitTexts(preparation="preparation/mammogram", procedures=("procedures/repeat_view",)),
        "follow_up": _MAMMOGRAM,
        "mri": VisitTexts(
            "visits/after_a_safety_check", "preparation/mri", ("procedures/mri",), answers=True, call_first=True
        ),
        "cem": VisitTexts(
            "visits/after_a_safety_check",
            "preparation/contrast_mammogram",
            ("procedures/contrast_mammogram",),
            answers=True,
            call_first=True,
        ),
        # Which biopsy it will be is not known: both are explained.
        "biopsy": VisitTexts(
            "visits/treatment",
            "preparation/biopsy",
            ("procedures/core_biopsy", "procedures/vacuum_biopsy"),
            call_first=True,
        ),
        "aspiration": VisitTexts(
            "visits/treatment", "preparation/aspiration", ("procedures/aspiration",), "cost_line_other", call_first=True
        ),
        "clinical_exam": VisitTexts(
            "visits/talk", "preparation/clinical_exam", ("procedures/clinical_exam",), "cost_line_other"
        ),
        "surgical_consult": VisitTexts(
            "visits/talk", "preparation/surgical_consult", ("procedures/surgical_consult",), "cost_line_other"
        ),
    }
)
_ANY_VISIT: Final = VisitTexts()
_X_RAYS: Final = frozenset(
    {"procedures/diagnostic_mammogram", "procedures/repeat_view", "procedures/contrast_mammogram"}
)


def visit_texts(kind: str) -> VisitTexts:
    """The texts of a kind of visit by its stored value; the general ones for a kind without texts of its own."""
    return VISIT_TEXTS.get(kind, _ANY_VISIT)


def has_mammogram(kind: str) -> bool:
    """Whether mammogram pictures are taken, so that implants matter."""
    return not _X_RAYS.isdisjoint(visit_texts(kind).procedures)
