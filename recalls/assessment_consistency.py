"""Checks that the overall assessment fits those of the two breasts: it is the worst of them.

Domain fact: a report may give an assessment for each breast, and its overall assessment is then the worst of them
(21 CFR 900.12, approved alternative). Order of concern in BI-RADS: 1, 2, 3, 6, 0, 4, 5.
"""

from django.utils.translation import gettext_lazy as _

from recalls.enums import Assessment

INCONSISTENT_OVERALL = _(
    "The overall result must be that of the worse breast. Correct it or the results of the breasts."
)
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


def is_overall_consistent(overall: Assessment, left: Assessment | None, right: Assessment | None) -> bool:
    """Whether the overall result is the worst side's; with one side given it must not be lower than that side.

    A 4 without a letter fits any kind of 4.
    """
    sides = [side for side in (left, right) if side is not None]
    if not sides:
        return True
    worst = max(sides, key=_SEVERITY_RANK.__getitem__)
    if _is_same_category(overall, worst):
        return True
    return len(sides) == 1 and _SEVERITY_RANK[overall] > _SEVERITY_RANK[worst]


def _is_same_category(one: Assessment, other: Assessment) -> bool:
    pair = {one, other}
    return one == other or (Assessment.SUSPICIOUS in pair and bool(pair & _SUSPICIOUS_SUBTYPES))
