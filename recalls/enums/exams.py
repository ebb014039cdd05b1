"""Names what an exam is, what was seen on it and what its report recommends."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Assessment(models.TextChoices):
    """The nine final wordings of 21 CFR 900.12(c)(1)(iv), with BI-RADS numbers and the three kinds of 4."""

    NEED_IMAGING = "0-AI", _("0: Incomplete, need additional imaging evaluation")
    NEED_PRIORS = "0-PRIOR", _("0: Incomplete, need prior mammograms for comparison")
    NEGATIVE = "1", _("1: Negative")
    BENIGN = "2", _("2: Benign")
    PROBABLY_BENIGN = "3", _("3: Probably benign")
    SUSPICIOUS = "4", _("4: Suspicious")
    SUSPICIOUS_A = "4A", _("4A: Suspicious, low suspicion")
    SUSPICIOUS_B = "4B", _("4B: Suspicious, moderate suspicion")
    SUSPICIOUS_C = "4C", _("4C: Suspicious, high suspicion")
    HIGHLY_SUGGESTIVE = "5", _("5: Highly suggestive of malignancy")
    KNOWN_MALIGNANCY = "6", _("6: Known biopsy-proven malignancy")
    POST_PROCEDURE = "MP", _("Post-procedure mammogram for marker placement")


SUSPICIOUS_ASSESSMENTS = frozenset(
    {
        Assessment.SUSPICIOUS,
        Assessment.SUSPICIOUS_A,
        Assessment.SUSPICIOUS_B,
        Assessment.SUSPICIOUS_C,
        Assessment.HIGHLY_SUGGESTIVE,
    }
)


# Told on the day of the result: cancer is more likely than not (BI-RADS 4C: more than 50 of 100).
SAME_DAY_ASSESSMENTS = frozenset({Assessment.SUSPICIOUS_C, Assessment.HIGHLY_SUGGESTIVE})


# These may be told in writing when the outcome is released; any other is told by voice.
WRITTEN_RESULT_ASSESSMENTS = frozenset({Assessment.NEGATIVE, Assessment.BENIGN, Assessment.PROBABLY_BENIGN})


RECALL_ASSESSMENTS = (
    frozenset({Assessment.NEED_IMAGING, Assessment.NEED_PRIORS, Assessment.PROBABLY_BENIGN}) | SUSPICIOUS_ASSESSMENTS
)


class Density(models.TextChoices):
    A = "a", _("a: almost entirely fatty")
    B = "b", _("b: scattered fibroglandular")
    C = "c", _("c: heterogeneously dense")
    D = "d", _("d: extremely dense")


class ScreeningModality(models.TextChoices):
    """What the screening was made with."""

    MAMMOGRAM_2D = "2d", _("Digital mammogram (2D)")
    TOMOSYNTHESIS = "3d", _("Tomosynthesis (3D)")
    MRI = "mri", _("MRI")
    ULTRASOUND = "ultrasound", _("Ultrasound")


class RecallKind(models.TextChoices):
    FINDING = "finding", _("Finding on the images")
    TECHNICAL = "technical", _("Technical repeat")
    CLINICAL = "clinical", _("Symptom reported at screening")
    # The screening itself was negative: such a recall counts in no figure about the screening reader's recalls.
    SUPPLEMENTAL = "supplement", _("Result of a supplemental test")
    # Seen on an exam of another part of the body: no screening exam, and in no figure about screening.
    INCIDENTAL = "incidental", _("Finding on another exam")


class OrderedImaging(models.TextChoices):
    """What a report recommends to be done."""

    MAMMOGRAM = "mammogram", _("Diagnostic mammogram")
    ULTRASOUND = "ultrasound", _("Breast ultrasound")
    MAMMOGRAM_ULTRASOUND = "mammo_us", _("Diagnostic mammogram and ultrasound")
    MRI = "mri", _("Breast MRI")
    BIOPSY = "biopsy", _("Biopsy")


class ActionableCategory(models.TextChoices):
    """How soon a finding asks for action, by the RadLex codes of IHE Results Distribution."""

    MINUTES = "RID49480", _("within minutes")
    HOURS = "RID49481", _("within hours")
    DAYS = "RID49482", _("within days to months")


class SupplementalTest(models.TextChoices):
    """What is advised beside mammography for dense tissue."""

    ULTRASOUND = "ultrasound", _("Supplemental ultrasound")
    MRI = "mri", _("Supplemental MRI")
    CEM = "cem", _("Supplemental contrast mammography")


class SupplementalStatus(models.TextChoices):
    ADVISED = "advised", _("Advised")
    DONE = "done", _("Done")
    DECLINED = "declined", _("Declined by the patient")
    WITHDRAWN = "withdrawn", _("No longer advised")


class FindingKind(models.TextChoices):
    MASS = "mass", _("Mass")
    CALCIFICATIONS = "calcifications", _("Calcifications")
    ASYMMETRY = "asymmetry", _("Asymmetry")
    FOCAL_ASYMMETRY = "focal_asymmetry", _("Focal asymmetry")
    GLOBAL_ASYMMETRY = "global_asymmetry", _("Global asymmetry")
    DEVELOPING_ASYMMETRY = "developing_asymmetry", _("Developing asymmetry")
    ARCHITECTURAL_DISTORTION = "architectural_distortion", _("Architectural distortion")
    LYMPH_NODE = "lymph_node", _("Lymph node")
    SKIN = "skin", _("Skin")
    NIPPLE = "nipple", _("Nipple")
    DUCT = "duct", _("Duct")
    DENSITY = "density", _("Dense tissue")
    TECHNICAL = "technical", _("Technical")
    SYMPTOM = "symptom", _("Symptom")
    LUMP = "lump", _("Lump that can be felt")
    OTHER = "other", _("Other")


# What a patient feels or sees is not settled by normal images: a negative work-up excludes no cancer behind a lump that
# can be felt, a leak from the nipple or a change in the skin.
SEEN_OR_FELT = frozenset(
    {FindingKind.SKIN, FindingKind.NIPPLE, FindingKind.DUCT, FindingKind.SYMPTOM, FindingKind.LUMP}
)


class Side(models.TextChoices):
    RIGHT = "right", _("Right")
    LEFT = "left", _("Left")
    BOTH = "both", _("Both")
