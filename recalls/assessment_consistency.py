"""Checks that the overall assessment fits those of the breasts and of the lesions: it is the worst of them.

Domain fact: a report may give an assessment for each breast, and its overall assessment is then the worst of them
(21 CFR 900.12, approved alternative). Order of concern in BI-RADS: 1, 2, 3, 6, 0, 4, 5.
"""

from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _

from recalls.enums import SUSPICIOUS_ASSESSMENTS, Assessment, Side

INCONSISTENT_OVERALL = _(
    "The overall result must be that of the worse breast and of the worst lesion. Correct it or the single results."
)
# Results that say what becomes of one place in the breast: each has a lesion.
LESION_ASSESSMENTS = SUSPICIOUS_ASSESSMENTS | {Assessment.PROBABLY_BENIGN, Assessment.KNOWN_MALIGNANCY}
_SEVERITY_ORDER = (
    Assessment.POST_PROCEDURE,
    Assessment.NEGATIVE,
    Assessment.BENIGN,
    Assessment.PROBABLY_BENIGN,
    Assessment.KNOWN_MALIGNANCY,
    Assessment.NEED_PRIORS,
    Assessment.NEED_IMAGING,
    Assessment.SUSPICIOUS,
    Assessment.SUSPICIOUS_A,
    Assessment.SUSPICIOUS_B,
    Assessment.SUSPICIOUS_C,
    Assessment.HIGHLY_SUGGESTIVE,
)
_SEVERITY_RANK = {assessment: rank for rank, assessment in enumerate(_SEVERITY_ORDER)}
_SUSPICIOUS_SUBTYPES = frozenset({Assessment.SUSPICIOUS_A, Assessment.SUSPICIOUS_B, Assessment.SUSPICIOUS_C})


def is_overall_consistent(
    overall: Assessment,
    left: Assessment | None,
    right: Assessment | None,
    lesions: Iterable[tuple[str, Assessment]] = (),
) -> bool:
    """Whether the overall result is that of the worst side and of the worst lesion (each with its side, or "").

    With one side given it must not be lower than that side. Where lesions are named, a result that says what to do
    about one (3, 4, 5, 6) must be that of the worst of them. A 4 without a letter fits any kind of 4.
    """
    rows, sides = list(lesions), {Side.LEFT: left, Side.RIGHT: right}
    if any(_is_worse(found, sides.get(Side(side))) for side, found in rows if side in (Side.LEFT, Side.RIGHT)):
        return False
    given = [side for side in (left, right) if side is not None]
    parts = [*given, *(found for _side, found in rows)]
    if not parts:
        return True
    worst = find_worst(parts)
    if _is_same_category(overall, worst):
        return True
    is_complete = len(given) == len(sides) or (bool(rows) and overall in LESION_ASSESSMENTS)
    return not is_complete and _SEVERITY_RANK[overall] > _SEVERITY_RANK[worst]


def find_worst(assessments: Iterable[Assessment]) -> Assessment:
    """The one of most concern, which is that of the whole exam."""
    return max(assessments, key=_SEVERITY_RANK.__getitem__)


def _is_worse(found: Assessment, side: Assessment | None) -> bool:
    is_same = side is None or _is_same_category(found, side)
    return side is not None and not is_same and _SEVERITY_RANK[found] > _SEVERITY_RANK[side]


def _is_same_category(one: Assessment, other: Assessment) -> bool:
    pair = {one, other}
    return one == other or (Assessment.SUSPICIOUS in pair and bool(pair & _SUSPICIOUS_SUBTYPES))
