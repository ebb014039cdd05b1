"""Models of a patient record's history: each change with its old value, and pairs that are not one person."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class PatientChange(models.Model):
    """One value of a record that was replaced by another: who did it, when, and how it was known. Never changed."""

    patient = models.ForeignKey(
        "patients.Patient", models.PROTECT, related_name="changes", verbose_name=_("patient"), db_index=False
    )
    # A column of Patient, a kind of contact point (with "_unusable" for its mark), "best_time" or "referrer".
    field = models.CharField(_("what"), max_length=40)
    old = models.TextField(_("before"), blank=True)
    new = models.TextField(_("after"), blank=True)
    at = models.DateTimeField(_("when"), default=timezone.now)
    by = models.CharField(_("who"), max_length=150)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("account")
    )
    source = models.CharField(_("how we know"), max_length=60, blank=True)
    # The merged record that the value came from: a merge undone gives it back.
    from_record = models.ForeignKey(
        "patients.Patient",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("carried over from"),
    )

    PERSONAL_COLUMNS = ("old", "new")

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("change of a record")
        verbose_name_plural = _("changes of records")
        # Serves the history on the patient's page, newest first.
        indexes = [models.Index(fields=["patient", "-id"], name="patient_change_newest")]

    def __str__(self) -> str:
        return f"#{self.pk} {self.field}"


class DifferentPeople(models.Model):
    """Two records that look alike and are of two people: they are not proposed for a merge again."""

    first = models.ForeignKey("patients.Patient", models.CASCADE, related_name="+", verbose_name=_("one record"))
    second = models.ForeignKey("patients.Patient", models.CASCADE, related_name="+", verbose_name=_("other record"))
    at = models.DateTimeField(_("when"), default=timezone.now)
    by = models.CharField(_("who"), max_length=150)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("account")
    )

    class Meta:
        verbose_name = _("two people who look alike")
        verbose_name_plural = _("people who look alike")
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="different_people_once"),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="different_people_in_order"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
