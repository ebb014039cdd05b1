"""Actions about reaching the patient: contact attempts, prior images, messages by hand and work items."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Unpack

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.actors import actor_for
from patients.actions import mark_contact_unusable
from patients.models import ContactPoint, Patient
from recalls.actions.transition import ActionKwargs, Transition, UserOrActor, apply_step
from recalls.enums import ContactChannel, ContactResult, WorkItemKind
from recalls.models import CallPreference, ContactAttempt, Recall, RecallEvent, WorkItem
from recalls.permissions import NotPermitted

# The results that an attempt on each channel may have.
_SENT_RESULTS = (ContactResult.SENT,)
_CONVERSATION_RESULTS = (
    ContactResult.REACHED_WILL_BOOK,
    ContactResult.REACHED_CALLS_BACK,
    ContactResult.LEFT_MESSAGE,
    ContactResult.NO_ANSWER,
    ContactResult.WRONG_NUMBER,
    ContactResult.REFUSED,
    ContactResult.THIRD_PERSON,
    ContactResult.NEEDS_INTERPRETER,
)
RESULTS_BY_CHANNEL: dict[ContactChannel, tuple[ContactResult, ...]] = {
    ContactChannel.PHONE: _CONVERSATION_RESULTS,
    ContactChannel.IN_PERSON: _CONVERSATION_RESULTS,
    ContactChannel.SMS: _SENT_RESULTS,
    ContactChannel.EMAIL: _SENT_RESULTS,
    ContactChannel.LETTER: _SENT_RESULTS,
    ContactChannel.CERTIFIED_LETTER: _SENT_RESULTS,
    ContactChannel.REFERRER: _SENT_RESULTS,
    ContactChannel.ADDRESS_CHECK: (ContactResult.DONE,),
    ContactChannel.NAVIGATOR: (ContactResult.DONE,),
}


@dataclass(frozen=True, slots=True)
class ContactAttemptInput:
    """One contact attempt; `next_try_at` (UTC) overrides the contact ladder.

    `preferred_part_of_day`: when to call; empty removes the preference, None leaves it as it is.
    """

    channel: ContactChannel
    result: ContactResult
    point_kind: ContactPoint.Kind | None = None
    note: str = ""
    next_try_at: datetime | None = None
    preferred_part_of_day: str | None = None


def log_contact(recall: Recall, contact: ContactAttemptInput, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Log an attempt. A wrong number is marked unusable; it and a need for an interpreter open a work item."""
    _validate_contact(contact)

    def log(transition: Transition) -> None:
        attempt = ContactAttempt.objects.create(
            recall=transition.recall,
            channel=contact.channel,
            point=contact.point_kind or "",
            result=contact.result,
            note=contact.note,
            next_try_at=contact.next_try_at,
            **transition.signature,
        )
        transition.data = {
            "attempt": attempt.pk,
            "channel": contact.channel,
            "result": contact.result,
        }
        if contact.preferred_part_of_day is not None:
            _save_call_preference(transition, contact.preferred_part_of_day)
        if contact.result == ContactResult.WRONG_NUMBER:
            _mark_wrong_number(transition, contact)
        if contact.result == ContactResult.NEEDS_INTERPRETER:
            _open_step_work_item(
                transition, WorkItemKind.INTERPRETER, _("The patient asked for an interpreter on the phone.")
            )

    return apply_step(recall, "log_contact", log, **kwargs)


def _validate_contact(contact: ContactAttemptInput) -> None:
    if contact.result not in RESULTS_BY_CHANNEL[contact.channel]:
        raise ValidationError({"result": _("Choose a result that fits how you tried.")})
    if contact.next_try_at is not None and contact.next_try_at <= timezone.now():
        raise ValidationError({"next_try_at": _("The next try must lie in the future.")})


def _mark_wrong_number(transition: Transition, contact: ContactAttemptInput) -> None:
    for point in transition.recall.patient.contact_points.filter(kind=contact.point_kind or "", unusable=""):
        mark_contact_unusable(point, ContactPoint.UnusableReason.WRONG, by=transition.actor)
        transition.data["unusable"] = [point.pk]
    _open_step_work_item(transition, WorkItemKind.VERIFY_CONTACT, _("A call reached a wrong number."))


def _save_call_preference(transition: Transition, part: str) -> None:
    before = CallPreference.objects.filter(patient=transition.recall.patient_id).first()
    if part != (before.part if before else ""):
        transition.data["best_time"] = [before.part if before else "", part]
        set_call_preference(transition, part)


def set_call_preference(transition: Transition, part: str) -> None:
    """Store when to call the patient from now on; an empty value leaves the time to the contact ladder."""
    if not part:
        CallPreference.objects.filter(patient=transition.recall.patient_id).delete()
        return
    said = {"part": part, "changed_at": transition.now, "user": transition.actor.user}
    CallPreference.objects.update_or_create(patient_id=transition.recall.patient_id, defaults=said)


def _open_step_work_item(transition: Transition, kind: WorkItemKind, reason: str) -> None:
    """Open a work item that is closed again when the step is undone; one that was open before stays."""
    item = open_work_item(transition.recall, kind, reason)
    if item.opened_at >= transition.now:
        transition.data["tasks"] = [item.pk]


def request_priors(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Log that the other clinic was asked; `note` names it."""
    return apply_step(recall, "request_priors", **kwargs)


def receive_priors(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    return apply_step(recall, "receive_priors", **kwargs)


def message_by_hand(
    recall: Recall, apply_changes: Callable[[Transition], None], **kwargs: Unpack[ActionKwargs]
) -> RecallEvent:
    """Record that a user stopped or sent a message; `apply_changes` checks and does it, `note` is the reason."""
    return apply_step(recall, "message_by_hand", apply_changes, **kwargs)


def open_work_item(recall: Recall, kind: WorkItemKind, reason: str) -> WorkItem:
    """Open a work item for staff; one of this kind already open is kept."""
    item, _created = WorkItem.objects.get_or_create(
        recall=recall,
        kind=kind,
        done_at=None,
        defaults={"site": recall.site, "patient": recall.patient, "reason": reason},
    )
    return item


def open_patient_work_item(patient: Patient, kind: WorkItemKind, reason: str) -> WorkItem:
    """The same for a patient who has no recall."""
    item, _created = WorkItem.objects.get_or_create(
        patient=patient,
        recall=None,
        kind=kind,
        done_at=None,
        defaults={"site": patient.site, "reason": reason},
    )
    return item


def finish_work_item(item: WorkItem, *, by: UserOrActor) -> None:
    """Mark the work item done; one already done stays as it was. Raises NotPermitted at another site."""
    if not actor_for(by).can_access_site(item.site_id):
        raise NotPermitted(_("This task belongs to a site you do not work at."))
    WorkItem.objects.filter(pk=item.pk, done_at=None).update(done_at=timezone.now(), done_by=actor_for(by).user)
