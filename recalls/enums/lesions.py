"""Enumerations of lesions, biopsies and pathology: where a lesion lies, how tissue was taken, what it showed."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class LesionLocation(models.TextChoices):
    """Clock position or quadrant, as a report names it (BI-RADS 5th edition, location of lesion)."""

    CLOCK_12 = "12", _("12 o'clock")
    CLOCK_1 = "1", _("1 o'clock")
    CLOCK_2 = "2", _("2 o'clock")
    CLOCK_3 = "3", _("3 o'clock")
    CLOCK_4 = "4", _("4 o'clock")
    CLOCK_5 = "5", _("5 o'clock")
    CLOCK_6 = "6", _("6 o'clock")
    CLOCK_7 = "7", _("7 o'clock")
    CLOCK_8 = "8", _("8 o'clock")
    CLOCK_9 = "9", _("9 o'clock")
    CLOCK_10 = "10", _("10 o'clock")
    CLOCK_11 = "11", _("11 o'clock")
    UPPER_OUTER = "uoq", _("upper outer quadrant")
    UPPER_INNER = "uiq", _("upper inner quadrant")
    LOWER_OUTER = "loq", _("lower outer quadrant")
    LOWER_INNER = "liq", _("lower inner quadrant")
    CENTRAL = "central", _("central")
    SUBAREOLAR = "subareolar", _("subareolar")
    AXILLARY_TAIL = "axillary_tail", _("axillary tail")
    AXILLA = "axilla", _("axilla")


class LesionDepth(models.TextChoices):
    ANTERIOR = "anterior", _("anterior")
    MIDDLE = "middle", _("middle")
    POSTERIOR = "posterior", _("posterior")


class BiopsyDevice(models.TextChoices):
    CORE = "core", _("Core needle")
    VACUUM = "vacuum", _("Vacuum-assisted")
    FINE_NEEDLE = "fna", _("Fine needle")
    SKIN_PUNCH = "punch", _("Skin punch")
    SURGICAL = "surgical", _("Surgical")


class BiopsyGuidance(models.TextChoices):
    ULTRASOUND = "ultrasound", _("Ultrasound")
    STEREOTACTIC = "stereotactic", _("Stereotactic")
    TOMOSYNTHESIS = "tomosynthesis", _("Tomosynthesis")
    MRI = "mri", _("MRI")
    CONTRAST_MAMMOGRAPHY = "cem", _("Contrast mammography")
    PALPATION = "palpation", _("Palpation")


class PathologyClass(models.TextChoices):
    BENIGN = "benign", _("Benign")
    HIGH_RISK = "high_risk", _("High-risk lesion")
    IN_SITU = "in_situ", _("Malignant, in situ")
    INVASIVE = "invasive", _("Malignant, invasive")
    INSUFFICIENT = "insufficient", _("Insufficient sample")


MALIGNANT_CLASSES = frozenset({PathologyClass.IN_SITU, PathologyClass.INVASIVE})


class PathologySource(models.TextChoices):
    """Where the tissue was taken."""

    BIOPSY = "biopsy", _("Biopsy here")
    OUTSIDE_BIOPSY = "outside_biopsy", _("Biopsy elsewhere")
    SURGERY = "surgery", _("Surgery")


class Histology(models.TextChoices):
    """The usual diagnoses, grouped as `CLASS_BY_HISTOLOGY` says."""

    FIBROADENOMA = "fibroadenoma", _("Fibroadenoma")
    CYST = "cyst", _("Cyst")
    FIBROCYSTIC = "fibrocystic", _("Fibrocystic change")
    FAT_NECROSIS = "fat_necrosis", _("Fat necrosis")
    BENIGN_LYMPH_NODE = "benign_node", _("Benign lymph node")
    OTHER_BENIGN = "other_benign", _("Other benign")
    DUCTAL_ATYPIA = "adh", _("Atypical ductal hyperplasia")
    LOBULAR_ATYPIA = "alh", _("Atypical lobular hyperplasia")
    CLASSIC_LCIS = "lcis", _("Lobular carcinoma in situ, classic")
    FLAT_ATYPIA = "fea", _("Flat epithelial atypia")
    PAPILLOMA = "papilloma", _("Papilloma")
    RADIAL_SCAR = "radial_scar", _("Radial scar or complex sclerosing lesion")
    OTHER_HIGH_RISK = "other_high_risk", _("Other high-risk lesion")
    DCIS = "dcis", _("Ductal carcinoma in situ")
    OTHER_IN_SITU = "other_in_situ", _("Other carcinoma in situ")
    INVASIVE_DUCTAL = "idc", _("Invasive carcinoma of no special type (ductal)")
    INVASIVE_LOBULAR = "ilc", _("Invasive lobular carcinoma")
    OTHER_INVASIVE = "other_invasive", _("Other malignancy")


_HISTOLOGIES_BY_CLASS: dict[PathologyClass, tuple[Histology, ...]] = {
    PathologyClass.BENIGN: (
        Histology.FIBROADENOMA, Histology.CYST, Histology.FIBROCYSTIC, Histology.FAT_NECROSIS,
        Histology.BENIGN_LYMPH_NODE, Histology.OTHER_BENIGN,
    ),
    PathologyClass.HIGH_RISK: (
        Histology.DUCTAL_ATYPIA, Histology.LOBULAR_ATYPIA, Histology.CLASSIC_LCIS, Histology.FLAT_ATYPIA,
        Histology.PAPILLOMA, Histology.RADIAL_SCAR, Histology.OTHER_HIGH_RISK,
    ),
    PathologyClass.IN_SITU: (Histology.DCIS, Histology.OTHER_IN_SITU),
    PathologyClass.INVASIVE: (Histology.INVASIVE_DUCTAL, Histology.INVASIVE_LOBULAR, Histology.OTHER_INVASIVE),
}  # fmt: skip
CLASS_BY_HISTOLOGY: dict[Histology, PathologyClass] = {
    histology: group for group, histologies in _HISTOLOGIES_BY_CLASS.items() for histology in histologies
}


class TumorGrade(models.TextChoices):
    """Nottingham grade of an invasive carcinoma, nuclear grade of one in situ."""

    LOW = "1", _("1, low")
    INTERMEDIATE = "2", _("2, intermediate")
    HIGH = "3", _("3, high")


class ReceptorStatus(models.TextChoices):
    POSITIVE = "pos", _("positive")
    NEGATIVE = "neg", _("negative")
    EQUIVOCAL = "equivocal", _("equivocal")


class NodeStatus(models.TextChoices):
    NEGATIVE = "neg", _("negative")
    POSITIVE = "pos", _("positive")
    NOT_SAMPLED = "not_sampled", _("not sampled")


class CancerSource(models.TextChoices):
    """How a cancer that was not found here became known."""

    REGISTRY = "registry", _("Cancer registry")
    OTHER_CLINIC = "other_clinic", _("Another clinic")
    PATIENT = "patient", _("The patient")
    CERTIFICATE = "certificate", _("Death certificate")


class CancerStage(models.TextChoices):
    """Anatomic stage by the AJCC."""

    STAGE_0 = "0", "0"
    STAGE_1A = "IA", "IA"
    STAGE_1B = "IB", "IB"
    STAGE_2A = "IIA", "IIA"
    STAGE_2B = "IIB", "IIB"
    STAGE_3A = "IIIA", "IIIA"
    STAGE_3B = "IIIB", "IIIB"
    STAGE_3C = "IIIC", "IIIC"
    STAGE_4 = "IV", "IV"


class ConcordanceVerdict(models.TextChoices):
    CONCORDANT_BENIGN = "concordant_benign", _("Concordant benign")
    DISCORDANT = "discordant", _("Discordant: does not explain the imaging finding")
    INSUFFICIENT = "insufficient", _("Insufficient sample")
    HIGH_RISK = "high_risk", _("High-risk lesion")
    MALIGNANT = "malignant", _("Malignant")
