"""Queryset of recalls: by site of the user, by state, by due time."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from django.db import models

from recalls.enums import State

if TYPE_CHECKING:
    from clinic.models import User


class RecallQuerySet(models.QuerySet[Any]):
    """Filters and orders that several packages use."""

    def for_user(self, user: "User") -> Self:
        """Only recalls at the sites this person works at; every page starts here."""
        return self.filter(site_id__in=user.site_ids)

    def still_open(self) -> Self:
        return self.exclude(state=State.CLOSED)

    def in_state(self, state: State) -> Self:
        return self.filter(state=state)

    def due_before(self, at: datetime) -> Self:
        return self.still_open().filter(due_at__lt=at)

    def order_by_due(self) -> Self:
        """Most urgent first; the number breaks ties, so pages never overlap."""
        return self.order_by("due_at", "pk")
