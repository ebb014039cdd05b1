"""Models of the screening exam, its findings, and readings that a correction has replaced."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic.models import Site
from patients.models import Patient, ReferringProvider
from recalls.enums import (
    RECALL_ASSESSMENTS,
    Assessment,
    BiradsEdition,
    Density,
    FindingKind,
    RecallKind,
    ScreeningModality,
    Side,
)


class ScreeningExam(models.Model):
    """One screening mammogram and its reading; negative exams are kept too, they are the denominators of the audit."""

    site = models.ForeignKey(Site, models.PROTECT, related_name="exams", verbose_name=_("site"), db_index=False)
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="exams", verbose_name=_("patient"))
    # The record under which it came in, once a merge has moved it to another: a merge undone gives it back.
    original_patient = models.ForeignKey(
        Patient,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("came in under"),
    )
    accession = models.CharField(_("accession"), max_length=60)
    exam_date = models.DateField(_("exam date"))
    reported_at = models.DateTimeField(_("reported"), null=True, blank=True)
    assessment = models.CharField(_("assessment"), max_length=8, choices=Assessment)
    assessment_left = models.CharField(_("left breast"), max_length=8, choices=Assessment, blank=True)
    assessment_right = models.CharField(_("right breast"), max_length=8, choices=Assessment, blank=True)
    birads_edition = models.CharField(
        _("edition of BI-RADS"), max_length=8, choices=BiradsEdition, default=BiradsEdition.FIFTH
    )
    density = models.CharField(_("density"), max_length=1, choices=Density, blank=True)
    modality = models.CharField(_("modality"), max_length=10, choices=ScreeningModality, blank=True)
    double_read = models.BooleanField(_("read by two"), null=True, blank=True)
    recall_kind = models.CharField(
        _("kind of recall"),
        max_length=10,
        choices=RecallKind,
        default=RecallKind.FINDING,
    )
    first_screen = models.BooleanField(_("first screening"), null=True, blank=True)
    # A number that another program worked out, and which one: nothing is computed from it but how many are high.
    risk_score = models.DecimalField(_("risk score"), max_digits=8, decimal_places=3, null=True, blank=True)
    risk_source = models.CharField(_("risk score of"), max_length=60, blank=True, db_default="")
    reader = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="read_exams",
        verbose_name=_("reader"),
        db_index=False,
    )
    reader_name = models.CharField(_("reader as named in the report"), max_length=200, blank=True)
    referrer = models.ForeignKey(
        ReferringProvider,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="exams",
        verbose_name=_("referrer"),
    )
    comment = models.TextField(_("comment"), blank=True)
    # SHA-256 of the source row's meaning: the same row again changes nothing, cheaply.
    source_digest = models.CharField(max_length=64, blank=True, editable=False)
    created_at = models.DateTimeField(_("received"), default=timezone.now)
    # Of its reading or its patient.
    changed_at = models.DateTimeField(_("changed"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("screening exam")
        verbose_name_plural = _("screening exams")
        constraints = [models.UniqueConstraint(fields=["site", "accession"], name="accession_once_per_site")]
        indexes = [
            # Serve "look up an accession" without knowing the site, and the audit by site and period.
            models.Index(fields=["accession"], name="exam_by_accession"),
            models.Index(fields=["site", "exam_date"], name="exam_by_site_and_date"),
            # Serves FHIR: what changed since, in that order.
            models.Index(fields=["changed_at", "id"], name="exam_by_change"),
            # Serves "Where my recalls went": one reader's exams of a period.
            models.Index(fields=["reader", "exam_date"], name="exam_by_reader_and_date"),
        ]

    # What each event of its recalls seals: the reading, and no column that is matched or merged later.
    SEALED_COLUMNS = (
        "id",
        "accession",
        "exam_date",
        "reported_at",
        "assessment",
        "assessment_left",
        "assessment_right",
        "birads_edition",
        "density",
        "recall_kind",
        "first_screen",
        "reader_name",
        "comment",
    )
    PERSONAL_COLUMNS = ("comment",)
    # Numbers of which no two are alike: another one takes the place.
    PERSONAL_NUMBERS = ("accession",)

    def __str__(self) -> str:
        return self.accession

    @property
    def needs_recall(self) -> bool:
        """Assessments 0, 3, 4 and 5, and any technical or clinical recall."""
        return self.assessment in RECALL_ASSESSMENTS or self.recall_kind != RecallKind.FINDING


class Finding(models.Model):
    """One reason for the recall; there may be several, in both breasts."""

    exam = models.ForeignKey(ScreeningExam, models.CASCADE, related_name="findings", verbose_name=_("exam"))
    kind = models.CharField(_("kind"), max_length=24, choices=FindingKind)
    side = models.CharField(_("side"), max_length=5, choices=Side)
    place = models.CharField(_("place"), max_length=60, blank=True)

    class Meta:
        ordering = ["pk"]
        verbose_name = _("finding")
        verbose_name_plural = _("findings")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.get_side_display()})"


class SupersededReading(models.Model):
    """A reading that a corrected result replaced, word for word as it stood. Never changed."""

    exam = models.ForeignKey(ScreeningExam, models.PROTECT, related_name="superseded", verbose_name=_("exam"))
    reading = models.JSONField(_("reading"))
    replaced_at = models.DateTimeField(_("replaced"), default=timezone.now)
    replaced_by = models.CharField(_("by"), max_length=150)
    # The seal of the exam as the correction left it; empty in rows of earlier versions.
    corrected_seal = models.CharField(max_length=40, blank=True, db_default="", editable=False)

    PERSONAL_COLUMNS = ("reading",)

    class Meta:
        ordering = ["pk"]
        verbose_name = _("replaced reading")
        verbose_name_plural = _("replaced readings")

    def __str__(self) -> str:
        return f"{self.replaced_at:%Y-%m-%d}"
