"""What may happen to a patient's record: contact details, consents, death, merge. Every action names who did it."""

from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.actors import Actor, actor_for
from clinic.models import User
from patients.contact_validation import check_email, check_phone
from patients.models import Consent, ContactPoint, Patient


def set_contact_point(patient: Patient, kind: ContactPoint.Kind, raw: str, *, by: User | Actor) -> ContactPoint:
    """Write one contact point; a value that cannot be used is kept and marked, the same value changes nothing."""
    actor_for(by)
    checked = check_email(raw) if kind == ContactPoint.Kind.EMAIL else check_phone(raw, patient.site.country)
    mark = ContactPoint.UnusableReason.INVALID if checked.problem else ""
    point = patient.contact_points.filter(kind=kind).first()
    if point is not None and point.value == checked.value:
        return point
    fields = {"value": checked.value, "unusable": mark, "changed_at": timezone.now()}
    point, _created = ContactPoint.objects.update_or_create(patient=patient, kind=kind, defaults=fields)
    return point


def update_details(patient: Patient, changes: dict[str, Any], *, by: User | Actor) -> bool:
    """Write newer details (names, language, address) over the old ones; whether anything changed."""
    actor_for(by)
    changed = [name for name, value in changes.items() if getattr(patient, name) != value]
    for name in changed:
        setattr(patient, name, changes[name])
    if changed:
        patient.save(update_fields=changed)
    return bool(changed)


def mark_contact_unusable(point: ContactPoint, why: ContactPoint.UnusableReason, *, by: User | Actor) -> None:
    actor_for(by)
    point.unusable, point.changed_at = why, timezone.now()
    point.save(update_fields=["unusable", "changed_at"])


def mark_contact_usable(point: ContactPoint, *, by: User | Actor) -> None:
    """The mark was a slip."""
    actor_for(by)
    point.unusable, point.changed_at = "", timezone.now()
    point.save(update_fields=["unusable", "changed_at"])


def set_language(patient: Patient, code: str, *, by: User | Actor) -> None:
    """The language the patient wants to be written to in, as a code such as "es"."""
    actor_for(by)
    patient.language = code
    patient.save(update_fields=["language"])


def record_consent(
    patient: Patient,
    subject: Consent.Subject,
    *,
    granted: bool,
    source: str,
    by: User | Actor,
) -> Consent | None:
    """Add what the patient said; None when it was said before."""
    newest = patient.consents.filter(subject=subject).first()
    if newest is not None and newest.granted == granted:
        return None
    return Consent.objects.create(
        patient=patient,
        subject=subject,
        granted=granted,
        source=source,
        by=actor_for(by).user,
    )


def record_death(patient: Patient, died_on: date, *, by: User | Actor) -> None:
    actor_for(by)
    if died_on < patient.birth_date or died_on > timezone.now().date():
        raise ValidationError(_("The date of death must lie between the birth date and today."))
    patient.deceased_on = died_on
    patient.save(update_fields=["deceased_on"])


@transaction.atomic
def set_merged_into(loser: Patient, survivor: Patient, *, by: User | Actor) -> None:
    """Point one record number at another. Recalls move with `recalls.merge`, which calls this.

    Raises ValidationError when it would make a circle or merge a record twice; `unmerge` undoes it.
    """
    actor_for(by)
    if loser.pk == survivor.pk:
        raise ValidationError(_("A record cannot be merged into itself."))
    if loser.merged_into_id or survivor.merged_into_id:
        raise ValidationError(_("One of these records is already merged. Choose the record that is in use."))
    if loser.merged_from.exists():
        raise ValidationError(_("Other records are merged into this one. Merge it the other way round."))
    loser.merged_into = survivor
    loser.save(update_fields=["merged_into"])


@transaction.atomic
def clear_merged_into(loser: Patient, *, by: User | Actor) -> None:
    actor_for(by)
    loser.merged_into = None
    loser.save(update_fields=["merged_into"])
