"""Computes the due time, the target and the reading time of a recall in each state.

Sources of the defaults stand beside each field of `clinic.models.DeadlinePolicy`. Instants are UTC; days are counted in
the site's time zone and end when the site closes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from dateutil.relativedelta import relativedelta

from clinic import calendar
from recalls.contact_ladder import next_attempt, open_rungs
from recalls.enums import State
from recalls.workflow import DEADLINE_KIND_BY_STATE, FOLLOW_UP_MONTHS, DeadlineKind

if TYPE_CHECKING:
    from clinic.models import DeadlinePolicy
    from recalls.models import Appointment, ContactAttempt, Recall


@dataclass(frozen=True, slots=True)
class DeadlineFacts:
    """What a deadline depends on beyond the recall's own row."""

    appointment: "Appointment | None" = None
    attempts: Sequence["ContactAttempt"] = ()
    priors_requested_at: datetime | None = None
    priors_received_at: datetime | None = None


def set_deadlines(recall: "Recall", facts: DeadlineFacts) -> None:
    """Set `due_at`, `target_at` and `to_read_at` from the recall as it now stands; the caller saves it."""
    policy = recall.site.policy
    recall.due_at = _compute_due_at(recall, policy, facts)
    recall.target_at = _compute_target_at(recall, policy)
    recall.to_read_at = _compute_to_read_at(recall, facts)


def _compute_due_at(recall: "Recall", policy: "DeadlinePolicy", facts: DeadlineFacts) -> datetime | None:
    """The due instant of the recall as it now stands; None when it is closed."""
    if recall.state == State.CLOSED:
        return None
    return _DUE_BY_DEADLINE_KIND[DEADLINE_KIND_BY_STATE[State(recall.state)]](recall, policy, facts)


def _compute_target_at(recall: "Recall", policy: "DeadlinePolicy") -> datetime:
    """By when the patient should have been seen: the visit goal, or the MQSA limit for a 4, a 5 or prior images."""
    if recall.round and recall.follow_up_on:
        return calendar.closing_time(recall.site, recall.follow_up_on)
    days = policy.visit
    if recall.state == State.AWAITING_PRIORS:
        days = policy.priors_report
    elif recall.suspicious:
        days = min(policy.visit, policy.suspicious)
    return calendar.add_days(recall.site, recall.clock_from, days)


def _compute_to_read_at(recall: "Recall", facts: DeadlineFacts) -> datetime | None:
    """Since when a radiologist's answer is awaited; None while none is."""
    if recall.state in (State.AWAITING_OUTCOME, State.AWAITING_CONCORDANCE):
        return recall.state_since
    if recall.state == State.AWAITING_PRIORS:
        return facts.priors_received_at
    if recall.state == State.TO_CONTACT and not open_rungs(recall.site, facts.attempts):  # to be signed off as lost
        return calendar.add_days(recall.site, recall.contact_since or recall.opened_at, recall.site.lost_after)
    return None


def follow_up_date(start: date, round_number: int, months: int | None = None) -> date:
    """When the visit of a short-interval round is due, counted from the first probably benign outcome.

    A round beyond the series follows a year after the one before.
    """
    if months is None:
        years_beyond = max(round_number - len(FOLLOW_UP_MONTHS), 0)
        months = FOLLOW_UP_MONTHS[round_number - years_beyond - 1] + 12 * years_beyond
    due: date = start + relativedelta(months=months)
    return due


def _contact_due(recall: "Recall", policy: "DeadlinePolicy", facts: DeadlineFacts) -> datetime:
    since = recall.contact_since or recall.opened_at
    return next_attempt(recall.site, since, facts.attempts, policy.first_call).due_at


def _priors_due(recall: "Recall", policy: "DeadlinePolicy", facts: DeadlineFacts) -> datetime:
    """Request within a business day, ask again weekly, compare within a business day; never past the report limit."""
    limit = calendar.add_days(recall.site, recall.clock_from, policy.priors_report)
    if facts.priors_received_at is not None or facts.priors_requested_at is None:
        since = facts.priors_received_at or recall.state_since
        return min(limit, calendar.add_business_days(recall.site, since, 1))
    return min(limit, calendar.add_days(recall.site, facts.priors_requested_at, 7))


def _visit_due(recall: "Recall", policy: "DeadlinePolicy", facts: DeadlineFacts) -> datetime:
    """The end of the visit's day, by which staff record whether the patient came."""
    if facts.appointment is None:
        return calendar.add_business_days(recall.site, recall.state_since, 1)
    day_end = calendar.closing_time(recall.site, calendar.local_day(recall.site, facts.appointment.starts_at))
    return max(
        day_end,
        facts.appointment.starts_at + timedelta(minutes=facts.appointment.length_minutes),
    )


def _outcome_due(recall: "Recall", policy: "DeadlinePolicy", facts: DeadlineFacts) -> datetime:
    return calendar.add_business_days(recall.site, recall.state_since, policy.outcome)


def _follow_up_due(recall: "Recall", policy: "DeadlinePolicy", facts: DeadlineFacts) -> datetime:
    day = recall.follow_up_on or follow_up_date(calendar.local_day(recall.site, recall.state_since), 1)
    return calendar.instant(recall.site, day - timedelta(days=policy.follow_up_lead), time(8, 0))


def _biopsy_due(recall: "Recall", policy: "DeadlinePolicy", facts: DeadlineFacts) -> datetime:
    return calendar.add_days(recall.site, recall.biopsy_since or recall.state_since, policy.biopsy)


def _pathology_due(recall: "Recall", policy: "DeadlinePolicy", facts: DeadlineFacts) -> datetime:
    return calendar.add_business_days(recall.site, recall.state_since, policy.pathology)


def _pathology_disclosure_due(recall: "Recall", policy: "DeadlinePolicy", facts: DeadlineFacts) -> datetime:
    return calendar.add_business_days(recall.site, recall.state_since, policy.pathology_told)


def _hold_due(recall: "Recall", policy: "DeadlinePolicy", facts: DeadlineFacts) -> datetime:
    day = recall.hold_until or calendar.local_day(recall.site, recall.state_since)
    return calendar.instant(recall.site, day, time(8, 0))


_DUE_BY_DEADLINE_KIND = {
    DeadlineKind.CONTACT: _contact_due,
    DeadlineKind.PRIORS: _priors_due,
    DeadlineKind.VISIT: _visit_due,
    DeadlineKind.OUTCOME: _outcome_due,
    DeadlineKind.FOLLOW_UP: _follow_up_due,
    DeadlineKind.BIOPSY: _biopsy_due,
    DeadlineKind.PATHOLOGY: _pathology_due,
    DeadlineKind.PATHOLOGY_DISCLOSURE: _pathology_disclosure_due,
    DeadlineKind.HOLD: _hold_due,
}
