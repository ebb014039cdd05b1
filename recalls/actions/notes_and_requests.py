"""What does a desk do besides calling and booking? Take a recall on, note something, ask for a letter or message.

These steps leave a recall where it stands, and its clocks as they run: only what they say is new.
"""

from typing import Unpack

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from patients.channels import channels_of
from recalls.actions.contact import open_work_item
from recalls.actions.transition import ActionKwargs, Transition, apply_step
from recalls.enums import WorkItemKind
from recalls.models import Recall, RecallEvent
from recalls.permissions import StepUnavailable


def take_on(recall: Recall, **asked: Unpack[ActionKwargs]) -> RecallEvent:
    """The recall is among this person's own until somebody else takes it on."""

    def assign(move: Transition) -> None:
        move.recall.assigned_to = move.actor.user

    return apply_step(recall, "take_on", assign, **asked)


def add_note(recall: Recall, **asked: Unpack[ActionKwargs]) -> RecallEvent:
    if not asked.get("note", "").strip():
        raise ValidationError({"note": _("Write the note.")})
    return apply_step(recall, "add_note", **asked)


def ask_letter(recall: Recall, **asked: Unpack[ActionKwargs]) -> RecallEvent:
    """Owe the patient a letter that asks for a call, and open the task to print it.

    Raises NotNow where there is no address or a letter waits already.
    """

    def order(move: Transition) -> None:
        refused = letter_blocked_reason(move.recall)
        if refused:
            raise StepUnavailable(refused)
        why = asked.get("note", "")[:300] or _("Asked for from the queue.")
        open_work_item(move.recall, WorkItemKind.PRINT_LETTER, why)

    return apply_step(recall, "ask_letter", order, **asked)


def ask_please_call(recall: Recall, **asked: Unpack[ActionKwargs]) -> RecallEvent:
    """Owe a message that asks for a call; it leaves in the next sending hours. Raises NotNow without a channel."""

    def check(move: Transition) -> None:
        refused = message_blocked_reason(move.recall)
        if refused:
            raise StepUnavailable(refused)

    return apply_step(recall, "ask_please_call", check, **asked)


def letter_blocked_reason(recall: Recall) -> str:
    """The sentence that forbids a letter; empty when one may be sent. One query, none when tasks are prefetched."""
    patient = recall.patient
    if patient.deceased_on:
        return _("The patient has died.")
    if not (patient.address_line and patient.city):
        return _("No postal address is known.")
    if any(item.kind == WorkItemKind.PRINT_LETTER and item.done_at is None for item in recall.work_items.all()):
        return _("A letter is already waiting to be printed.")
    return ""


def message_blocked_reason(recall: Recall) -> str:
    """The sentence that forbids a message; empty when it may go by email, text message or post."""
    channels, patient = channels_of(recall.patient), recall.patient
    on_paper = patient.address_line and patient.city and not patient.deceased_on
    if channels.email or channels.sms_allowed or on_paper:
        return ""
    reasons = {
        "deceased": _("The patient has died."),
        "opted_out": _("The patient wants no email, has agreed to no text messages, and no postal address is known."),
        "no_address": _("No email or postal address is known, and the patient has agreed to no text messages."),
    }
    return reasons.get(channels.why_no_email, _("The email address does not work, and no other channel is known."))
