"""Finds open recalls without a next step: no queue, no due time or one too far off, no visit or a forgotten one."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic.models import Site
from recalls.enums import BOOKED_STATES, State
from recalls.models import CountLine, Recall, RecallFacts

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


def _conditions(now: datetime) -> "dict[StuckReason, QuerySet[Any]]":
    """The open recalls, or their facts, that have each fault, found by its index; the most telling fault first."""
    still_open, booked = Recall.objects.still_open(), RecallFacts.objects.filter(state__in=BOOKED_STATES)
    hidden = booked.filter(visit_at__lt=now - VISIT_HIDDEN_AFTER)
    return {
        StuckReason.NO_QUEUE: RecallFacts.objects.exclude(state__in=[*State.values]),
        StuckReason.NO_DUE_TIME: still_open.filter(due_at=None),
        StuckReason.NO_VISIT: booked.filter(visit_at=None),
        StuckReason.DUE_TOO_FAR: still_open.filter(due_at__gt=now + FURTHEST_DUE),
        StuckReason.VISIT_FORGOTTEN: hidden.filter(Q(visit_at__lt=now - VISIT_FORGOTTEN_AFTER) | Q(due_at__gt=now)),
    }


def without_next_step(recalls: QuerySet[Recall]) -> QuerySet[Recall]:
    """The open ones among these recalls that nobody would come across; `StuckReason` names each fault."""
    head, *tail = (rows.values("pk") for rows in _conditions(timezone.now()).values())
    return recalls.filter(pk__in=head.union(*tail))


def find_stuck_recalls() -> StuckRecallsReport:
    """Look at every open recall of every site. Three queries."""
    found: dict[int, StuckReason] = {}
    conditions = _conditions(timezone.now())
    faults = [reason.value for reason in conditions]
    parts = [
        rows.values_list("pk", Value(reason.value, output_field=models.CharField()))
        for reason, rows in conditions.items()
    ]
    for pk, reason in sorted(parts[0].union(*parts[1:]), key=lambda row: faults.index(row[1])):
        found.setdefault(pk, StuckReason(reason))
    # By site, as the index of the lines begins: without it all of them are read, also those that are not summed up yet.
    lines = CountLine.objects.filter(site__in=list(Site.objects.values_list("pk", flat=True)), name="open")
    checked = lines.aggregate(total=Coalesce(Sum("count"), 0))["total"]
    return StuckRecallsReport(checked, [StuckRecall(pk, reason) for pk, reason in sorted(found.items())])
