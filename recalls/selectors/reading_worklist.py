"""Reads the radiologist's worklist, and the next case after an answer.

Every pile is read from its own stretch of an index, numbers first and rows afterwards, as in `recalls.selectors.queue`:
a page costs the same at a hundred and at a million recalls. The longest waiting stands first, of results to tell the
one to be told first.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from typing import Any, NamedTuple

from django.db.models import QuerySet

from clinic.models import User
from clinic.queries.prepared import PreparedQuery
from desk.keyset import rows_after
from recalls.enums import OPEN_STATES, State, WorkItemKind
from recalls.models import Recall, SignOffRequest, WorkItem
from recalls.selectors.queue import with_next_action_facts

SECTION_SIZE = 25
_ORDER, _ORDER_BY_LIMIT = ("to_read_at", "pk"), ("target_at", "pk")
_MAX_EARLIER_RECALLS = 10
# The order of a reading day: who came first, then what somebody else is kept waiting for.
SECTION_STATES = (
    State.AWAITING_OUTCOME,
    State.AWAITING_CONCORDANCE,
    State.RESULT_TO_TELL,
    State.AWAITING_PRIORS,
    State.TO_CONTACT,
    State.BIOPSY_TO_BOOK,
)
_RADIOLOGIST_TASKS = (WorkItemKind.DOCTOR_QUESTION, WorkItemKind.PRIORS_TO_COMPARE, WorkItemKind.CORRECTED_RESULT)


class WorklistCursor(NamedTuple):
    """Where a section's page ended, in the order of that section."""

    at: datetime
    pk: int


@dataclass(frozen=True, slots=True)
class WorklistSection:
    """Its first recalls in order, and whether there are more behind them."""

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
    wanted, sites = tuple(states), sorted(site_ids)
    if after is None and sites and wanted:
        numbers = [row["pk"] for row in _FIRST_IDS.rows(*wanted, sites=sites, now=now)]
    else:
        numbers = _fetch_ids([_section_query(site, state, now, after) for state in wanted for site in sites])
    found: dict[str, list[Recall]] = {state: [] for state in wanted}
    for recall in sorted(_fetch_rows(numbers), key=worklist_position):
        found[recall.state].append(recall)
    return [WorklistSection(state, found[state][:SECTION_SIZE], len(found[state]) > SECTION_SIZE) for state in wanted]


def _build_first_ids(*states: State, sites: list[int], now: datetime) -> "QuerySet[Any, Any]":
    return _union([_section_query(site, state, now, None) for state in states for site in sites])


def _build_rows(*, numbers: list[int]) -> "QuerySet[Recall]":
    rows = with_next_action_facts(Recall.objects.filter(pk__in=numbers))
    return rows.prefetch_related("contact_attempts", "exam__findings")


def _build_signatures(*, sites: list[int]) -> "QuerySet[SignOffRequest]":
    rows = SignOffRequest.objects.filter(site_id__in=sites, decided_at=None, recall__state__in=OPEN_STATES)
    return rows.select_related("recall__patient", "requested_by").order_by("requested_at", "pk")[: SECTION_SIZE + 1]


def _build_tasks(*, sites: list[int]) -> "QuerySet[WorkItem]":
    rows = WorkItem.objects.filter(site_id__in=sites, done_at=None, kind__in=_RADIOLOGIST_TASKS)
    return rows.select_related("patient", "recall").order_by("opened_at", "pk")[: SECTION_SIZE + 1]


_FIRST_IDS, _ROWS = PreparedQuery(_build_first_ids), PreparedQuery(_build_rows)
_SIGNATURES, _TASKS = PreparedQuery(_build_signatures), PreparedQuery(_build_tasks)
_NUMBERS_IN_STEPS_OF = 8


def _fetch_rows(numbers: list[int]) -> Iterable[Recall]:
    # The last one again fills up to a round number of them, for which the query is there already.
    wholes = [*numbers, *numbers[-1:] * (-len(numbers) % _NUMBERS_IN_STEPS_OF)]
    return _ROWS.rows(numbers=wholes) if wholes else ()


def worklist_position(recall: Recall) -> WorklistCursor:
    """Where the case stands in its pile; one that no pile holds stands at its beginning."""
    at = getattr(recall, _section_order(State(recall.state))[0])
    return WorklistCursor(at or datetime.min.replace(tzinfo=UTC), recall.pk)


def next_recall_to_read(user: User, now: datetime, answered: State, answered_pk: int) -> Recall | None:
    """The most pressing case of the pile just worked on, whichever of it was answered, then of the piles below it."""
    first = SECTION_STATES.index(answered) if answered in SECTION_STATES else 0
    firsts = [
        _section_query(site, state, now, None) for state in SECTION_STATES[first:] for site in sorted(user.site_ids)
    ]
    found = Recall.objects.filter(pk__in=_fetch_ids(firsts)).exclude(pk=answered_pk, state=answered)
    return min(found, key=lambda row: (SECTION_STATES.index(State(row.state)), worklist_position(row)), default=None)


def pending_signatures(site_ids: Iterable[int]) -> list[SignOffRequest]:
    """What waits for a second signature at these sites, the longest waiting first. One query."""
    sites = sorted(site_ids)
    return list(_SIGNATURES.rows(sites=sites)) if sites else []


def radiologist_tasks(site_ids: Iterable[int]) -> list[WorkItem]:
    """Open tasks that only a radiologist can do at these sites, oldest first. One query."""
    sites = sorted(site_ids)
    return list(_TASKS.rows(sites=sites)) if sites else []


def earlier_recalls(user: User, recall: Recall) -> list[Recall]:
    """The patient's other recalls at the user's sites, newest first; none whose exam was another person's.

    Three queries.
    """
    rows = Recall.objects.for_user(user).filter(patient=recall.patient_id).exclude(pk=recall.pk)
    rows = rows.filter(exam__patient=recall.patient_id)
    newest = rows.select_related("exam").order_by("-exam__exam_date")[:_MAX_EARLIER_RECALLS]
    return list(newest.prefetch_related("exam__findings", "outcomes"))


def _section_query(site_id: int, state: State, now: datetime, after: WorklistCursor | None) -> QuerySet[Recall, Any]:
    order = _section_order(state)
    rows = Recall.objects.filter(site_id=site_id, state=state, to_read_at__lte=now).order_by(*order)
    if after is not None:
        rows = rows.filter(rows_after(order, after))
    # The outer filter lets SQLite combine limited queries of several sites.
    return Recall.objects.filter(pk__in=rows.values("pk")[: SECTION_SIZE + 1]).values("pk")


def _section_order(state: State) -> tuple[str, str]:
    return _ORDER_BY_LIMIT if state == State.RESULT_TO_TELL else _ORDER


def _fetch_ids(queries: list[QuerySet[Recall, Any]]) -> list[int]:
    """The numbers of all these in one query."""
    if not queries:
        return []
    return [row["pk"] for row in _union(queries)]


def _union(queries: list[QuerySet[Recall, Any]]) -> QuerySet[Recall, Any]:
    return reduce(lambda left, right: left.union(right, all=True), queries)
