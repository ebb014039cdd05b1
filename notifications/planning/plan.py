"""The table of messages: for each kind when it is due, until when it is of use, and the rule that decides.

The rules are plain functions of the snapshot and never of the present instant, so asking again tomorrow gives the
same answer. The occasion they name is part of the row's key: a visit that moves has another occasion, and what was
planned for its old time is wanted no more.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext_lazy as _

from clinic import calendar
from clinic.calendar import SendWindow
from notifications.enums import EDUCATION_KINDS, WRITTEN_RESULT_KINDS, ManualAction, NotificationKind
from notifications.planning import correction_rules, referrer_rules, result_rules, rules
from notifications.planning.education import texts
from notifications.planning.rules import PlannedMessage
from notifications.planning.snapshot import EventRecord, NotificationKey, RecallSnapshot
from patients.channels import PatientChannels
from recalls.enums import ClosureReason

MANUAL_MESSAGE_STEP = "message_by_hand"  # the step by which a person asks for a message or stops one


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the plan. `news`: where it cannot be sent, a person must tell the patient instead."""

    kind: NotificationKind
    evaluate: Callable[[RecallSnapshot], Iterable[PlannedMessage]]
    window: SendWindow
    due_description: Any
    expiry_description: Any
    staff_must_tell: bool = True


PLAN: tuple[Rule, ...] = (
    Rule(NotificationKind.RECALL_NOTICE, rules.recall_notice, SendWindow.FIRST_NOTICE,
         _("At the next sending hours after the recall is opened, never on a Friday after noon. After a "
           "screening result of 4 or 5 it only asks the patient to call. Of several recalls of a patient at a site "
           "that are to be contacted one speaks for all."),
         _("A visit is booked or the recall moves on.")),
    Rule(NotificationKind.HELD_TIME, rules.held_time, SendWindow.FIRST_NOTICE,
         _("On the next business day after a time was held for the patient, unless somebody has spoken with them; anew "
           "for another time."),
         _("The time is booked or held no longer."), staff_must_tell=False),
    Rule(NotificationKind.OTHER_TIMES, rules.other_times, SendWindow.ANY_DAY,
         _("By text message alone, when a patient answered the text about a held time with “another”, or one about a "
           "booked visit with “move”, and other times can be offered."),
         _("A day later, 2 hours before the visit, or a time is booked; whoever chose none is called.")),
    Rule(NotificationKind.CANCEL_REASONS, rules.cancel_reasons, SendWindow.ANY_DAY,
         _("By text message alone, when a patient answered the text about a booked visit with “can't come” and may "
           "cancel it themselves."),
         _("2 hours later, 2 hours before the visit, or the visit is moved or cancelled; whoever gave no reason is "
           "called.")),
    Rule(NotificationKind.PLEASE_CALL, rules.please_call, SendWindow.FIRST_NOTICE,
         _("On the morning of the 3rd and 8th business day on which the patient is still to be contacted or a biopsy "
           "still to be booked, not while a time is held, and when a desk asks for it. Of several recalls of a patient "
           "one speaks for all."),
         _("The visit or biopsy is booked, or the recall moves on.")),
    Rule(NotificationKind.PRIORS_WAIT, rules.priors_wait, SendWindow.FIRST_NOTICE,
         _("When prior images have been requested."), _("The wait for prior images ends.")),
    Rule(NotificationKind.APPOINTMENT_CONFIRMATION, rules.appointment_confirmation, SendWindow.OPEN_DAYS,
         _("When a visit is booked; with a calendar entry."), _("The visit begins, moves or is cancelled."),
         staff_must_tell=False),
    Rule(NotificationKind.APPOINTMENT_CHANGED, rules.appointment_changed, SendWindow.OPEN_DAYS,
         _("When a visit that the patient was told of is moved; replaces the calendar entry."),
         _("The visit begins, moves again or is cancelled.")),
    Rule(NotificationKind.APPOINTMENT_CANCELLED, rules.appointment_cancelled, SendWindow.OPEN_DAYS,
         _("When a visit that the patient was or may have been told of is cancelled; takes the calendar entry away."),
         _("The visit would have begun.")),
    Rule(NotificationKind.APPOINTMENT_REMINDER, rules.appointment_reminder, SendWindow.ANY_DAY,
         _("7 days and 1 day before the visit, in the clinic's time; not if that was past when it was booked."),
         _("2 hours before the visit; the first one when the second is due."), staff_must_tell=False),
    Rule(NotificationKind.EARLIER_OFFER, rules.earlier_offer, SendWindow.OPEN_DAYS,
         _("When a free time is offered to a patient who waits for an earlier one; a task to call where no email or "
           "text message can say it in the patient's language."),
         _("The offer runs out, is answered, or somebody else has taken the time.")),
    Rule(NotificationKind.EARLIER_TAKEN, rules.earlier_taken, SendWindow.OPEN_DAYS,
         _("When a time that the patient was written of has gone to somebody else."),
         _("2 days later, or the visit moves."), staff_must_tell=False),
    Rule(NotificationKind.MISSED_APPOINTMENT, rules.missed_appointment, SendWindow.OPEN_DAYS,
         _("When a visit was missed."), _("14 days after the visit, or a new one is booked.")),
    Rule(NotificationKind.OUTCOME_NORMAL, result_rules.outcome_normal, SendWindow.OPEN_DAYS,
         _("When a normal outcome counts as told: by voice, or by its release in writing."), _("30 days later.")),
    Rule(NotificationKind.OUTCOME_BENIGN, result_rules.outcome_benign, SendWindow.OPEN_DAYS,
         _("When a benign outcome counts as told: by voice, or by its release in writing."), _("30 days later.")),
    Rule(NotificationKind.OUTCOME_PROBABLY_BENIGN, result_rules.outcome_probably_benign, SendWindow.OPEN_DAYS,
         _("When a probably benign outcome counts as told: by voice, or by its release in writing."),
         _("30 days later.")),
    Rule(NotificationKind.PLEASE_CALL_RESULTS, result_rules.please_call_results, SendWindow.OPEN_DAYS,
         _("On the business day after a result was signed that somebody is to tell, while nobody has told it; never "
           "says the result."),
         _("7 days later, or the result is told.")),
    Rule(NotificationKind.BIOPSY_CONFIRMATION, rules.biopsy_confirmation, SendWindow.OPEN_DAYS,
         _("When a biopsy is booked; with a calendar entry."), _("The biopsy begins or is cancelled."),
         staff_must_tell=False),
    Rule(NotificationKind.BIOPSY_REMINDER, rules.biopsy_reminder, SendWindow.ANY_DAY,
         _("7 days and 1 day before the biopsy, in the clinic's time; not if that was past when it was booked."),
         _("2 hours before the biopsy; the first one when the second is due."), staff_must_tell=False),
    Rule(NotificationKind.FOLLOW_UP_DUE, rules.follow_up_due, SendWindow.OPEN_DAYS,
         _("45 and 14 days before the short-interval follow-up is due, and 14 days after."),
         _("The visit is booked, or a symptom is reported.")),
    Rule(NotificationKind.NO_VISIT_NEEDED, result_rules.no_visit_needed, SendWindow.OPEN_DAYS,
         _("When prior images explained the finding and the outcome counts as told."), _("30 days later.")),
    Rule(NotificationKind.RESULT_WITHDRAWN, correction_rules.result_withdrawn, SendWindow.OPEN_DAYS,
         _("When a corrected screening result asks for nothing and the recall is void, to a patient who was or may "
           "have been asked to come."), _("30 days later, or the recall is opened again.")),
    Rule(NotificationKind.SENT_IN_ERROR, correction_rules.sent_in_error, SendWindow.OPEN_DAYS,
         _("When the exam turned out to be another patient's and the recall is void, to a patient to whom anything was "
           "or may have been sent."), _("30 days later, or the recall is opened again.")),
    Rule(NotificationKind.EDUCATION_CONFIRM, texts.education_confirm, SendWindow.ANY_DAY,
         _("When the patient asks on their page for the series about breast health; the series begins only once it is "
           "confirmed."),
         _("7 days later, or it is confirmed or stopped."), staff_must_tell=False),
    Rule(NotificationKind.EDUCATION, texts.education, SendWindow.OPEN_DAYS,
         _("Once a month after the confirmation, six times; waits while a recall of the patient is open and while any "
           "other message is due."),
         _("14 days later, or the series waits or ends."), staff_must_tell=False),
    Rule(NotificationKind.LAST_LETTER, rules.last_letter, SendWindow.OPEN_DAYS,
         _("On the day on which the contact ladder asks for a certified letter, also for a result to tell or a "
           "biopsy to book, unless somebody has spoken with the patient."),
         _("The patient is reached, or the state is left."), staff_must_tell=False),
    Rule(NotificationKind.REFERRER_NOTICE, referrer_rules.referrer_notice, SendWindow.OPEN_DAYS,
         _("To the referring doctor: when the recall is opened, when the patient is not reached by the day on which "
           "a navigator takes over, when a radiologist asks the doctor to tell a result, and when it is closed, with "
           "or without the visit; names no patient."),
         _("30 days later, or it is not so any more."), staff_must_tell=False),
)  # fmt: skip

RULE_BY_KIND: dict[NotificationKind, Rule] = {rule.kind: rule for rule in PLAN}

# After these endings no message is written to the patient, except that an appointment they know of is cancelled; the
# referring doctor is told.
_SILENT_CLOSURE_REASONS = frozenset(
    {
        ClosureReason.DECLINED,
        ClosureReason.TRANSFERRED,
        ClosureReason.LOST_TO_FOLLOW_UP,
        ClosureReason.VOID,
    }
)
_KINDS_AFTER_SILENT_CLOSURE = frozenset({NotificationKind.APPOINTMENT_CANCELLED, NotificationKind.REFERRER_NOTICE})

# What was told is taken back.
_KINDS_AFTER_VOID = frozenset(
    {
        NotificationKind.APPOINTMENT_CANCELLED,
        NotificationKind.RESULT_WITHDRAWN,
        NotificationKind.SENT_IN_ERROR,
        *EDUCATION_KINDS,  # the wrong recall; the wish stands
    }
)


def get_send_window(snapshot: RecallSnapshot, kind: str) -> SendWindow:
    """The days on which a message of that kind may leave for this patient."""
    return snapshot.result_window if kind in WRITTEN_RESULT_KINDS else RULE_BY_KIND[NotificationKind(kind)].window


def may_say_details(snapshot: RecallSnapshot, kind: str, channels: PatientChannels) -> bool:
    """Whether its detailed text may be used: as the patient agreed, and for a result as they wish to read it."""
    is_spared = kind in WRITTEN_RESULT_KINDS and snapshot.wants_no_details
    return channels.health_details_allowed and not is_spared


def planned_messages(snapshot: RecallSnapshot) -> dict[NotificationKey, PlannedMessage]:
    """Every message that should exist now, by kind and occasion; nothing after a death."""
    return _evaluate(snapshot, RULE_BY_KIND.values())


def find_planned_message(snapshot: RecallSnapshot, kind: NotificationKind, occasion: str) -> PlannedMessage | None:
    """The message of that kind and occasion, None when it should not exist now; only the rule of its kind is asked."""
    return _evaluate(snapshot, [RULE_BY_KIND[kind]]).get((kind, occasion))


def repeat_occasion(occasion: str, version: int) -> str:
    """The occasion of a copy that a person asked for with the event of that version."""
    return f"{occasion.partition(':again-')[0]}:again-{version}"


def _evaluate(snapshot: RecallSnapshot, asked: Collection[Rule]) -> dict[NotificationKey, PlannedMessage]:
    """What these rules say, and what a person asked for of their kinds."""
    recall = snapshot.recall
    if recall.patient.deceased_on or recall.closure_reason == ClosureReason.DECEASED:
        return {}
    allowed = [rule for rule in asked if _may_be_sent_after(recall.closure_reason, rule.kind)]
    found: dict[NotificationKey, PlannedMessage] = {
        (rule.kind, planned.occasion): planned for rule in allowed for planned in rule.evaluate(snapshot)
    }
    kinds = {rule.kind for rule in asked}
    for event in snapshot.events:
        if event.step == MANUAL_MESSAGE_STEP and event.data["kind"] in kinds:
            requested = _manually_requested_message(event, snapshot, found)
            if requested is not None:
                found[NotificationKind(event.data["kind"]), requested.occasion] = requested
    return found


def _may_be_sent_after(closure_reason: str, kind: NotificationKind) -> bool:
    if closure_reason == ClosureReason.VOID:
        return kind in _KINDS_AFTER_VOID
    return closure_reason not in _SILENT_CLOSURE_REASONS or kind in _KINDS_AFTER_SILENT_CLOSURE


def _manually_requested_message(
    event: EventRecord, snapshot: RecallSnapshot, found: Mapping[NotificationKey, PlannedMessage]
) -> PlannedMessage | None:
    """A message once more while it is true, a request to call while the recall has not moved on."""
    kind, did = NotificationKind(event.data["kind"]), event.data["did"]
    due = calendar.next_send_time(get_send_window(snapshot, kind), snapshot.site, event.at)
    if did == ManualAction.SENT_AGAIN:
        original = found.get((kind, event.data["occasion"]))
        if original is None or (original.expires_at is not None and original.expires_at <= due):
            return None
        return replace(original, occasion=repeat_occasion(original.occasion, event.version), due_at=due)
    moved = any(later.version > event.version and later.from_state != later.to_state for later in snapshot.events)
    if did == ManualAction.SENT_NOW and not moved:
        return PlannedMessage(f"now-{event.version}", due, due + rules.PLEASE_CALL_VALID_FOR)
    return None
