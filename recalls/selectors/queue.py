"""Reads one page of a queue, most urgent first, in a fixed number of queries.

A queue page costs the same at a hundred and at a million recalls: each site's first rows come from its own stretch of
an index, and only those few rows are looked at any closer. Those whose turn has come by the end of today stand first,
by the time left to their target, then by risk; behind them the others, by the day on which their turn comes. Asked for
by target, the list is one part in that order. Above all stand patients who asked for something on their page: they
never sink.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import (
    BooleanField,
    Case,
    CharField,
    Count,
    Exists,
    F,
    OuterRef,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.utils import timezone

from clinic.models import User
from clinic.queries.prepared import PreparedQuery
from desk.keyset import rows_after
from recalls.enums import (
    ACTIVE_APPOINTMENT_STATUSES,
    OPEN_STATES,
    AppointmentStatus,
    ConcordanceVerdict,
    State,
    WorkItemKind,
)
from recalls.models import Appointment, Concordance, LesionAssessment, Recall, RecallEvent, WorkItem
from recalls.scheduling.lane_times import with_lane_columns
from recalls.selectors.queue_filters import NO_FILTERS, QueueFilters

PAGE_SIZE = 25
# The parts of the list, each in its own order: the first two together, or the third alone.
DUE, LATER, BY_TARGET = "d", "l", "t"
_DUE_ORDER = _TARGET_ORDER = ("target_at", "-suspicious", "pk")
_LATER_ORDER = ("due_at", "pk")
MAX_PATIENT_REQUESTS = 10
MAX_HANDLED_TODAY = 8
_AFTER_VISIT_STATES = frozenset({State.AWAITING_OUTCOME, State.AWAITING_PATHOLOGY, State.AWAITING_CONCORDANCE})
_NO_RISK = Value(False, output_field=BooleanField())
# What nobody has to do any work for.
_STEPS_WITHOUT_WORK = ("open_recall", "open_awaiting_priors", "follow_up_due", "merge_records", "unmerge_records")


class QueueCursor(NamedTuple):
    """A place in the list. `part`: "d" among the recalls due by the end of today, "l" among the later ones, "t" in the
    list by target.
    """

    part: str
    at: datetime
    suspicious: bool
    pk: int

    @property
    def sort_key(self) -> tuple[Any, ...]:
        return (self.part == LATER, self.at, not self.suspicious, self.pk)


@dataclass(frozen=True, slots=True)
class QueueQuery:
    """What one queue page is to show. `day_ends`: each of the sites with the end of its today."""

    user: User
    day_ends: Mapping[int, datetime]
    state: State
    now: datetime
    filters: QueueFilters = NO_FILTERS
    # Whether the list stands by target, whoever's turn it is.
    by_target: bool = False
    after: QueueCursor | None = None
    # When somebody could be seen next at each site: `recalls.scheduling.next_available`.
    next_free_by_site: Mapping[int, datetime | None] = field(default_factory=dict)
    # From when on what the user did counts as today's work.
    workday_start: datetime | None = None


@dataclass(slots=True)
class QueuePage:
    """Recalls with their facts, in order: who asked, whose turn it is, whose turn comes, and who was worked today.

    A list by target stands in `due` as one.
    """

    patient_requests: list[Recall]
    due: list[Recall]
    not_due: list[Recall]
    handled_today: list[Recall]
    next_cursor: QueueCursor | None


def get_queue_page(wanted: QueueQuery) -> QueuePage:
    """Three queries: the numbers, the rows and their tries.

    The numbers are read before the rows: a planner whose statistics are old, as after a large intake, then joins a few
    rows to their exams, and not every recall to every exam, which takes minutes.
    """
    if not wanted.day_ends:
        return QueuePage([], [], [], [], None)
    asked, places, worked = _fetch_page_ids(wanted)
    shown, more = places[:PAGE_SIZE], places[PAGE_SIZE:]
    numbers = {*asked, *worked, *(place.pk for place in shown)}
    rows = {row.pk: row for row in _fetch_rows(wanted, sorted(numbers))} if numbers else {}
    on_top = set(asked)
    listed = [(place.part != LATER, rows[place.pk]) for place in shown if place.pk in rows and place.pk not in on_top]
    in_list = on_top | {row.pk for _due, row in listed}
    return QueuePage(
        patient_requests=[rows[pk] for pk in asked if pk in rows],
        due=[row for due, row in listed if due],
        not_due=[row for due, row in listed if not due],
        handled_today=[rows[pk] for pk in worked if pk in rows and pk not in in_list],
        next_cursor=shown[-1] if more else None,
    )


def _fetch_rows(wanted: QueueQuery, numbers: list[int]) -> "QuerySet[Recall]":
    since = wanted.workday_start
    # The last one again fills up to a round number of them, for which the query is there already.
    wholes = [*numbers, *[numbers[-1]] * (-len(numbers) % _NUMBERS_IN_STEPS_OF)]
    values: dict[str, Any] = {"numbers": wholes, "user": wanted.user.pk, "since": since or wanted.now}
    return _ROWS.rows(wanted.state, since is not None, **values)


def _build_rows(
    state: State, has_workday: bool, *, numbers: list[int], user: int, since: datetime
) -> "QuerySet[Recall]":
    rows = with_next_action_facts(Recall.objects.filter(pk__in=numbers), state)
    return (_with_own_work(rows, user, since) if has_workday else rows).prefetch_related("contact_attempts")


_NUMBERS_IN_STEPS_OF = 8
_ROWS = PreparedQuery(_build_rows)


def _fetch_page_ids(wanted: QueueQuery) -> tuple[list[int], list[QueueCursor], list[int]]:
    """Who asked (longest waiting first), one page of places and one more, and whom the user worked (newest first)."""
    found: dict[str, list[QueueCursor]] = {DUE: [], LATER: [], BY_TARGET: [], "a": [], "w": []}
    for kind, pk, at, suspicious in _page_ids(wanted):
        found[kind].append(QueueCursor(kind, at, bool(suspicious), pk))
    asked = sorted(found["a"], key=lambda place: place.at)
    worked = sorted(found["w"], key=lambda place: place.at, reverse=True)
    places = sorted([*found[DUE], *found[LATER], *found[BY_TARGET]], key=lambda place: place.sort_key)[: PAGE_SIZE + 1]
    numbers = list(dict.fromkeys(place.pk for place in worked))
    return list(dict.fromkeys(place.pk for place in asked)), places, numbers[:MAX_HANDLED_TODAY]


def _page_ids(wanted: QueueQuery) -> "QuerySet[Any, Any]":
    """The first page of a whole queue is asked for most, and in few forms: its query is kept."""
    since = wanted.workday_start
    if wanted.after is not None or wanted.filters != NO_FILTERS:
        return _union_of_branches(wanted)
    sites, ends = zip(*sorted(wanted.day_ends.items()), strict=True)
    values: dict[str, Any] = {"user": wanted.user.pk, "sites": sites, "ends": ends, "since": since or wanted.now}
    return _FIRST_PAGE.rows(wanted.state, wanted.by_target, since is not None, **values)


def _build_first_page(
    state: State, by_target: bool, has_workday: bool, *,
    user: int, sites: list[int], ends: list[datetime], since: datetime,
) -> "QuerySet[Any, Any]":  # fmt: skip
    day_ends = dict(zip(sites, ends, strict=True))
    workday_start = since if has_workday else None
    return _union_of_branches(
        QueueQuery(User(pk=user), day_ends, state, timezone.now(), by_target=by_target, workday_start=workday_start)
    )


_FIRST_PAGE = PreparedQuery(_build_first_page)


def _union_of_branches(wanted: QueueQuery) -> "QuerySet[Any, Any]":
    arms = [arm for site, end in sorted(wanted.day_ends.items()) for arm in _site_branches(wanted, site, end)]
    if wanted.after is None:
        arms += [
            _patient_request_branch(wanted),
            *([_handled_today_branch(wanted, wanted.workday_start)] if wanted.workday_start else []),
        ]
    return arms[0].union(*arms[1:], all=True)


def _site_branches(wanted: QueueQuery, site: int, day_end: datetime) -> Iterable[QuerySet[Any, Any]]:
    rows = wanted.filters.open_rows(wanted.now, day_end, wanted.next_free_by_site.get(site))
    rows = rows.filter(site_id=site, state=wanted.state)
    after = wanted.after
    if wanted.by_target:
        if after is not None:
            rows = rows.filter(rows_after(_TARGET_ORDER, (after.at, after.suspicious, after.pk)))
        yield _union_branch(BY_TARGET, "target_at", rows.order_by(*_TARGET_ORDER))
        return
    if after is None or after.part == DUE:
        due = rows.filter(due_at__lt=day_end)
        if after is not None:
            due = due.filter(rows_after(_DUE_ORDER, (after.at, after.suspicious, after.pk)))
        yield _union_branch(DUE, "target_at", due.order_by(*_DUE_ORDER))
    later = rows.filter(due_at__gte=day_end)
    if after is not None and after.part == LATER:
        later = later.filter(rows_after(_LATER_ORDER, (after.at, after.pk)))
    yield _union_branch(LATER, "due_at", later.order_by(*_LATER_ORDER))


def _union_branch(kind: str, at: str, rows: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
    # The outer filter lets SQLite combine limited queries of several sites.
    first = Recall.objects.filter(pk__in=rows.values("pk")[: PAGE_SIZE + 1])
    # Nobody sorts the later ones by risk: their turn has not come.
    risk = _NO_RISK if kind == LATER else F("suspicious")
    return first.values_list(Value(kind, output_field=CharField()), "pk", at, risk)


def _patient_request_branch(wanted: QueueQuery) -> QuerySet[Any, Any]:
    """Recalls whose patient asked for something on their page, in whatever state it is."""
    items = WorkItem.objects.filter(
        site_id__in=list(wanted.day_ends),
        kind=WorkItemKind.PATIENT_REQUEST,
        done_at=None,
        recall__state__in=OPEN_STATES,
    )
    first = WorkItem.objects.filter(pk__in=items.order_by("opened_at").values("pk")[:MAX_PATIENT_REQUESTS])
    return first.order_by().values_list(Value("a", output_field=CharField()), "recall_id", "opened_at", _NO_RISK)


def _handled_today_branch(wanted: QueueQuery, since: datetime) -> QuerySet[Any, Any]:
    """Whom the user called, booked or moved on today, their newest steps first."""
    mine = RecallEvent.objects.filter(user=wanted.user, at__gte=since).exclude(step__in=_STEPS_WITHOUT_WORK)
    newest = RecallEvent.objects.filter(pk__in=mine.order_by("-at").values("pk")[: MAX_HANDLED_TODAY * 3])
    here = newest.filter(recall__site_id__in=list(wanted.day_ends))
    return here.order_by().values_list(Value("w", output_field=CharField()), "recall_id", "at", _NO_RISK)


def with_next_action_facts(recalls: QuerySet[Recall], state: State | None = None) -> QuerySet[Recall]:
    """Adds what a row's words need (see `presenters.next_action.NextActionFacts`), as columns of the same query, who
    has it open, who owes a result, and what the row says of lesions, missed visits and the same-day lane.
    """
    events = RecallEvent.objects.filter(recall=OuterRef("pk")).order_by("-version")
    since = events.filter(at__gte=OuterRef("state_since"))
    statuses = (
        (AppointmentStatus.ATTENDED,) if state is None or state in _AFTER_VISIT_STATES else ACTIVE_APPOINTMENT_STATUSES
    )
    visits = Appointment.objects.filter(recall=OuterRef("pk"), status__in=statuses).order_by("-pk")
    arrivals = events.filter(to_state=OuterRef("state")).exclude(from_state=F("to_state")).exclude(step="undo")
    # What the patient asked for comes before every task that somebody else set.
    asked_first = Case(When(kind=WorkItemKind.PATIENT_REQUEST, then=0), default=1)
    tasks = WorkItem.objects.filter(recall=OuterRef("pk"), done_at=None).order_by(asked_first, "-pk")
    missed = Appointment.objects.filter(recall=OuterRef("pk"), status=AppointmentStatus.MISSED).order_by()
    return (
        with_lane_columns(recalls)
        .select_related("patient__result_wish", "exam", "claim__user", "result_owner", "assigned_to")
        .annotate(
            first_call_part=F("trial_place__call_part"),
            arrived_by=Subquery(arrivals.values("step")[:1]),
            visit_at=Subquery(visits.values("starts_at")[:1]),
            visit_status=Subquery(visits.values("status")[:1]),
            priors_asked_at=Subquery(since.filter(step="request_priors").values("at")[:1]),
            priors_received=Exists(since.filter(step="receive_priors")),
            task_kind=Subquery(tasks.values("kind")[:1]),
            task_reason=Subquery(tasks.values("reason")[:1]),
            worst_category=Subquery(_standing_assessments().values("assessment")[:1]),
            missed_visits=Coalesce(Subquery(missed.values("recall").annotate(count=Count("pk")).values("count")), 0),
        )
    )


def _standing_assessments() -> QuerySet[LesionAssessment]:
    """Of each lesion that no benign tissue has settled, the newest category; the worst first, as the values sort."""
    read = LesionAssessment.objects.filter(lesion__recall=OuterRef("pk"))
    newer = LesionAssessment.objects.filter(lesion=OuterRef("lesion"), pk__gt=OuterRef("pk"))
    benign = Concordance.objects.filter(
        pathology__lesion=OuterRef("lesion"),
        at__gte=OuterRef("read_at"),
        verdict=ConcordanceVerdict.CONCORDANT_BENIGN,
    )
    return read.filter(~Exists(newer), ~Exists(benign)).order_by("-assessment")


def _with_own_work(recalls: QuerySet[Recall], user: int, since: datetime) -> QuerySet[Recall]:
    """Adds what the user did last with each of them today."""
    mine = RecallEvent.objects.filter(recall=OuterRef("pk"), user=user, at__gte=since)
    mine = mine.exclude(step__in=_STEPS_WITHOUT_WORK).order_by("-version")
    return recalls.annotate(worked_step=Subquery(mine.values("step")[:1]), worked_at=Subquery(mine.values("at")[:1]))
