"""Computes the next contact attempt of a recall from the site's contact ladder and the attempts so far.

The ladder is the site's own, or the one of `clinic.contact_ladder`; it is read once with the site.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from clinic import calendar
from clinic.contact_ladder import RungSpec
from recalls.enums import ContactChannel, ContactResult

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
    rows = sorted(recall.contact_attempts.all(), key=lambda attempt: attempt.pk)
    undone = {row.retracts_id for row in rows if row.retracts_id} | {row.pk for row in rows if row.retracts_id}
    return [attempt for attempt in rows if attempt.pk not in undone and (since is None or attempt.at >= since)]


def attempts_by_rung(site: "Site", attempts: Sequence["ContactAttempt"]) -> dict[RungSpec, "ContactAttempt"]:
    """Each rung that was tried with its attempt; an attempt fills the first open rung of its channel."""
    filled: dict[RungSpec, ContactAttempt] = {}
    for attempt in attempts:
        rung = next(
            (rung for rung in site.contact_ladder if rung.channel == attempt.channel and rung not in filled), None
        )
        if rung is not None:
            filled[rung] = attempt
    return filled


def open_rungs(site: "Site", attempts: Sequence["ContactAttempt"]) -> list[RungSpec]:
    """The rungs not yet tried."""
    filled = attempts_by_rung(site, attempts)
    return [rung for rung in site.contact_ladder if rung not in filled]


def first_day_of_channel(site: "Site", channel: ContactChannel) -> int | None:
    """The day on which the ladder first turns to that channel; None where it never does."""
    return next((rung.day for rung in site.contact_ladder if rung.channel == channel), None)


def is_ladder_complete(site: "Site", since: datetime, attempts: Sequence["ContactAttempt"], now: datetime) -> bool:
    """Every rung tried and the last day reached."""
    return not open_rungs(site, attempts) and now >= calendar.add_days(site, since, site.lost_after)


def next_rung(site: "Site", attempts: Sequence["ContactAttempt"]) -> tuple[RungSpec | None, Any]:
    """The next rung and its sentence, without the time: needs no calendar. None when every rung was tried."""
    left = open_rungs(site, attempts)
    rung = left[0] if left else None
    if attempts and attempts[-1].result == ContactResult.REACHED_WILL_BOOK:
        return rung, _("Ready to book: offer a time")
    return rung, rung.label if rung else _("Ladder complete: close as lost, or try once more")


def next_attempt(
    site: "Site",
    since: datetime,
    attempts: Sequence["ContactAttempt"],
    first_call_business_days: int,
) -> NextAttempt:
    """The next rung and the instant by which it is due.

    1. A next try that a person chose at the last contact counts before anything else.
    2. The first call is due within the site's business days for it.
    3. Any later rung is due on its day, never on the day of the last try, and on an open day.
    4. A patient whose turn it is gets two business days before the next try.
    5. With every rung tried the decision is due on the last day of the ladder.
    """
    rung, sentence = next_rung(site, attempts)
    last = attempts[-1] if attempts else None
    if last is not None and last.next_try_at is not None:
        return NextAttempt(rung, last.next_try_at, sentence)
    if last is not None and last.result == ContactResult.REACHED_WILL_BOOK:
        return NextAttempt(rung, calendar.add_business_days(site, last.at, 1), sentence)
    if rung is None:
        return NextAttempt(None, calendar.add_days(site, since, site.lost_after), sentence)
    if last is None and rung.day == 0:
        return NextAttempt(
            rung,
            calendar.add_business_days(site, since, first_call_business_days),
            sentence,
        )
    on_day = calendar.local_day(site, since) + timedelta(days=rung.day)
    at = calendar.closing_time(site, calendar.next_open_day(site, on_day))
    if last is not None:
        rest = 2 if last.result in _AWAITING_PATIENT_RESULTS else 1
        at = max(at, calendar.add_business_days(site, last.at, rest))
    return NextAttempt(rung, at, sentence)


def propose_attempt_time(
    site: "Site",
    since: datetime,
    attempts: Sequence["ContactAttempt"],
    first_call_business_days: int,
    preferred_part: str = "",
) -> datetime:
    """When to try again (UTC) if nobody chooses: on the ladder's day, while the site answers its phone.

    In the part of the day asked for; else, of those in which the site is open, in the one with the fewest
    calls so far, the earliest of several.
    """
    day = calendar.local_day(site, next_attempt(site, since, attempts, first_call_business_days).due_at)
    day = calendar.next_open_day(site, day)
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
