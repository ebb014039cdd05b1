"""Derives the stage that the patient's page shows from a recall's state and what the patient has been told.

Nothing shows before the patient was told: a result that nobody has told looks exactly like pictures that are still
being read, whatever it says. What was told of a visit may be read here afterwards; a biopsy's result is never on the
page, so every state after a biopsy looks the same, up to the referral to treatment.
"""

from datetime import datetime
from enum import Enum

from notifications.content.situation import is_result_withdrawn
from recalls.enums import (
    ACTIVE_APPOINTMENT_STATUSES,
    SUSPICIOUS_ASSESSMENTS,
    AppointmentStatus,
    ClosureReason,
    OutcomeBasis,
    State,
    VisitKind,
)
from recalls.models import Appointment, Outcome, Recall
from recalls.next_state import newest_outcome


class Stage(Enum):
    AWAITING_PRIORS = "earlier_pictures"
    TO_BOOK = "to_book"
    FOLLOW_UP_DUE = "next_round"  # a short-interval visit is due
    BOOKED = "booked"
    VISIT_PASSED = "visit_passed"  # the hour has passed, and nobody has noted yet whether the patient came
    AWAITING_RESULT = "reading"
    RESULT = "result"  # normal or benign
    FOLLOW_UP = "later_visit"  # probably benign: when to come again
    BIOPSY_ADVISED = "biopsy_advised"
    TO_BOOK_UNRELEASED = "talk"  # to be booked, but what for has not been released
    RESULT_BY_PHONE = "answer_by_phone"
    ON_HOLD = "on_hold"
    NO_VISIT_NEEDED = "no_visit_needed"
    RESULT_WITHDRAWN = "result_withdrawn"  # the result was corrected, and asks for nothing
    DECLINED = "declined"
    TRANSFERRED = "transferred"
    NOT_REACHED = "not_reached"
    NOTHING_OPEN = "nothing_open"


_STAGE_BY_CLOSURE_REASON: dict[str, Stage] = {
    ClosureReason.NORMAL: Stage.RESULT,
    ClosureReason.BENIGN: Stage.RESULT,
    ClosureReason.RESOLVED_BY_PRIORS: Stage.NO_VISIT_NEEDED,
    ClosureReason.BENIGN_CONCORDANT: Stage.RESULT_BY_PHONE,
    ClosureReason.HIGH_RISK_REFERRED: Stage.RESULT_BY_PHONE,
    ClosureReason.CANCER_HANDED_OVER: Stage.RESULT_BY_PHONE,
    ClosureReason.DECLINED: Stage.DECLINED,
    ClosureReason.TRANSFERRED: Stage.TRANSFERRED,
    ClosureReason.LOST_TO_FOLLOW_UP: Stage.NOT_REACHED,
}
_STAGE_BY_STATE: dict[str, Stage] = {
    State.AWAITING_PRIORS: Stage.AWAITING_PRIORS,
    State.TO_CONTACT: Stage.TO_BOOK,
    State.SCHEDULED: Stage.BOOKED,
    State.AWAITING_OUTCOME: Stage.AWAITING_RESULT,
    State.RESULT_TO_TELL: Stage.AWAITING_RESULT,
    State.FOLLOW_UP: Stage.FOLLOW_UP,
    State.BIOPSY_TO_BOOK: Stage.BIOPSY_ADVISED,
    State.BIOPSY_BOOKED: Stage.BOOKED,
    State.AWAITING_PATHOLOGY: Stage.RESULT_BY_PHONE,
    State.AWAITING_CONCORDANCE: Stage.RESULT_BY_PHONE,
    State.TO_HAND_OVER: Stage.RESULT_BY_PHONE,
    State.ON_HOLD: Stage.ON_HOLD,
}
# What an outcome decides: shown only once that outcome is released.
_STAGES_NEEDING_RELEASE = frozenset({Stage.RESULT, Stage.FOLLOW_UP, Stage.BIOPSY_ADVISED})


def get_stage(recall: Recall, now: datetime) -> Stage:
    """Where the patient is, as far as they have been told by `now`."""
    stage = (
        _STAGE_BY_CLOSURE_REASON.get(recall.closure_reason, Stage.NOTHING_OPEN)
        if not recall.is_open
        else _STAGE_BY_STATE[recall.state]
    )
    if is_result_withdrawn(recall):
        return Stage.RESULT_WITHDRAWN
    visit = get_active_appointment(recall)
    if stage == Stage.BOOKED and (visit is None or visit.starts_at <= now):
        return Stage.VISIT_PASSED
    if stage == Stage.TO_BOOK and recall.round:
        return Stage.FOLLOW_UP_DUE
    if recall.state == State.RESULT_TO_TELL:
        return _untold_stage(recall)
    if stage in _STAGES_NEEDING_RELEASE or recall.closure_reason == ClosureReason.CANCER_HANDED_OVER:
        return _released_stage(recall, stage, now)
    return stage


def _untold_stage(recall: Recall) -> Stage:
    """A result that nobody has told looks like pictures that are being read or waited for, or like tissue that is."""
    had_biopsy = any(visit.kind == VisitKind.BIOPSY for visit in recall.appointments.all())
    came = get_last_appointment(recall, AppointmentStatus.ATTENDED) is not None
    if had_biopsy or recall.pathology_results.all():
        return Stage.RESULT_BY_PHONE
    outcome = newest_outcome(recall)
    if outcome is not None and outcome.basis == OutcomeBasis.PRIORS:
        return Stage.AWAITING_PRIORS
    return Stage.AWAITING_RESULT if came else Stage.TO_BOOK_UNRELEASED


def _released_stage(recall: Recall, stage: Stage, now: datetime) -> Stage:
    if recall.pathology_results.all():
        return Stage.RESULT_BY_PHONE
    # A biopsy that was advised without a visit has no outcome; it is to be booked only once the patient was told.
    is_told = newest_outcome(recall) is None and recall.state == State.BIOPSY_TO_BOOK
    if is_told or get_released_outcome(recall, now):
        return stage
    knows_of_more = any(visit.kind == VisitKind.BIOPSY for visit in recall.appointments.all())
    return Stage.TO_BOOK_UNRELEASED if knows_of_more or newest_outcome(recall) is None else Stage.AWAITING_RESULT


def is_known_suspicious(recall: Recall) -> bool:
    """Whether a 4 or 5 stands that the patient knows of; an untold one changes nothing on the page."""
    if recall.result_since is not None:
        return recall.exam.assessment in SUSPICIOUS_ASSESSMENTS
    return recall.suspicious


def get_released_outcome(recall: Recall, now: datetime) -> Outcome | None:
    """The newest outcome if it has been released; a released one that was amended since is not shown any more."""
    outcome = newest_outcome(recall)
    release = getattr(outcome, "release", None)
    return outcome if release is not None and release.release_at <= now else None


def get_active_appointment(recall: Recall) -> Appointment | None:
    return next((visit for visit in recall.appointments.all() if visit.status in ACTIVE_APPOINTMENT_STATUSES), None)


def get_last_appointment(recall: Recall, *statuses: AppointmentStatus) -> Appointment | None:
    """The newest visit that ended in one of these ways."""
    found = [visit for visit in recall.appointments.all() if visit.status in statuses]
    return max(found, key=lambda visit: visit.starts_at, default=None)
