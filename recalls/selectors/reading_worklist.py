"""Reads the radiologist's worklist, and the next case after an answer.

Every pile is read from its own stretch of the index (site, state, to read since), numbers first and rows afterwards, as
in `recalls.selectors.queue`: a page costs the same at a hundred and at a million recalls.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import Any, NamedTuple

from django.db.models import Case, IntegerField, QuerySet, Value, When

from clinic.models import User
from desk.keyset import rows_after
from recalls.enums import State
from recalls.models import Outcome, Recall
from recalls.selectors.queue import with_next_action_facts

SECTION_SIZE = 25
_ORDER = ("to_read_at", "pk")
_MAX_EARLIER_RECALLS = 10
# The order of a reading day: who came first, then what somebody else is kept waiting for.
SECTION_STATES = (State.AWAITING_OUTCOME, State.AWAITING_PRIORS, State.AWAITING_CONCORDANCE, State.TO_CONTACT)


class WorklistCursor(NamedTuple):
    """Where a section's page ended."""

    to_read_at: datetime
    pk: int


@dataclass(frozen=True, slots=True)
class WorklistSection:
    """Its first recalls, longest waiting first, and whether there are more behind them."""

    state: State
    recalls: list[Recall]
    has_more: bool


def get_worklist_sections(
    site_ids: Iterable[int],
    now: datetime,
    states: Iterable[State] = SECTION_STATES,
    after: WorklistCursor | None = None,
) -> list[WorklistSection]:
    """The first of each pile; `after` goes on behind a position. Four queries, whatever the number of piles."""
    wanted = tuple(states)
    numbers = _fetch_ids([_section_query(site, state, now, after) for state in wanted for site in sorted(site_ids)])
    rows = with_next_action_facts(Recall.objects.filter(pk__in=numbers)).order_by("to_read_at", "pk")
    found: dict[str, list[Recall]] = {state: [] for state in wanted}
    for recall in rows.prefetch_related("contact_attempts", "exam__findings") if numbers else ():
        found[recall.state].append(recall)
    return [WorklistSection(state, found[state][:SECTION_SIZE], len(found[state]) > SECTION_SIZE) for state in wanted]


def next_recall_to_read(user: User, now: datetime, answered: State, since: datetime | None, pk: int) -> Recall | None:
    """The next on the worklist behind the case just answered: the rest of its pile, then the piles below it."""
    at = SECTION_STATES.index(answered) if answered in SECTION_STATES and since else 0
    firsts = [
        _section_query(site, state, now, WorklistCursor(since, pk) if since and state == answered else None)
        for state in SECTION_STATES[at:]
        for site in sorted(user.site_ids)
    ]
    order = Case(
        *(When(state=state, then=Value(at)) for at, state in enumerate(SECTION_STATES)), output_field=IntegerField()
    )
    numbers = _fetch_ids(firsts)
    found: Recall | None = Recall.objects.filter(pk__in=numbers).order_by(order, "to_read_at", "pk").first()
    return found


def unreleased_outcomes(user: User) -> list[Outcome]:
    """Outcomes that the patient waits to read and nobody has released yet, the reader's own first. Two queries.

    A colleague's are among them: whoever is away or has left would keep the patient waiting.
    """
    waiting = Recall.objects.filter(to_release_by__isnull=False, site_id__in=user.site_ids)
    own_first = Case(When(to_release_by=user, then=Value(0)), default=Value(1), output_field=IntegerField())
    rows = waiting.order_by(own_first, "pk").select_related("patient", "to_release_by")
    recalls = rows.prefetch_related("outcomes")[: SECTION_SIZE + 1]
    newest = []
    for recall in recalls:
        outcome = max(recall.outcomes.all(), key=lambda row: row.pk)
        outcome.recall = recall
        newest.append(outcome)
    return newest


def earlier_recalls(user: User, recall: Recall) -> list[Recall]:
    """The patient's other recalls at the user's sites, newest first. Three queries."""
    rows = Recall.objects.for_user(user).filter(patient=recall.patient_id).exclude(pk=recall.pk)
    newest = rows.select_related("exam").order_by("-exam__exam_date")[:_MAX_EARLIER_RECALLS]
    return list(newest.prefetch_related("exam__findings", "outcomes"))


def _section_query(site_id: int, state: State, now: datetime, after: WorklistCursor | None) -> QuerySet[Recall, Any]:
    rows = Recall.objects.filter(site_id=site_id, state=state, to_read_at__lte=now).order_by(*_ORDER)
    if after is not None:
        rows = rows.filter(rows_after(_ORDER, after))
    # The outer filter lets SQLite combine limited queries of several sites.
    return Recall.objects.filter(pk__in=rows.values("pk")[: SECTION_SIZE + 1]).values("pk")


def _fetch_ids(queries: list[QuerySet[Recall, Any]]) -> list[int]:
    """The numbers of all these in one query."""
    if not queries:
        return []
    return [row["pk"] for row in reduce(lambda left, right: left.union(right, all=True), queries)]
