"""The sentence that says what is to be done next, for each state."""

from datetime import UTC, date, datetime, timedelta

import pytest

from clinic.models import Site
from recalls.enums import ClosureReason, ContactChannel, ContactResult, State
from recalls.models import ContactAttempt, Recall
from recalls.presenters import NextActionFacts, describe_next_action, display_datetime, time_remaining
from recalls.presenters.datetime_display import Urgency

# Tuesday 24 November 2026, 10 am in Pittsburgh.
NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
PITTSBURGH = Site(name="Shadyside Sample Imaging", time_zone="America/New_York")


def _recall(state: State, **fields: object) -> Recall:
    return Recall(site=PITTSBURGH, state=state, state_since=NOW - timedelta(days=1), **fields)


def _call(result: ContactResult, ago: timedelta, next_try_at: datetime | None = None) -> ContactAttempt:
    return ContactAttempt(channel=ContactChannel.PHONE, result=result, at=NOW - ago, next_try_at=next_try_at)


@pytest.mark.parametrize(
    ("state", "facts", "sentence"),
    [
        (State.TO_CONTACT, NextActionFacts(entered_by_step="open_recall"), "First call"),
        (State.TO_CONTACT, NextActionFacts(entered_by_step="mark_missed"), "First call: missed the visit yesterday"),
        (State.TO_CONTACT, NextActionFacts(entered_by_step="resume"), "First call: hold ended yesterday"),
        (
            State.TO_CONTACT,
            NextActionFacts(entered_by_step="need_imaging"),
            "First call: prior images did not settle it",
        ),
        (
            State.TO_CONTACT,
            NextActionFacts(attempts=[_call(ContactResult.NO_ANSWER, timedelta(hours=1))]),
            "Second call, at another time of day: try the afternoon",
        ),
        (
            State.TO_CONTACT,
            NextActionFacts(
                attempts=[_call(ContactResult.REACHED_CALLS_BACK, timedelta(days=1), NOW + timedelta(hours=7))]
            ),
            "Try again as planned: Tue 24 Nov, 5:00 pm",
        ),
        (
            State.TO_CONTACT,
            NextActionFacts(attempts=[_call(ContactResult.REACHED_WILL_BOOK, timedelta(hours=1))]),
            "Ready to book: offer a time",
        ),
        (
            State.TO_CONTACT,
            NextActionFacts(attempts=[_call(ContactResult.NO_ANSWER, timedelta(days=day)) for day in (9, 5, 1)]),
            "Send a letter",
        ),
        (State.AWAITING_PRIORS, NextActionFacts(), "Request the prior images from the other clinic"),
        (
            State.AWAITING_PRIORS,
            NextActionFacts(priors_requested_at=NOW - timedelta(days=8)),
            "Prior images requested Mon 16 Nov: follow up",
        ),
        (
            State.SCHEDULED,
            NextActionFacts(visit_at=NOW + timedelta(days=1)),
            "Visit Wed 25 Nov, 10:00 am, not confirmed yet",
        ),
        (
            State.SCHEDULED,
            NextActionFacts(visit_at=NOW + timedelta(days=1), visit_confirmed=True),
            "Visit Wed 25 Nov, 10:00 am, confirmed",
        ),
        (State.SCHEDULED, NextActionFacts(visit_at=NOW), "The visit was Tue 24 Nov, 10:00 am: did the patient come?"),
        (State.AWAITING_OUTCOME, NextActionFacts(visit_at=NOW), "Seen today: record the outcome"),
        (State.BIOPSY_TO_BOOK, NextActionFacts(entered_by_step="record_outcome"), "Biopsy advised: book it"),
        (
            State.BIOPSY_TO_BOOK,
            NextActionFacts(entered_by_step="biopsy_missed"),
            "Missed the biopsy yesterday: call the patient and book again",
        ),
        (State.BIOPSY_BOOKED, NextActionFacts(visit_at=NOW + timedelta(days=2)), "Biopsy Thu 26 Nov, 10:00 am"),
        (State.AWAITING_PATHOLOGY, NextActionFacts(visit_at=NOW), "Biopsy done today: the pathology result is awaited"),
        (State.AWAITING_CONCORDANCE, NextActionFacts(), "Pathology is here: sign whether it explains the images"),
    ],
)
def test_next_action_text(state: State, facts: NextActionFacts, sentence: str) -> None:
    assert describe_next_action(_recall(state), facts, now=NOW) == sentence


def test_a_hold_says_until_when_and_the_state_it_returns_to() -> None:
    held = _recall(State.ON_HOLD, hold_until=date(2027, 1, 4), state_before_hold=State.TO_CONTACT)
    assert (
        describe_next_action(held, NextActionFacts(), now=NOW)
        == "On hold until Mon 4 Jan 2027, then back to “To contact”"
    )


def test_a_closed_recall_says_when_and_why() -> None:
    closed = _recall(State.CLOSED, closed_at=NOW, closure_reason=ClosureReason.BENIGN)
    assert describe_next_action(closed, NextActionFacts(), now=NOW) == "Closed Tue 24 Nov: Benign"


def test_every_state_has_its_sentence() -> None:
    for state in State:
        assert describe_next_action(_recall(state), NextActionFacts(), now=NOW)


def test_a_time_is_said_as_people_of_the_site_say_it() -> None:
    said = display_datetime(PITTSBURGH, datetime(2026, 11, 24, 19, 30, tzinfo=UTC), NOW)
    assert said.text == "Tue 24 Nov, 2:30 pm"
    assert said.full_text == "Tuesday 24 November 2026, 2:30 pm (America/New_York)"
    assert said.iso == "2026-11-24T14:30-05:00"


@pytest.mark.parametrize(
    ("at", "words", "band"),
    [
        (NOW - timedelta(days=3), "3 days late", Urgency.LATE),
        (NOW - timedelta(hours=2), "2\xa0hours late", Urgency.LATE),
        (NOW + timedelta(hours=7), "today", Urgency.TODAY),
        (NOW + timedelta(hours=15), "1 day left", Urgency.SOON),
        (NOW + timedelta(days=3), "3 days left", Urgency.ON_TIME),
    ],
)
def test_time_left_is_counted_in_days_of_the_site(at: datetime, words: str, band: Urgency) -> None:
    left = time_remaining(PITTSBURGH, at, NOW)
    assert (left.text, left.urgency) == (words, band)


def test_each_urgency_has_its_own_symbol() -> None:
    shapes = {time_remaining(PITTSBURGH, NOW + timedelta(days=days), NOW).symbol for days in (-1, 0, 1, 5)}
    assert len(shapes) == 4
