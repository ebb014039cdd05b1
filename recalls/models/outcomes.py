"""Append-only models of outcomes, releases, retractions, pathology results and concordance."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recalls.enums import Assessment, ConcordanceVerdict, PathologyClass
from recalls.models.appointments import Appointment
from recalls.models.recall import Recall


class _SignedRecord(models.Model):
    """Who said it and when."""

    at = models.DateTimeField(_("when"), default=timezone.now)
    by = models.CharField(_("by"), max_length=150)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )

    class Meta:
        abstract = True


class ActiveOutcomeManager(models.Manager["Outcome"]):
    """Whoever asks for outcomes gets those that stand: no page, message or figure knows of one that was a slip."""

    def get_queryset(self) -> models.QuerySet["Outcome"]:
        return super().get_queryset().filter(taken_back=None)


class Outcome(_SignedRecord):
    """The radiologist's answer after a visit; an amendment is a new row that names the one it replaces.

    One that was undone within seconds stays in the table and is left out by `objects`; `everything` has it.
    """

    recall = models.ForeignKey(Recall, models.PROTECT, related_name="outcomes", verbose_name=_("recall"))
    appointment = models.ForeignKey(
        Appointment,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="outcomes",
        verbose_name=_("visit"),
    )
    round = models.PositiveSmallIntegerField(_("short-interval round"), default=0)
    assessment = models.CharField(_("assessment"), max_length=8, choices=Assessment)
    assessment_left = models.CharField(_("left breast"), max_length=8, choices=Assessment, blank=True)
    assessment_right = models.CharField(_("right breast"), max_length=8, choices=Assessment, blank=True)
    follow_up_months = models.PositiveSmallIntegerField(_("follow-up in months"), null=True, blank=True)
    text = models.TextField(_("comment"), blank=True)
    amends = models.OneToOneField(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="amended_by",
        verbose_name=_("amends"),
    )
    reason = models.TextField(_("reason for the amendment"), blank=True)

    objects = ActiveOutcomeManager()
    all_objects = models.Manager["Outcome"]()

    class Meta:
        ordering = ["pk"]
        verbose_name = _("outcome")
        verbose_name_plural = _("outcomes")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(amends__isnull=True) | ~models.Q(reason=""),
                name="an_amended_outcome_has_a_reason",
                violation_error_message=_("Say why the outcome is amended."),
            ),
        ]
        # Serves the board: outcomes by week.
        indexes = [models.Index(fields=["at"], name="outcome_by_time")]

    def __str__(self) -> str:
        return str(self.get_assessment_display())


class OutcomeRetraction(_SignedRecord):
    """Says that an outcome was a slip of the hand, undone before anybody was told; the outcome's row stays."""

    outcome = models.OneToOneField(Outcome, models.PROTECT, related_name="taken_back", verbose_name=_("outcome"))

    class Meta:
        verbose_name = _("outcome taken back")
        verbose_name_plural = _("outcomes taken back")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"


class OutcomeRelease(_SignedRecord):
    """From when the patient may be told of an outcome; nothing is written to the patient before."""

    outcome = models.OneToOneField(Outcome, models.PROTECT, related_name="release", verbose_name=_("outcome"))
    release_at = models.DateTimeField(_("released from"))

    class Meta:
        verbose_name = _("release")
        verbose_name_plural = _("releases")

    def __str__(self) -> str:
        return f"{self.release_at:%Y-%m-%d %H:%M}"


class PathologyResult(_SignedRecord):
    """What the tissue showed; it never closes a recall by itself."""

    recall = models.ForeignKey(
        Recall,
        models.PROTECT,
        related_name="pathology_results",
        verbose_name=_("recall"),
    )
    result = models.CharField(_("result"), max_length=12, choices=PathologyClass)
    specimen = models.CharField(_("specimen"), max_length=60, blank=True)
    text = models.TextField(_("report"), blank=True)

    class Meta:
        ordering = ["pk"]
        verbose_name = _("pathology result")
        verbose_name_plural = _("pathology results")

    def __str__(self) -> str:
        return str(self.get_result_display())


class Concordance(_SignedRecord):
    """Whether tissue and pictures agree, signed by a radiologist."""

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

    class Meta:
        ordering = ["pk"]
        verbose_name = _("concordance")
        verbose_name_plural = _("concordances")

    def __str__(self) -> str:
        return str(self.get_verdict_display())
