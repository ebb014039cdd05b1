"""Models of lesions, and append-only models of their assessments and biopsies."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from recalls.enums import Assessment, FindingKind, Side
from recalls.enums.lesions import BiopsyDevice, BiopsyGuidance, LesionDepth, LesionLocation
from recalls.models.appointments import Appointment
from recalls.models.exams import Finding
from recalls.models.outcomes import Outcome
from recalls.models.recall import Recall
from recalls.models.signed_record import SignedRecord


class Lesion(SignedRecord):
    """One place in a breast with a fate of its own, from the screening finding to the final pathology.

    A recall whose outcome is a plain 1 or 2 has none. What nobody stated is empty, also the side.
    """

    recall = models.ForeignKey(Recall, models.PROTECT, related_name="lesions", verbose_name=_("recall"), db_index=False)
    number = models.PositiveSmallIntegerField(_("number"))
    # A corrected result may replace the findings; what the lesion is stands in the other columns.
    finding = models.ForeignKey(
        Finding,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="lesions",
        verbose_name=_("screening finding"),
    )
    side = models.CharField(_("side"), max_length=5, choices=Side, blank=True)
    kind = models.CharField(_("kind"), max_length=24, choices=FindingKind, blank=True)
    location = models.CharField(_("location"), max_length=13, choices=LesionLocation, blank=True)
    depth = models.CharField(_("depth"), max_length=9, choices=LesionDepth, blank=True)
    size_mm = models.PositiveSmallIntegerField(_("size in mm"), null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        verbose_name = _("lesion")
        verbose_name_plural = _("lesions")
        constraints = [models.UniqueConstraint(fields=["recall", "number"], name="lesion_number_once_per_recall")]

    def __str__(self) -> str:
        size = _("%(size)d mm") % {"size": self.size_mm} if self.size_mm else ""
        side = self.get_side_display() if self.side else ""
        parts = (side, self.get_location_display(), self.get_depth_display(), self.get_kind_display(), size)
        told = ", ".join(str(part).lower() for part in parts if part)
        return f"{self.number}: {told}" if told else str(self.number)


class StandingAssessmentManager(models.Manager["LesionAssessment"]):
    """Leaves out what belongs to an outcome that was a slip and undone within seconds."""

    def get_queryset(self) -> models.QuerySet["LesionAssessment"]:
        return super().get_queryset().filter(outcome__taken_back=None)


class LesionAssessment(SignedRecord):
    """What a reading says of one lesion; without an outcome it is the screening reading itself."""

    lesion = models.ForeignKey(Lesion, models.PROTECT, related_name="assessments", verbose_name=_("lesion"))
    outcome = models.ForeignKey(
        Outcome,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="lesion_assessments",
        verbose_name=_("outcome"),
    )
    assessment = models.CharField(_("assessment"), max_length=8, choices=Assessment)
    # When the images it rests on were first read.
    read_at = models.DateTimeField(_("first read"))

    objects = StandingAssessmentManager()

    class Meta:
        ordering = ["pk"]
        verbose_name = _("assessment of a lesion")
        verbose_name_plural = _("assessments of lesions")

    def __str__(self) -> str:
        return str(self.get_assessment_display())


class DoneBiopsyManager(models.Manager["Biopsy"]):
    """Leaves out what was noted by a slip of the hand and undone within seconds."""

    def get_queryset(self) -> models.QuerySet["Biopsy"]:
        return super().get_queryset().filter(taken_back=None)


class Biopsy(SignedRecord):
    """Tissue taken from one lesion."""

    recall = models.ForeignKey(Recall, models.PROTECT, related_name="biopsies", verbose_name=_("recall"))
    lesion = models.ForeignKey(Lesion, models.PROTECT, related_name="biopsies", verbose_name=_("lesion"))
    appointment = models.ForeignKey(
        Appointment,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="biopsies",
        verbose_name=_("appointment"),
    )
    done_on = models.DateField(_("done on"))
    device = models.CharField(_("device"), max_length=8, choices=BiopsyDevice, blank=True)
    guidance = models.CharField(_("guidance"), max_length=13, choices=BiopsyGuidance, blank=True)
    clip = models.CharField(_("clip"), max_length=60, blank=True)
    facility = models.CharField(_("facility"), max_length=200, blank=True)

    objects = DoneBiopsyManager()
    all_objects = models.Manager["Biopsy"]()

    class Meta:
        ordering = ["pk"]
        verbose_name = _("biopsy")
        verbose_name_plural = _("biopsies")
        # Serves FHIR: what is new since, in that order.
        indexes = [models.Index(fields=["at", "id"], name="biopsy_by_time")]

    def __str__(self) -> str:
        return f"{self.done_on:%Y-%m-%d}"


class BiopsyRetraction(SignedRecord):
    """Says that a biopsy was noted by a slip of the hand and undone; its appointment stands booked again."""

    biopsy = models.OneToOneField(Biopsy, models.PROTECT, related_name="taken_back", verbose_name=_("biopsy"))

    class Meta:
        verbose_name = _("biopsy taken back")
        verbose_name_plural = _("biopsies taken back")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"
