"""Says in one sentence what is to be done next with a recall, and why."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic import calendar
from clinic.union_fetch import known_related
from recalls import contact_ladder
from recalls.enums import ACTIVE_APPOINTMENT_STATUSES, AppointmentStatus, ClosureReason, ContactChannel, State
from recalls.models import ContactAttempt, Recall
from recalls.permissions import priors_timestamps
from recalls.presenters.datetime_display import display_datetime, format_day, format_recent_day


@dataclass(frozen=True, slots=True)
class NextActionFacts:
    """What the sentence needs beyond the recall's own row. Instants are UTC."""

    attempts: Sequence[ContactAttempt] = ()
    # The step by which the recall came into the state it is in.
    entered_by_step: str = ""
    visit_at: datetime | None = None
    visit_confirmed: bool = False
    priors_requested_at: datetime | None = None
    priors_received: bool = False
    # The part of the day in which a trial asks for the first call.
    first_call_part: str = ""
    # Whether the target is ahead and no time is free before it.
    no_slot_before_target: bool = False


def collect_next_action_facts(recall: Recall) -> NextActionFacts:
    """The facts from the recall's own rows; no query when attempts, events and appointments are prefetched."""
    if recall._state.adding:
        return NextActionFacts()
    events = sorted(recall.events.all(), key=lambda event: event.version)
    came = [event for event in events if event.to_state == recall.state and event.from_state != recall.state]
    arrivals = [event.step for event in came if event.step != "undo"]
    visits = [
        visit for visit in recall.appointments.all() if visit.status in _SHOWN_APPOINTMENT_STATUSES[State(recall.state)]
    ]
    asked_at, came_at = priors_timestamps(recall)
    return NextActionFacts(
        attempts=contact_ladder.current_ladder_attempts(recall),
        entered_by_step=arrivals[-1] if arrivals else "",
        visit_at=visits[-1].starts_at if visits else None,
        visit_confirmed=bool(visits) and visits[-1].status == AppointmentStatus.CONFIRMED,
        priors_requested_at=asked_at,
        priors_received=came_at is not None,
        first_call_part=_first_call_part(recall),
    )


def _first_call_part(recall: Recall) -> str:
    """No query where `trial_place` was joined; nothing after a 4 or 5."""
    place = known_related(recall, "trial_place")
    return place.call_part if place is not None and not recall.suspicious else ""


def describe_next_action(recall: Recall, facts: NextActionFacts | None = None, *, now: datetime | None = None) -> str:
    """The sentence for the list, the recall's page, the admin and support. Facts are looked up when not given."""
    return _DESCRIBE_BY_STATE[State(recall.state)](
        recall, facts or collect_next_action_facts(recall), now or timezone.now()
    )


# Which appointment a state speaks of: the one to come, or the last one the patient came to.
_ATTENDED = (AppointmentStatus.ATTENDED,)
_SHOWN_APPOINTMENT_STATUSES: dict[State, Sequence[str]] = dict.fromkeys(
    State, ACTIVE_APPOINTMENT_STATUSES
) | dict.fromkeys((State.AWAITING_OUTCOME, State.AWAITING_PATHOLOGY, State.AWAITING_CONCORDANCE), _ATTENDED)

_CALLBACK_REASONS: dict[str, Any] = {
    "mark_missed": gettext_lazy("missed the visit %(when)s"),
    "cancel_appointment": gettext_lazy("visit cancelled %(when)s"),
    "resume": gettext_lazy("hold ended %(when)s"),
    "need_imaging": gettext_lazy("prior images did not settle it"),
    "follow_up_due": gettext_lazy("short-interval follow-up comes near"),
    "reopen": gettext_lazy("reopened %(when)s"),
    "record_outcome": gettext_lazy("still incomplete, another visit is needed"),
    "amend_outcome": gettext_lazy("outcome amended, another visit is needed"),
    "correct_result": gettext_lazy("result corrected %(when)s"),
    "result_told": gettext_lazy("still incomplete, another visit is needed"),
    "symptom_reported": gettext_lazy("the patient reported a symptom %(when)s"),
    "take_back": gettext_lazy("taken back %(when)s"),
    "offer_again": gettext_lazy("declined before, offered again"),
}
_BIOPSY_REASONS: dict[str, Any] = {
    "biopsy_missed": gettext_lazy("Missed the biopsy %(when)s: call the patient and book again"),
    "cancel_biopsy": gettext_lazy("Biopsy cancelled %(when)s: book again"),
    "take_back": gettext_lazy("Taken back %(when)s: book the biopsy"),
    "offer_again": gettext_lazy("Declined before: offer the biopsy again"),
    "resume": gettext_lazy("Hold ended %(when)s: book the biopsy"),
    "reopen": gettext_lazy("Reopened %(when)s: book the biopsy"),
}


def _to_contact(recall: Recall, facts: NextActionFacts, now: datetime) -> str:
    if facts.no_slot_before_target:
        return _join(_next_attempt(recall, facts, now), _("no free time before the target day"))
    return _next_attempt(recall, facts, now)


def _next_attempt(recall: Recall, facts: NextActionFacts, now: datetime) -> str:
    rung, sentence = contact_ladder.next_rung(recall, facts.attempts)
    last = facts.attempts[-1] if facts.attempts and facts.attempts[-1].at >= recall.state_since else None
    if last is None:
        because = _arrival_reason(_CALLBACK_REASONS, recall, facts, now)
        hint = "" if facts.attempts else contact_ladder.PART_OF_DAY_HINTS.get(facts.first_call_part, "")
        return _join(sentence, because or hint)
    if last.next_try_at is not None:
        return _("Try again as planned: %(when)s") % {"when": display_datetime(recall.site, last.next_try_at, now)}
    if rung is not None and rung.channel == ContactChannel.PHONE and sentence == rung.label:
        part = contact_ladder.untried_part_of_day(recall.site, facts.attempts)
        return _join(sentence, contact_ladder.PART_OF_DAY_HINTS.get(part, ""))
    return str(sentence)


def _awaiting_priors(recall: Recall, facts: NextActionFacts, now: datetime) -> str:
    if facts.priors_received:
        return _("Prior images are here: compare them")
    limit = recall.target_at
    if limit is not None and recall.to_read_at is not None and recall.to_read_at <= now:
        day = format_day(*_local_days(recall, limit, now))
        return _("Prior images have not come: decide without them, the report is due %(when)s") % {"when": day}
    if facts.priors_requested_at is None:
        return _("Request the prior images from the other clinic")
    asked = format_recent_day(*_local_days(recall, facts.priors_requested_at, now))
    return _("Prior images requested %(when)s: follow up") % {"when": asked}


def _scheduled(recall: Recall, facts: NextActionFacts, now: datetime) -> str:
    if facts.visit_at is None:
        return _("No visit is booked: look again")
    when = display_datetime(recall.site, facts.visit_at, now)
    if facts.visit_at <= now:
        return _("The visit was %(when)s: did the patient come?") % {"when": when}
    if facts.visit_confirmed:
        return _("Visit %(when)s, confirmed") % {"when": when}
    return _("Visit %(when)s, not confirmed yet") % {"when": when}


def _biopsy_booked(recall: Recall, facts: NextActionFacts, now: datetime) -> str:
    if facts.visit_at is None:
        return _("No biopsy is booked: look again")
    words = _("Biopsy %(when)s: was it done?") if facts.visit_at <= now else _("Biopsy %(when)s")
    return words % {"when": display_datetime(recall.site, facts.visit_at, now)}


def _biopsy_to_book(recall: Recall, facts: NextActionFacts, now: datetime) -> str:
    because = _arrival_reason(_BIOPSY_REASONS, recall, facts, now) or _("Biopsy advised: book it")
    tried = bool(facts.attempts) and facts.attempts[-1].at >= recall.state_since
    return f"{because}. {_next_attempt(recall, facts, now)}" if tried else because


def _result_to_tell(recall: Recall, facts: NextActionFacts, now: datetime) -> str:
    """Who tells it is the page's to say; this says what, and what was tried."""
    told = _("Tell the patient the result")
    if facts.entered_by_step == "result_undelivered":
        told = _("The written result did not arrive: tell it")
    tried = bool(facts.attempts) and facts.attempts[-1].at >= recall.state_since
    return f"{told}. {_next_attempt(recall, facts, now)}" if tried else told


def _to_hand_over(recall: Recall, facts: NextActionFacts, now: datetime) -> str:
    return _("Arrange who takes over, and the first visit there")


def _awaiting_outcome(recall: Recall, facts: NextActionFacts, now: datetime) -> str:
    seen = format_recent_day(*_local_days(recall, facts.visit_at or recall.state_since, now))
    return _("Seen %(when)s: record the outcome") % {"when": seen}


def _follow_up(recall: Recall, facts: NextActionFacts, now: datetime) -> str:
    if recall.follow_up_on is None:
        return _("Short-interval follow-up to be dated")
    due = format_day(recall.follow_up_on, calendar.local_day(recall.site, now))
    return _("Short-interval follow-up due %(when)s: book it now, or agree when to call") % {"when": due}


def _awaiting_pathology(recall: Recall, facts: NextActionFacts, now: datetime) -> str:
    done = format_recent_day(*_local_days(recall, facts.visit_at or recall.state_since, now))
    return _("Biopsy done %(when)s: the pathology result is awaited") % {"when": done}


def _awaiting_concordance(recall: Recall, facts: NextActionFacts, now: datetime) -> str:
    return _("Pathology is here: sign whether it explains the images")


def _on_hold(recall: Recall, facts: NextActionFacts, now: datetime) -> str:
    until = format_day(recall.hold_until, calendar.local_day(recall.site, now)) if recall.hold_until else ""
    return _("On hold until %(when)s, then back to “%(state)s”") % {
        "when": until,
        "state": State(recall.state_before_hold).label if recall.state_before_hold else "",
    }


def _closed(recall: Recall, facts: NextActionFacts, now: datetime) -> str:
    if recall.closed_at is None:
        return str(State.CLOSED.label)
    when = format_day(*_local_days(recall, recall.closed_at, now))
    return _("Closed %(when)s: %(reason)s") % {"when": when, "reason": ClosureReason(recall.closure_reason).label}


_DESCRIBE_BY_STATE: dict[State, Callable[[Recall, NextActionFacts, datetime], str]] = {
    State.AWAITING_PRIORS: _awaiting_priors,
    State.TO_CONTACT: _to_contact,
    State.SCHEDULED: _scheduled,
    State.AWAITING_OUTCOME: _awaiting_outcome,
    State.RESULT_TO_TELL: _result_to_tell,
    State.FOLLOW_UP: _follow_up,
    State.BIOPSY_TO_BOOK: _biopsy_to_book,
    State.BIOPSY_BOOKED: _biopsy_booked,
    State.AWAITING_PATHOLOGY: _awaiting_pathology,
    State.AWAITING_CONCORDANCE: _awaiting_concordance,
    State.TO_HAND_OVER: _to_hand_over,
    State.ON_HOLD: _on_hold,
    State.CLOSED: _closed,
}


def _arrival_reason(sentences: dict[str, Any], recall: Recall, facts: NextActionFacts, now: datetime) -> str:
    """How it came here, when that is more than the ordinary way."""
    sentence = sentences.get(facts.entered_by_step)
    return (
        str(sentence) % {"when": format_recent_day(*_local_days(recall, recall.state_since, now))} if sentence else ""
    )


def _local_days(recall: Recall, at: datetime, now: datetime) -> tuple[Any, Any]:
    """The day of an instant and today, both at the site."""
    return calendar.local_day(recall.site, at), calendar.local_day(recall.site, now)


def _join(sentence: Any, addition: Any) -> str:
    return f"{sentence}: {addition}" if addition else str(sentence)
