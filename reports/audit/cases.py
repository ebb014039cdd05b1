"""One exam as the audit sees it: what was read, what was advised and done, and whether a cancer became known."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from recalls.enums import SUSPICIOUS_ASSESSMENTS, Assessment

WINDOW_DAYS = 365  # a cancer counts when it is diagnosed on the day of the exam or in so many days after it
POSITIVE_SCREENING = frozenset({Assessment.NEED_IMAGING, Assessment.PROBABLY_BENIGN}) | SUSPICIOUS_ASSESSMENTS
NEGATIVE_SCREENING = frozenset({Assessment.NEGATIVE, Assessment.BENIGN})
POSITIVE_DIAGNOSTIC = frozenset({Assessment.NEED_IMAGING}) | SUSPICIOUS_ASSESSMENTS
NEGATIVE_DIAGNOSTIC = frozenset({Assessment.NEGATIVE, Assessment.BENIGN, Assessment.PROBABLY_BENIGN})
INCOMPLETE = frozenset({Assessment.NEED_IMAGING, Assessment.NEED_PRIORS})
# A cancer that was known before the exam, and a picture of a marker, are no part of an audit of reading.
NOT_AUDITED = frozenset({Assessment.KNOWN_MALIGNANCY, Assessment.POST_PROCEDURE})
MINIMAL_SIZE_MM = 10


class Cancer(NamedTuple):
    """What the audit asks of a cancer; None and empty where nobody stated it."""

    is_invasive: bool | None
    size_mm: int | None = None
    nodes: str = ""

    @property
    def is_minimal(self) -> bool | None:
        """In situ, or invasive and no larger than 10 mm; None where the size is not known."""
        if self.is_invasive is False:
            return True
        return None if self.size_mm is None or self.is_invasive is None else self.size_mm <= MINIMAL_SIZE_MM


@dataclass(frozen=True, slots=True)
class AuditCase:
    """One screening or diagnostic exam. Equal ones are counted together: nothing here tells who the patient is.

    `first` is the assessment of the first report. `final` is another where prior images were awaited: what the
    comparison said, or 0-AI where it led to more pictures.
    """

    is_screening: bool
    first: str
    final: str
    is_technical: bool = False
    biopsy_advised: bool = False
    biopsy_done: bool = False
    cancer: Cancer | None = None

    @property
    def is_positive(self) -> bool:
        if self.is_technical:
            return False
        return self.final in (POSITIVE_SCREENING if self.is_screening else POSITIVE_DIAGNOSTIC)

    @property
    def is_negative(self) -> bool:
        return self.final in (NEGATIVE_SCREENING if self.is_screening else NEGATIVE_DIAGNOSTIC)

    @property
    def is_suspicious(self) -> bool:
        """4 or 5: what MQSA calls positive."""
        return self.final in SUSPICIOUS_ASSESSMENTS and not self.is_technical


def worst_cancer(found: Sequence[Cancer]) -> Cancer | None:
    """The cancers of one exam as one: invasive before in situ, the largest size, positive nodes first."""
    if not found:
        return None
    invasive = [one for one in found if one.is_invasive]
    leading = invasive or found
    sizes = [one.size_mm for one in leading if one.size_mm is not None]
    nodes = {one.nodes for one in found}
    known = next((status for status in ("pos", "neg", "not_sampled") if status in nodes), "")
    is_invasive = True if invasive else None if any(one.is_invasive is None for one in found) else False
    return Cancer(is_invasive, max(sizes, default=None), known)
