"""Chooses the text that says a result in a lay summary.

A result is never said against what else the patient hears: who is asked to come back, or has a symptom, is not told
that nothing is left to do.
"""

from collections.abc import Collection

from recalls.enums import SEEN_OR_FELT, SUSPICIOUS_ASSESSMENTS, Assessment, Density, RecallKind

TECHNICAL_REPEAT = "technical_repeat"
SYMPTOM_VISIT = "symptom_visit"
SYMPTOM_MORE_PICTURES = "symptom_more_pictures"
SYMPTOM_DOCTOR = "symptom_doctor"
PROBABLY_BENIGN_SCREENING = "probably_benign_screening"
NEED_IMAGING_AGAIN = "need_imaging_again"
_NO_CANCER_SEEN = frozenset({Assessment.NEGATIVE, Assessment.BENIGN})
_INCOMPLETE = frozenset({Assessment.NEED_IMAGING, Assessment.NEED_PRIORS})
_DENSE = frozenset({Density.C, Density.D})


def screening_result(assessment: str, recall_kind: str, findings: Collection[str]) -> str:
    """The text, by its name in `explainers/<language>/lay_results/`, for a reading of a screening exam."""
    if recall_kind == RecallKind.TECHNICAL and assessment in _NO_CANCER_SEEN | _INCOMPLETE:
        return TECHNICAL_REPEAT
    if recall_kind == RecallKind.CLINICAL and assessment in _NO_CANCER_SEEN:
        return SYMPTOM_VISIT
    if recall_kind == RecallKind.CLINICAL and assessment in _INCOMPLETE:
        return SYMPTOM_MORE_PICTURES  # the patient is asked to come, whatever prior images show
    if assessment == Assessment.PROBABLY_BENIGN:
        return PROBABLY_BENIGN_SCREENING
    return _text_after_symptoms(assessment, recall_kind, findings)


def outcome_result(assessment: str, recall_kind: str, findings: Collection[str]) -> str:
    """The same for the outcome of a diagnostic visit, or of a comparison with prior images."""
    if assessment == Assessment.NEED_IMAGING:
        return NEED_IMAGING_AGAIN
    return _text_after_symptoms(assessment, recall_kind, findings)


def _text_after_symptoms(assessment: str, recall_kind: str, findings: Collection[str]) -> str:
    has_symptom = recall_kind == RecallKind.CLINICAL or not SEEN_OR_FELT.isdisjoint(findings)
    if has_symptom and assessment in _NO_CANCER_SEEN:
        return SYMPTOM_DOCTOR
    return _text_name(Assessment(assessment))


def density_category(density: str) -> str:
    """ "dense" or "not_dense", as the federal texts divide; LookupError where the report gives no density."""
    if not density:
        raise LookupError("the exam has no density")
    return "dense" if density in _DENSE else "not_dense"


def _text_name(assessment: Assessment) -> str:
    """The three kinds of 4 read alike."""
    is_four = assessment in SUSPICIOUS_ASSESSMENTS and assessment != Assessment.HIGHLY_SUGGESTIVE
    return (Assessment.SUSPICIOUS if is_four else assessment).name.lower()
