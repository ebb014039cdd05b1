"""Model of the time at which a patient prefers to be called."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from patients.models import Patient
from recalls.enums import PartOfDay


class CallPreference(models.Model):
    """The part of the day in which the patient is best reached; a patient without a row has not said."""

    patient = models.OneToOneField(Patient, models.CASCADE, related_name="call_preference", verbose_name=_("patient"))
    part = models.CharField(_("best reached"), max_length=9, choices=PartOfDay)
    changed_at = models.DateTimeField(_("said"), default=timezone.now)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("noted by"),
    )

    class Meta:
        verbose_name = _("call preference")
        verbose_name_plural = _("call preferences")

    def __str__(self) -> str:
        return str(self.get_part_display())
