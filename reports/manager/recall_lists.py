"""Reads one page of a manager's list of recalls, the worst first, in a fixed number of queries.

Each part of a list comes from its own stretch of an index at each site, as in `recalls.selectors.queue`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import models
from django.db.models import CharField, Q, QuerySet, Value
from django.utils.translation import gettext_lazy as _

from clinic.models import Site
from clinic.timezone_filters import closed_this_month
from desk.keyset import rows_after
from recalls.enums import ClosureReason, State
from recalls.models import Recall
from recalls.selectors.queue import with_next_action_facts
from recalls.selectors.queue_filters import past_target

PAGE_SIZE = 25


class RecallList(models.TextChoices):
    """What a list holds; the value stands in its address."""

    LATE = "late", _("Late")
    OVERDUE = "overdue", _("Next action overdue")
    PAST_TARGET = "past-target", _("Past target")
    LOST = "lost", _("Lost to follow-up")
    ELSEWHERE = "declined-transferred", _("Declined or transferred")

    @property
    def is_of_closed(self) -> bool:
        return self in (RecallList.LOST, RecallList.ELSEWHERE)


_CLOSURE_REASONS = {
    RecallList.LOST: (ClosureReason.LOST_TO_FOLLOW_UP,),
    RecallList.ELSEWHERE: (ClosureReason.DECLINED, ClosureReason.TRANSFERRED),
}


class ListCursor(NamedTuple):
    """A place in a list: the part of it, the instant by which that part is sorted, and the recall's number."""

    part: str
    at: datetime
    pk: int


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What one page of a list is to show; `state` narrows the lists of open recalls, `month_only` the others."""

    kind: RecallList
    sites: tuple[Site, ...]
    now: datetime
    state: State | None = None
    month_only: bool = False
    # Whose they are: a condition on the open recalls; None for everybody's and anybody's.
    owner: Q | None = None
    after: ListCursor | None = None


class _Part(NamedTuple):
    name: str
    condition: Q
    order: str


def get_list_page(wanted: ListQuery, size: int = PAGE_SIZE) -> tuple[list[Any], ListCursor | None]:
    """Recalls with all that a row says of them, and where the next page begins. Five queries, one for an empty list."""
    places = _fetch_places(wanted, size + 1)
    shown = places[:size]
    if not shown:
        return [], None
    rows = with_next_action_facts(Recall.objects.filter(pk__in=[place.pk for place in shown]))
    rows = rows.prefetch_related("contact_attempts", "patient__contact_points", "patient__consents")
    found = {row.pk: row for row in rows}
    return [found[place.pk] for place in shown if place.pk in found], shown[-1] if len(places) > size else None


def _fetch_places(wanted: ListQuery, most: int) -> list[ListCursor]:
    branches = [
        _branch(part, rows, most)
        for part in _parts(wanted)
        if wanted.after is None or part.name >= wanted.after.part
        for rows in _rows_by_site(wanted, part)
    ]
    if not branches:
        return []
    found = [ListCursor(*columns) for columns in branches[0].union(*branches[1:], all=True)]
    is_newest_first = wanted.kind.is_of_closed
    found.sort(key=lambda place: (place.at, place.pk), reverse=is_newest_first)
    found.sort(key=lambda place: place.part)
    return found[:most]


def _parts(wanted: ListQuery) -> list[_Part]:
    """A result of 4 or 5 first; of each risk those past their target, then those whose next action is overdue."""
    if wanted.kind.is_of_closed:
        # One part for each reason would order the list by reason: they are sorted together.
        return [_Part("z", Q(closure_reason=reason), "-closed_at") for reason in _CLOSURE_REASONS[wanted.kind]]
    now = wanted.now
    overdue, on_target = Q(due_at__lt=now), Q(target_at__gte=now) | Q(target_at__isnull=True)
    parts = []
    for first, second, is_suspicious in (("a", "b", True), ("c", "d", False)):
        past = Q(suspicious=is_suspicious) & past_target(now)
        if wanted.kind == RecallList.OVERDUE:
            past &= overdue
        parts.append(_Part(first, past, "target_at"))
        if wanted.kind != RecallList.PAST_TARGET:
            parts.append(_Part(second, Q(suspicious=is_suspicious) & overdue & on_target, "due_at"))
    return parts


def _rows_by_site(wanted: ListQuery, part: _Part) -> Iterable[QuerySet[Recall]]:
    after, order = wanted.after, (part.order, "-pk" if part.order.startswith("-") else "pk")
    for site in wanted.sites:
        rows: QuerySet[Recall] = Recall.objects.filter(part.condition, site_id=site.pk)
        if not wanted.kind.is_of_closed:
            rows = rows.exclude(state=State.CLOSED)
            if wanted.state is not None:
                rows = rows.filter(state=wanted.state)
            if wanted.owner is not None:
                rows = rows.filter(wanted.owner)
        elif wanted.month_only:
            rows = rows.filter(closed_this_month([site], wanted.now))
        if after is not None and after.part == part.name:
            rows = rows.filter(rows_after(order, (after.at, after.pk)))
        yield rows.order_by(*order)


def _branch(part: _Part, rows: QuerySet[Recall], most: int) -> QuerySet[Any, Any]:
    # The outer filter lets SQLite combine limited queries of several sites.
    first = Recall.objects.filter(pk__in=rows.values("pk")[:most])
    return first.order_by().values_list(Value(part.name, output_field=CharField()), part.order.removeprefix("-"), "pk")
