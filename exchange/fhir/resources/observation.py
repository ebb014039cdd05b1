"""Builds Observation: the BI-RADS assessment of each breast or of both, and the density."""

from exchange.fhir.resources.codes import BREAST_COMPOSITION, assessment_concept, breast_concept, density_concept
from exchange.fhir.resources.elements import (
    HL7_CODES,
    LOCAL,
    Json,
    build_head,
    coding,
    concept,
    day,
    instant,
    interpreter_reference,
    patient_reference,
    reference,
    site_reference,
    staff_reference,
)
from recalls.models import Outcome, ScreeningExam

_PROFILE = "us-core-observation-clinical-result"
_ASSESSMENT_CODE = concept(coding(f"{LOCAL}observation", "birads-assessment"), text="BI-RADS assessment")


def _build(logical_id: str, row: ScreeningExam | Outcome, code: Json, value: Json, side: str) -> Json:
    return {
        **build_head("Observation", logical_id, row, _PROFILE),
        "status": "final",
        "category": [concept(coding(f"{HL7_CODES}observation-category", "imaging", "Imaging"))],
        "code": code,
        "valueCodeableConcept": value,
        "bodySite": breast_concept(side),
    }


def _of_exam(exam: ScreeningExam) -> Json:
    return {
        "status": "corrected" if exam.superseded.all() else "final",
        "subject": patient_reference(exam.patient_id),
        "effectiveDateTime": day(exam.exam_date),
        "issued": instant(exam.reported_at or exam.created_at),
        "performer": [staff_reference(exam.reader) or site_reference(exam.site)],
    }


def build_exam_assessment(exam: ScreeningExam, side: str = "") -> Json:
    """One breast, or both together where `side` is empty. Needs `site`, `reader`, `superseded`."""
    value = getattr(exam, f"assessment_{side}") if side else exam.assessment
    logical_id = f"exam-{exam.pk}-{side}" if side else f"exam-{exam.pk}"
    return _build(logical_id, exam, _ASSESSMENT_CODE, assessment_concept(value), side) | _of_exam(exam)


def build_density(exam: ScreeningExam) -> Json:
    code = concept(BREAST_COMPOSITION, text="Breast density")
    return _build(f"exam-{exam.pk}-density", exam, code, density_concept(exam.density), "") | _of_exam(exam)


def build_outcome_assessment(outcome: Outcome, side: str = "") -> Json:
    """Needs `recall.site`, `user` and `reader`."""
    value = getattr(outcome, f"assessment_{side}") if side else outcome.assessment
    logical_id = f"outcome-{outcome.pk}-{side}" if side else f"outcome-{outcome.pk}"
    return _build(logical_id, outcome, _ASSESSMENT_CODE, assessment_concept(value), side) | {
        "status": "amended" if outcome.amends_id else "final",
        "basedOn": [reference("ServiceRequest", outcome.recall_id)],
        "subject": patient_reference(outcome.recall.patient_id),
        "effectiveDateTime": day(outcome.performed_on) or instant(outcome.read_at),
        "issued": instant(outcome.at),
        "performer": [interpreter_reference(outcome) or site_reference(outcome.recall.site)],
    }
