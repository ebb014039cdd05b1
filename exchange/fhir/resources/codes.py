"""Codes of standard terminologies for our assessments, densities, sides, visits and histologies.

Only codes whose meaning was confirmed in a published source stand here; for anything else a resource carries our own
code and label. SNOMED CT needs a licence outside its member countries; labels are ours, no atlas text is copied.
"""

from exchange.fhir.resources.elements import LOCAL, Json, coding, concept
from recalls.enums import Assessment, Density, RecallKind, ScreeningModality, Side, VisitKind
from recalls.enums.lesions import BiopsyDevice, BiopsyGuidance, Histology

SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"
DICOM = "http://dicom.nema.org/resources/ontology/DCM"
BIRADS = f"{LOCAL}birads"

_SUSPICIOUS = "397144001"
# DICOM CID 6027. There is no code for 4A to 4C or for the two kinds of 0: those have our own beside the whole number's.
SNOMED_BY_ASSESSMENT: dict[Assessment, str] = {
    Assessment.NEED_IMAGING: "397138000",
    Assessment.NEED_PRIORS: "397138000",
    Assessment.NEGATIVE: "397140005",
    Assessment.BENIGN: "397141009",
    Assessment.PROBABLY_BENIGN: "397143007",
    Assessment.SUSPICIOUS: _SUSPICIOUS,
    Assessment.SUSPICIOUS_A: _SUSPICIOUS,
    Assessment.SUSPICIOUS_B: _SUSPICIOUS,
    Assessment.SUSPICIOUS_C: _SUSPICIOUS,
    Assessment.HIGHLY_SUGGESTIVE: "397145000",
    Assessment.KNOWN_MALIGNANCY: "6111000179101",  # of a SNOMED extension
}
DICOM_BY_ASSESSMENT: dict[Assessment, str] = {
    Assessment.NEED_PRIORS: "111138",  # old films for comparison
    Assessment.POST_PROCEDURE: "111120",
}
SNOMED_BY_DENSITY: dict[Density, str] = {  # DICOM CID 6001
    Density.A: "129716005",
    Density.B: "129717001",
    Density.C: "129718006",
    Density.D: "129719003",
}
BREAST_COMPOSITION = coding(SNOMED, "129715009", "Breast composition")
SNOMED_BY_SIDE: dict[Side, str] = {Side.RIGHT: "73056007", Side.LEFT: "80248007"}
DICOM_BY_RECALL_KIND: dict[RecallKind, str] = {  # DICOM CID 6051
    RecallKind.TECHNICAL: "111590",
    RecallKind.FINDING: "111591",
    RecallKind.CLINICAL: "111592",
}
LOINC_BY_MODALITY: dict[ScreeningModality, str] = {
    ScreeningModality.MAMMOGRAM_2D: "24606-6",
    ScreeningModality.TOMOSYNTHESIS: "103892-6",
    ScreeningModality.ULTRASOUND: "42132-1",
}
LOINC_SCREENING, LOINC_IMAGING_STUDY = "24606-6", "18748-4"
_MAMMOGRAPHY, _BIOPSY_OF_BREAST = "71651007", "122548005"
SNOMED_BY_VISIT_KIND: dict[VisitKind, str] = {
    VisitKind.DIAGNOSTIC: _MAMMOGRAPHY,
    VisitKind.DIAGNOSTIC_ULTRASOUND: _MAMMOGRAPHY,
    VisitKind.REPEAT_VIEW: _MAMMOGRAPHY,
    VisitKind.FOLLOW_UP: _MAMMOGRAPHY,
    VisitKind.ULTRASOUND: "47079000",
    VisitKind.MRI: "241615005",
    VisitKind.ASPIRATION: "287572003",
    VisitKind.BIOPSY: _BIOPSY_OF_BREAST,
}
_CORE = "44578009"
_CORE_BY_GUIDANCE: dict[BiopsyGuidance, str] = {
    BiopsyGuidance.ULTRASOUND: "432550005",
    BiopsyGuidance.STEREOTACTIC: "116334007",
    BiopsyGuidance.MRI: "433008009",
}
SNOMED_BY_HISTOLOGY: dict[Histology, str] = {
    Histology.FIBROADENOMA: "254845004",
    Histology.CYST: "399294002",
    Histology.PAPILLOMA: "99571000119102",
    Histology.RADIAL_SCAR: "390787006",
    Histology.FAT_NECROSIS: "21381006",
    Histology.DCIS: "399935008",
    Histology.DUCTAL_ATYPIA: "32416003",
    Histology.LOBULAR_ATYPIA: "32416003",
    Histology.INVASIVE_DUCTAL: "254838004",
    Histology.INVASIVE_LOBULAR: "254838004",
}


def assessment_concept(value: str) -> Json:
    """The standard codes as far as there are any, and always our own with its label."""
    assessment = Assessment(value)
    codings = [coding(BIRADS, assessment.value, str(assessment.label))]
    if assessment in DICOM_BY_ASSESSMENT:
        codings.insert(0, coding(DICOM, DICOM_BY_ASSESSMENT[assessment]))
    if assessment in SNOMED_BY_ASSESSMENT:
        codings.insert(0, coding(SNOMED, SNOMED_BY_ASSESSMENT[assessment]))
    return concept(*codings, text=assessment.label)


def density_concept(value: str) -> Json:
    density = Density(value)
    return concept(coding(SNOMED, SNOMED_BY_DENSITY[density]), text=density.label)


def breast_concept(side: str) -> Json:
    """Which breast; both have no code of their own."""
    if not side:
        return {}
    one = Side(side)
    codings = [coding(SNOMED, SNOMED_BY_SIDE[one])] if one in SNOMED_BY_SIDE else []
    return concept(*codings, text=f"{one.label} breast" if codings else "Both breasts")


def visit_concept(value: str) -> Json:
    kind = VisitKind(value)
    codings = [coding(SNOMED, SNOMED_BY_VISIT_KIND[kind])] if kind in SNOMED_BY_VISIT_KIND else []
    return concept(*codings, coding(f"{LOCAL}visit-kind", kind.value, str(kind.label)), text=kind.label)


def biopsy_concept(device: str, guidance: str) -> Json:
    """The most exact code that device and guidance allow."""
    code = _BIOPSY_OF_BREAST
    if device == BiopsyDevice.CORE:
        code = _CORE_BY_GUIDANCE[BiopsyGuidance(guidance)] if guidance in _CORE_BY_GUIDANCE else _CORE
    words = [str(BiopsyDevice(device).label)] if device else []
    words += [str(BiopsyGuidance(guidance).label)] if guidance else []
    return concept(coding(SNOMED, code), text=", ".join(["Biopsy of the breast", *words]))
