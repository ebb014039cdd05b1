"""Deletes what is of no use any more: counts of past minutes, searches and tokens whose time is over."""

from datetime import datetime, timedelta

from exchange.fhir.models import AccessToken, RateCounter, StoredSearch
from exchange.fhir.models.stored_search import SEARCH_LIFETIME

_KEPT = timedelta(days=1)  # of tokens after their end, for whoever asks why one was refused


def delete_outdated(now: datetime) -> None:
    """Each minute; three queries by index or over a short table."""
    RateCounter.objects.filter(minute__lt=now - timedelta(hours=1)).delete()
    StoredSearch.objects.filter(created_at__lt=now - SEARCH_LIFETIME).delete()
    AccessToken.objects.filter(expires_at__lt=now - _KEPT).delete()
