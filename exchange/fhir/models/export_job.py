"""Model of a bulk export."""

from datetime import timedelta
from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from exchange.fhir.models.clients import ServiceClient

FILES_LIFETIME = timedelta(hours=24)  # after the end of the export


class ExportJob(models.Model):
    """Files of all that a client may read. How far it is stands here, so that a killed worker loses nothing."""

    class State(models.TextChoices):
        RUNNING = "running", _("Is being written")
        DONE = "done", _("Written")
        FAILED = "failed", _("Could not be written")
        CANCELLED = "cancelled", _("Cancelled by the client")

    key = models.UUIDField(default=uuid4, unique=True, editable=False)
    client = models.ForeignKey(ServiceClient, models.CASCADE, related_name="exports", verbose_name=_("client"))
    request_url = models.CharField(max_length=500)
    types = models.JSONField(_("resources"))
    since = models.DateTimeField(_("changed since"), null=True, blank=True)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.RUNNING)
    started_at = models.DateTimeField(_("started"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    # Which segment is being written, and after which row it goes on.
    segment = models.PositiveIntegerField(default=0)
    after_pk = models.BigIntegerField(default=0)
    # By resource: {"Patient": {"count": 12, "bytes": 4711}}. What lies in a file beyond its bytes was not committed.
    files = models.JSONField(_("files"), default=dict)
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("times broken off"), default=0)

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("bulk export")
        verbose_name_plural = _("bulk exports")
        constraints = [
            models.UniqueConstraint(fields=["client"], condition=Q(state="running"), name="one_running_export_a_client")
        ]
        indexes = [models.Index(fields=["state", "finished_at"], name="export_job_by_state")]

    def __str__(self) -> str:
        return f"#{self.pk}"
