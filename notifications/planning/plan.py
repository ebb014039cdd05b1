"""Which messages should exist for a recall as it stands? One table: the kind, when and until when, and the rule.

The rules are plain functions of the situation and never of the present instant, so asking again tomorrow gives the
same answer. The occasion they name is part of the row's key: a visit that moves has another occasion, and what was
planned for its old time is wanted no more.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext_lazy as _

from notifications.enums import ManualAction, NotificationKind
from notifications.planning import referrer_rules, rules, send_windows
from notifications.planning.rules import PlannedMessage
from notifications.planning.send_windows import SendWindow
from notifications.planning.snapshot import EventRecord, NotificationKey, RecallSnapshot
from recalls.enums import ClosureReason

K = NotificationKind

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


_FIRST, _OPEN, _ANY = SendWindow.FIRST_NOTICE, SendWindow.OPEN_DAYS, SendWindow.ANY_DAY

PLAN: tuple[Rule, ...] = (
    Rule(K.RECALL_NOTICE, rules.recall_notice, _FIRST,
         _("At the next sending hours after the recall is opened, never on a Friday after noon. After a "
           "screening result of 4 or 5 it only asks the patient to call."),
         _("A visit is booked or the recall moves on.")),
    Rule(K.PLEASE_CALL, rules.please_call, _FIRST,
         _("On the morning of the 3rd and 8th business day on which the patient is still to be contacted, and "
           "when a desk asks for it."),
         _("The patient is no longer to be contacted.")),
    Rule(K.PRIORS_WAIT, rules.priors_wait, _FIRST,
         _("When prior images have been requested."), _("The wait for prior images ends.")),
    Rule(K.APPOINTMENT_CONFIRMATION, rules.appointment_confirmation, _OPEN,
         _("When a visit is booked; with a calendar entry."), _("The visit begins, moves or is cancelled."),
         staff_must_tell=False),
    Rule(K.APPOINTMENT_CHANGED, rules.appointment_changed, _OPEN,
         _("When a visit that the patient was told of is moved; replaces the calendar entry."),
         _("The visit begins, moves again or is cancelled.")),
    Rule(K.APPOINTMENT_CANCELLED, rules.appointment_cancelled, _OPEN,
         _("When a visit that the patient was or may have been told of is cancelled; takes the calendar entry away."),
         _("The visit would have begun.")),
    Rule(K.APPOINTMENT_REMINDER, rules.appointment_reminder, _ANY,
         _("7 days and 1 day before the visit, in the clinic's time; not if that was past when it was booked."),
         _("2 hours before the visit; the first one when the second is due."), staff_must_tell=False),
    Rule(K.MISSED_APPOINTMENT, rules.missed_appointment, _OPEN,
         _("When a visit was missed."), _("14 days after the visit, or a new one is booked.")),
    Rule(K.OUTCOME_NORMAL, rules.outcome_normal, _OPEN,
         _("When the radiologist has released a normal outcome."), _("30 days after the release.")),
    Rule(K.OUTCOME_BENIGN, rules.outcome_benign, _OPEN,
         _("When the radiologist has released a benign outcome."), _("30 days after the release.")),
    Rule(K.OUTCOME_PROBABLY_BENIGN, rules.outcome_probably_benign, _OPEN,
         _("When the radiologist has released a probably benign outcome."), _("30 days after the release.")),
    Rule(K.PLEASE_CALL_RESULTS, rules.please_call_results, _OPEN,
         _("On the business day after a biopsy was advised, and when pathology is in; never says the result."),
         _("7 days later, or the biopsy is booked.")),
    Rule(K.BIOPSY_CONFIRMATION, rules.biopsy_confirmation, _OPEN,
         _("When a biopsy is booked; with a calendar entry."), _("The biopsy begins or is cancelled."),
         staff_must_tell=False),
    Rule(K.BIOPSY_REMINDER, rules.biopsy_reminder, _ANY,
         _("7 days and 1 day before the biopsy, in the clinic's time; not if that was past when it was booked."),
         _("2 hours before the biopsy; the first one when the second is due."), staff_must_tell=False),
    Rule(K.FOLLOW_UP_DUE, rules.follow_up_due, _OPEN,
         _("45 and 14 days before the short-interval follow-up is due, and 14 days after."), _("The visit is booked.")),
    Rule(K.NO_VISIT_NEEDED, rules.no_visit_needed, _OPEN,
         _("When prior images explained the finding."), _("30 days later.")),
    Rule(K.LAY_SUMMARY, rules.lay_summary, _OPEN,
         _("When the recall is opened, where the site writes lay summaries here; after a screening result of 4 "
           "or 5 on the 3rd business day. A letter, unless the patient agreed to health details in email."),
         _("Never: each patient gets it.")),
    Rule(K.LAST_LETTER, rules.last_letter, _OPEN,
         _("On the day on which the contact ladder asks for a certified letter, unless somebody has spoken with "
           "the patient."),
         _("The patient is reached, or the state is left."), staff_must_tell=False),
    Rule(K.REFERRER_NOTICE, referrer_rules.referrer_notice, _OPEN,
         _("To the referring doctor: when the recall is opened, when the patient is not reached by the day on which "
           "a navigator takes over, and when it is closed, with or without the visit; names no patient."),
         _("30 days later, or it is not so any more."), staff_must_tell=False),
)  # fmt: skip

RULE_BY_KIND: dict[NotificationKind, Rule] = {rule.kind: rule for rule in PLAN}

# After these endings nothing more is written to the patient, save that a known visit is off, and the summary that the
# law owes the patient; the referring doctor is told.
_SILENT_CLOSURE_REASONS = frozenset(
    {
        ClosureReason.DECLINED,
        ClosureReason.TRANSFERRED,
        ClosureReason.LOST_TO_FOLLOW_UP,
        ClosureReason.DECEASED,
        ClosureReason.VOID,
    }
)


def planned_messages(situation: RecallSnapshot) -> dict[NotificationKey, PlannedMessage]:
    """Every message that should exist now, by kind and occasion; nothing after a death."""
    recall = situation.recall
    if recall.patient.deceased_on or recall.closure_reason == ClosureReason.DECEASED:
        return {}
    table = PLAN
    if recall.closure_reason in _SILENT_CLOSURE_REASONS:
        void = recall.closure_reason == ClosureReason.VOID
        told = () if void else (RULE_BY_KIND[K.LAY_SUMMARY], RULE_BY_KIND[K.REFERRER_NOTICE])
        table = (RULE_BY_KIND[K.APPOINTMENT_CANCELLED], *told)
    found: dict[NotificationKey, PlannedMessage] = {
        (rule.kind, want.occasion): want for rule in table for want in rule.evaluate(situation)
    }
    for event in situation.events:
        want = _manually_requested_message(event, situation, found) if event.step == MANUAL_MESSAGE_STEP else None
        if want is not None:
            found[event.data["kind"], want.occasion] = want
    return found


def repeat_occasion(occasion: str, version: int) -> str:
    """The occasion of a copy that a person asked for with the event of that version."""
    return f"{occasion.partition(':again-')[0]}:again-{version}"


def _manually_requested_message(
    event: EventRecord, known: RecallSnapshot, found: dict[NotificationKey, PlannedMessage]
) -> PlannedMessage | None:
    """What a person asked for: a message once more while it is true, a call while the recall stands where it stood."""
    kind, did = NotificationKind(event.data["kind"]), event.data["did"]
    due = send_windows.next_send_time(RULE_BY_KIND[kind].window, known.site, event.at)
    if did == ManualAction.SENT_AGAIN:
        one = found.get((kind, event.data["occasion"]))
        useless = one is None or (one.expires_at is not None and one.expires_at <= due)
        return (
            None
            if one is None or useless
            else replace(one, occasion=repeat_occasion(one.occasion, event.version), due_at=due)
        )
    moved = any(later.version > event.version and later.from_state != later.to_state for later in known.events)
    if did == ManualAction.SENT_NOW and not moved:
        return PlannedMessage(f"now-{event.version}", due, due + rules.PLEASE_CALL_VALID_FOR)
    return None
