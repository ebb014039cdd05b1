"""Computes the next contact attempt of a recall from the site's contact ladder and the attempts so far.

The ladder is the site's own, or the one of `clinic.contact_ladder`; it is read once with the site. For a result to tell
and a biopsy to book it is the urgent one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic import calendar
from clinic.contact_ladder import ContactLadder, RungSpec
from clinic.queries.related_rows import read_related
from recalls.enums import ContactChannel, ContactResult, State

if TYPE_CHECKING:
    from clinic.models import Site
    from recalls.models import ContactAttempt, Recall

# After these results the patient has been asked to call back and gets two business days.
_AWAITING_PATIENT_RESULTS = frozenset(
    {
        ContactResult.REACHED_CALLS_BACK,
        ContactResult.LEFT_MESSAGE,
        ContactResult.THIRD_PERSON,
    }
)


@dataclass(frozen=True, slots=True)
class NextAttempt:
    """What to do next and by when (UTC), in a sentence; `rung` is None when the ladder is complete."""

    rung: RungSpec | None
    due_at: datetime
    sentence: Any


def current_ladder_attempts(recall: "Recall") -> list["ContactAttempt"]:
    """The attempts since the patient was last to be contacted, oldest first; no query when prefetched."""
    if recall._state.adding:
        return []
    since = recall.contact_since
    known: list[ContactAttempt] = read_related(recall, "contact_attempts")
    rows = sorted(known, key=lambda attempt: attempt.pk)
    undone = {row.retracts_id for row in rows if row.retracts_id} | {row.pk for row in rows if row.retracts_id}
    return [attempt for attempt in rows if attempt.pk not in undone and (since is None or attempt.at >= since)]


def get_ladder(recall: "Recall") -> ContactLadder:
    """The site's ladder; the urgent one where a result is to be told or a biopsy to be booked."""
    stands = recall.state_before_hold or recall.state
    is_urgent = stands in (State.RESULT_TO_TELL, State.BIOPSY_TO_BOOK)
    return recall.site.urgent_ladder if is_urgent else recall.site.contact_ladder


def contact_started_at(recall: "Recall") -> datetime:
    """From when the days of the ladder count (UTC)."""
    return recall.contact_since or recall.opened_at


def attempts_by_rung(recall: "Recall", attempts: Sequence["ContactAttempt"]) -> dict[RungSpec, "ContactAttempt"]:
    """Each rung that was tried with its attempt; an attempt fills the first open rung of its channel."""
    rungs, filled = get_ladder(recall).rungs, dict[RungSpec, "ContactAttempt"]()
    for attempt in attempts:
        rung = next((rung for rung in rungs if rung.channel == attempt.channel and rung not in filled), None)
        if rung is not None:
            filled[rung] = attempt
    return filled


def open_rungs(recall: "Recall", attempts: Sequence["ContactAttempt"]) -> list[RungSpec]:
    """The rungs not yet tried."""
    filled = attempts_by_rung(recall, attempts)
    return [rung for rung in get_ladder(recall).rungs if rung not in filled]


def first_day_of_channel(ladder: ContactLadder, channel: ContactChannel) -> int | None:
    """The day on which the ladder first turns to that channel; None where it never does."""
    return next((rung.day for rung in ladder.rungs if rung.channel == channel), None)


def lost_from(recall: "Recall") -> datetime:
    """From when on the patient may be signed off as lost, if every rung was tried (UTC)."""
    return calendar.add_days(recall.site, contact_started_at(recall), get_ladder(recall).lost_after)


def is_ladder_complete(recall: "Recall", attempts: Sequence["ContactAttempt"], now: datetime) -> bool:
    """Every rung tried and the last day reached."""
    return not open_rungs(recall, attempts) and now >= lost_from(recall)


def next_rung(recall: "Recall", attempts: Sequence["ContactAttempt"]) -> tuple[RungSpec | None, Any]:
    """The next rung and its sentence, without the time: needs no calendar. None when every rung was tried."""
    left = open_rungs(recall, attempts)
    rung = left[0] if left else None
    last_result = attempts[-1].result if attempts and _is_of_this_stay(recall, attempts[-1]) else ""
    if last_result in _SENTENCE_AFTER:
        return rung, _SENTENCE_AFTER[ContactResult(last_result)]
    return rung, rung.label if rung else _LADDER_COMPLETE.get(State(recall.state), _CLOSE_OR_TRY_AGAIN)


# What these results ask for before the ladder goes on.
_SENTENCE_AFTER: dict[ContactResult, Any] = {
    ContactResult.REACHED_WILL_BOOK: _("Ready to book: offer a time"),
    ContactResult.REFUSED: _("The patient said no: ask the doctor to call, or record the refusal"),
}
_CLOSE_OR_TRY_AGAIN = _("Ladder complete: close as lost, or try once more")
_LADDER_COMPLETE = {
    State.RESULT_TO_TELL: _("Ladder complete: send the result by certified letter, or try once more"),
}


def next_attempt(recall: "Recall", attempts: Sequence["ContactAttempt"]) -> NextAttempt:
    """The next rung and the instant by which it is due.

    1. A next try that a person chose at the last contact counts before anything else.
    2. The first call is due within the site's business days for it, and so is the first after a missed visit.
    3. Any later rung is due on its day, never on the day of the last try, and on an open day.
    4. A patient whose turn it is gets two business days before the next try.
    5. With every rung tried the decision is due on the last day of the ladder.
    """
    rung, sentence = next_rung(recall, attempts)
    last = attempts[-1] if attempts and _is_of_this_stay(recall, attempts[-1]) else None
    if last is not None and last.next_try_at is not None:
        return NextAttempt(rung, last.next_try_at, sentence)
    return NextAttempt(rung, _ladder_due(recall, rung, last), sentence)


def _ladder_due(recall: "Recall", rung: RungSpec | None, last: "ContactAttempt | None") -> datetime:
    site = recall.site
    if last is not None and last.result == ContactResult.REACHED_WILL_BOOK:
        return calendar.add_business_days(site, last.at, 1)
    if last is None and (rung is None or rung.day == 0 or recall.state_since > contact_started_at(recall)):
        return calendar.add_business_days(site, recall.state_since, site.policy.first_call)
    if rung is None:
        return lost_from(recall)
    on_day = calendar.local_day(site, contact_started_at(recall)) + timedelta(days=rung.day)
    at = calendar.closing_time(site, calendar.next_open_day(site, on_day))
    if last is None:
        return at
    rest = 2 if last.result in _AWAITING_PATIENT_RESULTS else 1
    return max(at, calendar.add_business_days(site, last.at, rest))


def _is_of_this_stay(recall: "Recall", attempt: "ContactAttempt") -> bool:
    """Whether it was made since the recall came into its state: after a missed visit an older one decides nothing."""
    return attempt.at >= recall.state_since


def latest_next_attempt(recall: "Recall", attempts: Sequence["ContactAttempt"]) -> datetime:
    """The last instant (UTC) for which a person may put off the next try: the ladder's own, or the target.

    Whoever asks for longer is put on hold, with a reason.
    """
    last = attempts[-1] if attempts else None
    by_ladder = _ladder_due(recall, next_rung(recall, attempts)[0], last)
    soon = calendar.add_business_days(recall.site, timezone.now(), 2)
    return max(by_ladder, recall.target_at or by_ladder, soon)


def propose_attempt_time(recall: "Recall", attempts: Sequence["ContactAttempt"], preferred_part: str = "") -> datetime:
    """When to try again (UTC) if nobody chooses: on the ladder's day, while the site answers its phone.

    Never past a target that is still ahead: a 5 whose number was wrong has hours, and the ladder may ask for days.

    In the part of the day asked for; else, of those in which the site is open, in the one with the fewest
    calls so far, the earliest of several.
    """
    site = recall.site
    due_at, now = next_attempt(recall, attempts).due_at, timezone.now()
    if recall.target_at is not None and now < recall.target_at < due_at:
        due_at = max(recall.target_at, calendar.add_business_days(site, now, 1))
    day = calendar.next_open_day(site, calendar.local_day(site, due_at))
    opens, closes = calendar.opening_hours_on(site, day) or (time(8, 0), time(17, 0))
    call_parts = [_part_of_day(site, attempt.at) for attempt in attempts if attempt.channel == ContactChannel.PHONE]
    parts = [part for part, at in _CALL_TIME_BY_PART.items() if opens <= at < closes] or ["morning"]
    at = _CALL_TIME_BY_PART[preferred_part if preferred_part in parts else min(parts, key=call_parts.count)]
    return calendar.instant(site, day, at if opens <= at < closes else opens)


def untried_part_of_day(site: "Site", attempts: Sequence["ContactAttempt"]) -> str:
    """A hint for the caller: morning, afternoon or evening, whichever the calls so far have not tried."""
    tried = {_part_of_day(site, attempt.at) for attempt in attempts if attempt.channel == ContactChannel.PHONE}
    untried = [part for part in ("morning", "afternoon", "evening") if part not in tried]
    return untried[0] if untried and tried else ""


PART_OF_DAY_HINTS = {
    "morning": _("try the morning"),
    "afternoon": _("try the afternoon"),
    "evening": _("try after 5 pm"),
}


# When to ring in each part of the day: not at the first minute, at lunch or at the last one.
_CALL_TIME_BY_PART = {"morning": time(10, 0), "afternoon": time(14, 30), "evening": time(17, 30)}


def _part_of_day(site: "Site", at: datetime) -> str:
    clock = at.astimezone(site.zone).time()
    if clock < time(12, 0):
        return "morning"
    return "afternoon" if clock < time(17, 0) else "evening"
