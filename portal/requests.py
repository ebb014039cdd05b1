"""What reaches the staff from the patient's page? Work items, in the same transaction as what caused them.

A booking stays as it is until a scheduler acts: a button may be pressed by mistake, and a time given away is gone.
"""

from django.conf import settings
from django.db import models, transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.actors import PATIENT, SYSTEM
from patients import links
from patients.actions import choose_language, mark_unusable, record_consent
from patients.models import Consent, ContactPoint, Patient, PatientLink
from portal.stages import booked_visit
from portal.story import recalls_of
from portal.wording import local_words
from recalls import actions
from recalls.enums import WorkItemKind
from recalls.models import Recall, WorkItem
from recalls.permissions import StepRefused

SOURCE = "patient page"
_LONGEST_REASON = 300


class Ask(models.TextChoices):
    """What the patient may ask for; the value stands in the address of its form."""

    ANOTHER_TIME = "another-time", gettext_lazy("I need another time")
    CANNOT_COME = "cannot-come", gettext_lazy("I cannot come")
    CALL_ME = "call-me", gettext_lazy("Please call me")


def confirm(recall: Recall) -> bool:
    """The patient will be there. False when the recall was moved while the button was pressed."""
    try:
        actions.confirm(recall, by=PATIENT, seen=recall.version)
    except StepRefused:
        return False
    return True


@transaction.atomic
def ask(patient: Patient, what: Ask, words: str) -> None:
    """Put it before the schedulers. While an earlier request is open the new one joins it, newest first."""
    recall = next((row for row in recalls_of(patient) if row.is_open), None)
    with translation.override(settings.LANGUAGE_CODE):  # staff read it, whatever language the patient's page is in
        reason = " ".join(" ".join(part.split()) for part in (_about(what, recall), words) if part)
        item = _open(patient, recall, WorkItemKind.PATIENT_REQUEST, reason[:_LONGEST_REASON])
    locked = WorkItem.objects.select_for_update().get(pk=item.pk)
    if reason not in locked.reason:
        locked.reason = f"{reason} | {locked.reason}"[:_LONGEST_REASON]
        locked.save(update_fields=["reason"])


def _about(what: Ask, recall: Recall | None) -> str:
    visit = booked_visit(recall) if recall else None
    if visit is None:
        return f"{what.label}."
    day, hour = local_words(visit.site, visit.starts_at)
    return _("%(asked)s (booked: %(day)s, %(time)s).") % {"asked": what.label, "day": day, "time": hour}


@transaction.atomic
def report_locked(link: PatientLink) -> None:
    with translation.override(settings.LANGUAGE_CODE):
        _open_for(
            link.holder, WorkItemKind.LINK_LOCKED, _("The birth date was wrong five times on the patient's link.")
        )


@transaction.atomic
def wrong_person(link: PatientLink) -> None:
    """Whoever got the message is not the patient: nothing more goes to that address, and the link ends."""
    patient = link.holder
    for point in patient.contact_points.filter(kind=ContactPoint.Kind.EMAIL, unusable=""):
        mark_unusable(point, ContactPoint.Unusable.WRONG, by=PATIENT)
    links.revoke(link, by=SYSTEM)
    with translation.override(settings.LANGUAGE_CODE):
        reason = _("Somebody who got a message says: I am not this person. Email to that address is stopped.")
        _open_for(patient, WorkItemKind.VERIFY_CONTACT, reason)


@transaction.atomic
def choose(patient: Patient, language: str, consents: dict[Consent.Subject, bool]) -> None:
    if language != patient.language:
        choose_language(patient, language, by=PATIENT)
    for subject, granted in consents.items():
        record_consent(patient, subject, granted=granted, source=SOURCE, by=PATIENT)


def _open_for(patient: Patient, kind: WorkItemKind, reason: str) -> WorkItem:
    return _open(patient, next((row for row in recalls_of(patient) if row.is_open), None), kind, reason)


def _open(patient: Patient, recall: Recall | None, kind: WorkItemKind, reason: str) -> WorkItem:
    if recall is None:
        return actions.open_patient_work_item(patient, kind, reason)
    return actions.open_work_item(recall, kind, reason)
