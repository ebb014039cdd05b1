"""Says where each lesion of a recall stands, from its assessments, biopsies, pathology results and concordance."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from recalls.enums import SUSPICIOUS_ASSESSMENTS, Assessment, ConcordanceVerdict
from recalls.enums.lesions import MALIGNANT_CLASSES, PathologySource

if TYPE_CHECKING:
    from recalls.models import Biopsy, Concordance, Lesion, LesionAssessment, PathologyResult, Recall, Referral

_RELATIONS = ("assessments", "biopsies", "pathology_results__concordance")


class LesionStage(Enum):
    """Where a lesion stands; all but SETTLED keep the recall open."""

    TO_SIGN = "to_sign"  # pathology is here and nobody has signed the concordance
    REFERRAL_OWED = "referral_owed"  # malignant or high-risk, and nobody has taken over
    TO_BIOPSY = "to_biopsy"
    PATHOLOGY_AWAITED = "pathology_awaited"
    FOLLOW_UP = "follow_up"
    SETTLED = "settled"


# While a lesion stands there, its recall counts as one of a 4 or 5.
SUSPICIOUS_STAGES = frozenset(
    {LesionStage.TO_BIOPSY, LesionStage.PATHOLOGY_AWAITED, LesionStage.TO_SIGN, LesionStage.REFERRAL_OWED}
)


@dataclass(frozen=True, slots=True)
class LesionStatus:
    """A lesion with its stage and the newest rows that decide it."""

    lesion: "Lesion"
    stage: LesionStage
    assessment: "LesionAssessment | None"
    pathology: "PathologyResult | None"
    concordance: "Concordance | None"
    biopsy: "Biopsy | None"
    surgery: "PathologyResult | None"

    @property
    def is_pathology_amendable(self) -> bool:
        """Whether a corrected report of its tissue matters: not after surgery, nor while new tissue is awaited."""
        is_read = self.pathology is not None and self.stage != LesionStage.PATHOLOGY_AWAITED
        return is_read and self.surgery is None


# A verdict after which the tissue has to be taken again.
_REPEAT_VERDICTS = frozenset({ConcordanceVerdict.DISCORDANT, ConcordanceVerdict.INSUFFICIENT})
_REFERRAL_VERDICTS = frozenset({ConcordanceVerdict.MALIGNANT, ConcordanceVerdict.HIGH_RISK})


def load_lesion_statuses(recall: "Recall") -> list[LesionStatus]:
    """Of every lesion of the recall, by number; reads the rows anew in a fixed number of queries."""
    lesions = list(recall.lesions.prefetch_related(*_RELATIONS))
    return _statuses(lesions, recall.referrals.order_by("pk") if lesions else ())


def lesion_statuses(recall: "Recall") -> list[LesionStatus]:
    """The same without a query where the rows are read already, as by `selectors.recall_detail`."""
    if "lesions" not in getattr(recall, "_prefetched_objects_cache", {}):
        return load_lesion_statuses(recall)
    return _statuses(recall.lesions.all(), recall.referrals.all())


def _statuses(lesions: Iterable["Lesion"], referrals: Iterable["Referral"]) -> list[LesionStatus]:
    referred_at = max((row.at for row in referrals), default=None)
    return [_status(lesion, referred_at) for lesion in lesions]


def lesions_in(statuses: Iterable[LesionStatus], stage: LesionStage) -> list["Lesion"]:
    return [status.lesion for status in statuses if status.stage == stage]


def worst_open_category(recall: "Recall") -> str:
    """The highest category among the lesions that are not settled; empty for none. No query when prefetched."""
    if recall._state.adding:
        return ""
    open_ones = (status for status in lesion_statuses(recall) if status.stage != LesionStage.SETTLED)
    return max((status.assessment.assessment for status in open_ones if status.assessment), default="")


def is_any_suspicious(statuses: Iterable[LesionStatus]) -> bool:
    """Whether a biopsy, its result, a signature or a referral is still owed for a lesion."""
    return any(status.stage in SUSPICIOUS_STAGES for status in statuses)


def is_malignant(status: LesionStatus) -> bool:
    """By biopsy, by surgery, or known before."""
    known = status.assessment is not None and status.assessment.assessment == Assessment.KNOWN_MALIGNANCY
    tissue = (status.pathology, status.surgery)
    return known or any(row is not None and row.result in MALIGNANT_CLASSES for row in tissue)


def _status(lesion: "Lesion", referred_at: datetime | None) -> LesionStatus:
    results = sorted(lesion.pathology_results.all(), key=lambda row: row.pk)
    tissue = [row for row in results if row.source != PathologySource.SURGERY]
    surgery = [row for row in results if row.source == PathologySource.SURGERY]
    assessment = _newest(lesion.assessments.all())
    pathology, biopsy = tissue[-1] if tissue else None, _newest(lesion.biopsies.all())
    is_tissue_awaited = biopsy is not None and (pathology is None or pathology.at < biopsy.at)
    concordance = getattr(pathology, "concordance", None)
    if assessment is None or (surgery and surgery[-1].at >= assessment.read_at):  # what was taken out is settled
        stage = LesionStage.SETTLED
    elif is_tissue_awaited:  # what was taken is read, also when the images have been called benign meanwhile
        stage = LesionStage.PATHOLOGY_AWAITED
    elif pathology is not None and _does_tissue_lead(pathology, concordance, assessment, referred_at):
        stage = _stage_by_tissue(concordance, referred_at)
    else:
        stage = _stage_by_images(assessment, referred_at)
    return LesionStatus(lesion, stage, assessment, pathology, concordance, biopsy, surgery[-1] if surgery else None)


def _does_tissue_lead(
    pathology: "PathologyResult",
    concordance: "Concordance | None",
    assessment: "LesionAssessment",
    referred_at: datetime | None,
) -> bool:
    """The newer word counts; but no image settles tissue that nobody has signed, nor a cancer nobody has taken over."""
    is_owed = _stage_by_tissue(concordance, referred_at) in (LesionStage.TO_SIGN, LesionStage.REFERRAL_OWED)
    return is_owed or max(pathology.at, concordance.at if concordance else pathology.at) >= assessment.read_at


def _stage_by_tissue(concordance: "Concordance | None", referred_at: datetime | None) -> LesionStage:
    if concordance is None:
        return LesionStage.TO_SIGN
    if concordance.verdict in _REPEAT_VERDICTS:
        return LesionStage.TO_BIOPSY
    if concordance.follow_up_months:
        return LesionStage.FOLLOW_UP
    if concordance.verdict in _REFERRAL_VERDICTS:
        return _referral_stage(concordance.at, referred_at)
    return LesionStage.SETTLED


def _stage_by_images(row: "LesionAssessment", referred_at: datetime | None) -> LesionStage:
    if row.assessment in SUSPICIOUS_ASSESSMENTS:
        return LesionStage.TO_BIOPSY
    if row.assessment == Assessment.PROBABLY_BENIGN:
        return LesionStage.FOLLOW_UP
    if row.assessment == Assessment.KNOWN_MALIGNANCY:
        return _referral_stage(row.at, referred_at)
    return LesionStage.SETTLED


def _referral_stage(since: datetime, referred_at: datetime | None) -> LesionStage:
    taken_over = referred_at is not None and referred_at >= since
    return LesionStage.SETTLED if taken_over else LesionStage.REFERRAL_OWED


def _newest(rows: Iterable[Any]) -> Any:
    return max(rows, key=lambda row: row.pk, default=None)
