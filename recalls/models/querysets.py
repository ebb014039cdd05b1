"""How are recalls asked for? Site-scoped, ordered queries in the words of the clinic."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q

from recalls.enums import ACTIVE_APPOINTMENT_STATUSES, OPEN_STATES, State

if TYPE_CHECKING:
    from clinic.models import User

RecallCursor = tuple[datetime, int]

BOOKED_STATES = (State.SCHEDULED, State.BIOPSY_BOOKED)

# What leaves an open recall without a next step.
NO_DUE_TIME = Q(due_at__isnull=True)
UNKNOWN_STATE = ~Q(state__in=OPEN_STATES)


def missing_appointment() -> Q:
    """The recall says that a visit or biopsy is booked, and there is none."""
    from recalls.models.appointments import Appointment  # they are about recalls, and so are loaded after them

    booked = Appointment.objects.filter(recall=OuterRef("pk"), status__in=ACTIVE_APPOINTMENT_STATUSES)
    return Q(~Exists(booked), state__in=BOOKED_STATES)


class RecallQuerySet(models.QuerySet[Any]):
    """The words of the clinic as queries."""

    def for_user(self, user: "User") -> Self:
        """Only recalls at the sites this person works at; every page starts here."""
        return self.filter(site_id__in=user.site_ids)

    def still_open(self) -> Self:
        return self.exclude(state=State.CLOSED)

    def in_state(self, state: State) -> Self:
        return self.filter(state=state)

    def due_before(self, at: datetime) -> Self:
        return self.still_open().filter(due_at__lt=at)

    def without_next_step(self) -> Self:
        """Open recalls that nobody would come across: see `recalls.selectors.stuck_recalls` for each fault in words."""
        return self.still_open().filter(NO_DUE_TIME | UNKNOWN_STATE | missing_appointment())

    def order_by_due(self) -> Self:
        """Most urgent first; the number breaks ties, so pages never overlap."""
        return self.order_by("due_at", "pk")

    def after_cursor(self, position: RecallCursor | None) -> Self:
        """The rows behind a position in `by_due` order: a keyset page, never an offset."""
        if position is None:
            return self
        due_at, pk = position
        return self.filter(due_at__gte=due_at).filter(Q(due_at__gt=due_at) | Q(due_at=due_at, pk__gt=pk))
