"""Actions that merge two records of one patient, and separate them again."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Unpack

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.actors import Actor, actor_for
from clinic.roles import Role
from patients.actions import clear_merged_into, set_merged_into
from patients.models import Patient
from recalls.actions.contact import open_patient_work_item, open_work_item
from recalls.actions.records.deaths import check_not_seen_after, mark_deceased, not_deceased
from recalls.actions.records.merged_values import carry_over, give_back
from recalls.actions.records.permissions import check_records_permitted
from recalls.actions.transition import ActionKwargs, Transition, apply_step, lock_open_recalls
from recalls.enums import State, WorkItemKind
from recalls.models import Recall, ScreeningExam, WorkItem
from recalls.permissions import is_death_on_record
from recalls.signals import patient_changed


@transaction.atomic
def merge_patients(loser: Patient, survivor: Patient, **kwargs: Unpack[ActionKwargs]) -> None:
    """Move every exam, recall and work item of one record to the record that stays; each recall's history says so.

    What the record that goes says of the patient goes along: the stricter consent, a death, "do not call" and what the
    other record lacks; so do records that were merged into it before, and each exam stays known by its own. What they
    say differently, and two open recalls, become tasks for a person. Raises ValidationError as
    `patients.actions.set_merged_into` does, and where one record's death contradicts the other.
    """
    check_records_permitted(kwargs, "merge_records", loser, survivor)
    _lock(loser, survivor)
    _check_one_patient_could_say_both(loser, survivor)
    set_merged_into(loser, survivor, by=actor_for(kwargs["by"]))
    to_check = carry_over(loser, survivor, by=kwargs["by"])
    recalls = list(Recall.objects.filter(patient=loser).select_related("site"))
    _move_recalls(recalls, loser, survivor, "merge_records", kwargs)
    moved_at = timezone.now()
    exams = ScreeningExam.objects.filter(patient=loser)
    exams.filter(original_patient=None).update(patient=survivor, original_patient=loser, changed_at=moved_at)
    exams.update(patient=survivor, changed_at=moved_at)
    _close_recalls_of_deceased(survivor, kwargs)
    _open_merge_tasks(survivor, to_check)
    patient_changed.send(sender=Patient, patient=survivor)


@transaction.atomic
def unmerge_patients(loser: Patient, **kwargs: Unpack[ActionKwargs]) -> None:
    """Give back every exam that came in under this record, the recalls of those exams and the values carried over.

    So it is for the records that came along with it. A value that was changed since the merge stays. Raises
    ValidationError as `patients.actions.clear_merged_into` does.
    """
    survivor = loser.merged_into
    if survivor is None:
        return
    check_records_permitted(kwargs, "unmerge_records", loser, survivor)
    _lock(loser, survivor)
    came_along = clear_merged_into(loser, by=actor_for(kwargs["by"]))
    to_check = give_back(loser, survivor, by=kwargs["by"])
    exams = ScreeningExam.objects.filter(original_patient__in=(loser, *came_along))
    recalls = list(Recall.objects.filter(exam__in=exams).select_related("site"))
    _move_recalls(recalls, survivor, loser, "unmerge_records", kwargs)
    exams.update(patient=loser, changed_at=timezone.now())
    exams.filter(original_patient=loser).update(original_patient=None)
    for patient in (loser, survivor):
        _reopen_recalls_of_living(patient, kwargs)
    _open_merge_tasks(survivor, to_check, separated=True)
    for patient in (loser, survivor):
        patient_changed.send(sender=Patient, patient=patient)


def _check_one_patient_could_say_both(loser: Patient, survivor: Patient) -> None:
    """Raise ValidationError where one record knows a death, and the other that the patient was here after it."""
    deaths = [one.deceased_on for one in (loser, survivor)]
    if deaths.count(None) == 1:
        check_not_seen_after(next(day for day in deaths if day), loser, survivor)


def _lock(*patients: Patient) -> None:
    """Open recalls before the records, in the order in which every step takes its locks; the records as they stand."""
    lock_open_recalls(*patients)
    for patient in sorted(patients, key=lambda one: one.pk):
        patient.refresh_from_db(from_queryset=Patient.objects.select_for_update())


def _move_recalls(recalls: Iterable[Recall], source: Patient, target: Patient, step: str, kwargs: ActionKwargs) -> None:
    def assign_patient(transition: Transition) -> None:
        transition.recall.patient = target
        transition.data = {"from_patient": source.pk, "to_patient": target.pk}

    moved = list(recalls)
    for recall in moved:
        apply_step(recall, step, assign_patient, by=_deputy(kwargs, recall), note=kwargs.get("note", ""))
    WorkItem.objects.filter(recall__in=moved).update(patient=target)


def _close_recalls_of_deceased(survivor: Patient, kwargs: ActionKwargs) -> None:
    """A death that either record knows closes what the other had open; every message stops."""
    if survivor.deceased_on is None:
        return
    for recall in Recall.objects.still_open().filter(patient=survivor).select_related("site").order_by("pk"):
        if Recall.objects.still_open().filter(pk=recall.pk).exists():
            by, note = _deputy(kwargs, recall), kwargs.get("note", "")
            mark_deceased(recall, survivor.deceased_on, date_is_right=True, by=by, note=note)


def _reopen_recalls_of_living(patient: Patient, kwargs: ActionKwargs) -> None:
    """A recall that the other record's death had closed goes on."""
    patient.refresh_from_db()
    if patient.deceased_on is not None:
        return
    for recall in Recall.objects.filter(patient=patient, state=State.CLOSED).select_related("site").order_by("pk"):
        if is_death_on_record(recall):
            not_deceased(recall, by=_deputy(kwargs, recall), note=kwargs.get("note", ""))


def _open_merge_tasks(survivor: Patient, to_check: list[str], *, separated: bool = False) -> None:
    open_recalls = list(
        Recall.objects.still_open().filter(patient=survivor).select_related("site", "patient").order_by("pk")
    )
    if len(open_recalls) > 1 and not separated:
        open_work_item(
            open_recalls[-1], WorkItemKind.MERGE_CONFLICT, _("After a merge this patient has two open recalls.")
        )
    if not to_check or survivor.deceased_on is not None:
        return
    when = _("After records were separated") if separated else _("After a merge")
    reason = f"{when}: {' '.join(to_check)}"[: WorkItem.REASON_LENGTH]
    if open_recalls:
        open_work_item(open_recalls[-1], WorkItemKind.VERIFY_CONTACT, reason)
    else:
        open_patient_work_item(survivor, WorkItemKind.VERIFY_CONTACT, reason)


def _deputy(kwargs: ActionKwargs, recall: Recall) -> Actor:
    """What follows from a merge is true at every site, also where the person who merges does not work."""
    actor = actor_for(kwargs["by"])
    user = actor.user if actor.can_access_site(recall.site_id) else None
    return replace(actor, roles=actor.roles | {Role.MANAGER}, user=user)
