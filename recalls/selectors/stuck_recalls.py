"""Finds open recalls without a next step: no queue, no due time, or no appointment behind a booked state."""

from dataclasses import dataclass

from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from recalls.enums import ACTIVE_APPOINTMENT_STATUSES, BOOKED_STATES, OPEN_STATES, State
from recalls.models import Appointment, Recall


class StuckReason(models.TextChoices):
    """Why nobody would come across it. The actions allow none of these."""

    NO_QUEUE = "no_queue", _("stands in a state that no queue shows")
    NO_DUE_TIME = "no_due_instant", _("has no time by which the next action is due")
    NO_VISIT = "no_visit", _("counts as booked, and no visit is booked")


@dataclass(frozen=True, slots=True)
class StuckRecall:
    """One open recall without a next step, by its number alone."""

    recall_id: int
    reason: StuckReason


@dataclass(frozen=True, slots=True)
class StuckRecallsReport:
    """How many open recalls were looked at, and which of them have no next step."""

    checked: int
    stuck_recalls: list[StuckRecall]


def without_next_step(recalls: QuerySet[Recall]) -> QuerySet[Recall]:
    """The open ones among these recalls that nobody would come across; `StuckReason` names each fault."""
    booked = Appointment.objects.filter(recall=OuterRef("pk"), status__in=ACTIVE_APPOINTMENT_STATUSES)
    missing_appointment = Q(~Exists(booked), state__in=BOOKED_STATES)
    return recalls.filter(Q(due_at__isnull=True) | ~Q(state__in=OPEN_STATES) | missing_appointment).exclude(
        state=State.CLOSED
    )


def find_stuck_recalls() -> StuckRecallsReport:
    """Look at every open recall of every site. Two queries."""
    rows = without_next_step(Recall.objects.all()).order_by("pk").values_list("pk", "state", "due_at")
    violations = [StuckRecall(pk, _stuck_reason(state, due_at)) for pk, state, due_at in rows]
    return StuckRecallsReport(Recall.objects.still_open().count(), violations)


def _stuck_reason(state: str, due_at: object) -> StuckReason:
    if state not in OPEN_STATES:
        return StuckReason.NO_QUEUE
    if due_at is None or state not in BOOKED_STATES:
        return StuckReason.NO_DUE_TIME
    return StuckReason.NO_VISIT
