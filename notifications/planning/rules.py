"""Rules for the messages to the patient: one function of the recall's snapshot for each kind."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from clinic import calendar
from clinic.calendar import SendWindow
from notifications.enums import NotificationKind
from notifications.planning.snapshot import EventRecord, RecallSnapshot, offer_occasion
from recalls.actions import is_about
from recalls.contact_ladder import first_day_of_channel, get_ladder
from recalls.enums import (
    LADDER_STATES,
    AppointmentStatus,
    ContactChannel,
    ContactResult,
    OfferAnswer,
    State,
    VisitKind,
)
from recalls.models import Appointment, Outcome

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
TAKEN_VALID_FOR = timedelta(days=2)

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
    """Asks the patient to call for a time: once a visit was booked, the messages about the visit speak instead.

    Of several recalls that wait for the same call one speaks for all.
    """
    recall = snapshot.recall
    if snapshot.leads_contact and _is_first_contact(snapshot):
        since = recall.contact_since or recall.opened_at
        yield PlannedMessage("opening", calendar.next_send_time(SendWindow.FIRST_NOTICE, snapshot.site, since))


def held_time(snapshot: RecallSnapshot) -> Iterator[PlannedMessage]:
    """Says which time is held and how it is taken: for whoever was not reached by phone on the first day."""
    held, site = snapshot.held, snapshot.site
    if held is None or has_spoken_with_patient(snapshot):
        return
    due = calendar.next_send_time(SendWindow.FIRST_NOTICE, site, calendar.send_hours_start_after(site, held.held_at, 1))
    end = min(held.expires_at, held.starts_at - REMINDER_CUTOFF)
    if due < end:
        yield PlannedMessage(f"held-{held.sequence}", due, end)


def other_times(snapshot: RecallSnapshot) -> Iterator[PlannedMessage]:
    """The times among which a patient may choose who answered that the held or the booked one does not suit."""
    return _numbered_list(snapshot, "offer_times", "times")


def cancel_reasons(snapshot: RecallSnapshot) -> Iterator[PlannedMessage]:
    """The reasons among which a patient may choose who answered that they cannot come."""
    return _numbered_list(snapshot, "ask_cancel_reason", "reasons")


def _numbered_list(snapshot: RecallSnapshot, step: str, name: str) -> Iterator[PlannedMessage]:
    """The newest one, while what it is about stands: the visit at its time, or none where none was booked."""
    event, recall = snapshot.last_event(step), snapshot.recall
    if event is None or recall.state not in (State.TO_CONTACT, State.SCHEDULED) or event.at < recall.state_since:
        return
    if is_about(event.data, snapshot.active_appointment):
        due, until = calendar.next_send_time(SendWindow.ANY_DAY, snapshot.site, event.at), event.data["until"]
        yield PlannedMessage(f"{name}-{event.version}", due, datetime.fromisoformat(until))


# To book a visit or a biopsy, a patient is asked to call in the same neutral words.
_PLEASE_CALL_STATES = (State.TO_CONTACT, State.BIOPSY_TO_BOOK)


def please_call(snapshot: RecallSnapshot) -> Iterator[PlannedMessage]:
    recall, site = snapshot.recall, snapshot.site
    yield from _requested_letters(snapshot)
    if recall.state not in _PLEASE_CALL_STATES or _follow_up_is_pending(snapshot):
        return
    since = max(recall.contact_since or recall.opened_at, recall.state_since)  # anew after a missed visit
    day, is_silent = calendar.local_day(site, since), recall.state == State.TO_CONTACT and not snapshot.leads_contact
    for number in () if is_silent else PLEASE_CALL_AFTER_DAYS:
        due = calendar.next_send_time(
            SendWindow.FIRST_NOTICE, site, calendar.send_hours_start_after(site, since, number)
        )
        if snapshot.held is None or due >= snapshot.held.expires_at:
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


def earlier_offer(snapshot: RecallSnapshot) -> Iterator[PlannedMessage]:
    """Only while the visit stands later than what is offered."""
    visit = snapshot.active_appointment
    for offer in snapshot.earlier_offers:
        due = calendar.next_send_time(SendWindow.OPEN_DAYS, snapshot.site, offer.made_at)
        stands = visit is not None and offer.entry.appointment_id == visit.pk and offer.starts_at < visit.starts_at
        if stands and not offer.answer and offer.entry.ended_at is None and due < offer.expires_at:
            yield PlannedMessage(offer_occasion(offer), due, offer.expires_at)


def earlier_taken(snapshot: RecallSnapshot) -> Iterator[PlannedMessage]:
    """Kindly, and to those alone who were written of the time."""
    visit = snapshot.active_appointment
    for offer in snapshot.earlier_offers:
        lost = offer.answer == OfferAnswer.LOST and visit is not None and offer.entry.appointment_id == visit.pk
        if lost and offer.answered_at and snapshot.was_sent(NotificationKind.EARLIER_OFFER, offer_occasion(offer)):
            due = calendar.next_send_time(SendWindow.OPEN_DAYS, snapshot.site, offer.answered_at)
            yield PlannedMessage(f"taken-{offer.pk}", due, due + TAKEN_VALID_FOR, appointment=visit)


def missed_appointment(snapshot: RecallSnapshot) -> Iterator[PlannedMessage]:
    """The last visit or biopsy, while no new one is booked."""
    visit = snapshot.appointments[-1] if snapshot.appointments else None
    waiting = snapshot.recall.state in (State.TO_CONTACT, State.BIOPSY_TO_BOOK)
    if visit and waiting and visit.status == AppointmentStatus.MISSED:
        due = calendar.next_send_time(SendWindow.OPEN_DAYS, snapshot.site, snapshot.ended_at(visit))
        yield PlannedMessage(_occasion(visit), due, visit.starts_at + MISSED_VALID_FOR, appointment=visit)


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


def last_letter(snapshot: RecallSnapshot) -> Iterator[PlannedMessage]:
    """The certified letter of the recall's ladder, for whoever prints it; one that was logged as sent is not owed."""
    recall, site = snapshot.recall, snapshot.site
    since, on = recall.contact_since, first_day_of_channel(get_ladder(recall), ContactChannel.CERTIFIED_LETTER)
    if on is None or recall.state not in LADDER_STATES or since is None or has_spoken_with_patient(snapshot):
        return
    if not any(e.data.get("channel") == ContactChannel.CERTIFIED_LETTER for e in _contact_attempts(snapshot, since)):
        day = calendar.start_of_day(site, since, on)
        yield PlannedMessage(
            f"{calendar.local_day(site, since)}", calendar.next_send_time(SendWindow.OPEN_DAYS, site, day)
        )


def has_spoken_with_patient(snapshot: RecallSnapshot) -> bool:
    """Since the recall came into its state: what was agreed before a missed visit did not hold."""
    attempts = _contact_attempts(snapshot, snapshot.recall.state_since)
    return any(e.data.get("result") in _SPOKE_WITH_PATIENT for e in attempts)


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
    """Whether a short-interval visit is still to come: dated, nothing was read since, and no symptom hurries it."""
    recall, dated, outcome = snapshot.recall, snapshot.follow_up_dated, snapshot.latest_outcome
    if recall.follow_up_on is None or dated is None or recall.symptom_reported:
        return False
    if outcome is not None and outcome.read_at > dated.at:
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
