"""Append-only models of pathology results, their concordance with the images, and cancers known from elsewhere."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from clinic.models import Site
from patients.models import Patient
from recalls.enums import MALIGNANT_CLASSES, ConcordanceVerdict, PathologyClass, Side
from recalls.enums.lesions import (
    CancerSource,
    CancerStage,
    Histology,
    NodeStatus,
    PathologySource,
    ReceptorStatus,
    TumorGrade,
)
from recalls.models.lesions import Biopsy, Lesion
from recalls.models.recall import Recall
from recalls.models.signed_record import SignedRecord


class StandingPathologyManager(models.Manager["PathologyResult"]):
    """Leaves out the results of surgeries whose report was recorded in error or has been corrected."""

    def get_queryset(self) -> models.QuerySet["PathologyResult"]:
        return super().get_queryset().exclude(outside_reports__taken_back__isnull=False)


class PathologyResult(SignedRecord):
    """What the tissue of one lesion showed; it never closes a recall by itself."""

    recall = models.ForeignKey(
        Recall,
        models.PROTECT,
        related_name="pathology_results",
        verbose_name=_("recall"),
    )
    lesion = models.ForeignKey(Lesion, models.PROTECT, related_name="pathology_results", verbose_name=_("lesion"))
    biopsy = models.ForeignKey(
        Biopsy,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="pathology_results",
        verbose_name=_("biopsy"),
    )
    source = models.CharField(_("tissue from"), max_length=14, choices=PathologySource, default=PathologySource.BIOPSY)
    result = models.CharField(_("result"), max_length=12, choices=PathologyClass)
    histology = models.CharField(_("histology"), max_length=15, choices=Histology, blank=True)
    grade = models.CharField(_("grade"), max_length=1, choices=TumorGrade, blank=True)
    er = models.CharField(_("ER"), max_length=9, choices=ReceptorStatus, blank=True)
    pr = models.CharField(_("PR"), max_length=9, choices=ReceptorStatus, blank=True)
    her2 = models.CharField(_("HER2"), max_length=9, choices=ReceptorStatus, blank=True)
    size_mm = models.PositiveSmallIntegerField(_("size in mm"), null=True, blank=True)
    nodes = models.CharField(_("lymph nodes"), max_length=11, choices=NodeStatus, blank=True)
    facility = models.CharField(_("facility"), max_length=200, blank=True)
    performed_on = models.DateField(_("tissue taken on"), null=True, blank=True)
    specimen = models.CharField(_("specimen"), max_length=60, blank=True)
    text = models.TextField(_("report"), blank=True)

    objects = StandingPathologyManager()
    all_objects = models.Manager["PathologyResult"]()

    PERSONAL_COLUMNS = ("specimen", "text")

    class Meta:
        ordering = ["pk"]
        verbose_name = _("pathology result")
        verbose_name_plural = _("pathology results")
        # Serves FHIR: what is new since, in that order.
        indexes = [models.Index(fields=["at", "id"], name="pathology_by_time")]

    def __str__(self) -> str:
        return str(self.get_result_display())


class Concordance(SignedRecord):
    """Whether tissue and images of a lesion agree, signed by a radiologist."""

    recall = models.ForeignKey(Recall, models.PROTECT, related_name="concordances", verbose_name=_("recall"))
    pathology = models.OneToOneField(
        PathologyResult,
        models.PROTECT,
        related_name="concordance",
        verbose_name=_("pathology result"),
    )
    verdict = models.CharField(_("verdict"), max_length=20, choices=ConcordanceVerdict)
    follow_up_months = models.PositiveSmallIntegerField(_("follow-up in months"), null=True, blank=True)
    text = models.TextField(_("comment"), blank=True)

    PERSONAL_COLUMNS = ("text",)

    class Meta:
        ordering = ["pk"]
        verbose_name = _("concordance")
        verbose_name_plural = _("concordances")

    def __str__(self) -> str:
        return str(self.get_verdict_display())


class StandingDiagnosisManager(models.Manager["CancerDiagnosis"]):
    """Leaves out what was entered in error, and the rows that say so."""

    def get_queryset(self) -> models.QuerySet["CancerDiagnosis"]:
        return super().get_queryset().filter(retracts=None, retracted_by=None)


class CancerDiagnosis(SignedRecord):
    """A breast cancer that became known from a registry, another clinic or the patient; the audit looks back with it.

    It stays with the record under which it came in; whoever reads it follows `patient.merged_into`.
    """

    site = models.ForeignKey(Site, models.PROTECT, related_name="+", verbose_name=_("site"))
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="cancer_diagnoses", verbose_name=_("patient"))
    source = models.CharField(_("known from"), max_length=12, choices=CancerSource, default=CancerSource.REGISTRY)
    reference = models.CharField(_("number in the registry"), max_length=60, blank=True)
    diagnosed_on = models.DateField(_("diagnosed on"))
    side = models.CharField(_("side"), max_length=5, choices=Side, blank=True)
    result = models.CharField(
        _("kind"), max_length=12, choices=[(one.value, one.label) for one in PathologyClass if one in MALIGNANT_CLASSES]
    )
    histology = models.CharField(_("histology"), max_length=15, choices=Histology, blank=True)
    grade = models.CharField(_("grade"), max_length=1, choices=TumorGrade, blank=True)
    er = models.CharField(_("ER"), max_length=9, choices=ReceptorStatus, blank=True)
    pr = models.CharField(_("PR"), max_length=9, choices=ReceptorStatus, blank=True)
    her2 = models.CharField(_("HER2"), max_length=9, choices=ReceptorStatus, blank=True)
    size_mm = models.PositiveSmallIntegerField(_("size in mm"), null=True, blank=True)
    nodes = models.CharField(_("lymph nodes"), max_length=11, choices=NodeStatus, blank=True)
    stage = models.CharField(_("stage"), max_length=4, choices=CancerStage, blank=True)
    surgery_on = models.DateField(_("surgery on"), null=True, blank=True)
    retracts = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="retracted_by", verbose_name=_("takes back")
    )

    objects = StandingDiagnosisManager()
    all_objects = models.Manager["CancerDiagnosis"]()

    PERSONAL_COLUMNS = ("reference",)

    class Meta:
        ordering = ["pk"]
        verbose_name = _("cancer known from elsewhere")
        verbose_name_plural = _("cancers known from elsewhere")
        # Serves the audit: the cancers of a year and of the year after it.
        indexes = [models.Index(fields=["site", "diagnosed_on"], name="cancer_by_site_and_date")]

    def __str__(self) -> str:
        return f"{self.get_result_display()} {self.diagnosed_on:%Y-%m-%d}"
