"""Actions of biopsy and pathology: advise a biopsy, record the pathology result, sign the concordance."""

from typing import Unpack

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from clinic import calendar
from recalls.actions.outcomes import plan_follow_up
from recalls.actions.transition import ActionKwargs, Transition, apply_step
from recalls.enums import ConcordanceVerdict, PathologyClass, State
from recalls.models import Concordance, PathologyResult, Recall, RecallEvent
from recalls.permissions import StepUnavailable
from recalls.workflow import NEXT_STATE_BY_VERDICT

_MALIGNANT_CLASSES = frozenset({PathologyClass.IN_SITU, PathologyClass.INVASIVE})
# The pathology classes over which each verdict may be signed.
_PATHOLOGY_BY_VERDICT: dict[ConcordanceVerdict, frozenset[PathologyClass]] = {
    ConcordanceVerdict.CONCORDANT_BENIGN: frozenset({PathologyClass.BENIGN}),
    ConcordanceVerdict.DISCORDANT: frozenset(PathologyClass),
    ConcordanceVerdict.INSUFFICIENT: frozenset({PathologyClass.INSUFFICIENT, PathologyClass.BENIGN}),
    ConcordanceVerdict.HIGH_RISK: frozenset({PathologyClass.HIGH_RISK}),
    ConcordanceVerdict.MALIGNANT: _MALIGNANT_CLASSES,
}


def allowed_verdicts(recall: Recall) -> list[ConcordanceVerdict]:
    """The verdicts that may be signed over the newest pathology result; all of them while there is none."""
    rows = sorted(recall.pathology_results.all(), key=lambda row: row.pk)
    return [
        verdict
        for verdict, fits in _PATHOLOGY_BY_VERDICT.items()
        if not rows or PathologyClass(rows[-1].result) in fits
    ]


def advise_biopsy(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Ask for a biopsy at once after a screening result of 4 or 5; a booked visit is cancelled."""
    return apply_step(recall, "advise_biopsy", **kwargs)


def record_pathology(
    recall: Recall, result: PathologyClass, *, specimen: str = "", text: str = "", **kwargs: Unpack[ActionKwargs]
) -> RecallEvent:
    def record(transition: Transition) -> None:
        row = PathologyResult.objects.create(
            recall=transition.recall, result=result, specimen=specimen, text=text, **transition.signature
        )
        transition.data = {"pathology": row.pk}

    return apply_step(recall, "record_pathology", record, **kwargs)


def sign_concordance(
    recall: Recall,
    verdict: ConcordanceVerdict,
    *,
    text: str = "",
    follow_up_months: int | None = None,
    **kwargs: Unpack[ActionKwargs],
) -> RecallEvent:
    """Sign whether pathology and imaging agree; the next state is that of `workflow.NEXT_STATE_BY_VERDICT`.

    A concordant benign result closes, or with `follow_up_months` goes on as a short-interval follow-up.
    Raises ValidationError for a verdict that does not fit the tissue.
    """

    def sign(transition: Transition) -> None:
        pathology = transition.recall.pathology_results.order_by("pk").last()
        if pathology is None:
            raise StepUnavailable(_("No pathology result has been recorded yet."))
        if PathologyClass(pathology.result) not in _PATHOLOGY_BY_VERDICT[verdict]:
            raise ValidationError({"verdict": _("This verdict does not fit the pathology result.")})
        if follow_up_months and verdict != ConcordanceVerdict.CONCORDANT_BENIGN:
            raise ValidationError({"follow_up_months": _("Only a concordant benign result has a follow-up.")})
        row = Concordance.objects.create(
            recall=transition.recall,
            pathology=pathology,
            verdict=verdict,
            text=text,
            follow_up_months=follow_up_months,
            **transition.signature,
        )
        transition.data = {"concordance": row.pk, "verdict": verdict}
        transition.next_state, transition.closure_reason = NEXT_STATE_BY_VERDICT[verdict]
        if follow_up_months:
            transition.next_state, transition.closure_reason = State.FOLLOW_UP, None
            plan_follow_up(transition, follow_up_months, calendar.local_day(transition.recall.site, transition.now))

    return apply_step(recall, "sign_concordance", sign, **kwargs)
