"""Finds open recalls without a next step: no queue, no due time or one too far off, no visit or a forgotten one."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import models
from django.db.models import Case, Exists, OuterRef, Q, QuerySet, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recalls.enums import ACTIVE_APPOINTMENT_STATUSES, BOOKED_STATES, OPEN_STATES, State
from recalls.models import Appointment, Recall

# The longest limit that a site can set is 730 business days, which are 1,022 days and the holidays between them.
FURTHEST_DUE = timedelta(days=1100)
# A visit is to be marked on its day. Until then its recall is late in the queue; after so long nobody looks there.
VISIT_FORGOTTEN_AFTER = timedelta(days=14)
# Past by so much, it must be late in the queue: a due time ahead hides it.
VISIT_HIDDEN_AFTER = timedelta(days=2)


class StuckReason(models.TextChoices):
    """Why nobody would come across it. The actions allow none of these."""

    NO_QUEUE = "no_queue", _("stands in a state that no queue shows")
    NO_DUE_TIME = "no_due_instant", _("has no time by which the next action is due")
    DUE_TOO_FAR = "due_too_far", _("is due so far ahead that no rule can have set it: was the year mistyped?")
    NO_VISIT = "no_visit", _("counts as booked, and no visit is booked")
    VISIT_FORGOTTEN = "visit_forgotten", _("has a visit long past, and nobody has marked whether the patient came")


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


def _conditions(now: datetime) -> dict[StuckReason, Q]:
    """Which open recalls have each fault, the most telling fault first."""
    booked = Appointment.objects.filter(recall=OuterRef("pk"), status__in=ACTIVE_APPOINTMENT_STATUSES)
    forgotten = Exists(booked.filter(starts_at__lt=now - VISIT_FORGOTTEN_AFTER))
    hidden = Exists(booked.filter(starts_at__lt=now - VISIT_HIDDEN_AFTER))
    return {
        StuckReason.NO_QUEUE: ~Q(state__in=OPEN_STATES),
        StuckReason.NO_DUE_TIME: Q(due_at__isnull=True),
        StuckReason.NO_VISIT: Q(~Exists(booked), state__in=BOOKED_STATES),
        StuckReason.DUE_TOO_FAR: Q(due_at__gt=now + FURTHEST_DUE),
        StuckReason.VISIT_FORGOTTEN: Q(Q(forgotten) | Q(hidden, due_at__gt=now), state__in=BOOKED_STATES),
    }


def without_next_step(recalls: QuerySet[Recall]) -> QuerySet[Recall]:
    """The open ones among these recalls that nobody would come across; `StuckReason` names each fault."""
    any_fault = Q()
    for condition in _conditions(timezone.now()).values():
        any_fault |= condition
    return recalls.filter(any_fault).exclude(state=State.CLOSED)


def find_stuck_recalls() -> StuckRecallsReport:
    """Look at every open recall of every site. Two queries."""
    faults = [When(condition, then=Value(reason.value)) for reason, condition in _conditions(timezone.now()).items()]
    found = without_next_step(Recall.objects.all()).annotate(fault=Case(*faults, output_field=models.CharField()))
    rows = found.order_by("pk").values_list("pk", "fault")
    return StuckRecallsReport(
        Recall.objects.still_open().count(), [StuckRecall(pk, StuckReason(fault)) for pk, fault in rows]
    )
