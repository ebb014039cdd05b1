"""Why is this recall on today's list? One sentence from where it stands, how it came there and what was tried."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic import calendar
from recalls import ladder
from recalls.models import ContactAttempt, Recall
from recalls.permissions import attempts_of_this_ladder, priors_state
from recalls.presenters.moments import day_and_ago, day_words, moment
from recalls.states import ACTIVE_APPOINTMENT, AppointmentStatus, ClosureReason, ContactChannel, State


@dataclass(frozen=True, slots=True)
class Facts:
    """What the sentence needs beyond the recall's own row. Instants are UTC."""

    attempts: Sequence[ContactAttempt] = ()
    # The step by which the recall came into the state it is in.
    arrived_by: str = ""
    visit_at: datetime | None = None
    visit_confirmed: bool = False
    priors_asked_at: datetime | None = None
    priors_received: bool = False
    # Whether her target is ahead and no time is free before it.
    no_time_left: bool = False


def facts_of(recall: Recall) -> Facts:
    """The facts from the recall's own rows; no query when attempts, events and appointments are prefetched."""
    if recall._state.adding:
        return Facts()
    events = sorted(recall.events.all(), key=lambda event: event.version)
    came = [event for event in events if event.to_state == recall.state and event.from_state != recall.state]
    arrivals = [event.step for event in came if event.step != "undo"]
    visits = [visit for visit in recall.appointments.all() if visit.status in _SHOWN[State(recall.state)]]
    asked_at, came_at = priors_state(recall)
    return Facts(
        attempts=attempts_of_this_ladder(recall),
        arrived_by=arrivals[-1] if arrivals else "",
        visit_at=visits[-1].starts_at if visits else None,
        visit_confirmed=bool(visits) and visits[-1].status == AppointmentStatus.CONFIRMED,
        priors_asked_at=asked_at,
        priors_received=came_at is not None,
    )


def why_today(recall: Recall, facts: Facts | None = None, *, now: datetime | None = None) -> str:
    """The sentence for the list, the recall's page, the admin and support. Facts are looked up when not given."""
    return _WHY[State(recall.state)](recall, facts or facts_of(recall), now or timezone.now())


# Which appointment a state speaks of: the one to come, or the last one she came to.
_ATTENDED = (AppointmentStatus.ATTENDED,)
_SHOWN: dict[State, Sequence[str]] = dict.fromkeys(State, ACTIVE_APPOINTMENT) | dict.fromkeys(
    (State.AWAITING_OUTCOME, State.AWAITING_PATHOLOGY, State.AWAITING_CONCORDANCE), _ATTENDED
)

_BACK_BECAUSE: dict[str, Any] = {
    "mark_missed": gettext_lazy("missed the visit %(when)s"),
    "cancel_appointment": gettext_lazy("visit cancelled %(when)s"),
    "resume": gettext_lazy("hold ended %(when)s"),
    "need_imaging": gettext_lazy("earlier pictures did not settle it"),
    "follow_up_due": gettext_lazy("short-interval visit comes near"),
    "reopen": gettext_lazy("reopened %(when)s"),
    "record_outcome": gettext_lazy("still incomplete, another visit is needed"),
    "amend_outcome": gettext_lazy("outcome amended, another visit is needed"),
    "correct_result": gettext_lazy("result corrected %(when)s"),
}
_BIOPSY_BECAUSE: dict[str, Any] = {
    "biopsy_missed": gettext_lazy("Missed the biopsy %(when)s: ring her and book again"),
    "cancel_biopsy": gettext_lazy("Biopsy cancelled %(when)s: book again"),
    "sign_concordance": gettext_lazy("Another biopsy is needed: book it"),
    "resume": gettext_lazy("Hold ended %(when)s: book the biopsy"),
    "reopen": gettext_lazy("Reopened %(when)s: book the biopsy"),
}


def _to_contact(recall: Recall, facts: Facts, now: datetime) -> str:
    if facts.no_time_left:
        return _join(_next_try(recall, facts, now), _("no free time before the target day"))
    return _next_try(recall, facts, now)


def _next_try(recall: Recall, facts: Facts, now: datetime) -> str:
    rung, sentence = ladder.what_next(recall.site, facts.attempts)
    last = facts.attempts[-1] if facts.attempts else None
    if last is None:
        because = _because(_BACK_BECAUSE, recall, facts, now)
        return _join(sentence, because)
    if last.next_try_at is not None:
        return _("Try again as planned: %(when)s") % {"when": moment(recall.site, last.next_try_at, now)}
    if rung is not None and rung.channel == ContactChannel.PHONE and sentence == rung.sentence:
        part = ladder.another_time_of_day(recall.site, facts.attempts)
        return _join(sentence, ladder.PART_OF_DAY.get(part, ""))
    return str(sentence)


def _awaiting_priors(recall: Recall, facts: Facts, now: datetime) -> str:
    if facts.priors_received:
        return _("Earlier pictures are here: compare them")
    if facts.priors_asked_at is None:
        return _("Ask the other clinic for the earlier pictures")
    asked = day_and_ago(*_days(recall, facts.priors_asked_at, now))
    return _("Earlier pictures asked for %(when)s: chase them") % {"when": asked}


def _booked(recall: Recall, facts: Facts, now: datetime) -> str:
    if facts.visit_at is None:
        return _("No visit is booked: look again")
    when = moment(recall.site, facts.visit_at, now)
    if facts.visit_at <= now:
        return _("The visit was %(when)s: did she come?") % {"when": when}
    if facts.visit_confirmed:
        return _("Visit %(when)s, confirmed") % {"when": when}
    return _("Visit %(when)s, not confirmed yet") % {"when": when}


def _biopsy_booked(recall: Recall, facts: Facts, now: datetime) -> str:
    if facts.visit_at is None:
        return _("No biopsy is booked: look again")
    words = _("Biopsy %(when)s: was it done?") if facts.visit_at <= now else _("Biopsy %(when)s")
    return words % {"when": moment(recall.site, facts.visit_at, now)}


def _biopsy_to_book(recall: Recall, facts: Facts, now: datetime) -> str:
    return _because(_BIOPSY_BECAUSE, recall, facts, now) or _("Biopsy advised: book it")


def _awaiting_outcome(recall: Recall, facts: Facts, now: datetime) -> str:
    seen = day_and_ago(*_days(recall, facts.visit_at or recall.state_since, now))
    return _("Seen %(when)s: record the outcome") % {"when": seen}


def _follow_up(recall: Recall, facts: Facts, now: datetime) -> str:
    if recall.follow_up_on is None:
        return _("Short-interval visit to be dated")
    due = day_words(recall.follow_up_on, calendar.local_day(recall.site, now))
    return _("Short-interval visit due %(when)s; she comes back to the callback queue by herself") % {"when": due}


def _awaiting_pathology(recall: Recall, facts: Facts, now: datetime) -> str:
    done = day_and_ago(*_days(recall, facts.visit_at or recall.state_since, now))
    return _("Biopsy done %(when)s: the pathology result is awaited") % {"when": done}


def _awaiting_concordance(recall: Recall, facts: Facts, now: datetime) -> str:
    return _("Pathology is here: sign whether it explains the pictures")


def _on_hold(recall: Recall, facts: Facts, now: datetime) -> str:
    until = day_words(recall.hold_until, calendar.local_day(recall.site, now)) if recall.hold_until else ""
    return _("On hold until %(when)s, then back to “%(state)s”") % {
        "when": until,
        "state": State(recall.held_from).label if recall.held_from else "",
    }


def _closed(recall: Recall, facts: Facts, now: datetime) -> str:
    if recall.closed_at is None:
        return str(State.CLOSED.label)
    when = day_words(*_days(recall, recall.closed_at, now))
    return _("Closed %(when)s: %(reason)s") % {"when": when, "reason": ClosureReason(recall.closure_reason).label}


_WHY: dict[State, Callable[[Recall, Facts, datetime], str]] = {
    State.AWAITING_PRIORS: _awaiting_priors,
    State.TO_CONTACT: _to_contact,
    State.SCHEDULED: _booked,
    State.AWAITING_OUTCOME: _awaiting_outcome,
    State.FOLLOW_UP: _follow_up,
    State.BIOPSY_TO_BOOK: _biopsy_to_book,
    State.BIOPSY_BOOKED: _biopsy_booked,
    State.AWAITING_PATHOLOGY: _awaiting_pathology,
    State.AWAITING_CONCORDANCE: _awaiting_concordance,
    State.ON_HOLD: _on_hold,
    State.CLOSED: _closed,
}


def _because(sentences: dict[str, Any], recall: Recall, facts: Facts, now: datetime) -> str:
    """How it came here, when that is more than the ordinary way."""
    sentence = sentences.get(facts.arrived_by)
    return str(sentence) % {"when": day_and_ago(*_days(recall, recall.state_since, now))} if sentence else ""


def _days(recall: Recall, at: datetime, now: datetime) -> tuple[Any, Any]:
    """The day of an instant and today, both at the site."""
    return calendar.local_day(recall.site, at), calendar.local_day(recall.site, now)


def _join(sentence: Any, addition: Any) -> str:
    return f"{sentence}: {addition}" if addition else str(sentence)
