"""Desk actions that leave the state alone: take a recall on, assign it, add a note, request a letter or a message.

These steps change neither the state of a recall nor its deadlines.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Unpack

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic import calendar
from clinic.actors import SYSTEM, actor_for
from clinic.models import Site, User
from clinic.queries.related_rows import read_related
from patients import actions as patient_actions
from patients.channels import get_patient_channels
from patients.models import Consent, ResultWish
from recalls.actions.contact import open_work_item
from recalls.actions.transition import ActionKwargs, Transition, apply_step
from recalls.assignment import assignable_users, check_assignee, display_name, open_tasks_of
from recalls.enums import (
    SUSPICIOUS_ASSESSMENTS,
    WRITTEN_RESULT_ASSESSMENTS,
    DisclosureMethod,
    State,
    WorkItemKind,
)
from recalls.models import Recall, RecallEvent, WorkItem
from recalls.permissions import NotPermitted, StepUnavailable
from recalls.workflow import STEPS_BY_NAME


def take_on(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Assign the recall to this user until somebody else takes it on."""

    def assign(transition: Transition) -> None:
        transition.recall.assigned_to = transition.actor.user

    return apply_step(recall, "take_on", assign, **kwargs)


def assign(recall: Recall, assignee: User | None, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Give the recall to a person of its site; None gives it back to everybody. Raises ValidationError for others."""

    def name_assignee(transition: Transition) -> None:
        site = transition.recall.site
        check_assignee(site, assignee, calendar.local_day(site, transition.now))
        transition.recall.assigned_to = assignee
        transition.data = {
            "assigned_to": assignee.pk if assignee else None,
            "assignee": display_name(assignee) if assignee else "",
        }

    return apply_step(recall, "assign", name_assignee, **kwargs)


def assign_work_item(item: WorkItem, assignee: User | None, *, by: User) -> None:
    """Give an open task to a person of its site; None gives it back to everybody. Raises as `assign` does."""
    actor = actor_for(by)
    if not actor.roles & STEPS_BY_NAME["assign"].roles or not actor.can_access_site(item.site_id):
        raise NotPermitted(_("Your role may not do this. %(rule)s") % {"rule": STEPS_BY_NAME["assign"].rule})
    now = timezone.now()
    check_assignee(item.site, assignee, calendar.local_day(item.site, now))
    WorkItem.objects.filter(pk=item.pk, done_at=None).update(assigned_to=assignee, assigned_by=by, assigned_at=now)


def hand_over_work(person: User, heir: User | None, *, by: User) -> int:
    """Give every open recall and task of a person who leaves to `heir`, or to everybody; how many there were.

    Work at a site where the heir does not work goes back to everybody.
    """
    note = _("%(who)s ended the account of %(person)s.") % {"who": display_name(by), "person": display_name(person)}
    recalls = list(Recall.objects.still_open().filter(assigned_to=person).select_related("site"))
    for recall in recalls:
        assign(recall, _heir_at(recall.site, heir), by=SYSTEM, note=note)
    tasks = list(open_tasks_of(person).select_related("site"))
    for task in tasks:
        given = {"assigned_to": _heir_at(task.site, heir), "assigned_by": by, "assigned_at": timezone.now()}
        WorkItem.objects.filter(pk=task.pk, done_at=None).update(**given)
    return len(recalls) + len(tasks)


def _heir_at(site: Site, heir: User | None) -> User | None:
    today = calendar.today(site)
    return heir if heir and assignable_users([site], today).filter(pk=heir.pk).exists() else None


def add_note(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    if not kwargs.get("note", "").strip():
        raise ValidationError({"note": _("Write the note.")})
    return apply_step(recall, "add_note", **kwargs)


def ask_doctor(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Pass the patient's question (`note`) on to the readers: a task to ring by the end of the next business day."""
    question = kwargs.get("note", "").strip()
    if not question:
        raise ValidationError({"note": _("Write the question.")})

    def open_question(transition: Transition) -> None:
        open_work_item(transition.recall, WorkItemKind.DOCTOR_QUESTION, question)

    return apply_step(recall, "ask_doctor", open_question, **kwargs)


def symptom_reported(recall: Recall, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Note a change that the patient noticed before the visit; they are called at once, and `note` says what it is."""
    if not kwargs.get("note", "").strip():
        raise ValidationError({"note": _("Write what the patient noticed.")})

    def report(transition: Transition) -> None:
        transition.recall.symptom_reported, transition.recall.clock_from = True, transition.now
        transition.recall.state_since = transition.now  # what was agreed before decides nothing any more
        if transition.from_state == State.FOLLOW_UP:
            transition.recall.round += 1

    return apply_step(recall, "symptom_reported", report, **kwargs)


def record_wishes(recall: Recall, wish: Mapping[str, Any], **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Keep how the patient wants to hear results: the columns of `patients.models.ResultWish` by name."""

    def keep(transition: Transition) -> None:
        patient_actions.set_result_wish(transition.recall.patient, dict(wish), by=transition.actor)

    return apply_step(recall, "record_wishes", keep, **kwargs)


@dataclass(frozen=True, slots=True)
class ConsentInput:
    """What the patient said to whom: `source` says how it is known (60 characters), `words` are the proof."""

    subject: Consent.Subject
    granted: bool
    source: str
    words: str


def record_consent(recall: Recall, said: ConsentInput, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Keep a yes or no to a kind of message. Raises ValidationError where the patient has said so before."""

    def keep(transition: Transition) -> None:
        is_new = patient_actions.record_consent(
            transition.recall.patient,
            said.subject,
            granted=said.granted,
            source=said.source,
            words=said.words,
            by=transition.actor,
        )
        if is_new is None:
            raise ValidationError({"granted": _("This is what the record says already.")})
        transition.data = {"subject": said.subject, "granted": said.granted}

    return apply_step(recall, "record_consent", keep, **kwargs)


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
    tasks = read_related(recall, "work_items")
    if any(item.kind == WorkItemKind.PRINT_LETTER and item.done_at is None for item in tasks):
        return _("A letter is already waiting to be printed.")
    return ""


def written_result_blocked_reason(recall: Recall) -> str:
    """The sentence that forbids telling a result in writing; empty when a message may tell it."""
    if stands_beside_4_or_5(recall):
        return _("Another recall of this patient stands after a 4 or 5: a person tells both results together.")
    if is_answer_to_4_or_5_untold(recall):
        return _("A 4 or 5 stood here: a person tells the result that answers it.")
    wish = ResultWish.objects.filter(patient=recall.patient_id).first()
    wanted = {
        ResultWish.Channel.PHONE: _("The patient wants to hear results by phone."),
        ResultWish.Channel.IN_PERSON: _("The patient wants to hear results in person."),
    }
    if wish is not None and wish.channel in wanted:
        return wanted[ResultWish.Channel(wish.channel)]
    if recall.pathology_results.exists():
        return _("After a biopsy the patient hears every result from a person.")
    return message_blocked_reason(recall)


def stands_beside_4_or_5(recall: Recall) -> bool:
    """Whether another recall of the patient is open after a 4 or 5: good news of this one alone would mislead."""
    others = Recall.objects.still_open().filter(patient=recall.patient_id, suspicious=True)
    return others.exclude(pk=recall.pk).exists()


def is_answer_to_4_or_5_untold(recall: Recall) -> bool:
    """Whether a 4 or 5, of the screening or a later reading, has no answer yet that a person told the patient.

    One radiologist may answer it with a 1, 2 or 3; a letter alone must not end it. No query when prefetched.
    """
    readings = sorted(read_related(recall, "outcomes"), key=lambda row: row.pk)
    if readings and readings[-1].assessment not in WRITTEN_RESULT_ASSESSMENTS:
        return False  # it answers nothing, and is told by a person anyway
    worrying = [number for number, row in enumerate(readings) if row.assessment in SUSPICIOUS_ASSESSMENTS]
    if not worrying and recall.exam.assessment not in SUSPICIOUS_ASSESSMENTS:
        return False
    since = readings[worrying[-1]].at if worrying else recall.opened_at
    later = readings[worrying[-1] + 1 :] if worrying else readings
    answers = [row.at for row in later if row.assessment in WRITTEN_RESULT_ASSESSMENTS]
    answers += [row.at for row in read_related(recall, "concordances") if row.at >= since]
    told = [row.at for row in read_related(recall, "disclosures") if row.method != DisclosureMethod.IN_WRITING]
    return not answers or not any(at >= min(answers) for at in told)


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
