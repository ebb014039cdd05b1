"""Says where each lesion of a recall stands, from its assessments, biopsies, pathology results and concordance."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from django.apps import apps

from clinic.queries.prepared import PreparedQuery
from clinic.queries.related_rows import read_related
from clinic.union_fetch import set_prefetched
from history.added_rows import get_added_rows
from recalls.enums import SUSPICIOUS_ASSESSMENTS, Assessment, ConcordanceVerdict
from recalls.enums.lesions import MALIGNANT_CLASSES, PathologySource

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from recalls.models import Biopsy, Concordance, Lesion, LesionAssessment, PathologyResult, Recall, Referral

HandOvers = tuple["Referral", ...]
_KNOWN = "_known_lesion_statuses"  # on the locked recall: the list of rows that the step adds, its length, the statuses


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
    """A lesion with its stage and the newest rows that decide it.

    `tissue`: the newest report of each sample that was read, the samples in the order in which they came. `pathology`
    is the one to sign, else that of the newest sample. `is_tissue_awaited`: a sample was taken and not read yet, also
    while an earlier one is to be signed or handed over.
    """

    lesion: "Lesion"
    stage: LesionStage
    assessment: "LesionAssessment | None"
    pathology: "PathologyResult | None"
    concordance: "Concordance | None"
    biopsy: "Biopsy | None"
    surgery: "PathologyResult | None"
    tissue: "tuple[PathologyResult, ...]"
    is_tissue_awaited: bool

    @property
    def amendable_results(self) -> "tuple[PathologyResult, ...]":
        """The results of which a corrected report matters, also while newer tissue is awaited; none after surgery."""
        return self.tissue if self.surgery is None else ()


# A verdict after which the tissue has to be taken again.
_REPEAT_VERDICTS = frozenset({ConcordanceVerdict.DISCORDANT, ConcordanceVerdict.INSUFFICIENT})
_REFERRAL_VERDICTS = frozenset({ConcordanceVerdict.MALIGNANT, ConcordanceVerdict.HIGH_RISK})


def load_lesion_statuses(recall: "Recall") -> list[LesionStatus]:
    """Of every lesion of the recall, by number; reads the rows anew in a fixed number of queries.

    Inside a step, whose recall is locked, they are read again only once the step has added a row.
    """
    added = get_added_rows()
    known: tuple[Any, int, list[LesionStatus]] | None = recall.__dict__.get(_KNOWN)
    if added is not None and known is not None and known[0] is added and known[1] == len(added):
        return list(known[2])
    lesions = _read_lesions(recall)
    statuses = _statuses(lesions, load_hand_overs(recall) if lesions else ())
    if added is not None:
        recall.__dict__[_KNOWN] = (added, len(added), statuses)
    return list(statuses)


def load_hand_overs(recall: "Recall") -> "list[Referral]":
    """Every referral of the recall, also those after which the patient was not seen, with the row that says so."""
    return list(_HAND_OVERS.rows(recall=recall.pk))


def _build_hand_overs(*, recall: int) -> "QuerySet[Referral]":
    referrals: Any = apps.get_model("recalls", "Referral")
    rows: QuerySet[Referral] = referrals.all_objects.filter(recall=recall).select_related("not_kept")
    return rows.order_by("pk")


def _build_lesion_rows(name: str, *, recall: int) -> "QuerySet[Any]":
    """What each lesion of the recall has under that name."""
    field: Any = apps.get_model("recalls", "Lesion")._meta.get_field(name)
    rows = field.related_model._default_manager.filter(lesion__recall=recall)
    return rows.select_related("concordance") if name == "pathology_results" else rows  # type: ignore[no-any-return]


_HAND_OVERS, _LESION_ROWS = PreparedQuery(_build_hand_overs), PreparedQuery(_build_lesion_rows)


def _read_lesions(recall: "Recall") -> "list[Lesion]":
    """With all that decides where they stand; four queries, one where there are none."""
    lesions: list[Lesion] = read_related(recall, "lesions")
    by_key = {lesion.pk: lesion for lesion in lesions}
    for name in ("assessments", "biopsies", "pathology_results") if lesions else ():
        rows_by_key: dict[int, list[Any]] = {key: [] for key in by_key}
        for row in _LESION_ROWS.rows(name, recall=recall.pk):
            row.lesion = by_key[row.lesion_id]
            rows_by_key[row.lesion_id].append(row)
        for key, rows in rows_by_key.items():
            set_prefetched(by_key[key], **{name: rows})
    return lesions


def lesion_statuses(recall: "Recall") -> list[LesionStatus]:
    """The same without a query where the rows are read already, as by `selectors.recall_detail`."""
    if "lesions" not in getattr(recall, "_prefetched_objects_cache", {}):
        return load_lesion_statuses(recall)
    return _statuses(recall.lesions.all(), recall.hand_overs)  # type: ignore[attr-defined]


def _statuses(lesions: Iterable["Lesion"], hand_overs: Iterable["Referral"]) -> list[LesionStatus]:
    known = tuple(hand_overs)
    return [_status(lesion, known) for lesion in lesions]


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
    read = (status.pathology, status.surgery)
    signed = (_concordance(row) for row in status.tissue)
    return (
        known
        or any(row is not None and row.result in MALIGNANT_CLASSES for row in read)
        or any(row is not None and row.verdict == ConcordanceVerdict.MALIGNANT for row in signed)
    )


def _status(lesion: "Lesion", hand_overs: HandOvers) -> LesionStatus:
    results = sorted(lesion.pathology_results.all(), key=lambda row: row.pk)
    surgery = next((row for row in reversed(results) if row.source == PathologySource.SURGERY), None)
    assessment, biopsy = _newest(lesion.assessments.all()), _newest(lesion.biopsies.all())
    samples = _samples(row for row in results if row.source != PathologySource.SURGERY)
    tissue = tuple(reports[-1] for reports in samples)
    is_settled = assessment is None or (surgery is not None and surgery.at >= assessment.read_at)  # it was taken out
    is_awaited = not is_settled and biopsy is not None and not any(_is_of(biopsy, reports) for reports in samples)
    owed_stage, owed = _owed_by_tissue(tissue, hand_overs)
    pathology = owed if owed_stage == LesionStage.TO_SIGN else (tissue[-1] if tissue else None)
    if is_settled:
        stage = LesionStage.SETTLED
    elif owed_stage is not None:  # no image and no other sample settles what nobody has signed or taken over
        stage = owed_stage
    elif is_awaited:  # what was taken is read, also when the images have been called benign meanwhile
        stage = LesionStage.PATHOLOGY_AWAITED
    elif pathology is not None and _is_newer(pathology, assessment):
        stage = _stage_by_tissue(_concordance(pathology), hand_overs)
    else:
        stage = _stage_by_images(assessment, hand_overs)
    concordance = _concordance(pathology)
    return LesionStatus(lesion, stage, assessment, pathology, concordance, biopsy, surgery, tissue, is_awaited)


def _samples(results: Iterable["PathologyResult"]) -> "list[list[PathologyResult]]":
    """The reports of each sample, an amended one last; the samples in the order in which their first report came.

    A sample taken here is known by its biopsy, one taken elsewhere by place and day.
    """
    by_sample: dict[tuple[object, ...], list[PathologyResult]] = {}
    for row in results:
        by_sample.setdefault((row.biopsy_id, row.facility, row.performed_on), []).append(row)
    return list(by_sample.values())


def _is_of(biopsy: "Biopsy", reports: "list[PathologyResult]") -> bool:
    """Whether they are about that biopsy: its own, or from elsewhere and first heard of after it.

    Of a sample of unknown origin, as before biopsies had rows, the newest report counts.
    """
    if reports[0].biopsy_id is not None:
        return reports[0].biopsy_id == biopsy.pk
    return (reports[0] if reports[0].facility else reports[-1]).at >= biopsy.at


def _owed_by_tissue(
    tissue: "Iterable[PathologyResult]", hand_overs: HandOvers
) -> "tuple[LesionStage | None, PathologyResult | None]":
    """What somebody must do about a sample before anything else: sign the first unsigned one, then hand over."""
    stages = [(_stage_by_tissue(_concordance(row), hand_overs), row) for row in tissue]
    for owed in (LesionStage.TO_SIGN, LesionStage.REFERRAL_OWED):
        for stage, row in stages:
            if stage == owed:
                return owed, row
    return None, None


def _is_newer(pathology: "PathologyResult", assessment: "LesionAssessment") -> bool:
    """Between tissue and images the newer word counts."""
    concordance = _concordance(pathology)
    return max(pathology.at, concordance.at if concordance else pathology.at) >= assessment.read_at


def _concordance(pathology: "PathologyResult | None") -> "Concordance | None":
    return getattr(pathology, "concordance", None)


def _stage_by_tissue(concordance: "Concordance | None", hand_overs: HandOvers) -> LesionStage:
    if concordance is None:
        return LesionStage.TO_SIGN
    if concordance.verdict in _REPEAT_VERDICTS:
        return LesionStage.TO_BIOPSY
    if concordance.follow_up_months:
        return LesionStage.FOLLOW_UP
    if concordance.verdict in _REFERRAL_VERDICTS:
        return _referral_stage(concordance.at, hand_overs)
    return LesionStage.SETTLED


def _stage_by_images(row: "LesionAssessment", hand_overs: HandOvers) -> LesionStage:
    if row.assessment in SUSPICIOUS_ASSESSMENTS:
        return LesionStage.TO_BIOPSY
    if row.assessment == Assessment.PROBABLY_BENIGN:
        return LesionStage.FOLLOW_UP
    if row.assessment == Assessment.KNOWN_MALIGNANCY:
        return _referral_stage(row.at, hand_overs)
    return LesionStage.SETTLED


def _referral_stage(since: datetime, hand_overs: HandOvers) -> LesionStage:
    """Who was handed over after that word and not seen there is handed over anew, whoever else was asked before."""
    later = [row for row in hand_overs if row.at >= since]
    in_vain = [row.not_kept.at for row in later if _was_not_kept(row)]
    taken_over = any(row.at >= max(in_vain, default=since) for row in later if not _was_not_kept(row))
    return LesionStage.SETTLED if taken_over else LesionStage.REFERRAL_OWED


def _was_not_kept(row: "Referral") -> bool:
    return getattr(row, "not_kept", None) is not None


def _newest(rows: Iterable[Any]) -> Any:
    return max(rows, key=lambda row: row.pk, default=None)
