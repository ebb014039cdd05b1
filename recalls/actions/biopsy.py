"""How does a biopsy end? Pathology comes in, a radiologist signs whether it explains the pictures."""

from typing import Unpack

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from clinic import calendar
from recalls.actions.moving import Asked, Move, take
from recalls.actions.outcomes import plan_follow_up
from recalls.models import Concordance, PathologyResult, Recall, RecallEvent
from recalls.permissions import NotNow
from recalls.states import ConcordanceVerdict, PathologyClass, State
from recalls.workflow import CONCORDANCE_ROUTE

_MALIGNANT = frozenset({PathologyClass.IN_SITU, PathologyClass.INVASIVE})
# A verdict must fit the tissue: these are the pathology classes each may be signed over.
_FITS: dict[ConcordanceVerdict, frozenset[PathologyClass]] = {
    ConcordanceVerdict.CONCORDANT_BENIGN: frozenset({PathologyClass.BENIGN}),
    ConcordanceVerdict.DISCORDANT: frozenset(PathologyClass),
    ConcordanceVerdict.INSUFFICIENT: frozenset({PathologyClass.INSUFFICIENT, PathologyClass.BENIGN}),
    ConcordanceVerdict.HIGH_RISK: frozenset({PathologyClass.HIGH_RISK}),
    ConcordanceVerdict.MALIGNANT: _MALIGNANT,
}


def fitting_verdicts(recall: Recall) -> list[ConcordanceVerdict]:
    """The verdicts that may be signed over the newest pathology result; all of them while there is none."""
    rows = sorted(recall.pathology_results.all(), key=lambda row: row.pk)
    return [verdict for verdict, fits in _FITS.items() if not rows or PathologyClass(rows[-1].result) in fits]


def advise_biopsy(recall: Recall, **asked: Unpack[Asked]) -> RecallEvent:
    """Ask for a biopsy at once after a screening result of 4 or 5; a booked visit is cancelled."""
    return take(recall, "advise_biopsy", **asked)


def record_pathology(
    recall: Recall, result: PathologyClass, *, specimen: str = "", text: str = "", **asked: Unpack[Asked]
) -> RecallEvent:
    def record(move: Move) -> None:
        row = PathologyResult.objects.create(
            recall=move.recall, result=result, specimen=specimen, text=text, **move.signed()
        )
        move.data = {"pathology": row.pk}

    return take(recall, "record_pathology", record, **asked)


def sign_concordance(
    recall: Recall,
    verdict: ConcordanceVerdict,
    *,
    text: str = "",
    follow_up_months: int | None = None,
    **asked: Unpack[Asked],
) -> RecallEvent:
    """Sign whether tissue and pictures agree; the verdict decides the next state (`workflow.CONCORDANCE_ROUTE`).

    A concordant benign result closes, or with `follow_up_months` goes on as a short-interval follow-up.
    Raises ValidationError for a verdict that does not fit the tissue.
    """

    def sign(move: Move) -> None:
        pathology = move.recall.pathology_results.order_by("pk").last()
        if pathology is None:
            raise NotNow(_("No pathology result has been recorded yet."))
        if PathologyClass(pathology.result) not in _FITS[verdict]:
            raise ValidationError({"verdict": _("This verdict does not fit the pathology result.")})
        if follow_up_months and verdict != ConcordanceVerdict.CONCORDANT_BENIGN:
            raise ValidationError({"follow_up_months": _("Only a concordant benign result has a follow-up.")})
        row = Concordance.objects.create(
            recall=move.recall,
            pathology=pathology,
            verdict=verdict,
            text=text,
            follow_up_months=follow_up_months,
            **move.signed(),
        )
        move.data = {"concordance": row.pk, "verdict": verdict}
        move.to, move.closure = CONCORDANCE_ROUTE[verdict]
        if follow_up_months:
            move.to, move.closure = State.FOLLOW_UP, None
            plan_follow_up(move, follow_up_months, calendar.local_day(move.recall.site, move.now))

    return take(recall, "sign_concordance", sign, **asked)
