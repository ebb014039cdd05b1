"""Models of what is kept and for how long: legal holds, records whose time is over, and what was minimised."""

from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from patients.models import Patient
from recalls.models import ScreeningExam

REASON_LENGTH = 250


class LegalHold(models.Model):
    """Keeps everything about a patient for a lawsuit or an inquiry, until it is lifted. Never changed."""

    patient = models.ForeignKey(Patient, models.PROTECT, related_name="legal_holds", verbose_name=_("patient"))
    reason = models.CharField(_("why"), max_length=REASON_LENGTH)
    at = models.DateTimeField(_("set"), default=timezone.now)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("set by"))

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("legal hold")
        verbose_name_plural = _("legal holds")

    def __str__(self) -> str:
        return f"#{self.pk}"


class LegalHoldLift(models.Model):
    """Ends a legal hold. Never changed."""

    hold = models.OneToOneField(LegalHold, models.PROTECT, related_name="lift", verbose_name=_("legal hold"))
    reason = models.CharField(_("why"), max_length=REASON_LENGTH)
    at = models.DateTimeField(_("lifted"), default=timezone.now)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("lifted by"))

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("lifted legal hold")
        verbose_name_plural = _("lifted legal holds")

    def __str__(self) -> str:
        return f"#{self.hold_id}"


class DueRecord(models.Model):
    """A person, or one exam of a person, whose time is over; it goes once two people said so."""

    patient = models.ForeignKey(Patient, models.CASCADE, related_name="+", verbose_name=_("patient"))
    # None: the whole person.
    exam = models.ForeignKey(
        ScreeningExam, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("exam")
    )
    due_on: models.DateField[date, date] = models.DateField(_("kept until"))
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("asked by")
    )
    asked_at = models.DateTimeField(_("asked"), null=True, blank=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("confirmed by"),
    )

    class Meta:
        ordering = ["due_on", "pk"]
        verbose_name = _("record whose time is over")
        verbose_name_plural = _("records whose time is over")
        constraints = [
            models.UniqueConstraint(fields=["patient"], condition=Q(exam=None), name="due_person_once"),
            models.UniqueConstraint(fields=["exam"], condition=Q(exam__isnull=False), name="due_exam_once"),
            models.CheckConstraint(
                condition=Q(confirmed_by=None) | (Q(asked_by__isnull=False) & ~Q(confirmed_by=F("asked_by"))),
                name="due_record_two_people",
            ),
        ]
        indexes = [
            # Serve the page: those nobody has asked for and those that wait for a second person, the longest due first.
            models.Index(fields=["due_on", "id"], condition=Q(asked_by=None), name="due_record_new"),
            models.Index(
                fields=["due_on", "id"],
                condition=Q(asked_by__isnull=False, confirmed_by=None),
                name="due_record_asked",
            ),
            # Serves the worker.
            models.Index(fields=["id"], condition=Q(confirmed_by__isnull=False), name="due_record_confirmed"),
        ]

    def __str__(self) -> str:
        return f"#{self.patient_id}"


class Minimisation(models.Model):
    """Says of which person or exam the words were removed, by which two people and by which rule. Never changed."""

    patient = models.ForeignKey(Patient, models.PROTECT, related_name="+", verbose_name=_("patient"))
    exam = models.ForeignKey(
        ScreeningExam, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("exam")
    )
    due_on = models.DateField(_("kept until"))
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("asked by"))
    asked_at = models.DateTimeField(_("asked"))
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("confirmed by")
    )
    rows = models.PositiveIntegerField(_("sealed rows without their words"))
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("minimised record")
        verbose_name_plural = _("minimised records")
        constraints = [models.CheckConstraint(condition=~Q(confirmed_by=F("asked_by")), name="minimisation_two_people")]

    def __str__(self) -> str:
        return f"#{self.patient_id}"
