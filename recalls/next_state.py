"""Says in which state a recall stands once its results are what they are: the worst open lesion leads."""

from collections.abc import Sequence

from clinic.queries.related_rows import read_related
from recalls.enums import (
    ACTIVE_APPOINTMENT_STATUSES,
    SUSPICIOUS_ASSESSMENTS,
    Assessment,
    ClosureReason,
    ConcordanceVerdict,
    OutcomeBasis,
    RecallKind,
    State,
    VisitKind,
)
from recalls.lesion_stages import LesionStage, LesionStatus, is_malignant
from recalls.models import Outcome, Recall
from recalls.workflow import NEXT_STATE_BY_ASSESSMENT, NextState

# The stages of lesions that keep a recall open, the most urgent first, each with the state that works on it.
_STATE_BY_STAGE = (
    (LesionStage.REFERRAL_OWED, State.TO_HAND_OVER),
    (LesionStage.TO_BIOPSY, State.BIOPSY_TO_BOOK),
    (LesionStage.PATHOLOGY_AWAITED, State.AWAITING_PATHOLOGY),
)


def find_next_state(recall: Recall, statuses: Sequence[LesionStatus]) -> NextState:
    """The state and, where it is closed, the reason.

    1. Pathology that nobody has signed is signed first, and a result that nobody has told is told before anything else.
    2. A referral, a biopsy and an awaited pathology come next, in this order.
    3. A visit booked, or still needed after an incomplete outcome, be it of one breast only.
    4. A short-interval follow-up, or a call for it once its round has begun; else the recall is closed.
    """
    stages = {status.stage for status in statuses}
    if LesionStage.TO_SIGN in stages:
        return State.AWAITING_CONCORDANCE, None
    if recall.result_since is not None:
        return State.RESULT_TO_TELL, None
    booked = _active_visit_kind(recall)
    for stage, state in _STATE_BY_STAGE:
        if stage in stages:
            is_booked = state == State.BIOPSY_TO_BOOK and booked == VisitKind.BIOPSY
            return (State.BIOPSY_BOOKED if is_booked else state), None
    if booked and booked != VisitKind.BIOPSY:
        return State.SCHEDULED, None
    outcome = newest_outcome(recall)
    if is_imaging_owed(recall, outcome, statuses):
        return State.TO_CONTACT, None
    if LesionStage.FOLLOW_UP in stages:
        has_begun = outcome is not None and recall.round > outcome.round
        return (State.TO_CONTACT if has_begun else State.FOLLOW_UP), None
    return _closed(recall, outcome, statuses)


def newest_outcome(recall: Recall) -> Outcome | None:
    """The outcome that no later one amends."""
    rows: list[Outcome] = read_related(recall, "outcomes")
    return max(rows, key=lambda row: row.pk, default=None)


def is_imaging_owed(recall: Recall, outcome: Outcome | None, statuses: Sequence[LesionStatus]) -> bool:
    """Whether the newest reading leaves a breast incomplete, also beside a 4 or 5 of the other one.

    Without an outcome it is the screening reading of a 4 or 5, from which the patient was sent straight to biopsy, with
    what was said of each breast then.
    """
    if outcome is not None:
        return Assessment.NEED_IMAGING in (outcome.assessment, outcome.assessment_left, outcome.assessment_right)
    exam = recall.exam
    said = {exam.assessment_left, exam.assessment_right}
    said |= {status.assessment.assessment for status in statuses if status.assessment is not None}
    is_incomplete = said & {Assessment.NEED_IMAGING, Assessment.NEED_PRIORS}
    return exam.assessment in SUSPICIOUS_ASSESSMENTS and bool(is_incomplete)


def _closed(recall: Recall, outcome: Outcome | None, statuses: Sequence[LesionStatus]) -> NextState:
    verdicts = {status.concordance.verdict for status in statuses if status.concordance is not None}
    if any(is_malignant(status) for status in statuses):
        return State.CLOSED, ClosureReason.CANCER_HANDED_OVER
    if ConcordanceVerdict.HIGH_RISK in verdicts and read_related(recall, "referrals"):
        return State.CLOSED, ClosureReason.HIGH_RISK_REFERRED
    if outcome is None and recall.exam.assessment in SUSPICIOUS_ASSESSMENTS and verdicts:
        return State.CLOSED, ClosureReason.BENIGN_CONCORDANT  # straight to biopsy: the tissue is the answer
    if outcome is None:
        is_owed = recall.exam.needs_recall or recall.kind != RecallKind.FINDING  # also after a supplemental test
        return (State.TO_CONTACT, None) if is_owed else (State.CLOSED, ClosureReason.VOID)
    if outcome.basis == OutcomeBasis.PRIORS:
        return State.CLOSED, ClosureReason.RESOLVED_BY_PRIORS
    if ConcordanceVerdict.CONCORDANT_BENIGN in verdicts and not _was_read_after_tissue(outcome, statuses):
        return State.CLOSED, ClosureReason.BENIGN_CONCORDANT
    reason = NEXT_STATE_BY_ASSESSMENT[Assessment(outcome.assessment)][1]
    return State.CLOSED, reason or ClosureReason.BENIGN_CONCORDANT


def _was_read_after_tissue(outcome: Outcome, statuses: Sequence[LesionStatus]) -> bool:
    """Whether the outcome is that of a later visit, such as a follow-up after a benign biopsy."""
    return all(status.pathology is None or status.pathology.at < outcome.read_at for status in statuses)


def _active_visit_kind(recall: Recall) -> str:
    active = [visit for visit in read_related(recall, "appointments") if visit.status in ACTIVE_APPOINTMENT_STATUSES]
    return active[-1].kind if active else ""
