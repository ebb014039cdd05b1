"""Rules for the messages about a result: what was told in writing, and the request to call for what is told by voice.

A result is told before its message is planned: by a person, or by the release in writing, of which the message is the
telling (`recalls.actions.telling`).
"""

from collections.abc import Collection, Iterator

from clinic import calendar
from clinic.calendar import SendWindow
from notifications.planning.rules import PLEASE_CALL_VALID_FOR, RESULT_VALID_FOR, PlannedMessage
from notifications.planning.snapshot import RecallSnapshot
from recalls.enums import Assessment, ClosureReason, OutcomeBasis, State
from recalls.models import Outcome
from recalls.undo_snapshot import UNDO_WINDOW

# After these a result that is told in writing is written anew.
_OWED_AGAIN_STEPS = frozenset({"result_undelivered", "told_in_error"})


def outcome_normal(snapshot: RecallSnapshot) -> Iterator[PlannedMessage]:
    if snapshot.recall.closure_reason == ClosureReason.NORMAL:
        yield from _released_outcome_message(snapshot, {Assessment.NEGATIVE})


def outcome_benign(snapshot: RecallSnapshot) -> Iterator[PlannedMessage]:
    if snapshot.recall.closure_reason == ClosureReason.BENIGN:
        yield from _released_outcome_message(snapshot, {Assessment.BENIGN})


def outcome_probably_benign(snapshot: RecallSnapshot) -> Iterator[PlannedMessage]:
    """Also where the follow-up was booked at once, before the message left; never after a biopsy."""
    recall = snapshot.recall
    is_told = recall.is_open and recall.result_since is None and not snapshot.pathology
    if is_told and recall.follow_up_on is not None:
        yield from _released_outcome_message(snapshot, {Assessment.PROBABLY_BENIGN})


def no_visit_needed(snapshot: RecallSnapshot) -> Iterator[PlannedMessage]:
    """The final assessment that prior images allowed; a probably benign one has a follow-up and its own message."""
    if snapshot.recall.closure_reason == ClosureReason.RESOLVED_BY_PRIORS:
        yield from _released_outcome_message(snapshot, {Assessment.NEGATIVE, Assessment.BENIGN})


def please_call_results(snapshot: RecallSnapshot) -> Iterator[PlannedMessage]:
    """While a result is to be told: a person tells it first, the message follows on the next business day.

    A result that is in and unsigned says nothing yet: nobody could answer the patient who calls. While a time is set at
    which it is told in writing, the patient is not asked to call before.
    """
    recall, site = snapshot.recall, snapshot.site
    if recall.state != State.RESULT_TO_TELL or recall.result_since is None or recall.wake_at is not None:
        return
    since = recall.result_since
    due = calendar.next_send_time(SendWindow.OPEN_DAYS, site, calendar.send_hours_start_after(site, since, 1))
    yield PlannedMessage(f"result-{since:%Y%m%dT%H%M%S}", due, due + PLEASE_CALL_VALID_FOR)


def _released_outcome_message(snapshot: RecallSnapshot, categories: Collection[Assessment]) -> Iterator[PlannedMessage]:
    """The newest outcome, if it is one of these and was released; a change of its comment alone makes no new message.

    One that did not arrive and is told in writing anew is another message. One of a work-up elsewhere is written of
    only where it is told in writing: what was said there or by phone needs no word of ours.
    """
    outcome = _first_outcome_of_same_words(snapshot)
    if outcome is None or outcome.assessment not in categories or not hasattr(outcome, "release"):
        return
    if outcome.basis == OutcomeBasis.OUTSIDE and not snapshot.recall.told_in_writing:
        return
    from_when = max(outcome.release.release_at, outcome.at + UNDO_WINDOW)  # while it may be a slip, nobody is told
    alive = snapshot.last_event("not_deceased")
    if alive is not None and snapshot.recall.told_in_writing:  # what a death recorded in error held back is still owed
        from_when = max(from_when, alive.at)
    due = calendar.next_send_time(snapshot.result_window, snapshot.site, from_when)
    undelivered = sum(event.step in _OWED_AGAIN_STEPS and event.at >= outcome.at for event in snapshot.events)
    suffix = f"-{undelivered}" if undelivered and snapshot.recall.told_in_writing else ""
    yield PlannedMessage(f"outcome-{outcome.pk}{suffix}", due, due + RESULT_VALID_FOR, outcome=outcome)


def _first_outcome_of_same_words(snapshot: RecallSnapshot) -> Outcome | None:
    """The outcome that the patient hears of: the newest one, or the one that it amends in its comment only."""
    outcome, by_pk = snapshot.latest_outcome, {row.pk: row for row in snapshot.outcomes}
    while outcome is not None and outcome.amends_id in by_pk and outcome.says_same_as(by_pk[outcome.amends_id]):
        outcome = by_pk[outcome.amends_id]
    return outcome
