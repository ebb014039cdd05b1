"""Model of a step that waits for the signature of a second person."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic.models import Site
from recalls.models.recall import Recall


class SignOffRequest(models.Model):
    """A step that one person asked for and a second person must sign before it is taken."""

    site = models.ForeignKey(Site, models.PROTECT, related_name="+", verbose_name=_("site"))
    recall = models.ForeignKey(Recall, models.PROTECT, related_name="sign_off_requests", verbose_name=_("recall"))
    step = models.CharField(_("step"), max_length=30)
    note = models.TextField(_("reason"), blank=True)
    details = models.JSONField(_("what was entered"), default=dict)
    requested_at = models.DateTimeField(_("asked"), default=timezone.now)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("asked by")
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )
    granted = models.BooleanField(_("signed"), null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        verbose_name = _("request for a second signature")
        verbose_name_plural = _("requests for a second signature")
        constraints = [
            models.UniqueConstraint(
                fields=["recall", "step"],
                condition=Q(decided_at__isnull=True),
                name="sign_off_requested_once_per_step",
            ),
        ]
        indexes = [
            # Serves the list of signatures that a site waits for, longest waiting first.
            models.Index(
                fields=["site", "requested_at", "id"],
                condition=Q(decided_at__isnull=True),
                name="sign_off_pending",
            ),
        ]

    def __str__(self) -> str:
        return self.step
