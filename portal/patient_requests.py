"""Turns requests from the patient's page into work items, in the same transaction as their cause.

A booking stays as it is until a scheduler acts: a button may be pressed by mistake, and a time given away is gone.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.actors import PATIENT
from patients import links
from patients.actions import record_consent, set_language, set_result_wish
from patients.addresses import mark_address_unusable
from patients.models import Consent, ContactPoint, Patient, PatientLink
from portal.formatting import format_local_day_and_time
from portal.page_context import get_patient_recalls
from portal.stages import get_active_appointment
from recalls import actions
from recalls.enums import CLOSED_WITHOUT_ANSWER, CancelReason, WorkItemKind
from recalls.models import EarlierOffer, HeldSlot, Recall
from recalls.permissions import StepRefused
from recalls.signals import patient_changed

_MAX_DIGITS = 10  # of a number in a form; a key of the database is shorter
CONSENT_SOURCE = "patient page"


class PatientRequestKind(models.TextChoices):
    """What the patient may ask for; the value stands in the address of its form."""

    ANOTHER_TIME = "another-time", gettext_lazy("I need another time")
    CANNOT_COME = "cannot-come", gettext_lazy("I cannot come")
    CALL_ME = "call-me", gettext_lazy("Please call me")


def confirm_appointment(recall: Recall) -> bool:
    """The patient will be there. False when the recall was moved while the button was pressed."""
    try:
        actions.confirm(recall, by=PATIENT, seen=recall.version)
    except StepRefused:
        return False
    return True


def keep_held_time(patient: Patient, key: str) -> bool:
    """Book the held time of that key. False where it is another by now, or can be booked no longer."""
    number, _colon, sequence = key.partition(":")
    wanted = HeldSlot.objects.filter(recall__patient=patient, pk=_digits(number), sequence=_digits(sequence))
    held = wanted.select_related("recall__site").first()
    if held is None:
        return False
    try:
        with translation.override(settings.LANGUAGE_CODE):  # staff read the history
            note = _("Kept on the patient's page.")
            actions.keep_held_time(held.recall, held.sequence, by=PATIENT, note=note)
    except (StepRefused, ValidationError):
        return False
    return True


def choose_time(patient: Patient, chosen: str, *, seen: str, key: str) -> str:
    """Book or move to the free time that was chosen; empty, or the sentence that says why not."""
    with translation.override(settings.LANGUAGE_CODE):  # staff read the history
        note = _("Chosen on the patient's page.")
    try:
        actions.choose_time(patient, chosen, by=PATIENT, seen=_digits(seen), key=key[:36] or None, note=note)
    except ValidationError:
        return _("That time is taken or not offered any more. Please choose another.")
    except StepRefused:
        return _("Your visit has changed. Please look at the day and time again.")
    return ""


def save_travel_time(patient: Patient, minutes: int) -> None:
    """`minutes`: a `TravelTime`, 0 for not known."""
    with translation.override(settings.LANGUAGE_CODE):  # staff read the history
        edit = actions.RecordEdit(travel_minutes=minutes)
        actions.edit_record(patient, edit, by=PATIENT, source=CONSENT_SOURCE)


def answer_earlier(patient: Patient, number: str, *, is_yes: bool) -> str:
    """Take the earlier time or leave it; the sentence that tells what became of it."""
    mine = EarlierOffer.objects.filter(pk=_digits(number), entry__appointment__recall__patient=patient)
    offer = mine.select_related(
        "entry__appointment__recall__site", "entry__appointment__recall__patient", "room"
    ).first()
    if offer is None:
        return _("This time is offered no longer. Your visit stays as it is.")
    if not is_yes:
        actions.refuse_earlier(offer)
        return _("Your visit stays as it is. We ask you again when another time is free.")
    with translation.override(settings.LANGUAGE_CODE):  # staff read the history
        note = _("Earlier time taken on the patient's page.")
    try:
        actions.take_earlier(offer, by=PATIENT, note=note)
    except StepRefused:
        return _("Somebody else was faster. We are sorry. Your visit stays as it is.")
    return _("The earlier time is yours.")


def wait_for_earlier(patient: Patient, *, stop: bool) -> bool:
    """Put the booked visit on the list for an earlier time, or take it off. False where there is no such visit."""
    recall = next((row for row in get_patient_recalls(patient) if row.is_open), None)
    policy = getattr(recall.site, "slot_policy", None) if recall else None
    if recall is None or policy is None or not policy.offers_earlier:
        return False
    try:
        actions.ask_earlier(recall, stop=stop, by=PATIENT)
    except StepRefused:
        return False
    return True


def cancel_visit(patient: Patient, reason: CancelReason, *, key: str) -> bool:
    """Cancel the booked visit for that reason. False where a person must be asked."""
    recall = next((row for row in get_patient_recalls(patient) if row.is_open), None)
    if recall is None:
        return False
    try:
        with translation.override(settings.LANGUAGE_CODE):  # staff read the task
            actions.cancel_for(recall, reason, by=PATIENT, key=key)
    except StepRefused:
        return False
    return True


def _digits(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < _MAX_DIGITS else 0


@transaction.atomic
def submit_request(patient: Patient, what: PatientRequestKind, words: str) -> None:
    """Put it before the schedulers. While an earlier request is open the new one joins it, newest first.

    A patient who was lost, said no or went elsewhere and now asks for a call is taken back.
    """
    recalls = get_patient_recalls(patient)
    with translation.override(settings.LANGUAGE_CODE):  # staff read it, whatever language the patient's page is in
        recall = next((row for row in recalls if row.is_open), None) or _take_back(recalls)
        reason = " ".join(" ".join(part.split()) for part in (_request_reason(what, recall), words) if part)
        actions.open_task_about(patient, WorkItemKind.PATIENT_REQUEST, reason)


def _take_back(recalls: Sequence[Recall]) -> Recall | None:
    """The newest recall, open again, where it ended without an answer; None where it may not be taken back."""
    recall = recalls[0] if recalls else None
    if recall is None or recall.closure_reason not in CLOSED_WITHOUT_ANSWER:
        return None
    try:
        actions.take_back(recall, by=PATIENT, note=_("Asked on the patient's page to be called."))
    except StepRefused:
        return None
    return recall


def _request_reason(what: PatientRequestKind, recall: Recall | None) -> str:
    visit = get_active_appointment(recall) if recall else None
    if visit is None:
        return f"{what.label}."
    day, hour = format_local_day_and_time(visit.site, visit.starts_at)
    return _("%(asked)s (booked: %(day)s, %(time)s).") % {"asked": what.label, "day": day, "time": hour}


@transaction.atomic
def report_link_locked(link: PatientLink) -> None:
    with translation.override(settings.LANGUAGE_CODE):
        actions.open_task_about(
            link.current_patient,
            WorkItemKind.LINK_LOCKED,
            _("The birth date was wrong five times on the patient's link."),
        )


@transaction.atomic
def report_wrong_recipient(link: PatientLink) -> None:
    """Whoever got the message is not the patient: nothing more goes to that address, and every link ends.

    It says nothing of an address that the patient has given since, nor of another patient who is reached there.
    """
    patient = link.current_patient
    actions.lock_open_recalls(patient)
    present = patient.contact_points.filter(kind=ContactPoint.Kind.EMAIL).values_list("value", flat=True).first()
    mark_address_unusable(link.address or present or "", ContactPoint.UnusableReason.WRONG, by=PATIENT, patient=patient)
    links.revoke_links(patient, by=PATIENT)
    with translation.override(settings.LANGUAGE_CODE):
        patient_changed.send(sender=Patient, patient=patient)
        reason = _("Somebody who got a message says: I am not this person. Email to that address is stopped.")
        actions.open_task_about(patient, WorkItemKind.VERIFY_CONTACT, reason)


@transaction.atomic
def save_preferences(
    patient: Patient, language: str, consents: dict[Consent.Subject, bool], wish: Mapping[str, Any]
) -> None:
    """Keep what was changed; `wish`: columns of `ResultWish`, noted in the history of the recall where there is one."""
    actions.lock_open_recalls(patient)
    if language != patient.language:
        set_language(patient, language, by=PATIENT)
    for subject, granted in consents.items():
        record_consent(patient, subject, granted=granted, source=CONSENT_SOURCE, by=PATIENT)
    with translation.override(settings.LANGUAGE_CODE):  # staff read the history and the tasks
        if wish:
            save_wish(patient, wish, _("Said on the patient's page."))
        patient_changed.send(sender=Patient, patient=patient)


def save_wish(patient: Patient, wish: Mapping[str, Any], note: str) -> bool:
    """Keep columns of `ResultWish`; whether the history of a recall tells of it: a patient without one has none."""
    recall = next(iter(get_patient_recalls(patient)), None)
    if recall is None:
        set_result_wish(patient, dict(wish), by=PATIENT)
        return False
    actions.record_wishes(recall, wish, by=PATIENT, note=note)
    return True
