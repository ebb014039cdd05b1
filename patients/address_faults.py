"""Remembers which numbers and addresses do not work, whoever has them and whenever they are loaded again."""

from collections.abc import Iterable

from django.db.models import Q
from django.utils import timezone

from patients.models import AddressFault, ContactPoint, Patient


def fold_address(value: str) -> str:
    """As addresses are compared: letter case says nothing."""
    return value.strip().lower()


def find_faults(values: Iterable[str], patient: Patient | None = None) -> dict[str, str]:
    """The reason by folded address, for those that have a fault: everybody's, and those of `patient`. One query."""
    known = AddressFault.objects.filter(address__in={fold_address(value) for value in values})
    known = known.filter(Q(patient=None) | Q(patient=patient)) if patient else known.filter(patient=None)
    return dict(known.values_list("address", "reason"))


def remember_fault(value: str, why: ContactPoint.UnusableReason, patient: Patient | None = None) -> None:
    """Nobody is reached there; with a patient, that patient is not."""
    AddressFault.objects.update_or_create(
        address=fold_address(value), patient=patient, defaults={"reason": why, "at": timezone.now()}
    )


def forget_faults(value: str, patient: Patient) -> bool:
    """Somebody says that the patient is reached there; whether it had been a fault for everybody."""
    known = AddressFault.objects.filter(address=fold_address(value))
    known.filter(patient=patient).delete()
    count, _rows = known.filter(patient=None).delete()
    return bool(count)
