"""What was tried to reach the patient, and what came of it? Calls, letters, priors requests, work items."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Unpack

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.actors import actor_for
from patients.actions import mark_unusable
from patients.models import ContactPoint, Patient
from recalls.actions.transition import ActionKwargs, Transition, UserOrActor, apply_step
from recalls.enums import ContactChannel, ContactResult, WorkItemKind
from recalls.models import CallPreference, ContactAttempt, Recall, RecallEvent, WorkItem
from recalls.permissions import NotPermitted

# What may come of each way of trying; a letter is sent, a call is answered or not.
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
    """One try: how, on which number, with what result; `next_try_at` (UTC) overrides the ladder.

    `best_time`: the part of the day in which to call; empty when that is taken back, None when not asked.
    """

    channel: ContactChannel
    result: ContactResult
    point_kind: ContactPoint.Kind | None = None
    note: str = ""
    next_try_at: datetime | None = None
    preferred_part_of_day: str | None = None


def log_contact(recall: Recall, contact: ContactAttemptInput, **asked: Unpack[ActionKwargs]) -> RecallEvent:
    """Log a try with its result. A wrong number is marked unusable; it and a need for an interpreter open a task."""
    _validate_contact(contact)

    def log(move: Transition) -> None:
        attempt = ContactAttempt.objects.create(
            recall=move.recall,
            channel=contact.channel,
            point=contact.point_kind or "",
            result=contact.result,
            note=contact.note,
            next_try_at=contact.next_try_at,
            **move.signature_fields(),
        )
        move.data = {
            "attempt": attempt.pk,
            "channel": contact.channel,
            "result": contact.result,
        }
        if contact.preferred_part_of_day is not None:
            _save_call_preference(move, contact.preferred_part_of_day)
        if contact.result == ContactResult.WRONG_NUMBER:
            _mark_wrong_number(move, contact)
        if contact.result == ContactResult.NEEDS_INTERPRETER:
            _open_step_work_item(
                move, WorkItemKind.INTERPRETER, _("The patient asked for an interpreter on the phone.")
            )

    return apply_step(recall, "log_contact", log, **asked)


def _validate_contact(contact: ContactAttemptInput) -> None:
    if contact.result not in RESULTS_BY_CHANNEL[contact.channel]:
        raise ValidationError({"result": _("Choose a result that fits how you tried.")})
    if contact.next_try_at is not None and contact.next_try_at <= timezone.now():
        raise ValidationError({"next_try_at": _("The next try must lie in the future.")})


def _mark_wrong_number(move: Transition, contact: ContactAttemptInput) -> None:
    for point in move.recall.patient.contact_points.filter(kind=contact.point_kind or "", unusable=""):
        mark_unusable(point, ContactPoint.Unusable.WRONG, by=move.actor)
        move.data["unusable"] = [point.pk]
    _open_step_work_item(move, WorkItemKind.VERIFY_CONTACT, _("A call reached a wrong number."))


def _save_call_preference(move: Transition, part: str) -> None:
    before = CallPreference.objects.filter(patient=move.recall.patient_id).first()
    if part != (before.part if before else ""):
        move.data["best_time"] = [before.part if before else "", part]
        set_call_preference(move, part)


def set_call_preference(move: Transition, part: str) -> None:
    """When to call the patient from now on; empty: whenever the ladder says."""
    if not part:
        CallPreference.objects.filter(patient=move.recall.patient_id).delete()
        return
    said = {"part": part, "changed_at": move.now, "user": move.actor.user}
    CallPreference.objects.update_or_create(patient_id=move.recall.patient_id, defaults=said)


def _open_step_work_item(move: Transition, kind: WorkItemKind, reason: str) -> None:
    """A task that this step opened goes with it when it is undone; one that was open before stays."""
    item = open_work_item(move.recall, kind, reason)
    if item.opened_at >= move.now:
        move.data["tasks"] = [item.pk]


def request_priors(recall: Recall, **asked: Unpack[ActionKwargs]) -> RecallEvent:
    """Log that the other clinic was asked; `note` names it."""
    return apply_step(recall, "request_priors", **asked)


def receive_priors(recall: Recall, **asked: Unpack[ActionKwargs]) -> RecallEvent:
    return apply_step(recall, "receive_priors", **asked)


def message_by_hand(recall: Recall, work: Callable[[Transition], None], **asked: Unpack[ActionKwargs]) -> RecallEvent:
    """A person stops a message or has one sent; `work` checks it and names it in the event. `note` is the reason."""
    return apply_step(recall, "message_by_hand", work, **asked)


def open_work_item(recall: Recall, kind: WorkItemKind, reason: str) -> WorkItem:
    """A task for a person; the one already open is kept."""
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
    """Tick it off; one already done stays as it was. Raises NotPermitted for a site the person does not work at."""
    if not actor_for(by).sees_site(item.site_id):
        raise NotPermitted(_("This task belongs to a site you do not work at."))
    WorkItem.objects.filter(pk=item.pk, done_at=None).update(done_at=timezone.now(), done_by=actor_for(by).user)
