"""Each version of a parked row or message as a person mended it; the row as it came is never changed."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from exchange.models.hl7 import Hl7Message
from exchange.models.results import ParkedRow


class _Mend(models.Model):
    """Who wrote the version, and when; only ever added to."""

    at = models.DateTimeField(_("when"), default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("who"))

    class Meta:
        abstract = True


class RowMend(_Mend):
    """The cells with which a person sent a parked row again, and what became of it."""

    row = models.ForeignKey(ParkedRow, models.PROTECT, related_name="mends", verbose_name=_("parked row"))
    cells = models.JSONField(_("the row by column"))
    changed = models.JSONField(_("columns that are not as they came"), default=list)
    confirmed = models.JSONField(_("confirmed"), default=list)
    result = models.CharField(_("result"), max_length=9)

    PERSONAL_COLUMNS = ("cells",)

    class Meta:
        ordering = ["pk"]
        verbose_name = _("mended row")
        verbose_name_plural = _("mended rows")

    def __str__(self) -> str:
        return ", ".join(self.changed)


class Hl7MessageMend(_Mend):
    """The text with which a person sent a parked message again; emptied together with the message as it came."""

    message = models.ForeignKey(Hl7Message, models.PROTECT, related_name="mends", verbose_name=_("message"))
    body = models.BinaryField(_("the message as mended"))

    class Meta:
        ordering = ["pk"]
        verbose_name = _("mended message")
        verbose_name_plural = _("mended messages")

    def __str__(self) -> str:
        return f"{self.message_id}"
