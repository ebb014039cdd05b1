"""Turns requests from the patient's page into work items, in the same transaction as their cause.

A booking stays as it is until a scheduler acts: a button may be pressed by mistake, and a time given away is gone.
"""

from django.conf import settings
from django.db import models, transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.actors import PATIENT, SYSTEM
from patients import links
from patients.actions import mark_contact_unusable, record_consent, set_language
from patients.models import Consent, ContactPoint, Patient, PatientLink
from portal.formatting import format_local_day_and_time
from portal.page_context import get_patient_recalls
from portal.stages import get_active_appointment
from recalls import actions
from recalls.enums import WorkItemKind
from recalls.models import Recall, WorkItem
from recalls.permissions import StepRefused

CONSENT_SOURCE = "patient page"
_MAX_REASON_LENGTH = 300


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


@transaction.atomic
def submit_request(patient: Patient, what: PatientRequestKind, words: str) -> None:
    """Put it before the schedulers. While an earlier request is open the new one joins it, newest first."""
    recall = next((row for row in get_patient_recalls(patient) if row.is_open), None)
    with translation.override(settings.LANGUAGE_CODE):  # staff read it, whatever language the patient's page is in
        reason = " ".join(" ".join(part.split()) for part in (_request_reason(what, recall), words) if part)
        item = _open_work_item(patient, recall, WorkItemKind.PATIENT_REQUEST, reason[:_MAX_REASON_LENGTH])
    locked = WorkItem.objects.select_for_update().get(pk=item.pk)
    if reason not in locked.reason:
        locked.reason = f"{reason} | {locked.reason}"[:_MAX_REASON_LENGTH]
        locked.save(update_fields=["reason"])


def _request_reason(what: PatientRequestKind, recall: Recall | None) -> str:
    visit = get_active_appointment(recall) if recall else None
    if visit is None:
        return f"{what.label}."
    day, hour = format_local_day_and_time(visit.site, visit.starts_at)
    return _("%(asked)s (booked: %(day)s, %(time)s).") % {"asked": what.label, "day": day, "time": hour}


@transaction.atomic
def report_link_locked(link: PatientLink) -> None:
    with translation.override(settings.LANGUAGE_CODE):
        _open_patient_work_item(
            link.current_patient,
            WorkItemKind.LINK_LOCKED,
            _("The birth date was wrong five times on the patient's link."),
        )


@transaction.atomic
def report_wrong_recipient(link: PatientLink) -> None:
    """Whoever got the message is not the patient: nothing more goes to that address, and the link ends."""
    patient = link.current_patient
    for point in patient.contact_points.filter(kind=ContactPoint.Kind.EMAIL, unusable=""):
        mark_contact_unusable(point, ContactPoint.UnusableReason.WRONG, by=PATIENT)
    links.revoke_link(link, by=SYSTEM)
    with translation.override(settings.LANGUAGE_CODE):
        reason = _("Somebody who got a message says: I am not this person. Email to that address is stopped.")
        _open_patient_work_item(patient, WorkItemKind.VERIFY_CONTACT, reason)


@transaction.atomic
def save_preferences(patient: Patient, language: str, consents: dict[Consent.Subject, bool]) -> None:
    if language != patient.language:
        set_language(patient, language, by=PATIENT)
    for subject, granted in consents.items():
        record_consent(patient, subject, granted=granted, source=CONSENT_SOURCE, by=PATIENT)


def _open_patient_work_item(patient: Patient, kind: WorkItemKind, reason: str) -> WorkItem:
    return _open_work_item(
        patient, next((row for row in get_patient_recalls(patient) if row.is_open), None), kind, reason
    )


def _open_work_item(patient: Patient, recall: Recall | None, kind: WorkItemKind, reason: str) -> WorkItem:
    if recall is None:
        return actions.open_patient_work_item(patient, kind, reason)
    return actions.open_work_item(recall, kind, reason)
