"""Rules for the messages to the patient: one function of the recall's snapshot for each kind."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from clinic import calendar
from clinic.calendar import SendWindow
from notifications.planning.snapshot import EventRecord, RecallSnapshot
from recalls.contact_ladder import first_day_of_channel
from recalls.enums import AppointmentStatus, Assessment, ClosureReason, ContactChannel, ContactResult, State, VisitKind
from recalls.models import Appointment, Outcome
from recalls.undo_snapshot import UNDO_WINDOW

PLEASE_CALL_AFTER_DAYS = (3, 8)  # business days
REMIND_DAYS_BEFORE = (7, 1)  # days
MIN_TIME_FROM_BOOKING_TO_REMINDER = timedelta(
    days=2
)  # sooner it repeats the message about the booking; not for the last one
REMINDER_CUTOFF = timedelta(hours=2)  # before the visit: later the patient is on the way
FOLLOW_UP_OFFSET_DAYS = (-45, -14, 14)  # days from the day on which the short-interval visit is due
RESULT_VALID_FOR = timedelta(days=30)
PLEASE_CALL_VALID_FOR = timedelta(days=7)
MISSED_VALID_FOR = timedelta(days=14)
LAY_SUMMARY_DELAY_DAYS = 3  # business days, of the 7 calendar days that there are

_SPOKE_WITH_PATIENT = frozenset(
    {
        ContactResult.REACHED_WILL_BOOK,
        ContactResult.REACHED_CALLS_BACK,
        ContactResult.REFUSED,
        ContactResult.NEEDS_INTERPRETER,
    }
)


@dataclass(frozen=True, slots=True)
class PlannedMessage:
    """One message: its occasion, when it is due, after when it is of no use (UTC), and what it is about."""

    occasion: str
    due_at: datetime
    expires_at: datetime | None = None
    appointment: Appointment | None = None
    outcome: Outcome | None = None
    letter_requested: bool = False  # a person asked for a letter


def recall_notice(snapshot: RecallSnapshot) -> Iterator[PlannedMessage]:
    """Asks the patient to call for a time: once a visit was booked, the messages about the visit speak instead."""
    recall = snapshot.recall
    if recall.state == State.TO_CONTACT and _is_first_contact(snapshot):
        since = recall.contact_since or recall.opened_at
        yield PlannedMessage("opening", calendar.next_send_time(SendWindow.FIRST_NOTICE, snapshot.site, since))


def please_call(snapshot: RecallSnapshot) -> Iterator[PlannedMessage]:
    recall, site = snapshot.recall, snapshot.site
    yield from _requested_letters(snapshot)
    if recall.state != State.TO_CONTACT or _follow_up_is_pending(snapshot):
        return
    since = recall.contact_since or recall.opened_at
    day = calendar.local_day(site, since)
    for number in PLEASE_CALL_AFTER_DAYS:
        due = calendar.next_send_time(
            SendWindow.FIRST_NOTICE, site, calendar.send_hours_start_after(site, since, number)
        )
        yield PlannedMessage(f"{day}:{number}", due)
    for event in snapshot.events:
        if event.step == "ask_please_call" and event.at >= since:
            yield PlannedMessage(
                f"asked-{event.version}", calendar.next_send_time(SendWindow.FIRST_NOTICE, site, event.at)
            )


def _requested_letters(snapshot: RecallSnapshot) -> Iterator[PlannedMessage]:
    """Each while the recall stands where it stood."""
    for event in snapshot.events:
        if event.step == "ask_letter" and event.at >= snapshot.recall.state_since:
            due = calendar.next_send_time(SendWindow.OPEN_DAYS, snapshot.site, event.at)
            yield PlannedMessage(f"letter-{event.version}", due, letter_requested=True)


def priors_wait(snapshot: RecallSnapshot) -> Iterator[PlannedMessage]:
    if snapshot.recall.state != State.AWAITING_PRIORS:
        return
    asked = [e for e in snapshot.events if e.step == "request_priors" and e.at >= snapshot.recall.state_since]
    if asked:
        yield PlannedMessage(
            f"asked-{asked[0].version}",
            calendar.next_send_time(SendWindow.FIRST_NOTICE, snapshot.site, asked[0].at),
        )


def appointment_confirmation(snapshot: RecallSnapshot) -> Iterator[PlannedMessage]:
    visit = _active_visit_not_biopsy(snapshot)
    if visit and not _was_notified_of_earlier_time(snapshot, visit):
        yield from _booking_messages(snapshot, visit)


def appointment_changed(snapshot: RecallSnapshot) -> Iterator[PlannedMessage]:
    visit = _active_visit_not_biopsy(snapshot)
    if visit and _was_notified_of_earlier_time(snapshot, visit):
        yield from _booking_messages(snapshot, visit)


def appointment_cancelled(snapshot: RecallSnapshot) -> Iterator[PlannedMessage]:
    """The visit and the biopsy alike."""
    for visit in snapshot.appointments:
        if visit.status == AppointmentStatus.CANCELLED and snapshot.was_notified_of(visit):
            due = calendar.next_send_time(SendWindow.OPEN_DAYS, visit.site, snapshot.ended_at(visit))
            if due < visit.starts_at:
                yield PlannedMessage(_occasion(visit), due, visit.starts_at, appointment=visit)


def appointment_reminder(snapshot: RecallSnapshot) -> Iterator[PlannedMessage]:
    visit = _active_visit_not_biopsy(snapshot)
    return _reminders(snapshot, visit) if visit else iter(())


def missed_appointment(snapshot: RecallSnapshot) -> Iterator[PlannedMessage]:
    """The last visit or biopsy, while no new one is booked."""
    visit = snapshot.appointments[-1] if snapshot.appointments else None
    waiting = snapshot.recall.state in (State.TO_CONTACT, State.BIOPSY_TO_BOOK)
    if visit and waiting and visit.status == AppointmentStatus.MISSED:
        due = calendar.next_send_time(SendWindow.OPEN_DAYS, snapshot.site, snapshot.ended_at(visit))
        yield PlannedMessage(_occasion(visit), due, visit.starts_at + MISSED_VALID_FOR, appointment=visit)


def outcome_normal(snapshot: RecallSnapshot) -> Iterator[PlannedMessage]:
    if snapshot.recall.closure_reason == ClosureReason.NORMAL:
        yield from _released_outcome_message(snapshot, {Assessment.NEGATIVE}, RESULT_VALID_FOR)


def outcome_benign(snapshot: RecallSnapshot) -> Iterator[PlannedMessage]:
    if snapshot.recall.closure_reason == ClosureReason.BENIGN:
        yield from _released_outcome_message(snapshot, {Assessment.BENIGN}, RESULT_VALID_FOR)


def outcome_probably_benign(snapshot: RecallSnapshot) -> Iterator[PlannedMessage]:
    if State.FOLLOW_UP in (snapshot.recall.state, snapshot.recall.state_before_hold):
        yield from _released_outcome_message(snapshot, {Assessment.PROBABLY_BENIGN}, RESULT_VALID_FOR)


def please_call_results(snapshot: RecallSnapshot) -> Iterator[PlannedMessage]:
    """A person tells the patient first; the message follows on the next business day, while no biopsy is booked."""
    recall, site = snapshot.recall, snapshot.site
    if recall.state == State.BIOPSY_TO_BOOK and not snapshot.pathology:
        for advised in filter(None, [snapshot.last_event("record_outcome", "amend_outcome", "advise_biopsy")]):
            due = calendar.next_send_time(
                SendWindow.OPEN_DAYS, site, calendar.send_hours_start_after(site, advised.at, 1)
            )
            yield PlannedMessage(f"advised-{advised.version}", due, due + PLEASE_CALL_VALID_FOR)
    if snapshot.pathology and recall.state not in (State.AWAITING_PATHOLOGY, State.BIOPSY_BOOKED):
        result = snapshot.pathology[-1]
        due = calendar.next_send_time(SendWindow.OPEN_DAYS, site, result.at)
        yield PlannedMessage(f"pathology-{result.pk}", due, due + PLEASE_CALL_VALID_FOR)


def biopsy_confirmation(snapshot: RecallSnapshot) -> Iterator[PlannedMessage]:
    biopsy = _active_biopsy(snapshot)
    return _booking_messages(snapshot, biopsy) if biopsy else iter(())


def biopsy_reminder(snapshot: RecallSnapshot) -> Iterator[PlannedMessage]:
    biopsy = _active_biopsy(snapshot)
    return _reminders(snapshot, biopsy) if biopsy else iter(())


def follow_up_due(snapshot: RecallSnapshot) -> Iterator[PlannedMessage]:
    """Only those that were still to come when the interval was set, each until the next one is due."""
    site, day, dated = snapshot.site, snapshot.recall.follow_up_on, snapshot.follow_up_dated
    if day is None or dated is None or not _follow_up_is_pending(snapshot):
        return
    dues = [calendar.instant(site, day + timedelta(days=offset), time(0)) for offset in FOLLOW_UP_OFFSET_DAYS]
    dues = [calendar.next_send_time(SendWindow.OPEN_DAYS, site, due) for due in dues]
    ends = [*dues[1:], dues[-1] + RESULT_VALID_FOR]
    for offset, due, end in zip(FOLLOW_UP_OFFSET_DAYS, dues, ends, strict=True):
        if dated.at < due < end:
            yield PlannedMessage(f"{day}:{offset}", due, end)


def no_visit_needed(snapshot: RecallSnapshot) -> Iterator[PlannedMessage]:
    recall = snapshot.recall
    if recall.closure_reason == ClosureReason.RESOLVED_BY_PRIORS and recall.closed_at:
        due = calendar.next_send_time(SendWindow.OPEN_DAYS, snapshot.site, recall.closed_at)
        yield PlannedMessage(f"closed-{recall.closed_at:%Y%m%dT%H%M%S}", due, due + RESULT_VALID_FOR)


def lay_summary(snapshot: RecallSnapshot) -> Iterator[PlannedMessage]:
    """For the exam that led to the recall, where the site writes it here; after a death or a void result none.

    Domain fact: 21 CFR 900.12(c)(2): within 30 days, within 7 for a suspicious or highly suggestive result. There it
    waits some days, so that a person can talk with the patient before they read of a biopsy. A corrected result has a
    summary of its own.
    """
    recall, site, corrected = snapshot.recall, snapshot.site, snapshot.last_event("correct_result")
    if site.sends_lay_summaries:
        due = corrected.at if corrected else recall.opened_at
        if recall.suspicious:
            due = calendar.send_hours_start_after(site, due, LAY_SUMMARY_DELAY_DAYS)
        occasion = f"exam-{recall.exam_id}" + (f":corrected-{corrected.version}" if corrected else "")
        yield PlannedMessage(occasion, calendar.next_send_time(SendWindow.OPEN_DAYS, site, due))


def last_letter(snapshot: RecallSnapshot) -> Iterator[PlannedMessage]:
    """The certified letter of the site's ladder, for whoever prints it; one that was logged as sent is not owed."""
    recall, site = snapshot.recall, snapshot.site
    since, on = recall.contact_since, first_day_of_channel(site, ContactChannel.CERTIFIED_LETTER)
    if on is None or recall.state != State.TO_CONTACT or since is None or has_spoken_with_patient(snapshot, since):
        return
    if not any(e.data.get("channel") == ContactChannel.CERTIFIED_LETTER for e in _contact_attempts(snapshot, since)):
        day = calendar.start_of_day(site, since, on)
        yield PlannedMessage(
            f"{calendar.local_day(site, since)}", calendar.next_send_time(SendWindow.OPEN_DAYS, site, day)
        )


def has_spoken_with_patient(snapshot: RecallSnapshot, since: datetime) -> bool:
    return any(e.data.get("result") in _SPOKE_WITH_PATIENT for e in _contact_attempts(snapshot, since))


def _contact_attempts(snapshot: RecallSnapshot, since: datetime) -> Iterator[EventRecord]:
    return (e for e in snapshot.events if e.step == "log_contact" and e.at >= since)


def _active_visit_not_biopsy(snapshot: RecallSnapshot) -> Appointment | None:
    visit = snapshot.active_appointment
    return visit if visit and visit.kind != VisitKind.BIOPSY else None


def _active_biopsy(snapshot: RecallSnapshot) -> Appointment | None:
    visit = snapshot.active_appointment
    return visit if visit and visit.kind == VisitKind.BIOPSY else None


def _was_notified_of_earlier_time(snapshot: RecallSnapshot, visit: Appointment) -> bool:
    return snapshot.was_notified_of(visit, before_sequence=visit.sequence)


def _is_first_contact(snapshot: RecallSnapshot) -> bool:
    return not (snapshot.appointments or snapshot.outcomes or snapshot.recall.round)


def _follow_up_is_pending(snapshot: RecallSnapshot) -> bool:
    """Whether a short-interval visit is still to come: dated, and nothing was read since."""
    recall, dated = snapshot.recall, snapshot.follow_up_dated
    if (
        recall.follow_up_on is None
        or dated is None
        or (snapshot.latest_outcome and snapshot.latest_outcome.at > dated.at)
    ):
        return False
    return recall.state == State.FOLLOW_UP or (recall.state == State.TO_CONTACT and recall.round > 0)


def _occasion(visit: Appointment) -> str:
    return f"visit-{visit.pk}-{visit.sequence}"


def _booking_messages(snapshot: RecallSnapshot, visit: Appointment) -> Iterator[PlannedMessage]:
    due = calendar.next_send_time(SendWindow.OPEN_DAYS, visit.site, snapshot.booked_at(visit))
    if due < visit.starts_at:
        yield PlannedMessage(_occasion(visit), due, visit.starts_at, appointment=visit)


def _reminders(snapshot: RecallSnapshot, visit: Appointment) -> Iterator[PlannedMessage]:
    site, booked_at = visit.site, snapshot.booked_at(visit)
    dues = [calendar.days_before_in_send_hours(site, visit.starts_at, days) for days in REMIND_DAYS_BEFORE]
    ends = [*dues[1:], visit.starts_at - REMINDER_CUTOFF]
    for days, due, end in zip(REMIND_DAYS_BEFORE, dues, ends, strict=True):
        quiet = MIN_TIME_FROM_BOOKING_TO_REMINDER if days != REMIND_DAYS_BEFORE[-1] else timedelta()
        if booked_at + quiet < due < end:
            yield PlannedMessage(f"{_occasion(visit)}-{days}d", due, end, appointment=visit)


def _released_outcome_message(
    snapshot: RecallSnapshot, categories: Collection[Assessment], lasting: timedelta
) -> Iterator[PlannedMessage]:
    """The newest outcome, if it is one of these and the radiologist released it."""
    outcome = snapshot.latest_outcome
    if outcome is None or outcome.assessment not in categories or not hasattr(outcome, "release"):
        return
    from_when = max(outcome.release.release_at, outcome.at + UNDO_WINDOW)  # while it may be a slip, nobody is told
    due = calendar.next_send_time(SendWindow.OPEN_DAYS, snapshot.site, from_when)
    yield PlannedMessage(f"outcome-{outcome.pk}", due, due + lasting, outcome=outcome)
