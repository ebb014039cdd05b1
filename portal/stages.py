"""At which stage does the patient's page show the patient? A recall's state, seen through what they have been told.

Nothing shows before the clinic releases it: an outcome that is not released looks exactly like pictures that are still
being read, whatever it says, and a biopsy's result is never on the page, so every state after a biopsy looks the same.
"""

from datetime import datetime
from enum import Enum

from recalls.enums import ACTIVE_APPOINTMENT_STATUSES, AppointmentStatus, ClosureReason, State, VisitKind
from recalls.models import Appointment, Outcome, Recall
from recalls.permissions import current_outcome


class Stage(Enum):
    EARLIER_PICTURES = "earlier_pictures"
    TO_BOOK = "to_book"
    NEXT_ROUND = "next_round"  # a short-interval visit is due
    BOOKED = "booked"
    VISIT_PASSED = "visit_passed"  # the hour has passed, and nobody has noted yet whether the patient came
    READING = "reading"
    RESULT = "result"  # normal or benign
    LATER_VISIT = "later_visit"  # probably benign: when to come again
    BIOPSY_ADVISED = "biopsy_advised"
    TALK = "talk"  # to be booked, but what for has not been released
    ANSWER_BY_PHONE = "answer_by_phone"
    ON_HOLD = "on_hold"
    NO_VISIT_NEEDED = "no_visit_needed"
    DECLINED = "declined"
    TRANSFERRED = "transferred"
    NOT_REACHED = "not_reached"
    NOTHING_OPEN = "nothing_open"


_CLOSED: dict[str, Stage] = {
    ClosureReason.NORMAL: Stage.RESULT,
    ClosureReason.BENIGN: Stage.RESULT,
    ClosureReason.RESOLVED_BY_PRIORS: Stage.NO_VISIT_NEEDED,
    ClosureReason.BENIGN_CONCORDANT: Stage.ANSWER_BY_PHONE,
    ClosureReason.HIGH_RISK_REFERRED: Stage.ANSWER_BY_PHONE,
    ClosureReason.CANCER_HANDED_OVER: Stage.ANSWER_BY_PHONE,
    ClosureReason.DECLINED: Stage.DECLINED,
    ClosureReason.TRANSFERRED: Stage.TRANSFERRED,
    ClosureReason.LOST_TO_FOLLOW_UP: Stage.NOT_REACHED,
}
_BY_STATE: dict[str, Stage] = {
    State.AWAITING_PRIORS: Stage.EARLIER_PICTURES,
    State.TO_CONTACT: Stage.TO_BOOK,
    State.SCHEDULED: Stage.BOOKED,
    State.AWAITING_OUTCOME: Stage.READING,
    State.FOLLOW_UP: Stage.LATER_VISIT,
    State.BIOPSY_TO_BOOK: Stage.BIOPSY_ADVISED,
    State.BIOPSY_BOOKED: Stage.BOOKED,
    State.AWAITING_PATHOLOGY: Stage.ANSWER_BY_PHONE,
    State.AWAITING_CONCORDANCE: Stage.ANSWER_BY_PHONE,
    State.ON_HOLD: Stage.ON_HOLD,
}
# What an outcome decides: shown only once that outcome is released.
_TOLD_BY_OUTCOME = frozenset({Stage.RESULT, Stage.LATER_VISIT, Stage.BIOPSY_ADVISED})


def stage_of(recall: Recall, now: datetime) -> Stage:
    """Where the patient is, as far as they have been told by `now`."""
    stage = _CLOSED.get(recall.closure_reason, Stage.NOTHING_OPEN) if not recall.is_open else _BY_STATE[recall.state]
    visit = booked_visit(recall)
    if stage == Stage.BOOKED and (visit is None or visit.starts_at <= now):
        return Stage.VISIT_PASSED
    if stage == Stage.TO_BOOK and recall.round:
        return Stage.NEXT_ROUND
    if stage in _TOLD_BY_OUTCOME or recall.closure_reason == ClosureReason.CANCER_HANDED_OVER:
        return _as_told(recall, stage, now)
    return stage


def _as_told(recall: Recall, stage: Stage, now: datetime) -> Stage:
    if recall.pathology_results.all():
        return Stage.ANSWER_BY_PHONE
    if told_outcome(recall, now):
        return stage
    knows_of_more = any(visit.kind == VisitKind.BIOPSY for visit in recall.appointments.all())
    return Stage.TALK if knows_of_more or current_outcome(recall) is None else Stage.READING


def told_outcome(recall: Recall, now: datetime) -> Outcome | None:
    """The newest outcome if it has been released; a released one that was amended since is not shown any more."""
    outcome = current_outcome(recall)
    release = getattr(outcome, "release", None)
    return outcome if release is not None and release.release_at <= now else None


def booked_visit(recall: Recall) -> Appointment | None:
    return next((visit for visit in recall.appointments.all() if visit.status in ACTIVE_APPOINTMENT_STATUSES), None)


def last_visit(recall: Recall, *statuses: AppointmentStatus) -> Appointment | None:
    """The newest visit that ended in one of these ways."""
    found = [visit for visit in recall.appointments.all() if visit.status in statuses]
    return max(found, key=lambda visit: visit.starts_at, default=None)
