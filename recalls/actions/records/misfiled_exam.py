"""Action that moves an exam filed under the wrong patient to the right one."""

from dataclasses import replace
from typing import Unpack

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from clinic.actors import actor_for
from clinic.roles import Role
from patients.models import Patient
from recalls.actions.contact import open_work_item
from recalls.actions.opening import open_recall
from recalls.actions.records.permissions import check_records_permitted
from recalls.actions.transition import ActionKwargs, Transition, apply_step
from recalls.enums import AppointmentStatus, ClosureReason, State, WorkItemKind
from recalls.models import Recall, RecallEvent, ScreeningExam


@transaction.atomic
def move_exam(recall: Recall, right_patient: Patient, **kwargs: Unpack[ActionKwargs]) -> RecallEvent:
    """Void the recall of the wrong patient and open one for the right patient from the same exam.

    What was sent and said stays with the wrong patient's recall, whose page lists it. Raises ValidationError for the
    same patient and for a record that was merged into another, NotPermitted for a patient of a site of others.
    """
    actor = actor_for(kwargs["by"])
    check_records_permitted(kwargs, "move_exam", right_patient)
    if right_patient.pk == recall.patient_id:
        raise ValidationError({"mrn": _("The exam stands under this patient already.")})
    if right_patient.merged_into_id:
        raise ValidationError({"mrn": _("This record was merged into another one. Name the one in use.")})

    def leave(transition: Transition) -> None:
        if transition.recall.exam.patient_id != transition.recall.patient_id:
            raise ValidationError({"mrn": _("The exam was moved from here already.")})
        # Void also where it was closed by a result: that result is not this patient's, and no message tells it.
        transition.next_state, transition.closure_reason = State.CLOSED, ClosureReason.VOID
        transition.data = {"from_patient": transition.recall.patient_id, "to_patient": right_patient.pk}
        ScreeningExam.objects.filter(pk=transition.recall.exam_id).update(
            patient=right_patient, changed_at=transition.now
        )

    event = apply_step(recall, "move_exam", leave, **kwargs)
    if _was_examined(recall):
        words = _(
            "Images or tissue were taken here for an exam that was another patient's. If they are this patient's own, "
            "reopen the recall and go on with their results."
        )
        open_work_item(recall, WorkItemKind.CORRECTED_RESULT, words)
    exam = ScreeningExam.objects.select_related("site", "patient").get(pk=recall.exam_id)
    if exam.needs_recall:
        # Whoever may move an exam lets the result open a recall as the report itself would.
        by_report = replace(actor, roles=actor.roles | {Role.INTEGRATION})
        open_recall(exam, by=by_report, note=_("The exam was filed under another patient before."))
    return event


def _was_examined(recall: Recall) -> bool:
    came = recall.appointments.filter(status=AppointmentStatus.ATTENDED)
    return came.exists() or recall.outcomes.exists() or recall.lesions.exists()
