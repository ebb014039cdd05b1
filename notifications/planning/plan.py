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
from notifications.enums import ManualAction, NotificationKind
from notifications.planning import referrer_rules, rules
from notifications.planning.rules import PlannedMessage
from notifications.planning.snapshot import EventRecord, NotificationKey, RecallSnapshot
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
           "screening result of 4 or 5 it only asks the patient to call."),
         _("A visit is booked or the recall moves on.")),
    Rule(NotificationKind.PLEASE_CALL, rules.please_call, SendWindow.FIRST_NOTICE,
         _("On the morning of the 3rd and 8th business day on which the patient is still to be contacted, and "
           "when a desk asks for it."),
         _("The patient is no longer to be contacted.")),
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
    Rule(NotificationKind.MISSED_APPOINTMENT, rules.missed_appointment, SendWindow.OPEN_DAYS,
         _("When a visit was missed."), _("14 days after the visit, or a new one is booked.")),
    Rule(NotificationKind.OUTCOME_NORMAL, rules.outcome_normal, SendWindow.OPEN_DAYS,
         _("When the radiologist has released a normal outcome."), _("30 days after the release.")),
    Rule(NotificationKind.OUTCOME_BENIGN, rules.outcome_benign, SendWindow.OPEN_DAYS,
         _("When the radiologist has released a benign outcome."), _("30 days after the release.")),
    Rule(NotificationKind.OUTCOME_PROBABLY_BENIGN, rules.outcome_probably_benign, SendWindow.OPEN_DAYS,
         _("When the radiologist has released a probably benign outcome."), _("30 days after the release.")),
    Rule(NotificationKind.PLEASE_CALL_RESULTS, rules.please_call_results, SendWindow.OPEN_DAYS,
         _("On the business day after a biopsy was advised, and when pathology is in; never says the result."),
         _("7 days later, or the biopsy is booked.")),
    Rule(NotificationKind.BIOPSY_CONFIRMATION, rules.biopsy_confirmation, SendWindow.OPEN_DAYS,
         _("When a biopsy is booked; with a calendar entry."), _("The biopsy begins or is cancelled."),
         staff_must_tell=False),
    Rule(NotificationKind.BIOPSY_REMINDER, rules.biopsy_reminder, SendWindow.ANY_DAY,
         _("7 days and 1 day before the biopsy, in the clinic's time; not if that was past when it was booked."),
         _("2 hours before the biopsy; the first one when the second is due."), staff_must_tell=False),
    Rule(NotificationKind.FOLLOW_UP_DUE, rules.follow_up_due, SendWindow.OPEN_DAYS,
         _("45 and 14 days before the short-interval follow-up is due, and 14 days after."), _("The visit is booked.")),
    Rule(NotificationKind.NO_VISIT_NEEDED, rules.no_visit_needed, SendWindow.OPEN_DAYS,
         _("When prior images explained the finding."), _("30 days later.")),
    Rule(NotificationKind.LAY_SUMMARY, rules.lay_summary, SendWindow.OPEN_DAYS,
         _("When the recall is opened and when its result is corrected, where the site writes lay summaries here; "
           "after a screening result of 4 or 5 on the 3rd business day. A letter, unless the patient agreed to "
           "health details in email."),
         _("Never: each patient gets it.")),
    Rule(NotificationKind.LAST_LETTER, rules.last_letter, SendWindow.OPEN_DAYS,
         _("On the day on which the contact ladder asks for a certified letter, unless somebody has spoken with "
           "the patient."),
         _("The patient is reached, or the state is left."), staff_must_tell=False),
    Rule(NotificationKind.REFERRER_NOTICE, referrer_rules.referrer_notice, SendWindow.OPEN_DAYS,
         _("To the referring doctor: when the recall is opened, when the patient is not reached by the day on which "
           "a navigator takes over, and when it is closed, with or without the visit; names no patient."),
         _("30 days later, or it is not so any more."), staff_must_tell=False),
)  # fmt: skip

RULE_BY_KIND: dict[NotificationKind, Rule] = {rule.kind: rule for rule in PLAN}

# After these endings nothing more is written to the patient, except that an appointment they know of is cancelled, and
# the summary that the law requires; the referring doctor is told.
_SILENT_CLOSURE_REASONS = frozenset(
    {
        ClosureReason.DECLINED,
        ClosureReason.TRANSFERRED,
        ClosureReason.LOST_TO_FOLLOW_UP,
        ClosureReason.VOID,
    }
)
_KINDS_AFTER_SILENT_CLOSURE = frozenset(
    {NotificationKind.APPOINTMENT_CANCELLED, NotificationKind.LAY_SUMMARY, NotificationKind.REFERRER_NOTICE}
)


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
        return kind == NotificationKind.APPOINTMENT_CANCELLED
    return closure_reason not in _SILENT_CLOSURE_REASONS or kind in _KINDS_AFTER_SILENT_CLOSURE


def _manually_requested_message(
    event: EventRecord, snapshot: RecallSnapshot, found: Mapping[NotificationKey, PlannedMessage]
) -> PlannedMessage | None:
    """A message once more while it is true, a request to call while the recall has not moved on."""
    kind, did = NotificationKind(event.data["kind"]), event.data["did"]
    due = calendar.next_send_time(RULE_BY_KIND[kind].window, snapshot.site, event.at)
    if did == ManualAction.SENT_AGAIN:
        original = found.get((kind, event.data["occasion"]))
        if original is None or (original.expires_at is not None and original.expires_at <= due):
            return None
        return replace(original, occasion=repeat_occasion(original.occasion, event.version), due_at=due)
    moved = any(later.version > event.version and later.from_state != later.to_state for later in snapshot.events)
    if did == ManualAction.SENT_NOW and not moved:
        return PlannedMessage(f"now-{event.version}", due, due + rules.PLEASE_CALL_VALID_FOR)
    return None
