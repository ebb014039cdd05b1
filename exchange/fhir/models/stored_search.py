"""Model of a search that has further pages."""

import secrets
from datetime import timedelta

from django.db import models
from django.utils import timezone

from exchange.fhir.models.clients import ServiceClient

SEARCH_LIFETIME = timedelta(hours=1)


def make_key() -> str:
    return secrets.token_urlsafe(16)


class StoredSearch(models.Model):
    """What a client searched for, so that the address of the next page holds no name and no number of a patient."""

    key = models.CharField(max_length=32, unique=True, default=make_key, editable=False)
    client = models.ForeignKey(ServiceClient, models.CASCADE, related_name="+")
    # The path and every parameter: ["Patient", [["family", "Sample"], ...]].
    search = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        # Serves the removal of those whose time is over.
        indexes = [models.Index(fields=["created_at"], name="stored_search_by_time")]

    def __str__(self) -> str:
        return f"#{self.pk}"
