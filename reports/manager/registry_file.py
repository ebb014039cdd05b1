"""The file for a mammography registry: each screening with its work-up, tissue and cancer, without a name.

It holds what the National Mammography Database asks of an exam; how a facility's file names its columns is set in that
registry's own dictionary.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django.db.models import Prefetch, QuerySet

from recalls.enums import Assessment, RecallKind
from recalls.models import Biopsy, CancerDiagnosis, Outcome, PathologyResult, Recall, ScreeningExam

REGISTRY_COLUMNS = (
    "facility_id", "patient_id", "age_at_exam", "sex", "race", "ethnicity", "exam_date", "indication", "first_screen",
    "modality", "double_read", "interpreting_physician_npi", "density", "birads_edition", "assessment",
    "assessment_left", "assessment_right", "work_up_date", "work_up_assessment", "work_up_physician_npi",
    "biopsy_date", "biopsy_guidance", "biopsy_result", "histology", "grade", "size_mm", "nodes", "stage", "er", "pr",
    "her2", "cancer_known_from", "cancer_diagnosed_on",
)  # fmt: skip


def registry_rows(site_ids: Sequence[int], since: date, until: date) -> "QuerySet[ScreeningExam]":
    """Left out, as by the registry: pictures of a marker, and findings on exams of another part of the body."""
    recalls = Recall.objects.exclude(kind=RecallKind.SUPPLEMENTAL).order_by("pk").prefetch_related(
        Prefetch("outcomes", Outcome.objects.filter(amended_by=None).order_by("pk").select_related("user")),
        Prefetch("biopsies", Biopsy.objects.order_by("done_on", "pk")),
        Prefetch("pathology_results", PathologyResult.objects.order_by("pk")),
    )  # fmt: skip
    rows = ScreeningExam.objects.filter(site__in=site_ids, exam_date__range=(since, until))
    rows = rows.exclude(recall_kind=RecallKind.INCIDENTAL).exclude(assessment=Assessment.POST_PROCEDURE)
    known = Prefetch("patient__cancer_diagnoses", CancerDiagnosis.objects.order_by("diagnosed_on", "pk"))
    return rows.select_related("site", "patient", "reader").prefetch_related(Prefetch("recalls", recalls), known)


def registry_cells(exam: ScreeningExam) -> Sequence[object]:
    recalls = [recall for recall in exam.recalls.all() if recall.patient_id == exam.patient_id]
    work_up = _last(one for each in recalls for one in each.outcomes.all())
    biopsy = next((one for each in recalls for one in each.biopsies.all()), None)
    tissue = _last(one for each in recalls for one in each.pathology_results.all())
    later = next((one for one in exam.patient.cancer_diagnoses.all() if one.diagnosed_on >= exam.exam_date), None)
    patient = exam.patient
    return (
        exam.site.code, patient.mrn, patient.age_on(exam.exam_date), patient.sex, patient.race, patient.ethnicity,
        exam.exam_date, "screening", exam.first_screen, exam.modality, exam.double_read,
        exam.reader.npi if exam.reader else "", exam.density, exam.birads_edition, exam.assessment,
        exam.assessment_left, exam.assessment_right,
        work_up and work_up.read_at.date(), work_up and work_up.assessment,
        work_up.user.npi if work_up and work_up.user else "",
        biopsy and biopsy.done_on, biopsy and biopsy.guidance, tissue and tissue.result,
        *_cancer_cells(tissue, later),
    )  # fmt: skip


def _last(rows: Iterable[Any]) -> Any:
    """The newest row, None without any."""
    return next(iter(reversed(list(rows))), None)


def _cancer_cells(tissue: PathologyResult | None, later: CancerDiagnosis | None) -> list[Any]:
    """What the tissue says, else what became known from elsewhere."""

    def said(name: str) -> Any:
        return getattr(tissue, name, "") or getattr(later, name, "")

    return [
        *(said(name) for name in ("histology", "grade", "size_mm", "nodes", "stage", "er", "pr", "her2")),
        later.source if later else "", later.diagnosed_on if later else None,
    ]  # fmt: skip
