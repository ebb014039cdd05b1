"""Writes the append-only history of a patient's record."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from clinic.actors import Actor, actor_for
from clinic.models import User
from patients.models import Patient
from patients.record_models import PatientChange


def log_changes(
    patient: Patient,
    changes: Mapping[str, tuple[Any, Any]],
    *,
    by: User | Actor,
    source: str = "",
    from_record: Patient | None = None,
) -> None:
    """Add a row for each {what: (old value, new value)}; no value is an empty text. The record is newer from now on."""
    if not changes:
        return
    actor = actor_for(by)
    patient.changed_at = timezone.now()
    Patient.objects.filter(pk=patient.pk).update(changed_at=patient.changed_at)
    PatientChange.objects.bulk_create(
        PatientChange(
            patient=patient,
            field=name,
            old=_as_text(old),
            new=_as_text(new),
            by=actor.name,
            user=actor.user,
            source=source,
            from_record=from_record,
        )
        for name, (old, new) in changes.items()
    )


def _as_text(value: Any) -> str:
    return "" if value is None else str(value)
