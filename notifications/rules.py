"""What does each row of the plan mean? One small function for each kind of message, from the situation alone."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from clinic import calendar
from notifications import windows
from notifications.situation import Happened, Situation
from notifications.windows import Window
from recalls.ladder import day_of
from recalls.models import Appointment, Outcome
from recalls.states import (
    AppointmentStatus,
    Assessment,
    ClosureReason,
    ContactChannel,
    ContactResult,
    State,
    VisitKind,
)
from recalls.undoing import UNDO_WITHIN

PLEASE_CALL_AFTER = (3, 8)  # business days
REMIND_BEFORE = (7, 1)  # days
REMINDER_IS_NEWS_AFTER = timedelta(days=2)  # sooner it repeats the message about the booking; not for the last one
REMINDER_ENDS = timedelta(hours=2)  # before the visit: later she is on her way
FOLLOW_UP_AT = (-45, -14, 14)  # days from the day on which the short-interval visit is due
RESULT_IS_NEWS = timedelta(days=30)
CALL_IS_NEWS = timedelta(days=7)
MISSED_IS_NEWS = timedelta(days=14)
SUMMARY_WAITS = 3  # business days, of the 7 calendar days that there are

_SPOKE_WITH_HER = frozenset(
    {
        ContactResult.REACHED_WILL_BOOK,
        ContactResult.REACHED_CALLS_BACK,
        ContactResult.REFUSED,
        ContactResult.LANGUAGE,
    }
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One message: its occasion, when it is due, after when it is of no use (UTC), and what it is about."""

    occasion: str
    due_at: datetime
    expires_at: datetime | None = None
    appointment: Appointment | None = None
    outcome: Outcome | None = None
    by_post: bool = False  # a person asked for a letter


def recall_notice(known: Situation) -> Iterator[Wanted]:
    """Asks her to ring for a time: once a visit was booked with her, the messages about the visit speak instead."""
    recall = known.recall
    if recall.state == State.TO_CONTACT and _nothing_came_before(known):
        since = recall.contact_since or recall.opened_at
        yield Wanted("opening", windows.next_in(Window.FIRST_NOTICE, known.site, since))


def please_call(known: Situation) -> Iterator[Wanted]:
    recall, site = known.recall, known.site
    yield from _letters_asked_for(known)
    if recall.state != State.TO_CONTACT or _interval_runs(known):
        return
    since = recall.contact_since or recall.opened_at
    day = calendar.local_day(site, since)
    for number in PLEASE_CALL_AFTER:
        due = windows.next_in(Window.FIRST_NOTICE, site, windows.morning_after(site, since, number))
        yield Wanted(f"{day}:{number}", due)
    for event in known.events:
        if event.step == "ask_please_call" and event.at >= since:
            yield Wanted(f"asked-{event.version}", windows.next_in(Window.FIRST_NOTICE, site, event.at))


def _letters_asked_for(known: Situation) -> Iterator[Wanted]:
    """Each while the recall stands where it stood."""
    for event in known.events:
        if event.step == "ask_letter" and event.at >= known.recall.state_since:
            due = windows.next_in(Window.OPEN_DAYS, known.site, event.at)
            yield Wanted(f"letter-{event.version}", due, by_post=True)


def priors_wait(known: Situation) -> Iterator[Wanted]:
    if known.recall.state != State.AWAITING_PRIORS:
        return
    asked = [e for e in known.events if e.step == "request_priors" and e.at >= known.recall.state_since]
    if asked:
        yield Wanted(f"asked-{asked[0].version}", windows.next_in(Window.FIRST_NOTICE, known.site, asked[0].at))


def visit_confirmation(known: Situation) -> Iterator[Wanted]:
    visit = _visit(known)
    if visit and not _told_earlier(known, visit):
        yield from _about_booking(known, visit)


def visit_changed(known: Situation) -> Iterator[Wanted]:
    visit = _visit(known)
    if visit and _told_earlier(known, visit):
        yield from _about_booking(known, visit)


def visit_cancelled(known: Situation) -> Iterator[Wanted]:
    """The visit and the biopsy alike."""
    for visit in known.appointments:
        if visit.status == AppointmentStatus.CANCELLED and known.was_told_of(visit):
            due = windows.next_in(Window.OPEN_DAYS, visit.site, known.ended_at(visit))
            if due < visit.starts_at:
                yield Wanted(_occasion(visit), due, visit.starts_at, appointment=visit)


def visit_reminder(known: Situation) -> Iterator[Wanted]:
    visit = _visit(known)
    return _reminders(known, visit) if visit else iter(())


def missed(known: Situation) -> Iterator[Wanted]:
    """The last visit or biopsy, while no new one is booked."""
    visit = known.appointments[-1] if known.appointments else None
    waiting = known.recall.state in (State.TO_CONTACT, State.BIOPSY_TO_BOOK)
    if visit and waiting and visit.status == AppointmentStatus.MISSED:
        due = windows.next_in(Window.OPEN_DAYS, known.site, known.ended_at(visit))
        yield Wanted(_occasion(visit), due, visit.starts_at + MISSED_IS_NEWS, appointment=visit)


def outcome_normal(known: Situation) -> Iterator[Wanted]:
    if known.recall.closure_reason == ClosureReason.NORMAL:
        yield from _released(known, {Assessment.NEGATIVE}, RESULT_IS_NEWS)


def outcome_benign(known: Situation) -> Iterator[Wanted]:
    if known.recall.closure_reason == ClosureReason.BENIGN:
        yield from _released(known, {Assessment.BENIGN}, RESULT_IS_NEWS)


def outcome_probably_benign(known: Situation) -> Iterator[Wanted]:
    if State.FOLLOW_UP in (known.recall.state, known.recall.held_from):
        yield from _released(known, {Assessment.PROBABLY_BENIGN}, RESULT_IS_NEWS)


def please_call_results(known: Situation) -> Iterator[Wanted]:
    """Somebody tells her by voice first; the message follows on the next business day, while no biopsy is booked."""
    recall, site = known.recall, known.site
    if recall.state == State.BIOPSY_TO_BOOK and not known.pathology:
        for advised in filter(None, [known.last("record_outcome", "amend_outcome", "advise_biopsy")]):
            due = windows.next_in(Window.OPEN_DAYS, site, windows.morning_after(site, advised.at, 1))
            yield Wanted(f"advised-{advised.version}", due, due + CALL_IS_NEWS)
    if known.pathology and recall.state not in (State.AWAITING_PATHOLOGY, State.BIOPSY_BOOKED):
        result = known.pathology[-1]
        due = windows.next_in(Window.OPEN_DAYS, site, result.at)
        yield Wanted(f"pathology-{result.pk}", due, due + CALL_IS_NEWS)


def biopsy_confirmation(known: Situation) -> Iterator[Wanted]:
    biopsy = _biopsy(known)
    return _about_booking(known, biopsy) if biopsy else iter(())


def biopsy_reminder(known: Situation) -> Iterator[Wanted]:
    biopsy = _biopsy(known)
    return _reminders(known, biopsy) if biopsy else iter(())


def follow_up_due(known: Situation) -> Iterator[Wanted]:
    """Only those that were still to come when the interval was set, each until the next one is due."""
    site, day, dated = known.site, known.recall.follow_up_on, known.entered(State.FOLLOW_UP)
    if day is None or dated is None or not _interval_runs(known):
        return
    dues = [calendar.instant(site, day + timedelta(days=offset), time(0)) for offset in FOLLOW_UP_AT]
    dues = [windows.next_in(Window.OPEN_DAYS, site, due) for due in dues]
    ends = [*dues[1:], dues[-1] + RESULT_IS_NEWS]
    for offset, due, end in zip(FOLLOW_UP_AT, dues, ends, strict=True):
        if dated.at < due < end:
            yield Wanted(f"{day}:{offset}", due, end)


def no_visit_needed(known: Situation) -> Iterator[Wanted]:
    recall = known.recall
    if recall.closure_reason == ClosureReason.RESOLVED_BY_PRIORS and recall.closed_at:
        due = windows.next_in(Window.OPEN_DAYS, known.site, recall.closed_at)
        yield Wanted(f"closed-{recall.closed_at:%Y%m%dT%H%M%S}", due, due + RESULT_IS_NEWS)


def lay_summary(known: Situation) -> Iterator[Wanted]:
    """For the exam that led to the recall, where the site writes it here; after a death or a void result none.

    Domain fact: 21 CFR 900.12(c)(2): within 30 days, within 7 for a suspicious or highly suggestive result. There it
    waits some days, so that a person can talk with her before she reads of a biopsy.
    """
    recall, site = known.recall, known.site
    if site.sends_lay_summaries:
        due = recall.opened_at
        if recall.suspicious:
            due = windows.morning_after(site, due, SUMMARY_WAITS)
        yield Wanted(f"exam-{recall.exam_id}", windows.next_in(Window.OPEN_DAYS, site, due))


def last_letter(known: Situation) -> Iterator[Wanted]:
    """The certified letter of the site's ladder, for whoever prints it; one that was logged as sent is not owed."""
    recall, site = known.recall, known.site
    since, on = recall.contact_since, day_of(known.site, ContactChannel.CERTIFIED_LETTER)
    if on is None or recall.state != State.TO_CONTACT or since is None or spoke_with_her(known, since):
        return
    if not any(e.data.get("channel") == ContactChannel.CERTIFIED_LETTER for e in _tries(known, since)):
        day = windows.start_of(site, since, on)
        yield Wanted(f"{calendar.local_day(site, since)}", windows.next_in(Window.OPEN_DAYS, site, day))


def spoke_with_her(known: Situation, since: datetime) -> bool:
    return any(e.data.get("result") in _SPOKE_WITH_HER for e in _tries(known, since))


def _tries(known: Situation, since: datetime) -> Iterator[Happened]:
    return (e for e in known.events if e.step == "log_contact" and e.at >= since)


def _visit(known: Situation) -> Appointment | None:
    visit = known.active
    return visit if visit and visit.kind != VisitKind.BIOPSY else None


def _biopsy(known: Situation) -> Appointment | None:
    visit = known.active
    return visit if visit and visit.kind == VisitKind.BIOPSY else None


def _told_earlier(known: Situation, visit: Appointment) -> bool:
    return known.was_told_of(visit, before_sequence=visit.sequence)


def _nothing_came_before(known: Situation) -> bool:
    return not (known.appointments or known.outcomes or known.recall.round)


def _interval_runs(known: Situation) -> bool:
    """Whether a short-interval visit is still to come: dated, and nothing was read since."""
    recall, dated = known.recall, known.entered(State.FOLLOW_UP)
    if recall.follow_up_on is None or dated is None or (known.outcome and known.outcome.at > dated.at):
        return False
    return recall.state == State.FOLLOW_UP or (recall.state == State.TO_CONTACT and recall.round > 0)


def _occasion(visit: Appointment) -> str:
    return f"visit-{visit.pk}-{visit.sequence}"


def _about_booking(known: Situation, visit: Appointment) -> Iterator[Wanted]:
    due = windows.next_in(Window.OPEN_DAYS, visit.site, known.booked_at(visit))
    if due < visit.starts_at:
        yield Wanted(_occasion(visit), due, visit.starts_at, appointment=visit)


def _reminders(known: Situation, visit: Appointment) -> Iterator[Wanted]:
    site, booked_at = visit.site, known.booked_at(visit)
    dues = [windows.days_before(site, visit.starts_at, days) for days in REMIND_BEFORE]
    ends = [*dues[1:], visit.starts_at - REMINDER_ENDS]
    for days, due, end in zip(REMIND_BEFORE, dues, ends, strict=True):
        quiet = REMINDER_IS_NEWS_AFTER if days != REMIND_BEFORE[-1] else timedelta()
        if booked_at + quiet < due < end:
            yield Wanted(f"{_occasion(visit)}-{days}d", due, end, appointment=visit)


def _released(known: Situation, categories: Collection[Assessment], lasting: timedelta) -> Iterator[Wanted]:
    """The newest outcome, if it is one of these and the radiologist let her be told."""
    outcome = known.outcome
    if outcome is None or outcome.assessment not in categories or not hasattr(outcome, "release"):
        return
    from_when = max(outcome.release.release_at, outcome.at + UNDO_WITHIN)  # while it may be a slip, nobody is told
    due = windows.next_in(Window.OPEN_DAYS, known.site, from_when)
    yield Wanted(f"outcome-{outcome.pk}", due, due + lasting, outcome=outcome)
