"""Actions of pathology: record a result of a lesion and sign its concordance."""

from dataclasses import dataclass
from typing import Unpack

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from clinic import calendar
from recalls.actions.outcomes import plan_follow_up
from recalls.actions.progress import go_on
from recalls.actions.telling import DisclosureInput, owe_result, tell_results
from recalls.actions.transition import ActionKwargs, Transition, apply_step
from recalls.enums import MALIGNANT_CLASSES, ConcordanceVerdict, PathologyClass
from recalls.enums.lesions import CLASS_BY_HISTOLOGY, Histology, PathologySource
from recalls.lesion_stages import LesionStage, LesionStatus, load_lesion_statuses
from recalls.models import Concordance, Lesion, PathologyResult, Recall, RecallEvent
from recalls.permissions import StepUnavailable

# The pathology classes over which each verdict may be signed.
_PATHOLOGY_BY_VERDICT: dict[ConcordanceVerdict, frozenset[PathologyClass]] = {
    ConcordanceVerdict.CONCORDANT_BENIGN: frozenset({PathologyClass.BENIGN}),
    ConcordanceVerdict.DISCORDANT: frozenset(PathologyClass),
    ConcordanceVerdict.INSUFFICIENT: frozenset({PathologyClass.INSUFFICIENT, PathologyClass.BENIGN}),
    ConcordanceVerdict.HIGH_RISK: frozenset({PathologyClass.HIGH_RISK}),
    ConcordanceVerdict.MALIGNANT: MALIGNANT_CLASSES,
}
_REPEAT_VERDICTS = frozenset({ConcordanceVerdict.DISCORDANT, ConcordanceVerdict.INSUFFICIENT})
# Benign tissue, and many high-risk lesions, may be followed by imaging instead of surgery.
FOLLOW_UP_VERDICTS = frozenset({ConcordanceVerdict.CONCORDANT_BENIGN, ConcordanceVerdict.HIGH_RISK})


@dataclass(frozen=True, slots=True)
class PathologyInput:
    """A pathology report. `lesion_id` may be None while only one lesion waits for a result. Sizes in millimetres."""

    result: PathologyClass
    lesion_id: int | None = None
    histology: str = ""
    grade: str = ""
    er: str = ""
    pr: str = ""
    her2: str = ""
    size_mm: int | None = None
    nodes: str = ""
    specimen: str = ""
    text: str = ""
    # Of which breast the tissue is, where no lesion is known yet.
    side: str = ""

    def says_same(self, row: PathologyResult) -> bool:
        """Whether everything that the report states of the tumor stands in the row already."""
        names = ("result", "histology", "grade", "er", "pr", "her2")
        return all(getattr(self, name) in ("", getattr(row, name)) for name in names)


def record_pathology(recall: Recall, pathology: PathologyInput, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Record what the tissue of one lesion showed; a radiologist signs it before the patient hears of it.

    Raises ValidationError for a lesion that waits for no result, and for a histology of another class.
    """
    validate_pathology(pathology)

    def record(transition: Transition) -> None:
        status = _awaited_lesion(transition.recall, pathology.lesion_id)
        biopsy = status.biopsy
        row = add_pathology(transition, status.lesion, pathology, source=PathologySource.BIOPSY, biopsy=biopsy)
        transition.data = {"pathology": row.pk, "lesion": status.lesion.pk}
        go_on(transition)

    return apply_step(recall, "record_pathology", record, **kwargs)


def amend_pathology(
    recall: Recall,
    pathology: PathologyInput,
    *,
    reason: str,
    amended_id: int | None = None,
    **kwargs: Unpack[ActionKwargs],
) -> RecallEvent:
    """Put a corrected report in place of the result of a sample; the old row stays, the new one is signed and told.

    Newer tissue of the lesion stays awaited. `amended_id`: which result it corrects; the only one of the lesion where
    None. Raises ValidationError without a reason, and where it is not plain which result is meant.
    """
    validate_pathology(pathology)
    if not reason.strip():
        raise ValidationError({"reason": _("Say why the pathology result is amended.")})

    def amend(transition: Transition) -> None:
        old = _amendable_result(transition.recall, pathology.lesion_id, amended_id)
        row = add_pathology(
            transition, old.lesion, pathology, source=old.source, biopsy=old.biopsy, facility=old.facility,
            performed_on=old.performed_on,
        )  # fmt: skip
        transition.note = transition.note or reason
        transition.data = {"pathology": row.pk, "lesion": old.lesion_id, "amends": old.pk}
        go_on(transition)

    return apply_step(recall, "amend_pathology", amend, **kwargs)


def sign_concordance(
    recall: Recall,
    verdict: ConcordanceVerdict,
    *,
    pathology_id: int | None = None,
    text: str = "",
    follow_up_months: int | None = None,
    told: DisclosureInput | None = None,
    **kwargs: Unpack[ActionKwargs],
) -> RecallEvent:
    """Sign whether pathology and imaging of a lesion agree; then the patient is told, unless `told` says they were.

    A concordant benign or a high-risk result may go on as a short-interval follow-up of `follow_up_months`.
    `pathology_id`: which result; the one that waits longest where None. Raises ValidationError for a verdict that does
    not fit the tissue.
    """

    def sign(transition: Transition) -> None:
        pathology = _result_to_sign(transition.recall, pathology_id)
        _validate_verdict(verdict, pathology, follow_up_months)
        row = Concordance.objects.create(
            recall=transition.recall,
            pathology=pathology,
            verdict=verdict,
            text=text,
            follow_up_months=follow_up_months,
            **transition.signature,
        )
        transition.data = {"concordance": row.pk, "verdict": verdict, "lesion": pathology.lesion_id}
        if follow_up_months:
            plan_follow_up(transition, follow_up_months, calendar.local_day(transition.recall.site, transition.now))
        if verdict in _REPEAT_VERDICTS:
            transition.recall.biopsy_since = transition.now
        owe_result(transition, since=pathology.at, urgent=verdict == ConcordanceVerdict.MALIGNANT)
        if told is not None:
            tell_results(transition, told)
        go_on(transition)

    return apply_step(recall, "sign_concordance", sign, **kwargs)


def allowed_verdicts(pathology: PathologyResult | None) -> list[ConcordanceVerdict]:
    """The verdicts that may be signed over a pathology result; all of them while there is none."""
    return [
        verdict
        for verdict, fits in _PATHOLOGY_BY_VERDICT.items()
        if pathology is None or PathologyClass(pathology.result) in fits
    ]


def results_to_sign(recall: Recall) -> list[PathologyResult]:
    """The results that nobody has signed, in the order in which they came."""
    waiting = [status for status in load_lesion_statuses(recall) if status.stage == LesionStage.TO_SIGN]
    return sorted((status.pathology for status in waiting if status.pathology), key=lambda row: row.pk)


def awaited_lesions(recall: Recall) -> list[LesionStatus]:
    """The lesions from which tissue was taken and no result has come."""
    return [status for status in load_lesion_statuses(recall) if status.is_tissue_awaited]


def validate_pathology(pathology: PathologyInput) -> None:
    """Raise ValidationError for a histology of another class than the result."""
    histology = pathology.histology
    if histology and CLASS_BY_HISTOLOGY[Histology(histology)] != pathology.result:
        raise ValidationError({"histology": _("This histology belongs to another result. Correct one of the two.")})


def add_pathology(
    transition: Transition, lesion: Lesion, pathology: PathologyInput, **origin: object
) -> PathologyResult:
    """Add the row; `origin`: the columns that say where the tissue comes from."""
    names = ("result", "histology", "grade", "er", "pr", "her2", "size_mm", "nodes", "specimen", "text")
    stated = {name: getattr(pathology, name) for name in names}
    return PathologyResult.objects.create(
        recall=transition.recall, lesion=lesion, **stated, **origin, **transition.signature
    )


def _awaited_lesion(recall: Recall, lesion_id: int | None) -> LesionStatus:
    waiting = awaited_lesions(recall)
    chosen = [status for status in waiting if lesion_id in (None, status.lesion.pk)]
    if lesion_id is not None and not chosen:
        raise ValidationError({"lesion": _("This lesion waits for no pathology result. Choose another.")})
    if len(chosen) > 1:
        raise ValidationError({"lesion": _("Several lesions wait for a result: say which one this is about.")})
    if not chosen:
        raise StepUnavailable(_("No lesion waits for a pathology result."))
    return chosen[0]


def _amendable_result(recall: Recall, lesion_id: int | None, amended_id: int | None) -> PathologyResult:
    recorded = [row for status in load_lesion_statuses(recall) for row in status.amendable_results]
    chosen = [row for row in recorded if lesion_id in (None, row.lesion_id) and amended_id in (None, row.pk)]
    if len(chosen) != 1:
        raise ValidationError({"amended": _("Say which result is amended.")})
    return chosen[0]


def _result_to_sign(recall: Recall, pathology_id: int | None) -> PathologyResult:
    waiting = [row for row in results_to_sign(recall) if pathology_id in (None, row.pk)]
    if not waiting:
        raise StepUnavailable(_("This pathology result has been signed already, or none has been recorded yet."))
    return waiting[0]


def _validate_verdict(verdict: ConcordanceVerdict, pathology: PathologyResult, months: int | None) -> None:
    if PathologyClass(pathology.result) not in _PATHOLOGY_BY_VERDICT[verdict]:
        raise ValidationError({"verdict": _("This verdict does not fit the pathology result.")})
    if months and verdict not in FOLLOW_UP_VERDICTS:
        raise ValidationError({"follow_up_months": _("Only a benign or a high-risk result has a follow-up.")})
