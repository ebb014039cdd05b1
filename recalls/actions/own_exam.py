"""Gives a recall an exam of its own where the one that opened it turned out another patient's."""

from datetime import datetime

from django.utils.translation import gettext as _

from recalls.enums import Assessment, RecallKind
from recalls.models import Recall, ScreeningExam

_KEPT_OF_ACCESSION = 40  # characters; the column has 60


def give_own_exam(recall: Recall, now: datetime) -> None:
    """Let what was found in this patient go on: their images and tissue are their own, whoever's exam led to them.

    The exam counts in no figure of screening, as one of another part of the body does not.
    """
    moved = recall.exam
    if moved.patient_id == recall.patient_id:
        return
    recall.exam = ScreeningExam.objects.create(
        site=moved.site,
        patient=recall.patient,
        accession=f"{moved.accession[:_KEPT_OF_ACCESSION]}/{recall.pk}",
        exam_date=moved.exam_date,
        reported_at=now,
        assessment=Assessment.NEED_IMAGING,
        recall_kind=RecallKind.INCIDENTAL,
        comment=_("What was found in this patient after an exam that was another patient's."),
    )
    recall.kind = RecallKind.INCIDENTAL
