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
from recalls.actions.moving import Asked, By, Move, take
from recalls.models import CallWish, ContactAttempt, Recall, RecallEvent, WorkItem
from recalls.permissions import NotPermitted
from recalls.states import ContactChannel, ContactResult, WorkItemKind

# What may come of each way of trying; a letter is sent, a call is answered or not.
_SENT = (ContactResult.SENT,)
_TALK = (
    ContactResult.REACHED_WILL_BOOK,
    ContactResult.REACHED_CALLS_BACK,
    ContactResult.LEFT_MESSAGE,
    ContactResult.NO_ANSWER,
    ContactResult.WRONG_NUMBER,
    ContactResult.REFUSED,
    ContactResult.THIRD_PERSON,
    ContactResult.LANGUAGE,
)
RESULTS_OF: dict[ContactChannel, tuple[ContactResult, ...]] = {
    ContactChannel.PHONE: _TALK,
    ContactChannel.IN_PERSON: _TALK,
    ContactChannel.SMS: _SENT,
    ContactChannel.EMAIL: _SENT,
    ContactChannel.LETTER: _SENT,
    ContactChannel.CERTIFIED_LETTER: _SENT,
    ContactChannel.REFERRER: _SENT,
    ContactChannel.ADDRESS_CHECK: (ContactResult.DONE,),
    ContactChannel.NAVIGATOR: (ContactResult.DONE,),
}


@dataclass(frozen=True, slots=True)
class Contact:
    """One try: how, on which number, with what result; `next_try_at` (UTC) overrides the ladder.

    `best_time`: the part of the day in which she is best reached; empty when she takes that back, None when not asked.
    """

    channel: ContactChannel
    result: ContactResult
    point: ContactPoint.Kind | None = None
    note: str = ""
    next_try_at: datetime | None = None
    best_time: str | None = None


def log_contact(recall: Recall, contact: Contact, **asked: Unpack[Asked]) -> RecallEvent:
    """Log a try with its result. A wrong number is marked unusable; it and a need for an interpreter open a task."""
    _check(contact)

    def log(move: Move) -> None:
        attempt = ContactAttempt.objects.create(
            recall=move.recall,
            channel=contact.channel,
            point=contact.point or "",
            result=contact.result,
            note=contact.note,
            next_try_at=contact.next_try_at,
            **move.signed(),
        )
        move.data = {
            "attempt": attempt.pk,
            "channel": contact.channel,
            "result": contact.result,
        }
        if contact.best_time is not None:
            _keep_wish(move, contact.best_time)
        if contact.result == ContactResult.WRONG_NUMBER:
            _wrong_number(move, contact)
        if contact.result == ContactResult.LANGUAGE:
            _open_task(move, WorkItemKind.INTERPRETER, _("She asked for an interpreter on the phone."))

    return take(recall, "log_contact", log, **asked)


def _check(contact: Contact) -> None:
    if contact.result not in RESULTS_OF[contact.channel]:
        raise ValidationError({"result": _("Choose a result that fits how you tried.")})
    if contact.next_try_at is not None and contact.next_try_at <= timezone.now():
        raise ValidationError({"next_try_at": _("The next try must lie in the future.")})


def _wrong_number(move: Move, contact: Contact) -> None:
    for point in move.recall.patient.contact_points.filter(kind=contact.point or "", unusable=""):
        mark_unusable(point, ContactPoint.Unusable.WRONG, by=move.actor)
        move.data["unusable"] = [point.pk]
    _open_task(move, WorkItemKind.VERIFY_CONTACT, _("A call reached a wrong number."))


def _keep_wish(move: Move, part: str) -> None:
    before = CallWish.objects.filter(patient=move.recall.patient_id).first()
    if part != (before.part if before else ""):
        move.data["best_time"] = [before.part if before else "", part]
        set_wish(move, part)


def set_wish(move: Move, part: str) -> None:
    """When to ring her from now on; empty: whenever the ladder says."""
    if not part:
        CallWish.objects.filter(patient=move.recall.patient_id).delete()
        return
    said = {"part": part, "changed_at": move.now, "user": move.actor.user}
    CallWish.objects.update_or_create(patient_id=move.recall.patient_id, defaults=said)


def _open_task(move: Move, kind: WorkItemKind, reason: str) -> None:
    """A task that this step opened goes with it when it is undone; one that was open before stays."""
    item = open_work_item(move.recall, kind, reason)
    if item.opened_at >= move.now:
        move.data["tasks"] = [item.pk]


def request_priors(recall: Recall, **asked: Unpack[Asked]) -> RecallEvent:
    """Log that the other clinic was asked; `note` names it."""
    return take(recall, "request_priors", **asked)


def receive_priors(recall: Recall, **asked: Unpack[Asked]) -> RecallEvent:
    return take(recall, "receive_priors", **asked)


def message_by_hand(recall: Recall, work: Callable[[Move], None], **asked: Unpack[Asked]) -> RecallEvent:
    """A person stops a message or has one sent; `work` checks it and names it in the event. `note` is the reason."""
    return take(recall, "message_by_hand", work, **asked)


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


def finish_work_item(item: WorkItem, *, by: By) -> None:
    """Tick it off; one already done stays as it was. Raises NotPermitted for a site the person does not work at."""
    if not actor_for(by).sees_site(item.site_id):
        raise NotPermitted(_("This task belongs to a site you do not work at."))
    WorkItem.objects.filter(pk=item.pk, done_at=None).update(done_at=timezone.now(), done_by=actor_for(by).user)
