"""Model of the numbers under which other systems know our visits."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from exchange.fhir.models.clients import ServiceClient
from recalls.models import Appointment


class ReceivedAppointment(models.Model):
    """An identifier that a client gave to a visit, so that it is found again though its time has changed."""

    client = models.ForeignKey(ServiceClient, models.CASCADE, related_name="+", verbose_name=_("client"))
    system = models.CharField(_("system"), max_length=200, blank=True)
    value = models.CharField(_("number"), max_length=200)
    appointment = models.ForeignKey(Appointment, models.CASCADE, related_name="+", verbose_name=_("appointment"))

    class Meta:
        verbose_name = _("appointment of another system")
        verbose_name_plural = _("appointments of other systems")
        constraints = [models.UniqueConstraint(fields=["client", "system", "value"], name="received_appointment_once")]

    def __str__(self) -> str:
        return f"#{self.pk}"
