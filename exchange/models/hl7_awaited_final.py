"""Preliminary readings of a 4 or 5 whose final report has not come yet."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clinic.models import Site
from exchange.models.hl7 import Hl7Message
from recalls.enums import Assessment


class Hl7AwaitedFinal(models.Model):
    """One exam that was called a 4 or 5 before it was signed; it opens nothing, and must not be forgotten."""

    site = models.ForeignKey(Site, models.PROTECT, related_name="+", verbose_name=_("site"))
    accession = models.CharField(
        _("accession"), max_length=200, blank=True
    )  # empty: no final report can be found by it
    assessment = models.CharField(_("preliminary result"), max_length=8, choices=Assessment)
    message = models.OneToOneField(Hl7Message, models.PROTECT, related_name="+", verbose_name=_("message"))
    said_at = models.DateTimeField(_("read"), null=True, blank=True)  # as the report says; empty: it does not
    due_at = models.DateTimeField(_("final report due"))
    cleared_at = models.DateTimeField(_("cleared"), null=True, blank=True)

    class Meta:
        verbose_name = _("final report that is awaited")
        verbose_name_plural = _("final reports that are awaited")
        constraints = [
            models.UniqueConstraint(
                fields=["site", "accession"],
                condition=Q(cleared_at__isnull=True) & ~Q(accession=""),
                name="hl7_final_awaited_once",
            ),
        ]
        indexes = [
            # Serves each minute's look for what is due, and the worklist of a site.
            models.Index(fields=["due_at"], condition=Q(cleared_at__isnull=True), name="hl7_final_awaited"),
        ]

    def __str__(self) -> str:
        return self.accession
