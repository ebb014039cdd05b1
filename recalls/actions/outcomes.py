"""Actions of the radiologist's outcome: record, amend and release it, and start a follow-up round."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Unpack

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic import calendar
from recalls import deadlines
from recalls.actions.transition import ActionKwargs, Transition, apply_step
from recalls.assessment_consistency import INCONSISTENT_OVERALL, is_overall_consistent
from recalls.enums import WRITTEN_RESULT_ASSESSMENTS, AppointmentStatus, Assessment, ClosureReason, State
from recalls.models import Appointment, Outcome, OutcomeRelease, Recall, RecallEvent
from recalls.permissions import current_outcome
from recalls.workflow import NEXT_STATE_BY_ASSESSMENT


@dataclass(frozen=True, slots=True)
class OutcomeInput:
    """A radiologist's answer. `release_at` (UTC): when the patient may be told; None until they were spoken to."""

    assessment: Assessment
    assessment_left: str = ""
    assessment_right: str = ""
    follow_up_months: int | None = None
    text: str = ""
    release_at: datetime | None = None


def record_outcome(recall: Recall, reading: OutcomeInput, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Record the outcome of a visit; its category decides the next state (`NEXT_STATE_BY_ASSESSMENT`)."""
    _validate_outcome(reading)

    def record(transition: Transition) -> None:
        outcome = _add_outcome(transition, reading)
        transition.next_state, transition.closure_reason = NEXT_STATE_BY_ASSESSMENT[reading.assessment]
        if transition.next_state == State.FOLLOW_UP:
            plan_follow_up(transition, reading.follow_up_months, last_visit_day(transition.recall))
        elif transition.next_state == State.TO_CONTACT:  # still incomplete: one more visit, with a visit's time to it
            transition.recall.clock_from, transition.recall.follow_up_on = transition.now, None
        _release_or_assign(transition, outcome, reading.release_at)

    return apply_step(recall, "record_outcome", record, **kwargs)


def amend_outcome(recall: Recall, reading: OutcomeInput, *, reason: str, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Replace the newest outcome by a new reading; the old row stays. Raises ValidationError without a reason.

    A new category that leads to the same place leaves the recall where it is (4A to 4B while the biopsy is booked);
    any other sends it where the new category says. A recall closed by the patient's death stays closed.
    """
    _validate_outcome(reading)
    if not reason.strip():
        raise ValidationError({"reason": _("Say why the outcome is amended.")})

    def amend(transition: Transition) -> None:
        old = current_outcome(transition.recall)
        outcome = _add_outcome(transition, reading, amends=old, reason=reason)
        to, closure = NEXT_STATE_BY_ASSESSMENT[reading.assessment]
        old_to = NEXT_STATE_BY_ASSESSMENT[Assessment(old.assessment)][0] if old else None
        died = transition.recall.closure_reason == ClosureReason.DECEASED
        same_way = died or (to == old_to and to != State.CLOSED)
        transition.next_state, transition.closure_reason = (transition.from_state, None) if same_way else (to, closure)
        if to == transition.next_state == State.FOLLOW_UP:
            plan_follow_up(transition, reading.follow_up_months, last_visit_day(transition.recall))
        _release_or_assign(transition, outcome, reading.release_at)

    return apply_step(recall, "amend_outcome", amend, **kwargs)


def release_outcome(recall: Recall, release_at: datetime, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Let the patient be told from `release_at` (UTC) on."""

    def release(transition: Transition) -> None:
        outcome = current_outcome(transition.recall)
        if outcome is not None:
            OutcomeRelease.objects.create(outcome=outcome, release_at=release_at, **transition.signature)
            transition.recall.to_release_by = None
            transition.data = {"outcome": outcome.pk, "release_at": release_at.isoformat()}

    return apply_step(recall, "release_outcome", release, **kwargs)


def follow_up_due(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Bring a short-interval recall back to the callback queue for its next round."""

    def next_round(transition: Transition) -> None:
        transition.recall.round += 1
        transition.data = {"round": transition.recall.round, "visit_due": str(transition.recall.follow_up_on)}

    return apply_step(recall, "follow_up_due", next_round, **kwargs)


def plan_follow_up(transition: Transition, months: int | None, visited_on: date) -> None:
    """Date the next short-interval visit: by the schedule from the first such outcome, or months from this visit.

    The series of 6, 12, 24 and 36 months is BI-RADS category 3 surveillance; a radiologist may name another interval.
    """
    recall = transition.recall
    if recall.follow_up_from is None:
        recall.follow_up_from = visited_on
    start = recall.follow_up_from if months is None else visited_on
    recall.follow_up_on = deadlines.follow_up_date(start, recall.round + 1, months)
    transition.data["visit_due"] = str(recall.follow_up_on)


def _validate_outcome(reading: OutcomeInput) -> None:
    if reading.assessment not in NEXT_STATE_BY_ASSESSMENT:
        raise ValidationError({"assessment": _("Choose a category that can end a diagnostic visit.")})
    left, right = (Assessment(side) if side else None for side in (reading.assessment_left, reading.assessment_right))
    if not is_overall_consistent(reading.assessment, left, right):
        raise ValidationError({"assessment": INCONSISTENT_OVERALL})
    months = reading.follow_up_months
    if months is not None and reading.assessment != Assessment.PROBABLY_BENIGN:
        raise ValidationError({"follow_up_months": _("Only a probably benign outcome has a follow-up in months.")})
    if months is not None and not 1 <= months <= 36:
        raise ValidationError({"follow_up_months": _("Choose between 1 and 36 months.")})


def _add_outcome(
    transition: Transition, reading: OutcomeInput, *, amends: Outcome | None = None, reason: str = ""
) -> Outcome:
    outcome = Outcome.objects.create(
        recall=transition.recall,
        appointment=_last_attended(transition.recall),
        round=transition.recall.round,
        assessment=reading.assessment,
        assessment_left=reading.assessment_left,
        assessment_right=reading.assessment_right,
        follow_up_months=reading.follow_up_months,
        text=reading.text,
        amends=amends,
        reason=reason,
        **transition.signature,
    )
    transition.data = {"outcome": outcome.pk, "assessment": reading.assessment}
    return outcome


def _release_or_assign(transition: Transition, outcome: Outcome, release_at: datetime | None) -> None:
    """Release the outcome from then on, or assign it to the radiologist who will speak to the patient first."""
    died = transition.recall.closure_reason == ClosureReason.DECEASED
    waits = release_at is None and outcome.assessment in WRITTEN_RESULT_ASSESSMENTS and not died
    transition.recall.to_release_by = transition.actor.user if waits else None
    if release_at is not None:
        OutcomeRelease.objects.create(
            outcome=outcome, release_at=max(release_at, transition.now), **transition.signature
        )
        transition.data["release_at"] = max(release_at, transition.now).isoformat()


def _last_attended(recall: Recall) -> Appointment | None:
    return recall.appointments.filter(status=AppointmentStatus.ATTENDED).order_by("pk").last()


def last_visit_day(recall: Recall) -> date:
    """The day, at the site, of the visit an outcome is about; today where none is known."""
    visit = _last_attended(recall)
    return calendar.local_day(recall.site, visit.starts_at if visit else timezone.now())
