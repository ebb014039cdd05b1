"""Marks every contact point that has an address which does not work, or works again.

A bounce, a complaint or a wrong number speaks of the address: it holds for everybody who has it, and when the address
is loaded again. That somebody is not this patient holds for the patient alone.
"""

from collections.abc import Iterable

from django.db import models, transaction
from django.db.models.functions import Lower

from clinic.actors import Actor
from clinic.models import User
from patients.actions import mark_contact_unusable, mark_contact_usable
from patients.address_faults import fold_address, forget_faults, remember_fault
from patients.models import AddressFault, ContactPoint, Patient


@transaction.atomic
def mark_address_unusable(
    value: str, why: ContactPoint.UnusableReason, *, by: User | Actor, patient: Patient | None = None
) -> list[ContactPoint]:
    """Remember it and mark the usable contact points that have the address, of `patient` alone where one is given.

    Returns those marked now, with patient and site. An address that nobody has (any more) is remembered all the same.
    """
    if not value:
        return []
    remember_fault(value, why, patient)
    points = _points_with(value).filter(unusable="")
    marked = list(points.filter(patient=patient) if patient else points)
    for point in marked:
        mark_contact_unusable(point, why, by=by)
    return marked


@transaction.atomic
def mark_address_usable(point: ContactPoint, *, by: User | Actor) -> None:
    """A person says that it works: for this patient, and for all others where it had been a fault of the address."""
    mark_contact_usable(point, by=by)
    if not forget_faults(point.value, point.patient):
        return
    own_faults = AddressFault.objects.filter(address=fold_address(point.value), patient=models.OuterRef("patient"))
    others = _points_with(point.value).exclude(unusable__in=("", ContactPoint.UnusableReason.INVALID))
    for other in others.exclude(models.Exists(own_faults)):
        mark_contact_usable(other, by=by)


def has_address(records: Iterable[Patient], value: str) -> bool:
    """Whether this is an address of one of the patient's records now, whether or not it may be used."""
    return _points_with(value).filter(patient__in=records).exists()


def _points_with(value: str) -> models.QuerySet[ContactPoint]:
    points = ContactPoint.objects.alias(folded=Lower("value")).filter(folded=fold_address(value))
    return points.select_related("patient__site").order_by("pk")
