"""What happens to recalls when two records turn out to be one patient, or a merge was a mistake?"""

from typing import Unpack

from django.db import transaction
from django.utils.translation import gettext as _

from clinic.actors import actor_for
from patients.actions import merge, unmerge
from patients.models import Patient
from recalls.actions.contact import open_work_item
from recalls.actions.moving import Asked, Move, take
from recalls.models import Recall, ScreeningExam, WorkItem
from recalls.states import WorkItemKind


@transaction.atomic
def merge_patients(loser: Patient, survivor: Patient, **asked: Unpack[Asked]) -> None:
    """Move every exam, recall and task of one record to the record that stays; each recall's history says so.

    Two open recalls of one patient become a task for a person. Raises ValidationError as `patients.actions.merge` does.
    """
    merge(loser, survivor, by=actor_for(asked["by"]))
    _move_all(
        loser, survivor, list(Recall.objects.filter(patient=loser).select_related("site")), "merge_records", asked
    )
    open_recalls = list(Recall.objects.filter(patient=survivor).still_open().select_related("site", "patient"))
    if len(open_recalls) > 1:
        open_work_item(
            open_recalls[-1], WorkItemKind.MERGE_CONFLICT, _("After a merge this patient has two open recalls.")
        )


@transaction.atomic
def unmerge_patients(loser: Patient, **asked: Unpack[Asked]) -> None:
    """Give back every recall that the merge moved."""
    survivor = loser.merged_into
    if survivor is None:
        return
    recalls = Recall.objects.filter(patient=survivor).select_related("site")
    moved = [recall for recall in recalls if _came_from(recall) == loser.pk]
    unmerge(loser, by=actor_for(asked["by"]))
    _move_all(survivor, loser, moved, "unmerge_records", asked)


def _move_all(source: Patient, target: Patient, recalls: list[Recall], step: str, asked: Asked) -> None:
    def give(move: Move) -> None:
        move.recall.patient = target
        move.data = {"from_patient": source.pk, "to_patient": target.pk}

    for recall in recalls:
        take(recall, step, give, by=asked["by"], note=asked.get("note", ""))
    if step == "merge_records":
        ScreeningExam.objects.filter(patient=source).update(patient=target)
        WorkItem.objects.filter(patient=source, recall__isnull=False).update(patient=target)
    else:
        exams = [recall.exam_id for recall in recalls]
        ScreeningExam.objects.filter(pk__in=exams).update(patient=target)
        WorkItem.objects.filter(recall__in=[recall.pk for recall in recalls]).update(patient=target)


def _came_from(recall: Recall) -> int | None:
    """The record a merge last took this recall from."""
    merges = [event for event in recall.events.all() if event.step in ("merge_records", "unmerge_records")]
    return merges[-1].data.get("from_patient") if merges else None
