"""What may happen to a patient's record: contact details, consents, death, merge. Every action names who did it."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from clinic import calendar
from clinic.actors import Actor, actor_for
from clinic.models import User
from clinic.queries.prepared import PreparedQuery
from clinic.queries.related_rows import query_related
from patients.address_faults import find_faults, fold_address
from patients.contact_validation import CheckedContact, check_email, check_phone
from patients.models import Consent, ContactPoint, Patient, ResultWish
from patients.record_history import log_changes

MAX_CONSENT_WORDS = 300  # characters
_MERGED_INTO = "merged_into_id"


def lock_patient(patient: Patient) -> None:
    """Wait until no message to the patient is being claimed, and let none be claimed until the transaction ends.

    For an act that leaves the patient's own row alone; a row that refers to it asks for it only at the commit.
    """
    lock_patient_key(patient.pk)


def lock_patient_key(patient: int) -> None:
    """The same by primary key."""
    if not list(_LOCK.rows(patient=patient)):
        raise Patient.DoesNotExist


def _build_lock(*, patient: int) -> "QuerySet[Patient, Any]":
    return Patient.objects.select_for_update(no_key=True).filter(pk=patient).values_list("pk")


_LOCK = PreparedQuery(_build_lock)


def set_contact_point(
    patient: Patient,
    kind: ContactPoint.Kind,
    raw: str,
    *,
    by: User | Actor,
    source: str = "",
    from_record: Patient | None = None,
) -> ContactPoint:
    """Write one contact point, as `set_contact_points` does."""
    return set_contact_points(patient, {kind: raw}, by=by, source=source, from_record=from_record)[kind]


@transaction.atomic
def set_contact_points(
    patient: Patient,
    given: Mapping[ContactPoint.Kind, str],
    *,
    by: User | Actor,
    source: str = "",
    from_record: Patient | None = None,
) -> dict[ContactPoint.Kind, ContactPoint]:
    """Write contact points, and return those by kind; a value that cannot be used is kept and marked.

    The same value changes nothing. An address that is known not to work stays so until a person says that it does:
    `addresses.mark_address_usable`.
    """
    checked = {kind: _check_contact(kind, raw, patient) for kind, raw in given.items()}
    stored: list[ContactPoint] = query_related(patient, "contact_points")
    points = {ContactPoint.Kind(row.kind): row for row in stored if row.kind in checked}
    before = {kind: points[kind].value if kind in points else None for kind in checked}
    changed = {kind: new for kind, new in checked.items() if new.value != before[kind]}
    if changed:
        lock_patient(patient)
    faults = find_faults([new.value for new in changed.values()], patient)
    log_changes(
        patient,
        {str(kind): (before[kind], new.value) for kind, new in changed.items()},
        by=by,
        source=source,
        from_record=from_record,
    )
    rows = [
        ContactPoint(
            patient=patient,
            kind=kind,
            value=new.value,
            unusable=ContactPoint.UnusableReason.INVALID if new.problem else faults.get(fold_address(new.value), ""),
        )
        for kind, new in changed.items()
    ]
    # A colleague may write the same kind at the same instant: the later one stands.
    ContactPoint.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["patient", "kind"],
        update_fields=["value", "unusable", "changed_at", "verified_at"],
    )
    return points | dict(zip(changed, rows, strict=True))


def _check_contact(kind: ContactPoint.Kind, raw: str, patient: Patient) -> CheckedContact:
    return check_email(raw) if kind == ContactPoint.Kind.EMAIL else check_phone(raw, patient.site.country)


@transaction.atomic
def remove_contact_point(
    patient: Patient, kind: ContactPoint.Kind, *, by: User | Actor, source: str = ""
) -> ContactPoint | None:
    """Forget a number or address that is the patient's no longer; its value stays in the history."""
    point: ContactPoint | None = patient.contact_points.filter(kind=kind).first()
    if point is not None:
        lock_patient(patient)
        log_changes(patient, {str(kind): (point.value, "")}, by=by, source=source)
        point.delete()
    return point


@transaction.atomic
def update_details(
    patient: Patient,
    changes: Mapping[str, Any],
    *,
    by: User | Actor,
    source: str = "",
    from_record: Patient | None = None,
) -> bool:
    """Write newer details (names, language, address) over the old ones; whether anything changed."""
    changed = {name: (getattr(patient, name), new) for name, new in changes.items() if getattr(patient, name) != new}
    for name, (_old, new) in changed.items():
        setattr(patient, name, new)
    if changed:
        patient.save(update_fields=list(changed))
        log_changes(patient, changed, by=by, source=source, from_record=from_record)
    return bool(changed)


def mark_contact_unusable(point: ContactPoint, why: ContactPoint.UnusableReason, *, by: User | Actor) -> None:
    """The mark of this one; `addresses.mark_address_unusable` marks and remembers it for whoever has the address."""
    _set_mark(point, why, by)


def mark_contact_usable(point: ContactPoint, *, by: User | Actor) -> None:
    """The mark of this one was a slip; see `addresses.mark_address_usable`."""
    _set_mark(point, "", by)


@transaction.atomic
def _set_mark(point: ContactPoint, why: str, by: User | Actor) -> None:
    lock_patient(point.patient)
    log_changes(point.patient, {f"{point.kind}_unusable": (point.unusable, why)}, by=by)
    point.unusable, point.changed_at = why, timezone.now()
    if why:
        point.verified_at = None
    point.save(update_fields=["unusable", "changed_at", "verified_at"])


def set_language(patient: Patient, code: str, *, by: User | Actor, source: str = "") -> None:
    """The language the patient wants to be written to in, as a code such as "es"."""
    update_details(patient, {"language": code}, by=by, source=source)


@transaction.atomic
def record_consent(
    patient: Patient,
    subject: Consent.Subject,
    *,
    granted: bool,
    source: str,
    by: User | Actor,
    words: str = "",
) -> Consent | None:
    """Add what the patient said, `words` where they are known; None when it was said before."""
    said: list[Consent] = [row for row in query_related(patient, "consents") if row.subject == subject]
    newest = max(said, key=lambda row: row.pk, default=None)
    if newest is not None and newest.granted == granted:
        return None
    lock_patient(patient)
    return Consent.objects.create(
        patient=patient,
        subject=subject,
        granted=granted,
        source=source,
        words=Truncator(words).chars(MAX_CONSENT_WORDS),
        by=actor_for(by).user,
    )


@transaction.atomic
def set_result_wish(patient: Patient, wish: dict[str, Any], *, by: User | Actor) -> None:
    """Keep how the patient wants to hear results: the columns of `ResultWish` by name."""
    actor_for(by)
    lock_patient(patient)
    ResultWish.objects.update_or_create(patient=patient, defaults={**wish, "changed_at": timezone.now()})


def record_death(patient: Patient, died_on: date, *, by: User | Actor) -> None:
    if died_on < patient.birth_date or died_on > calendar.today(patient.site):
        raise ValidationError(_("The date of death must lie between the birth date and today."))
    update_details(patient, {"deceased_on": died_on}, by=by)


def clear_death(patient: Patient, *, by: User | Actor) -> None:
    """The death was recorded in error."""
    update_details(patient, {"deceased_on": None}, by=by)


@transaction.atomic
def set_merged_into(loser: Patient, survivor: Patient, *, by: User | Actor) -> None:
    """Point one record number at another. Recalls move with `recalls.merge`, which calls this.

    Records that were merged into this one come along, so that every number leads to the record in use. Raises
    ValidationError when it would make a circle or merge a record twice; `clear_merged_into` undoes it.
    """
    if loser.pk == survivor.pk:
        raise ValidationError(_("A record cannot be merged into itself."))
    if loser.merged_into_id or survivor.merged_into_id:
        raise ValidationError(_("One of these records is already merged. Choose the record that is in use."))
    for record in loser.merged_from.order_by("pk"):
        update_details(record, {_MERGED_INTO: survivor.pk}, by=by, from_record=loser)
    update_details(loser, {_MERGED_INTO: survivor.pk}, by=by)


@transaction.atomic
def clear_merged_into(loser: Patient, *, by: User | Actor) -> list[Patient]:
    """Undo one merge; the records that had come along with it go back to it, and are returned.

    Raises ValidationError for a record that came along with another one: that one is separated first.
    """
    survivor_id, brought_by = loser.merged_into_id, _brought_by(loser)
    if survivor_id is None:
        return []
    if brought_by is not None:
        words = _("This record came along with MRN %(mrn)s. Separate that one first.")
        raise ValidationError(words % {"mrn": brought_by.mrn})
    others = Patient.objects.filter(merged_into=survivor_id).exclude(pk=loser.pk).order_by("pk")
    came_along = [record for record in others if _brought_by(record) == loser]
    for record in came_along:
        before = record.changes.filter(field=_MERGED_INTO, new=str(loser.pk)).first()
        update_details(record, {_MERGED_INTO: loser.pk}, by=by, from_record=before.from_record if before else None)
    update_details(loser, {_MERGED_INTO: None}, by=by)
    return came_along


def _brought_by(record: Patient) -> Patient | None:
    """The record with which it came to the one in use, where it was not merged into that one itself."""
    newest = record.changes.filter(field=_MERGED_INTO).select_related("from_record").first()
    return newest.from_record if newest else None
