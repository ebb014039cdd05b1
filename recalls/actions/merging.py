"""Moves exams, recalls and work items when two patient records are merged or separated again."""

from typing import Unpack

from django.db import transaction
from django.utils.translation import gettext as _

from clinic.actors import actor_for
from patients.actions import clear_merged_into, set_merged_into
from patients.models import Patient
from recalls.actions.contact import open_work_item
from recalls.actions.transition import ActionKwargs, Transition, apply_step
from recalls.enums import WorkItemKind
from recalls.models import Recall, ScreeningExam, WorkItem
from recalls.permissions import NotPermitted
from recalls.workflow import STEPS_BY_NAME


@transaction.atomic
def merge_patients(loser: Patient, survivor: Patient, **kwargs: Unpack[ActionKwargs]) -> None:
    """Move every exam, recall and work item of one record to the record that stays; each recall's history says so.

    Two open recalls of one patient become a task for a person. Raises ValidationError as `patients.actions.merge` does.
    """
    _check_merge_permitted(kwargs, "merge_records", loser, survivor)
    set_merged_into(loser, survivor, by=actor_for(kwargs["by"]))
    recalls = list(Recall.objects.filter(patient=loser).select_related("site"))
    _move_recalls(recalls, loser, survivor, "merge_records", kwargs)
    ScreeningExam.objects.filter(patient=loser).update(patient=survivor, original_patient=loser)
    open_recalls = list(Recall.objects.filter(patient=survivor).still_open().select_related("site", "patient"))
    if len(open_recalls) > 1:
        open_work_item(
            open_recalls[-1], WorkItemKind.MERGE_CONFLICT, _("After a merge this patient has two open recalls.")
        )


@transaction.atomic
def unmerge_patients(loser: Patient, **kwargs: Unpack[ActionKwargs]) -> None:
    """Give back every exam that came in under this record, and the recalls of those exams."""
    survivor = loser.merged_into
    if survivor is None:
        return
    _check_merge_permitted(kwargs, "unmerge_records", loser, survivor)
    clear_merged_into(loser, by=actor_for(kwargs["by"]))
    recalls = list(Recall.objects.filter(exam__original_patient=loser).select_related("site"))
    _move_recalls(recalls, survivor, loser, "unmerge_records", kwargs)
    ScreeningExam.objects.filter(original_patient=loser).update(patient=loser, original_patient=None)


def _check_merge_permitted(kwargs: ActionKwargs, step: str, *patients: Patient) -> None:
    """Check role and sites here, since a record without recalls takes no step that would check them."""
    actor = actor_for(kwargs["by"])
    if not actor.roles & STEPS_BY_NAME[step].roles:
        raise NotPermitted(_("Your role may not do this. %(rule)s") % {"rule": STEPS_BY_NAME[step].rule})
    if not all(actor.can_access_site(patient.site_id) for patient in patients):
        raise NotPermitted(_("One of these records belongs to a site you do not work at."))


def _move_recalls(recalls: list[Recall], source: Patient, target: Patient, step: str, kwargs: ActionKwargs) -> None:
    def assign_patient(transition: Transition) -> None:
        transition.recall.patient = target
        transition.data = {"from_patient": source.pk, "to_patient": target.pk}

    for recall in recalls:
        apply_step(recall, step, assign_patient, by=kwargs["by"], note=kwargs.get("note", ""))
    WorkItem.objects.filter(recall__in=recalls).update(patient=target)
