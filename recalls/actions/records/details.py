"""Action that corrects a patient's record and plans the messages of their open recalls anew at once."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.actors import actor_for
from clinic.roles import PAGE_ROLES, Page, Role
from patients.actions import record_consent, remove_contact_point, set_contact_points, update_details
from patients.addresses import mark_address_usable
from patients.models import Consent, ContactPoint, Patient, ReferringProvider
from patients.record_history import log_changes
from recalls.actions.contact import open_work_item
from recalls.actions.transition import UserOrActor, active_appointment, lock_open_recalls
from recalls.enums import WorkItemKind
from recalls.models import CallPreference, Recall, VisitWish, WorkItem
from recalls.permissions import NotPermitted
from recalls.signals import patient_changed


@dataclass(frozen=True, slots=True)
class RecordEdit:
    """What is corrected; what is not named stays.

    `details`: columns of `Patient`. `contact_points`: the number or address as typed, empty for none any more.
    `best_time`: a `PartOfDay`, empty for no matter when, None where it was not asked. `works_after_all`: kinds whose
    number or address was marked as not usable and is usable.
    """

    details: Mapping[str, Any] = field(default_factory=dict)
    contact_points: Mapping[ContactPoint.Kind, str] = field(default_factory=dict)
    consents: Mapping[Consent.Subject, bool] = field(default_factory=dict)
    best_time: str | None = None
    # Weekdays (digits, Monday 0) and half of the day on which the patient can come; None where it was not asked.
    visit_wish: tuple[str, str] | None = None
    # A `TravelTime`, 0 for not known any more, None where it was not asked.
    travel_minutes: int | None = None
    works_after_all: Collection[ContactPoint.Kind] = ()


@transaction.atomic
def edit_record(
    patient: Patient,
    edit: RecordEdit,
    *,
    by: UserOrActor,
    source: str,
    recall: Recall | None = None,
    referrer: ReferringProvider | None = None,
) -> None:
    """Write the corrections with who, when and `source`; each old value stays in the record's history.

    `referrer`: the referring provider of `recall` from now on; both or neither. Open recalls have their messages
    compared in the same transaction, and a task to check the phone or email is done once every number and address
    works. Raises NotPermitted for a role or site, ValidationError for a record that was merged into another.
    """
    _check_may_edit(patient, by)
    open_recalls = lock_open_recalls(patient)
    locked = Patient.objects.select_for_update(of=("self",)).select_related("site").get(pk=patient.pk)
    if locked.merged_into_id:
        raise ValidationError(_("This record was merged into another one. Change the one in use."))
    needed_interpreter = locked.interpreter_needed
    update_details(locked, edit.details, by=by, source=source)
    _edit_contact_points(locked, edit, by, source)
    for subject, granted in edit.consents.items():
        record_consent(locked, subject, granted=granted, source=source, by=by)
    if edit.best_time is not None:
        set_best_time(locked, edit.best_time, by=by, source=source)
    if said := _said_of_visits(edit):
        set_visit_wish(locked, said, by=by, source=source)
    if recall is not None:
        _set_referrer(recall, locked, referrer, by, source)
    if locked.interpreter_needed and not needed_interpreter:
        _ask_for_interpreter(open_recalls)
    patient_changed.send(sender=Patient, patient=locked)


def _check_may_edit(patient: Patient, by: UserOrActor) -> None:
    actor = actor_for(by)
    if not actor.roles & (PAGE_ROLES[Page.PATIENT_EDIT] | {Role.PATIENT}):  # a patient corrects their own
        raise NotPermitted(_("Your role may not change a patient's record."))
    here = [patient.site_id, *patient.exams.values_list("site_id", flat=True)]
    if not any(actor.can_access_site(site_id) for site_id in here):
        raise NotPermitted(_("This record belongs to a site you do not work at."))


def _edit_contact_points(patient: Patient, edit: RecordEdit, by: UserOrActor, source: str) -> None:
    for point in patient.contact_points.filter(kind__in=edit.works_after_all).exclude(unusable=""):
        mark_address_usable(point, by=by)
    given = {kind: raw for kind, raw in edit.contact_points.items() if raw}
    set_contact_points(patient, given, by=by, source=source)
    for kind, raw in edit.contact_points.items():
        if not raw:
            remove_contact_point(patient, kind, by=by, source=source)
    is_asked = edit.contact_points or edit.works_after_all
    if is_asked and not patient.contact_points.exclude(unusable="").exists():
        tasks = WorkItem.objects.filter(patient=patient, kind=WorkItemKind.VERIFY_CONTACT, done_at=None)
        tasks.update(done_at=timezone.now(), done_by=actor_for(by).user)


def set_best_time(patient: Patient, part: str, *, by: UserOrActor, source: str) -> None:
    """Keep when the patient is best called: a `PartOfDay`, empty for no matter when; the history keeps the old one."""
    before = CallPreference.objects.filter(patient=patient).first()
    old = before.part if before else ""
    if part == old:
        return
    if part:
        said = {"part": part, "changed_at": timezone.now(), "user": actor_for(by).user}
        CallPreference.objects.update_or_create(patient=patient, defaults=said)
    else:
        CallPreference.objects.filter(patient=patient).delete()
    log_changes(patient, {"best_time": (old, part)}, by=by, source=source)


def _said_of_visits(edit: RecordEdit) -> dict[str, Any]:
    said: dict[str, Any] = {}
    if edit.visit_wish is not None:
        said["weekdays"], said["part"] = edit.visit_wish
    if edit.travel_minutes is not None:
        said["travel_minutes"] = edit.travel_minutes
    return said


def set_visit_wish(
    patient: Patient, said: Mapping[str, Any], *, by: UserOrActor, source: str, from_record: Patient | None = None
) -> None:
    """Keep these columns of `VisitWish`, with the earlier wish in the record's history; one that says nothing ends."""
    wish = VisitWish.objects.filter(patient=patient).first() or VisitWish(patient=patient)
    before = str(wish)
    for name, value in said.items():
        setattr(wish, name, value)
    if not wish.is_empty:
        wish.save()
    elif wish.pk:
        wish.delete()
    if before != str(wish):
        log_changes(patient, {"visit_wish": (before, str(wish))}, by=by, source=source, from_record=from_record)


def _set_referrer(
    recall: Recall, patient: Patient, referrer: ReferringProvider | None, by: UserOrActor, source: str
) -> None:
    exam = recall.exam
    if exam.referrer_id == (referrer.pk if referrer else None):
        return
    before = exam.referrer
    exam.referrer, exam.changed_at = referrer, timezone.now()
    exam.save(update_fields=["referrer", "changed_at"])
    log_changes(patient, {"referrer": (before or "", referrer or "")}, by=by, source=source)


def _ask_for_interpreter(open_recalls: list[Recall]) -> None:
    """A visit that is booked already has none."""
    for recall in open_recalls:
        visit = active_appointment(recall)
        if visit is not None and not visit.interpreter:
            open_work_item(
                recall,
                WorkItemKind.INTERPRETER,
                _("The patient needs an interpreter, and the visit is booked without."),
            )
