"""Checks what must hold after every case: no result lies untold, and the next action is due within its limit."""

from collections.abc import Callable
from datetime import datetime

from clinic import calendar
from recalls.contact_ladder import current_ladder_attempts, get_ladder
from recalls.enums import (
    CLOSED_WITHOUT_ANSWER,
    LADDER_STATES,
    MALIGNANT_CLASSES,
    SAME_DAY_ASSESSMENTS,
    ClosureReason,
    State,
)
from recalls.enums.lesions import PathologySource
from recalls.lesion_stages import LesionStage, load_lesion_statuses
from recalls.models import Recall

MAX_HOLD_DAYS = 365
# An untold result waits here, for a signature, for images to be read first, or for the talk itself.
_ON_THE_WAY_TO_TELLING = frozenset({State.RESULT_TO_TELL, State.AWAITING_CONCORDANCE, State.AWAITING_OUTCOME})


def assert_nothing_untold(recall: Recall) -> None:
    """Fail where a result lies untold in a recall that nobody works on, or where the next action is due too late."""
    row = Recall.objects.select_related("site", "patient", "exam").get(pk=recall.pk)
    untold = find_untold_results(row)
    if row.state == State.CLOSED:
        _assert_ended_well(row, untold)
        return
    assert not untold or row.state in _ON_THE_WAY_TO_TELLING, f"untold in {row.state}: {untold}"
    assert row.due_at is not None, "nobody knows when to act next"
    limit = _find_limit(row)
    assert row.due_at <= limit, f"{row.state} is due {row.due_at}, after the limit {limit}"


def find_untold_results(recall: Recall) -> list[str]:
    """Each result that came after the last talk or letter about results."""
    results = [(outcome.at, f"outcome {outcome.assessment}") for outcome in recall.outcomes.all() if _is_news(outcome)]
    for tissue in recall.pathology_results.select_related("concordance"):
        concordance = getattr(tissue, "concordance", None)
        if tissue.source == PathologySource.SURGERY:
            results.append((tissue.at, f"surgery {tissue.result}"))
        else:
            results.append(
                (concordance.at if concordance else datetime.max.replace(tzinfo=tissue.at.tzinfo), tissue.result)
            )
    last_told = max((row.at for row in recall.disclosures.all()), default=None)
    return [words for at, words in results if last_told is None or at > last_told]


def _is_news(outcome: object) -> bool:
    replaced = getattr(outcome, "amends", None)
    return replaced is None or replaced.assessment != getattr(outcome, "assessment", None)


def _assert_ended_well(recall: Recall, untold: list[str]) -> None:
    assert recall.due_at is None
    if recall.patient.deceased_on or recall.closure_reason == ClosureReason.VOID:
        return  # nobody to tell, or no recall after all
    assert not untold, f"closed as {recall.closure_reason} and untold: {untold}"
    if recall.closure_reason in CLOSED_WITHOUT_ANSWER:
        return
    still_open = [status for status in load_lesion_statuses(recall) if status.stage != LesionStage.SETTLED]
    assert not still_open, f"closed as {recall.closure_reason} with open lesions: {still_open}"
    if recall.closure_reason == ClosureReason.CANCER_HANDED_OVER:
        assert recall.referrals.exists() or recall.outside_reports.exists(), "nobody takes the patient over"


def _find_limit(recall: Recall) -> datetime:
    """The latest instant (UTC) at which the policy of the site lets the next action be due."""
    if recall.state in LADDER_STATES and current_ladder_attempts(recall):
        return _ladder_limit(recall)
    return _LIMIT_BY_STATE[State(recall.state)](recall)


def _ladder_limit(recall: Recall) -> datetime:
    """While the tries go on: never after the last day of the ladder, or two working days after the last try."""
    last = calendar.add_days(recall.site, recall.contact_since or recall.opened_at, get_ladder(recall).lost_after)
    tries = [attempt.at for attempt in current_ladder_attempts(recall)]
    return max(last, calendar.add_business_days(recall.site, max([recall.state_since, *tries]), 2))


def _business_days(count: Callable[[Recall], int]) -> Callable[[Recall], datetime]:
    return lambda recall: calendar.add_business_days(recall.site, recall.state_since, count(recall))


def _tell_limit(recall: Recall) -> datetime:
    """The same day for a 4C, a 5 and cancer; one that comes after hours, and any other, within its business days."""
    since = recall.result_since or recall.state_since
    outcome = recall.outcomes.order_by("pk").last()
    urgent = outcome is not None and outcome.assessment in SAME_DAY_ASSESSMENTS and outcome.at >= since
    tissue = recall.pathology_results.filter(concordance__at__gte=since, result__in=MALIGNANT_CLASSES)
    if urgent or tissue.exists():
        return calendar.end_of_business(recall.site, since)
    return calendar.add_business_days(recall.site, since, recall.site.policy.result_told)


def _visit_day(recall: Recall) -> datetime:
    visit = recall.appointments.filter(status__in=["booked", "confirmed"]).get()
    return calendar.closing_time(visit.site, calendar.local_day(visit.site, visit.starts_at))


def _follow_up_limit(recall: Recall) -> datetime:
    """Booked within a business day; a patient who asks for a later word is called before the lead time ends."""
    if recall.contact_attempts.filter(at__gte=recall.state_since).exists() and recall.follow_up_on:
        return calendar.closing_time(recall.site, recall.follow_up_on)
    return calendar.add_business_days(recall.site, recall.state_since, 1)


_LIMIT_BY_STATE: dict[State, Callable[[Recall], datetime]] = {
    State.AWAITING_PRIORS: lambda recall: calendar.add_days(
        recall.site, recall.clock_from, recall.site.policy.priors_report
    ),
    State.TO_CONTACT: _business_days(lambda recall: recall.site.policy.first_call),
    State.SCHEDULED: _visit_day,
    State.AWAITING_OUTCOME: _business_days(lambda recall: recall.site.policy.outcome),
    State.RESULT_TO_TELL: _tell_limit,
    State.FOLLOW_UP: _follow_up_limit,
    State.BIOPSY_TO_BOOK: _business_days(lambda recall: recall.site.policy.first_call),
    State.BIOPSY_BOOKED: _visit_day,
    State.AWAITING_PATHOLOGY: _business_days(lambda recall: recall.site.policy.pathology),
    State.AWAITING_CONCORDANCE: _business_days(lambda recall: recall.site.policy.concordance),
    State.TO_HAND_OVER: _business_days(lambda recall: recall.site.policy.referral),
    State.ON_HOLD: lambda recall: calendar.add_days(recall.site, recall.state_since, MAX_HOLD_DAYS),
}
