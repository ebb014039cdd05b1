"""Computes when a recall's next action is due, its target, its reading time and the system's own next step.

Sources of the defaults stand beside each field of `clinic.models.DeadlinePolicy`. Instants are UTC; days are counted in
the site's time zone and end when the site closes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from dateutil.relativedelta import relativedelta

from clinic import calendar
from recalls.contact_ladder import lost_from, next_attempt, open_rungs
from recalls.enums import CLOSED_WITHOUT_ANSWER, ActionableCategory, RecallKind, State, WorkItemKind
from recalls.workflow import DEADLINE_KIND_BY_STATE, FOLLOW_UP_MONTHS, DeadlineKind

if TYPE_CHECKING:
    from clinic.models import DeadlinePolicy, Site
    from recalls.models import Appointment, ContactAttempt, ImagingOrder, Recall


# A radiologist decides without the prior images some days before the report is due.
_PRIORS_DECISION_DAYS = 5


@dataclass(frozen=True, slots=True)
class DeadlineFacts:
    """What a deadline depends on beyond the recall's own row."""

    appointment: "Appointment | None" = None
    attempts: Sequence["ContactAttempt"] = ()
    priors_requested_at: datetime | None = None
    priors_received_at: datetime | None = None
    # Of the tissue whose result has been awaited longest, when it was taken.
    biopsied_at: datetime | None = None


def set_deadlines(recall: "Recall", facts: DeadlineFacts) -> None:
    """Set `due_at`, `target_at`, `to_read_at` and `wake_at` as the recall stands, to be saved."""
    policy = recall.site.policy
    recall.target_at = _compute_target_at(recall, policy, facts)
    recall.due_at = _compute_due_at(recall, policy, facts)
    recall.to_read_at = _compute_to_read_at(recall, policy, facts)
    recall.wake_at = _compute_wake_at(recall, policy)


def tell_by(site: "Site", since: datetime, *, urgent: bool) -> datetime:
    """By when (UTC) a result of that instant must be told: the same day for 4C, 5 and cancer, if the site says no else.

    A result that comes after hours is told on the next open day; an urgent one never later than a suspicious result
    must be (7 calendar days, MQSA), however long the site is closed.
    """
    days = site.policy.urgent_result_told if urgent else site.policy.result_told
    limit = calendar.add_business_days(site, since, days) if days else calendar.end_of_business(site, since)
    return min(limit, calendar.add_days(site, since, site.policy.suspicious)) if urgent else limit


def end_of_today(site: "Site", now: datetime, *, urgent: bool) -> datetime:
    """The end of this business day or the next (UTC), within which an old result that is owed anew is to be told."""
    end = calendar.end_of_business(site, now)
    return min(end, calendar.add_days(site, now, site.policy.suspicious)) if urgent else end


def _compute_due_at(recall: "Recall", policy: "DeadlinePolicy", facts: DeadlineFacts) -> datetime | None:
    """The due instant of the recall as it now stands; None when it is closed."""
    if recall.state == State.CLOSED:
        return None
    return _DUE_BY_DEADLINE_KIND[DEADLINE_KIND_BY_STATE[State(recall.state)]](recall, policy, facts)


def _compute_target_at(recall: "Recall", policy: "DeadlinePolicy", facts: DeadlineFacts) -> datetime | None:
    """By when this part of the way should be over, whatever the next action is: no date chosen by hand moves it.

    The visit goal, or the MQSA limit for a 4, a 5 or prior images, or sooner where the report says so; then the limit
    of the state. A hold stops no clock.
    """
    if recall.state == State.ON_HOLD:
        return recall.target_at
    by_state = _TARGET_BY_STATE.get(State(recall.state))
    if by_state is not None:
        return by_state(recall, policy, facts)
    if recall.round and recall.follow_up_on and not recall.symptom_reported:
        return calendar.closing_time(recall.site, recall.follow_up_on)
    order: ImagingOrder | None = getattr(recall, "imaging_order", None)
    wanted = _order_target(recall, order) if order else None
    if wanted is not None and recall.kind == RecallKind.INCIDENTAL:
        return wanted
    days = min(policy.visit, policy.suspicious) if recall.suspicious else policy.visit
    goal = calendar.add_days(recall.site, recall.clock_from, days)
    return min(goal, wanted) if wanted else goal


def _order_target(recall: "Recall", order: "ImagingOrder") -> datetime:
    """The report's own days; a finding that asks for action within hours is to be seen to on the day it came in."""
    if order.category in (ActionableCategory.MINUTES, ActionableCategory.HOURS):
        return calendar.end_of_business(recall.site, recall.clock_from)
    return calendar.closing_time(recall.site, order.latest_on)


def _compute_to_read_at(recall: "Recall", policy: "DeadlinePolicy", facts: DeadlineFacts) -> datetime | None:
    """Since when a radiologist's answer is awaited; None while none is."""
    if recall.state in (State.AWAITING_OUTCOME, State.AWAITING_CONCORDANCE, State.RESULT_TO_TELL):
        return recall.state_since
    if recall.state == State.AWAITING_PRIORS:
        return facts.priors_received_at or _priors_decision_at(recall, policy)
    if recall.state in (State.TO_CONTACT, State.BIOPSY_TO_BOOK) and not open_rungs(recall, facts.attempts):
        return lost_from(recall)  # to be signed off as lost
    return None


def _compute_wake_at(recall: "Recall", policy: "DeadlinePolicy") -> datetime | None:
    """When the system takes the next step by itself (UTC): a hold ends, a follow-up comes near, an offer is renewed.

    Never for a patient who has died.
    """
    if recall.patient.deceased_on:
        return None
    if recall.state == State.ON_HOLD:
        return _hold_due(recall, policy, DeadlineFacts())
    if recall.state == State.FOLLOW_UP:
        return _follow_up_lead_at(recall, policy)
    if recall.closure_reason in CLOSED_WITHOUT_ANSWER and recall.offer_again_on:
        return calendar.instant(recall.site, recall.offer_again_on, time(8, 0))
    return recall.wake_at if recall.state == State.RESULT_TO_TELL else None


def follow_up_date(start: date, round_number: int, months: int | None = None) -> date:
    """When the visit of a short-interval round is due: by the series from the first outcome, or months from `start`.

    Raises LookupError for a round beyond the series: then somebody says when.
    """
    if months is None and round_number > len(FOLLOW_UP_MONTHS):
        raise LookupError("the short-interval series is over")
    due: date = start + relativedelta(months=FOLLOW_UP_MONTHS[round_number - 1] if months is None else months)
    return due


def _contact_due(recall: "Recall", policy: "DeadlinePolicy", facts: DeadlineFacts) -> datetime:
    return next_attempt(recall, facts.attempts).due_at


def _tell_due(recall: "Recall", policy: "DeadlinePolicy", facts: DeadlineFacts) -> datetime:
    """The limit itself; the next rung of the ladder once somebody has tried to reach the patient."""
    tries = [attempt for attempt in facts.attempts if attempt.at >= recall.state_since]
    return next_attempt(recall, facts.attempts).due_at if tries else _tell_limit(recall, policy, facts)


def _tell_limit(recall: "Recall", policy: "DeadlinePolicy", facts: DeadlineFacts) -> datetime:
    return recall.tell_by or tell_by(recall.site, recall.state_since, urgent=recall.suspicious)


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
    """The order is booked within a business day; a patient who asked for a later word gets it, before the lead ends.

    Domain fact: booking the visit on the day of the answer is the one measure shown to bring patients back.
    """
    lead = _follow_up_lead_at(recall, policy)
    tries = [attempt for attempt in facts.attempts if attempt.at >= recall.state_since]
    if tries and tries[-1].next_try_at is not None:
        return min(tries[-1].next_try_at, max(lead, calendar.add_business_days(recall.site, tries[-1].at, 1)))
    since = tries[-1].at if tries else recall.state_since
    return calendar.add_business_days(recall.site, since, 1)


def _follow_up_lead_at(recall: "Recall", policy: "DeadlinePolicy") -> datetime:
    day = recall.follow_up_on or follow_up_date(calendar.local_day(recall.site, recall.state_since), 1)
    return calendar.instant(recall.site, day - timedelta(days=policy.follow_up_lead), time(8, 0))


def _biopsy_target(recall: "Recall", policy: "DeadlinePolicy", facts: DeadlineFacts) -> datetime:
    return calendar.add_days(recall.site, recall.biopsy_since or recall.state_since, policy.biopsy)


def _pathology_due(recall: "Recall", policy: "DeadlinePolicy", facts: DeadlineFacts) -> datetime:
    since = facts.biopsied_at or recall.state_since
    return calendar.add_business_days(recall.site, since, policy.pathology)


def _concordance_due(recall: "Recall", policy: "DeadlinePolicy", facts: DeadlineFacts) -> datetime:
    return calendar.add_business_days(recall.site, recall.state_since, policy.concordance)


def _referral_due(recall: "Recall", policy: "DeadlinePolicy", facts: DeadlineFacts) -> datetime:
    return calendar.add_business_days(recall.site, recall.state_since, policy.referral)


def _priors_limit(recall: "Recall", policy: "DeadlinePolicy", facts: DeadlineFacts) -> datetime:
    return calendar.add_days(recall.site, recall.clock_from, policy.priors_report)


def _priors_decision_at(recall: "Recall", policy: "DeadlinePolicy") -> datetime:
    """From when a radiologist decides without images that have not come (UTC)."""
    day = calendar.local_day(recall.site, recall.clock_from)
    days = max(policy.priors_report - _PRIORS_DECISION_DAYS, 0)
    return calendar.instant(recall.site, day + timedelta(days=days), time(8, 0))


def _follow_up_target(recall: "Recall", policy: "DeadlinePolicy", facts: DeadlineFacts) -> datetime:
    day = recall.follow_up_on or calendar.local_day(recall.site, recall.state_since)
    return calendar.closing_time(recall.site, day)


def _hold_due(recall: "Recall", policy: "DeadlinePolicy", facts: DeadlineFacts) -> datetime:
    day = recall.hold_until or calendar.local_day(recall.site, recall.state_since)
    return calendar.instant(recall.site, day, time(8, 0))


_DUE_BY_DEADLINE_KIND = {
    DeadlineKind.CONTACT: _contact_due,
    DeadlineKind.PRIORS: _priors_due,
    DeadlineKind.VISIT: _visit_due,
    DeadlineKind.OUTCOME: _outcome_due,
    DeadlineKind.TELL: _tell_due,
    DeadlineKind.FOLLOW_UP: _follow_up_due,
    DeadlineKind.PATHOLOGY: _pathology_due,
    DeadlineKind.CONCORDANCE: _concordance_due,
    DeadlineKind.REFERRAL: _referral_due,
    DeadlineKind.HOLD: _hold_due,
}
# States after the visit, each with the end of its own part of the way; before it the visit is the target.
_TARGET_BY_STATE = {
    State.AWAITING_PRIORS: _priors_limit,
    State.AWAITING_OUTCOME: _outcome_due,
    State.RESULT_TO_TELL: _tell_limit,
    State.FOLLOW_UP: _follow_up_target,
    State.BIOPSY_TO_BOOK: _biopsy_target,
    State.BIOPSY_BOOKED: _biopsy_target,
    State.AWAITING_PATHOLOGY: _pathology_due,
    State.AWAITING_CONCORDANCE: _concordance_due,
    State.TO_HAND_OVER: _referral_due,
}


def work_item_due(site: "Site", kind: WorkItemKind, now: datetime) -> datetime:
    """By when a task is to be done: a patient who asked is answered the same day, all else by the next open day."""
    day = calendar.local_day(site, now)
    is_open_still = calendar.is_open_day(site, day) and now < calendar.closing_time(site, day)
    return calendar.add_business_days(site, now, 0 if is_open_still and kind == WorkItemKind.PATIENT_REQUEST else 1)
