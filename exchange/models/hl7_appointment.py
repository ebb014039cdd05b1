"""Which visit here is which appointment of another system, so that a later message finds it again."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from exchange.models.hl7_sender import Hl7Sender
from recalls.models import Appointment


class Hl7Appointment(models.Model):
    """The numbers (SCH-1, SCH-2) under which a sender tells of a visit; the newest row of a number counts."""

    sender = models.ForeignKey(Hl7Sender, models.PROTECT, related_name="+", verbose_name=_("sender"))
    placer_id = models.CharField(_("placer appointment (SCH-1)"), max_length=200, blank=True)
    filler_id = models.CharField(_("filler appointment (SCH-2)"), max_length=200, blank=True)
    appointment = models.OneToOneField(Appointment, models.PROTECT, related_name="+", verbose_name=_("appointment"))

    class Meta:
        verbose_name = _("appointment of another system")
        verbose_name_plural = _("appointments of other systems")
        indexes = [
            # Serve the message that names one of the two.
            models.Index(fields=["sender", "filler_id"], name="hl7_appointment_by_filler"),
            models.Index(fields=["sender", "placer_id"], name="hl7_appointment_by_placer"),
        ]

    def __str__(self) -> str:
        return self.filler_id or self.placer_id
