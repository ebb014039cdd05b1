"""Rows of a cancer registry's file that nobody could be sure about."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic.models import Site
from recalls.models import CancerDiagnosis


class ParkedCancer(models.Model):
    """A row that waits for a person: its patient is not certain, or a cell cannot be read."""

    class State(models.TextChoices):
        PARKED = "parked", _("Waits to be mended")
        LOADED = "loaded", _("Loaded")
        DISMISSED = "dismissed", _("Dismissed")

    site = models.ForeignKey(Site, models.PROTECT, related_name="+", verbose_name=_("site"))
    file_name = models.CharField(_("file"), max_length=255)
    line = models.PositiveIntegerField(_("line"))
    raw = models.JSONField(_("cells"), default=dict)
    # [{"column": ..., "message": ...}]
    problems = models.JSONField(_("what is wrong"), default=list)
    at = models.DateTimeField(_("parked"), default=timezone.now)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.PARKED)
    note = models.TextField(_("why dismissed"), blank=True)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("settled by")
    )
    diagnosis = models.ForeignKey(
        CancerDiagnosis, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("cancer")
    )

    class Meta:
        ordering = ["pk"]
        verbose_name = _("parked cancer")
        verbose_name_plural = _("parked cancers")
        indexes = [
            # Serves the list of those that wait at a site.
            models.Index(fields=["site", "id"], condition=models.Q(state="parked"), name="parked_cancer_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.file_name}:{self.line}"
