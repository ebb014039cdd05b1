"""Desk actions that leave the state alone: take a recall on, add a note, request a letter or a message.

These steps change neither the state of a recall nor its deadlines.
"""

from typing import Unpack

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from patients.channels import get_patient_channels
from recalls.actions.contact import open_work_item
from recalls.actions.transition import ActionKwargs, Transition, apply_step
from recalls.enums import WorkItemKind
from recalls.models import Recall, RecallEvent
from recalls.permissions import StepUnavailable


def take_on(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Assign the recall to this user until somebody else takes it on."""

    def assign(transition: Transition) -> None:
        transition.recall.assigned_to = transition.actor.user

    return apply_step(recall, "take_on", assign, **kwargs)


def add_note(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    if not kwargs.get("note", "").strip():
        raise ValidationError({"note": _("Write the note.")})
    return apply_step(recall, "add_note", **kwargs)


def ask_letter(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Plan a letter that asks the patient to call, and open the work item to print it.

    Raises StepUnavailable where there is no address or a letter waits already.
    """

    def open_print_task(transition: Transition) -> None:
        refused = letter_blocked_reason(transition.recall)
        if refused:
            raise StepUnavailable(refused)
        why = kwargs.get("note", "")[:300] or _("Asked for from the queue.")
        open_work_item(transition.recall, WorkItemKind.PRINT_LETTER, why)

    return apply_step(recall, "ask_letter", open_print_task, **kwargs)


def ask_please_call(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Plan a message that asks for a call, in the next send window. Raises StepUnavailable without a channel."""

    def check_channel(transition: Transition) -> None:
        refused = message_blocked_reason(transition.recall)
        if refused:
            raise StepUnavailable(refused)

    return apply_step(recall, "ask_please_call", check_channel, **kwargs)


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
    channels, patient = get_patient_channels(recall.patient), recall.patient
    on_paper = patient.address_line and patient.city and not patient.deceased_on
    if channels.email or channels.sms_allowed or on_paper:
        return ""
    reasons = {
        "deceased": _("The patient has died."),
        "opted_out": _("The patient wants no email, has agreed to no text messages, and no postal address is known."),
        "no_address": _("No email or postal address is known, and the patient has agreed to no text messages."),
    }
    return reasons.get(
        channels.email_blocked_reason, _("The email address does not work, and no other channel is known.")
    )
