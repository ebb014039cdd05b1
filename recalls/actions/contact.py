"""Actions about reaching the patient: contact attempts, messages by hand and work items."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Unpack

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from clinic.actors import SYSTEM, actor_for
from clinic.models import Site
from desk.datetime_display import display_datetime
from patients.actions import update_details
from patients.addresses import mark_address_unusable
from patients.channels import list_contact_points
from patients.contact_validation import check_email, check_phone
from patients.models import ContactPoint, Patient
from patients.record_history import log_changes
from recalls import contact_ladder
from recalls.actions.barriers.stating import StatedBarriers, write_barriers
from recalls.actions.transition import ActionKwargs, Transition, UserOrActor, apply_step
from recalls.deadlines import work_item_due
from recalls.enums import LADDER_STATES, ContactChannel, ContactResult, WorkItemKind
from recalls.enums.barriers import BarrierKind
from recalls.models import CallPreference, ContactAttempt, Recall, RecallEvent, WorkItem
from recalls.permissions import NotPermitted
from recalls.workflow import STEPS_BY_NAME

CALL_SOURCE = "call"

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
    # What the patient said is in the way of a visit.
    stated: StatedBarriers | None = None


def log_contact(recall: Recall, contact: ContactAttemptInput, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Log an attempt. A wrong number is marked unusable; it and a need for an interpreter open a work item.

    Raises ValidationError for a result that does not fit the channel, and for a next try that is past or later than
    the ladder and the target allow: a longer wait is a hold.
    """
    _validate_contact(contact)

    def log(transition: Transition) -> None:
        _check_next_try(transition, contact)
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
            open_step_work_item(
                transition, WorkItemKind.INTERPRETER, _("The patient asked for an interpreter on the phone.")
            )
            record_interpreter_need(transition)
        if contact.stated is not None and contact.stated.kinds:
            _note_barriers(transition, contact.stated)

    return apply_step(recall, "log_contact", log, **kwargs)


def _validate_contact(contact: ContactAttemptInput) -> None:
    if contact.result not in RESULTS_BY_CHANNEL[contact.channel]:
        raise ValidationError({"result": _("Choose a result that fits how you tried.")})
    if contact.next_try_at is not None and contact.next_try_at <= timezone.now():
        raise ValidationError({"next_try_at": _("The next try must lie in the future.")})


def _check_next_try(transition: Transition, contact: ContactAttemptInput) -> None:
    recall = transition.recall
    if contact.next_try_at is None or recall.state not in LADDER_STATES:
        return
    this_one = ContactAttempt(channel=contact.channel, result=contact.result, at=transition.now)
    latest = contact_ladder.latest_next_attempt(recall, [*contact_ladder.current_ladder_attempts(recall), this_one])
    if contact.next_try_at > latest:
        words = _("The latest next try is %(when)s. To wait longer, put the recall on hold.")
        raise ValidationError({"next_try_at": words % {"when": display_datetime(recall.site, latest, transition.now)}})


def _mark_wrong_number(transition: Transition, contact: ContactAttemptInput) -> None:
    patient = transition.recall.patient
    for point in patient.contact_points.filter(kind=contact.point_kind or "", unusable=""):
        marked = mark_address_unusable(point.value, ContactPoint.UnusableReason.WRONG, by=transition.actor)
        transition.data["unusable"] = [point.pk]
        transition.data["also_marked"] = len({one.patient_id for one in marked} - {patient.pk})
        words = _("A call to the same number for another patient reached a wrong number. Ask for a right one.")
        _note_for_undo(transition, open_shared_address_tasks(marked, words, apart_from=patient), words)
    open_step_work_item(transition, WorkItemKind.VERIFY_CONTACT, _("A call reached a wrong number."))


def _note_barriers(transition: Transition, stated: StatedBarriers) -> None:
    for kind, reason in write_barriers(transition, stated):
        open_step_work_item(transition, kind, reason)
    if BarrierKind.LANGUAGE in stated.kinds:
        record_interpreter_need(transition)


def record_interpreter_need(transition: Transition) -> None:
    """The record says so from now on: the next caller, the booking and the texts go by it."""
    patient = transition.recall.patient
    if update_details(patient, {"interpreter_needed": True}, by=transition.actor, source=CALL_SOURCE):
        transition.data["interpreter_noted"] = True


def _save_call_preference(transition: Transition, part: str) -> None:
    before = CallPreference.objects.filter(patient=transition.recall.patient_id).first()
    if part != (before.part if before else ""):
        transition.data["best_time"] = [before.part if before else "", part]
        change = {"best_time": (before.part if before else "", part)}
        log_changes(transition.recall.patient, change, by=transition.actor, source=CALL_SOURCE)
        set_call_preference(transition, part)


def set_call_preference(transition: Transition, part: str) -> None:
    """Store when to call the patient from now on; an empty value leaves the time to the contact ladder."""
    if not part:
        CallPreference.objects.filter(patient=transition.recall.patient_id).delete()
        return
    said = {"part": part, "changed_at": transition.now, "user": transition.actor.user}
    CallPreference.objects.update_or_create(patient_id=transition.recall.patient_id, defaults=said)


def open_step_work_item(transition: Transition, kind: WorkItemKind, reason: str) -> None:
    """Open a work item that is closed again when the step is undone; one that was open before loses this reason."""
    _note_for_undo(transition, [open_work_item(transition.recall, kind, reason)], reason)


def _note_for_undo(transition: Transition, items: Iterable[WorkItem], reason: str) -> None:
    for item in items:
        if item.opened_at >= transition.now:
            transition.data.setdefault("tasks", []).append(item.pk)
        else:
            transition.data.setdefault("joined", []).append([item.pk, reason])


def log_printed_letter(recall: Recall, what: str, *, by: UserOrActor) -> RecallEvent | None:
    """Log a letter that was printed here, where a letter is the ladder's next try; None where it is not.

    Whoever may print but not log a contact has the system log it; the note says who printed.
    """
    rung, _sentence = contact_ladder.next_rung(recall, contact_ladder.current_ladder_attempts(recall))
    if rung is None or rung.channel != ContactChannel.LETTER or recall.state not in LADDER_STATES:
        return None
    actor = actor_for(by)
    note = _("Printed by %(who)s: %(what)s.") % {"who": actor.name, "what": what}
    sent = ContactAttemptInput(channel=ContactChannel.LETTER, result=ContactResult.SENT, note=note)
    return log_contact(recall, sent, by=actor if actor.roles & STEPS_BY_NAME["log_contact"].roles else SYSTEM)


def log_referrer_request(transition: Transition, answer_by: datetime) -> None:
    """Note that the referring doctor was asked to tell the patient, and by when (UTC) the answer is missed."""
    attempt = ContactAttempt.objects.create(
        recall=transition.recall,
        channel=ContactChannel.REFERRER,
        result=ContactResult.SENT,
        note=transition.note,
        next_try_at=answer_by,
        **transition.signature,
    )
    transition.data = {"attempt": attempt.pk, "channel": attempt.channel, "result": attempt.result}


def message_by_hand(
    recall: Recall, apply_changes: Callable[[Transition], None], **kwargs: Unpack[ActionKwargs]
) -> RecallEvent:
    """Record that a user stopped or sent a message; `apply_changes` checks and does it, `note` is the reason."""
    return apply_step(recall, "message_by_hand", apply_changes, **kwargs)


def open_work_item(recall: Recall, kind: WorkItemKind, reason: str) -> WorkItem:
    """Open a work item for staff; where one of this kind is open the reason joins it."""
    return _open_or_join(reason, recall=recall, kind=kind, site=recall.site, patient=recall.patient)


def open_patient_work_item(patient: Patient, kind: WorkItemKind, reason: str) -> WorkItem:
    """The same for a patient who has no recall."""
    return _open_or_join(reason, patient=patient, recall=None, kind=kind, site=patient.site)


def open_new_patients_work_items(reasons: Mapping[Patient, str], kind: WorkItemKind) -> None:
    """The same for patients stored just now, who have no task yet that a reason could join. One statement."""
    now = timezone.now()
    items = [
        WorkItem(
            site=patient.site,
            patient=patient,
            kind=kind,
            reason=join_reasons([reason]),
            due_at=work_item_due(patient.site, kind, now),
        )
        for patient, reason in reasons.items()
    ]
    WorkItem.objects.bulk_create(items)


def open_task_about(patient: Patient, kind: WorkItemKind, reason: str) -> WorkItem:
    """On the newest open recall of the patient; on the patient alone where there is none."""
    recall = Recall.objects.still_open().filter(patient=patient).select_related("site").order_by("pk").last()
    if recall is None:
        return open_patient_work_item(patient, kind, reason)
    recall.patient = patient
    return open_work_item(recall, kind, reason)


def open_shared_address_tasks(points: Iterable[ContactPoint], reason: str, *, apart_from: Patient) -> list[WorkItem]:
    """Ask for a right number or address on the newest open recall of everybody else who has one of these."""
    patients = {point.patient_id for point in points} - {apart_from.pk}
    rows = Recall.objects.still_open().filter(patient__in=patients).select_related("site", "patient").order_by("pk")
    newest = {recall.patient_id: recall for recall in rows}
    return [open_work_item(recall, WorkItemKind.VERIFY_CONTACT, reason) for recall in newest.values()]


def ask_for_right_contacts(recall: Recall) -> WorkItem | None:
    """One task that names each number and address of the patient that cannot be used; None where all can."""
    site, reasons = recall.site, []
    for point in list_contact_points(recall.patient):
        is_email = point.kind == ContactPoint.Kind.EMAIL
        if point.unusable == ContactPoint.UnusableReason.INVALID:
            checked = check_email(point.value) if is_email else check_phone(point.value, site.country)
            reasons.append(f"{point.get_kind_display()}: {checked.problem or point.get_unusable_display()}")
        elif point.unusable:
            reasons.append(f"{point.get_kind_display()}: {point.get_unusable_display()}.")
    return open_work_item(recall, WorkItemKind.VERIFY_CONTACT, " ".join(reasons)) if reasons else None


@transaction.atomic
def _open_or_join(reason: str, *, site: Site, patient: Patient, recall: Recall | None, kind: WorkItemKind) -> WorkItem:
    """The newest reason stands first, also one that stood there already."""
    whose = {"recall": recall} if recall else {"recall": None, "patient": patient}
    fresh: dict[str, Any] = {"site": site, "patient": patient, "reason": join_reasons([reason])}
    fresh["due_at"] = lambda: work_item_due(site, kind, timezone.now())  # asked only for a new one
    item, is_new = WorkItem.objects.get_or_create(**whose, kind=kind, done_at=None, defaults=fresh)
    if is_new:
        return item
    locked = WorkItem.objects.select_for_update().get(pk=item.pk)
    joined = join_reasons([reason, *(each for each in locked.reasons if each != reason)])
    if locked.reason != joined:
        locked.reason = joined
        locked.save(update_fields=["reason"])
    return locked


def join_reasons(reasons: Sequence[str]) -> str:
    """As one text of a work item, cut at its end where there are too many."""
    return Truncator(WorkItem.REASON_SEPARATOR.join(reasons)).chars(WorkItem.REASON_LENGTH)


def remove_reason(item_pk: int, reason: str) -> None:
    """Take one of several reasons back; the work item and the others stay."""
    item = WorkItem.objects.select_for_update().filter(pk=item_pk, done_at=None).first()
    if item is not None and (rest := [each for each in item.reasons if each != reason]):
        item.reason = join_reasons(rest)
        item.save(update_fields=["reason"])


def finish_work_item(item: WorkItem, *, by: UserOrActor) -> None:
    """Mark the work item done; one already done stays as it was. Raises NotPermitted at another site."""
    if not actor_for(by).can_access_site(item.site_id):
        raise NotPermitted(_("This task belongs to a site you do not work at."))
    WorkItem.objects.filter(pk=item.pk, done_at=None).update(done_at=timezone.now(), done_by=actor_for(by).user)
