"""Which recalls wait in which queue, most urgent first? One page of a queue, whatever the size.

A queue page costs the same at a hundred and at a million recalls: each site's first rows come from its own stretch of
an index, and only those few rows are looked at any closer. Those whose turn has come by the end of today stand first,
by the time left to their target, then by risk; behind them the others, by the day on which their turn comes. Above all
stand patients who asked for something on their page: they never sink.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import BooleanField, CharField, Exists, F, OuterRef, Q, QuerySet, Subquery, Value

from clinic.models import User
from recalls.filters import NO_FILTERS, Filters
from recalls.models import Appointment, Recall, RecallEvent, WorkItem
from recalls.states import ACTIVE_APPOINTMENT, OPEN_STATES, AppointmentStatus, Assessment, State, WorkItemKind

PAGE_SIZE = 25
ASKED_SIZE = 10
WORKED_SIZE = 8
# After these the patient is written to when the outcome is released; a suspicious one is told by voice.
TOLD_IN_WRITING = frozenset({Assessment.NEGATIVE, Assessment.BENIGN, Assessment.PROBABLY_BENIGN})
_SEEN = frozenset({State.AWAITING_OUTCOME, State.AWAITING_PATHOLOGY, State.AWAITING_CONCORDANCE})
_NO_RISK = Value(False, output_field=BooleanField())
# What nobody has to do any work for.
_NO_WORK = ("open_recall", "open_awaiting_priors", "follow_up_due", "merge_records", "unmerge_records")


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the list, for the address of the next page; names no patient. `due`: among those whose turn it is."""

    due: bool
    at: datetime
    suspicious: bool
    pk: int

    @property
    def key(self) -> tuple[Any, ...]:
        return (not self.due, self.at, not self.suspicious, self.pk)

    def __str__(self) -> str:
        return f"{'d' if self.due else 'l'}~{self.at.isoformat()}~{int(self.suspicious)}~{self.pk}"

    @classmethod
    def read(cls, text: str) -> "Place | None":
        """The place an address names; None when it names none that can be read."""
        try:
            part, at, suspicious, pk = text.split("~")
            return cls(part == "d", datetime.fromisoformat(at), suspicious == "1", int(pk))
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one queue page is to show. `day_ends`: each of the sites with the end of its today."""

    user: User
    day_ends: Mapping[int, datetime]
    state: State
    now: datetime
    filters: Filters = NO_FILTERS
    after: Place | None = None
    # When somebody could be seen next at each site: `recalls.free_times`.
    free_at: Mapping[int, datetime | None] = field(default_factory=dict)
    # From when on what she did counts as today's work.
    today_from: datetime | None = None


@dataclass(slots=True)
class QueuePage:
    """Recalls with their facts, in order: who asked, whose turn it is, whose turn comes, and whom she worked today."""

    asked: list[Recall]
    due: list[Recall]
    later: list[Recall]
    worked: list[Recall]
    next_place: Place | None


def queue_page(wanted: Wanted) -> QueuePage:
    """Three queries: the numbers, the rows and their tries.

    The numbers are read before the rows: a planner whose statistics are old, as after a large intake, then joins a few
    rows to their exams, and not every recall to every exam, which takes minutes.
    """
    if not wanted.day_ends:
        return QueuePage([], [], [], [], None)
    asked, places, worked = _numbers(wanted)
    shown, more = places[:PAGE_SIZE], places[PAGE_SIZE:]
    numbers = {*asked, *worked, *(place.pk for place in shown)}
    facts = _with_her_work(with_facts(Recall.objects.filter(pk__in=numbers), wanted.state), wanted)
    rows = {row.pk: row for row in facts.prefetch_related("contact_attempts")} if numbers else {}
    on_top = set(asked)
    listed = [(place.due, rows[place.pk]) for place in shown if place.pk in rows and place.pk not in on_top]
    in_list = on_top | {row.pk for _due, row in listed}
    return QueuePage(
        asked=[rows[pk] for pk in asked if pk in rows],
        due=[row for due, row in listed if due],
        later=[row for due, row in listed if not due],
        worked=[rows[pk] for pk in worked if pk in rows and pk not in in_list],
        next_place=shown[-1] if more else None,
    )


def _numbers(wanted: Wanted) -> tuple[list[int], list[Place], list[int]]:
    """Who asked (longest waiting first), one page of places and one more, and whom she worked (newest first)."""
    arms = [arm for site, end in sorted(wanted.day_ends.items()) for arm in _of_site(wanted, site, end)]
    if wanted.after is None:
        arms += [_who_asked(wanted), *([_worked(wanted, wanted.today_from)] if wanted.today_from else [])]
    found: dict[str, list[Place]] = {"d": [], "l": [], "a": [], "w": []}
    for kind, pk, at, suspicious in arms[0].union(*arms[1:], all=True):
        found[kind].append(Place(kind == "d", at, bool(suspicious), pk))
    asked = sorted(found["a"], key=lambda place: place.at)
    worked = sorted(found["w"], key=lambda place: place.at, reverse=True)
    places = sorted([*found["d"], *found["l"]], key=lambda place: place.key)[: PAGE_SIZE + 1]
    numbers = list(dict.fromkeys(place.pk for place in worked))
    return list(dict.fromkeys(place.pk for place in asked)), places, numbers[:WORKED_SIZE]


def _of_site(wanted: Wanted, site: int, day_end: datetime) -> Iterable[QuerySet[Any, Any]]:
    rows = Recall.objects.still_open().filter(site_id=site, state=wanted.state)
    rows = rows.filter(wanted.filters.condition(wanted.now, day_end, wanted.free_at.get(site)))
    if wanted.after is None or wanted.after.due:
        due = rows.filter(due_at__lt=day_end).filter(_behind("target_at", wanted.after, risky_first=True))
        yield _arm("d", "target_at", due.order_by("target_at", "-suspicious", "pk"))
    later = rows.filter(due_at__gte=day_end)
    if wanted.after is not None and not wanted.after.due:
        later = later.filter(_behind("due_at", wanted.after, risky_first=False))
    yield _arm("l", "due_at", later.order_by("due_at", "pk"))


def _arm(kind: str, at: str, rows: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
    # The outer filter lets SQLite combine limited queries of several sites.
    first = Recall.objects.filter(pk__in=rows.values("pk")[: PAGE_SIZE + 1])
    # Nobody sorts the later ones by risk: their turn has not come.
    risk = F("suspicious") if kind == "d" else _NO_RISK
    return first.values_list(Value(kind, output_field=CharField()), "pk", at, risk)


def _behind(column: str, place: Place | None, *, risky_first: bool) -> Q:
    """The rows behind a place: a keyset page, never an offset."""
    if place is None:
        return Q()
    same = Q(**{column: place.at})
    if risky_first and place.suspicious:
        same &= Q(suspicious=False) | Q(pk__gt=place.pk)
    elif risky_first:
        same &= Q(suspicious=False, pk__gt=place.pk)
    else:
        same &= Q(pk__gt=place.pk)
    return Q(**{f"{column}__gte": place.at}) & (Q(**{f"{column}__gt": place.at}) | same)


def _who_asked(wanted: Wanted) -> QuerySet[Any, Any]:
    """Recalls whose patient asked for something on her page, in whatever state they are."""
    items = WorkItem.objects.filter(
        site_id__in=list(wanted.day_ends), kind=WorkItemKind.PATIENT_ASKED, done_at=None, recall__state__in=OPEN_STATES
    )
    first = WorkItem.objects.filter(pk__in=items.order_by("opened_at").values("pk")[:ASKED_SIZE])
    return first.order_by().values_list(Value("a", output_field=CharField()), "recall_id", "opened_at", _NO_RISK)


def _worked(wanted: Wanted, since: datetime) -> QuerySet[Any, Any]:
    """Whom she herself called, booked or moved on today, her newest steps first."""
    mine = RecallEvent.objects.filter(user=wanted.user, at__gte=since).exclude(step__in=_NO_WORK)
    newest = RecallEvent.objects.filter(pk__in=mine.order_by("-at").values("pk")[: WORKED_SIZE * 3])
    here = newest.filter(recall__site_id__in=list(wanted.day_ends))
    return here.order_by().values_list(Value("w", output_field=CharField()), "recall_id", "at", _NO_RISK)


def with_facts(recalls: QuerySet[Recall], state: State | None = None) -> QuerySet[Recall]:
    """Adds what a row's words need (see `presenters.why.Facts`), as columns of the same query, and who has it open."""
    events = RecallEvent.objects.filter(recall=OuterRef("pk")).order_by("-version")
    since = events.filter(at__gte=OuterRef("state_since"))
    statuses = (AppointmentStatus.ATTENDED,) if state is None or state in _SEEN else ACTIVE_APPOINTMENT
    visits = Appointment.objects.filter(recall=OuterRef("pk"), status__in=statuses).order_by("-pk")
    arrivals = events.filter(to_state=OuterRef("state")).exclude(from_state=F("to_state")).exclude(step="undo")
    tasks = WorkItem.objects.filter(recall=OuterRef("pk"), done_at=None).order_by("-pk")
    return recalls.select_related("patient", "exam", "claim__user").annotate(
        arrived_by=Subquery(arrivals.values("step")[:1]),
        visit_at=Subquery(visits.values("starts_at")[:1]),
        visit_status=Subquery(visits.values("status")[:1]),
        priors_asked_at=Subquery(since.filter(step="request_priors").values("at")[:1]),
        priors_received=Exists(since.filter(step="receive_priors")),
        task_kind=Subquery(tasks.values("kind")[:1]),
        task_reason=Subquery(tasks.values("reason")[:1]),
    )


def _with_her_work(recalls: QuerySet[Recall], wanted: Wanted) -> QuerySet[Recall]:
    """Adds what the reader herself did last with each of them today."""
    if wanted.today_from is None:
        return recalls
    mine = RecallEvent.objects.filter(recall=OuterRef("pk"), user=wanted.user, at__gte=wanted.today_from)
    mine = mine.exclude(step__in=_NO_WORK).order_by("-version")
    return recalls.annotate(worked_step=Subquery(mine.values("step")[:1]), worked_at=Subquery(mine.values("at")[:1]))
