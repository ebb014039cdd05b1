"""Derives the stage that the patient's page shows from a recall's state and what the patient has been told.

Nothing shows before the clinic releases it: an outcome that is not released looks exactly like pictures that are still
being read, whatever it says, and a biopsy's result is never on the page, so every state after a biopsy looks the same.
"""

from datetime import datetime
from enum import Enum

from recalls.enums import ACTIVE_APPOINTMENT_STATUSES, AppointmentStatus, ClosureReason, State, VisitKind
from recalls.models import Appointment, Outcome, Recall
from recalls.permissions import current_outcome


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
    State.FOLLOW_UP: Stage.FOLLOW_UP,
    State.BIOPSY_TO_BOOK: Stage.BIOPSY_ADVISED,
    State.BIOPSY_BOOKED: Stage.BOOKED,
    State.AWAITING_PATHOLOGY: Stage.RESULT_BY_PHONE,
    State.AWAITING_CONCORDANCE: Stage.RESULT_BY_PHONE,
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
    visit = get_active_appointment(recall)
    if stage == Stage.BOOKED and (visit is None or visit.starts_at <= now):
        return Stage.VISIT_PASSED
    if stage == Stage.TO_BOOK and recall.round:
        return Stage.FOLLOW_UP_DUE
    if stage in _STAGES_NEEDING_RELEASE or recall.closure_reason == ClosureReason.CANCER_HANDED_OVER:
        return _released_stage(recall, stage, now)
    return stage


def _released_stage(recall: Recall, stage: Stage, now: datetime) -> Stage:
    if recall.pathology_results.all():
        return Stage.RESULT_BY_PHONE
    if get_released_outcome(recall, now):
        return stage
    knows_of_more = any(visit.kind == VisitKind.BIOPSY for visit in recall.appointments.all())
    return Stage.TO_BOOK_UNRELEASED if knows_of_more or current_outcome(recall) is None else Stage.AWAITING_RESULT


def get_released_outcome(recall: Recall, now: datetime) -> Outcome | None:
    """The newest outcome if it has been released; a released one that was amended since is not shown any more."""
    outcome = current_outcome(recall)
    release = getattr(outcome, "release", None)
    return outcome if release is not None and release.release_at <= now else None


def get_active_appointment(recall: Recall) -> Appointment | None:
    return next((visit for visit in recall.appointments.all() if visit.status in ACTIVE_APPOINTMENT_STATUSES), None)


def get_last_appointment(recall: Recall, *statuses: AppointmentStatus) -> Appointment | None:
    """The newest visit that ended in one of these ways."""
    found = [visit for visit in recall.appointments.all() if visit.status in statuses]
    return max(found, key=lambda visit: visit.starts_at, default=None)
