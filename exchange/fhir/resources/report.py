"""Builds DiagnosticReport from screening exams, outcomes and pathology results, and Procedure from biopsies."""

from exchange.fhir.resources.codes import (
    LOINC,
    LOINC_BY_MODALITY,
    LOINC_IMAGING_STUDY,
    LOINC_SCREENING,
    SNOMED,
    SNOMED_BY_HISTOLOGY,
    assessment_concept,
    biopsy_concept,
    breast_concept,
)
from exchange.fhir.resources.elements import (
    HL7_CODES,
    LOCAL,
    Json,
    accession_system,
    build_head,
    coding,
    concept,
    day,
    identifier,
    instant,
    interpreter_reference,
    local_concept,
    patient_reference,
    reference,
    site_reference,
    staff_reference,
)
from recalls.enums import Assessment, PathologyClass, RecallKind, ScreeningModality
from recalls.enums.lesions import Histology
from recalls.models import Biopsy, Outcome, PathologyResult, ScreeningExam

_NOTE_PROFILE = "us-core-diagnosticreport-note"
_SIDES = ("left", "right")


def _category(code: str, display: str) -> list[Json]:
    return [concept(coding(f"{HL7_CODES}v2-0074", code, display))]


def _results(stem: str, row: ScreeningExam | Outcome) -> list[Json]:
    """The observations of the reading: each breast that was told apart, else the whole."""
    sides = [side for side in _SIDES if getattr(row, f"assessment_{side}")]
    names = [f"{stem}-{side}" for side in sides] or [stem]
    if getattr(row, "density", ""):
        names.append(f"{stem}-density")
    return [reference("Observation", name) for name in names]


def build_screening_report(exam: ScreeningExam) -> Json:
    """Needs `site`, `reader`, `superseded`. A reading that replaced another is a corrected one."""
    modality = ScreeningModality(exam.modality) if exam.modality else None
    code = LOINC_BY_MODALITY.get(modality, LOINC_IMAGING_STUDY) if modality else LOINC_SCREENING
    is_other = exam.recall_kind == RecallKind.INCIDENTAL  # of another part of the body
    stem = f"exam-{exam.pk}"
    return {
        **build_head("DiagnosticReport", stem, exam, _NOTE_PROFILE),
        "identifier": [identifier(accession_system(exam.site), exam.accession, "ACSN")],
        "status": "corrected" if exam.superseded.all() else "final",
        "category": _category("RAD", "Radiology"),
        "code": concept(
            coding(LOINC, LOINC_IMAGING_STUDY if is_other else code),
            text="Imaging study" if is_other else modality.label if modality else "Screening mammogram",
        ),
        "subject": patient_reference(exam.patient_id),
        "effectiveDateTime": day(exam.exam_date),
        "issued": instant(exam.reported_at or exam.created_at),
        "performer": [site_reference(exam.site)],
        "resultsInterpreter": [staff_reference(exam.reader) or {"display": exam.reader_name}],
        "result": _results(stem, exam),
        "conclusion": str(Assessment(exam.assessment).label),
        "conclusionCode": [assessment_concept(exam.assessment)],
    }


def build_outcome_report(outcome: Outcome) -> Json:
    """Needs `recall.site`, `user` and `reader`. Only an outcome that stands has a report; an amended one is gone."""
    stem = f"outcome-{outcome.pk}"
    return {
        **build_head("DiagnosticReport", stem, outcome, _NOTE_PROFILE),
        "basedOn": [reference("ServiceRequest", outcome.recall_id)],
        "status": "amended" if outcome.amends_id else "final",
        "category": _category("RAD", "Radiology"),
        "code": concept(coding(LOINC, LOINC_IMAGING_STUDY), text="Diagnostic breast imaging"),
        "subject": patient_reference(outcome.recall.patient_id),
        "effectiveDateTime": day(outcome.performed_on) or instant(outcome.read_at),
        "issued": instant(outcome.at),
        "performer": [{"display": outcome.facility} if outcome.facility else site_reference(outcome.recall.site)],
        "resultsInterpreter": [interpreter_reference(outcome)],
        "result": _results(stem, outcome),
        "conclusion": str(Assessment(outcome.assessment).label),
        "conclusionCode": [assessment_concept(outcome.assessment)],
    }


def build_pathology_report(result: PathologyResult) -> Json:
    """Needs `recall.site`. What the tissue showed, in our own words where there is no confirmed code."""
    histology = Histology(result.histology) if result.histology else None
    found = local_concept("pathology", PathologyClass(result.result))
    if histology:
        code = SNOMED_BY_HISTOLOGY.get(histology)
        named = [coding(SNOMED, code)] if code else []
        found = concept(
            *named, coding(f"{LOCAL}histology", histology.value, str(histology.label)), text=histology.label
        )
    return {
        **build_head("DiagnosticReport", f"pathology-{result.pk}", result, _NOTE_PROFILE),
        "basedOn": [reference("ServiceRequest", result.recall_id)],
        "status": "final",
        "category": _category("SP", "Surgical Pathology"),
        "code": concept(text="Pathology of the breast"),
        "subject": patient_reference(result.recall.patient_id),
        "effectiveDateTime": day(result.performed_on) or instant(result.at),
        "issued": instant(result.at),
        "performer": [{"display": result.facility} if result.facility else site_reference(result.recall.site)],
        "conclusion": str(PathologyClass(result.result).label),
        "conclusionCode": [found],
    }


def build_procedure(biopsy: Biopsy) -> Json:
    """Needs `recall.site` and `lesion`."""
    elsewhere = {"actor": {"display": biopsy.facility}}
    return {
        **build_head("Procedure", f"biopsy-{biopsy.pk}", biopsy, "us-core-procedure"),
        "basedOn": [reference("ServiceRequest", biopsy.recall_id)],
        "status": "completed",
        "code": biopsy_concept(biopsy.device, biopsy.guidance),
        "subject": patient_reference(biopsy.recall.patient_id),
        "performedDateTime": day(biopsy.done_on),
        "performer": [elsewhere if biopsy.facility else {"actor": site_reference(biopsy.recall.site)}],
        "bodySite": [breast_concept(biopsy.lesion.side)],
    }
