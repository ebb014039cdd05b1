"""Sets and lifts legal holds; each stands in the security log with its reason."""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet

from clinic.accounts import security_log
from clinic.models import SecurityEvent, User
from clinic.roles import Page, can_open_page
from patients.models import Patient
from recalls.selectors.patients import patients_of
from retention.models import LegalHold, LegalHoldLift


@transaction.atomic
def set_hold(patient: Patient, reason: str, *, by: User) -> LegalHold:
    """From now on nothing of the patient is minimised, not even what two people have confirmed already."""
    _check_permitted(patient, by)
    Patient.objects.select_for_update().get(pk=patient.pk)  # whoever minimises holds this lock
    hold = LegalHold.objects.create(patient=patient, reason=reason, user=by)
    _log(f"set for patient {patient.pk}: {reason}", by)
    return hold


@transaction.atomic
def lift_hold(hold: LegalHold, reason: str, *, by: User) -> None:
    """Twice is once."""
    _check_permitted(hold.patient, by)
    _lift, is_new = LegalHoldLift.objects.get_or_create(hold=hold, defaults={"reason": reason, "user": by})
    if is_new:
        _log(f"lifted for patient {hold.patient_id}: {reason}", by)


def holds_of(patient: Patient) -> QuerySet[LegalHold]:
    """Of the record and of those merged into it, the newest first, with what lifted them."""
    rows = LegalHold.objects.filter(Q(patient=patient) | Q(patient__merged_into=patient))
    return rows.select_related("user", "lift__user")


def holds_in_force(user: User) -> QuerySet[LegalHold]:
    """At the user's sites."""
    rows = LegalHold.objects.filter(lift=None, patient__in=patients_of(user))
    return rows.select_related("user", "patient")


def _check_permitted(patient: Patient, by: User) -> None:
    if not can_open_page(by, Page.LEGAL_HOLDS) or not patients_of(by).filter(pk=patient.pk).exists():
        raise PermissionDenied


def _log(words: str, by: User) -> None:
    security_log.record(SecurityEvent.Kind.LEGAL_HOLD, user=by, by=by, detail=words)
