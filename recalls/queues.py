"""Which recalls wait in which queue, most urgent first? Counts beside the tabs and one page, whatever the size.

A queue page costs the same at a hundred and at a million recalls: each site's first rows come from its own stretch of
the index (site, state, due time), and only those few rows are looked at any closer.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery

from recalls.models import Appointment, Recall, RecallEvent
from recalls.models.querysets import Position
from recalls.states import ACTIVE_APPOINTMENT, OPEN_STATES, AppointmentStatus, Assessment, State

PAGE_SIZE = 25
# After these the patient is written to when the outcome is released; a suspicious one is told by voice.
TOLD_IN_WRITING = frozenset({Assessment.NEGATIVE, Assessment.BENIGN, Assessment.PROBABLY_BENIGN})
_SEEN = frozenset({State.AWAITING_OUTCOME, State.AWAITING_PATHOLOGY, State.AWAITING_CONCORDANCE})


@dataclass(frozen=True, slots=True)
class Tally:
    """How many recalls stand in a state, and for how many the next action is overdue."""

    total: int = 0
    overdue: int = 0


def tallies(site_ids: Iterable[int], now: datetime) -> dict[State, Tally]:
    """One aggregate over the open recalls of these sites; every open state is there, also with none."""
    rows = (
        Recall.objects.still_open()
        .filter(site_id__in=site_ids)
        .values("state")
        .annotate(total=Count("pk"), overdue=Count("pk", filter=Q(due_at__lt=now)))
        .order_by("state")
    )
    found = {State(row["state"]): Tally(row["total"], row["overdue"]) for row in rows}
    return {state: found.get(state, Tally()) for state in OPEN_STATES}


def queue_page(site_ids: Iterable[int], state: State, after: Position | None) -> list[Recall]:
    """One page in due order and one row more, which says that there is a next page. Three queries.

    The numbers are read before the rows: a planner whose statistics are old, as after a large intake, then joins a few
    rows to their exams, and not every recall to every exam, which takes minutes.
    """
    ids = [_first_of_site(site_id, state, after) for site_id in sorted(site_ids)]
    if not ids:
        return []
    wanted = reduce(lambda left, right: left.union(right, all=True), ids)
    rows = Recall.objects.filter(pk__in=[row["pk"] for row in wanted]).by_due()[: PAGE_SIZE + 1]
    return list(with_facts(rows, state).prefetch_related("contact_attempts"))


def _first_of_site(site_id: int, state: State, after: Position | None) -> QuerySet[Recall, Any]:
    first = Recall.objects.still_open().filter(site_id=site_id).in_state(state).after(after).by_due()
    # The outer filter lets SQLite combine limited queries of several sites.
    return Recall.objects.filter(pk__in=first.values("pk")[: PAGE_SIZE + 1]).values("pk")


def with_facts(recalls: QuerySet[Recall], state: State | None = None) -> QuerySet[Recall]:
    """Adds what the sentence on the list needs (see `presenters.why.Facts`), as columns of the same query."""
    events = RecallEvent.objects.filter(recall=OuterRef("pk")).order_by("-version")
    since = events.filter(at__gte=OuterRef("state_since"))
    statuses = (AppointmentStatus.ATTENDED,) if state is None or state in _SEEN else ACTIVE_APPOINTMENT
    visits = Appointment.objects.filter(recall=OuterRef("pk"), status__in=statuses).order_by("-pk")
    arrivals = events.filter(to_state=OuterRef("state")).exclude(from_state=F("to_state"))
    return recalls.select_related("patient", "exam").annotate(
        arrived_by=Subquery(arrivals.values("step")[:1]),
        visit_at=Subquery(visits.values("starts_at")[:1]),
        visit_status=Subquery(visits.values("status")[:1]),
        priors_asked_at=Subquery(since.filter(step="request_priors").values("at")[:1]),
        priors_received=Exists(since.filter(step="receive_priors")),
    )
