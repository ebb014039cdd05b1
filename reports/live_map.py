"""Builds the live map: each state's recalls and last week's moves at a user's sites, with links.

The rows of a person's sites are asked for every few seconds at most and kept in this process for everybody of the same
sites: numbers and instants only, nothing about a patient.
"""

import hashlib
import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt
from typing import Any
from urllib.parse import urlencode

from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic.models import User
from clinic.roles import Page, can_open_page
from desk.union_counts import CountRow, fetch_counts
from recalls.enums import OPEN_STATES, State
from recalls.selectors import kept_counts
from recalls.workflow import STEPS
from recalls.workflow_diagram import DiagramArrow, diagram_arrows
from reports.health_checks import format_age
from reports.map_layout import BOX_HEIGHT, BOX_WIDTH, VIEW_BOX, BoxPosition, get_arrow_path, get_box_position

CACHE_SECONDS = 10
CACHE_KEY = "reports.live_map"
WEEK = timedelta(days=7)
_MOVING_STEPS = frozenset(step.name for step in STEPS if step.to_states)
_TITLE_LINE_LENGTH = 23  # of a state's name on one line of its box
_MIN_ARROW_WIDTH, _MAX_ARROW_WIDTH = 1.5, 9.0
_TITLE_Y = 20
_LINE_HEIGHT = 16
_PADDING = 10


@dataclass(frozen=True, slots=True)
class StateBox:
    """One state: its count, the age of its oldest recall ("9 days"), how many are overdue or past target, its list."""

    state: State
    position: BoxPosition
    url: str
    count: int
    oldest_age: str
    overdue: int
    past_target: int

    @property
    def is_closed(self) -> bool:
        return self.state == State.CLOSED

    @property
    def title_lines(self) -> list[tuple[int, str]]:
        """The name in lines, each with its height in the box."""
        lines = textwrap.wrap(str(self.state.label), _TITLE_LINE_LENGTH)[:2]
        return [(self.position.y + _TITLE_Y + number * _LINE_HEIGHT, line) for number, line in enumerate(lines)]

    @property
    def left(self) -> int:
        return self.position.x + _PADDING

    @property
    def right(self) -> int:
        return self.position.x + BOX_WIDTH - _PADDING

    @property
    def count_y(self) -> int:
        return self.position.y + 66

    @property
    def overdue_y(self) -> int:
        return self.position.y + BOX_HEIGHT - 13

    @property
    def overdue_x(self) -> int:
        return self.left + 17

    @property
    def diamond(self) -> str:
        """The shape that stands for "overdue" wherever it is shown."""
        x, y = self.left + 6, self.overdue_y - 5
        return f"M{x - 6} {y} L{x} {y - 6} L{x + 6} {y} L{x} {y + 6} z"

    @property
    def overdue_text(self) -> str:
        return ngettext("%(count)d overdue", "%(count)d overdue", self.overdue) % {"count": self.overdue}

    @property
    def square(self) -> str:
        """The shape that stands for "past target", before its text at the right edge."""
        return f"M{self.left + 104} {self.overdue_y - 10} h10 v10 h-10 z"

    @property
    def past_target_x(self) -> int:
        return self.left + 119

    @property
    def past_target_text(self) -> str:
        return ngettext("%(count)d past", "%(count)d past", self.past_target) % {"count": self.past_target}

    @property
    def description(self) -> str:
        """What a screen reader says of the box."""
        if self.is_closed:
            closed = ngettext("%(count)d closed in 7 days", "%(count)d closed in 7 days", self.count)
            return f"{self.state.label}: {closed % {'count': self.count}}"
        words = [ngettext("%(count)d open", "%(count)d open", self.count) % {"count": self.count}]
        words += [_("oldest %(age)s") % {"age": self.oldest_age}] if self.oldest_age else []
        past = ngettext("%(count)d past target", "%(count)d past target", self.past_target)
        words += [self.overdue_text, past % {"count": self.past_target}]
        return f"{self.state.label}: {', '.join(words)}"


@dataclass(frozen=True, slots=True)
class MapArrow:
    """One arrow, as thick as the week's moves along it."""

    diagram_arrow: DiagramArrow
    count: int
    width: float

    @property
    def path(self) -> str:
        return "M" + " L".join(f"{x} {y}" for x, y in get_arrow_path(self.diagram_arrow))

    @property
    def stroke_width(self) -> str:
        return str(self.width)  # a template would write 1,5 in some languages

    @property
    def from_x(self) -> int:
        return get_arrow_path(self.diagram_arrow)[0][0]

    @property
    def from_y(self) -> int:
        return get_arrow_path(self.diagram_arrow)[0][1]

    @property
    def start(self) -> str:
        return str(self.diagram_arrow.from_state.label) if self.diagram_arrow.from_state else _("a screening result")

    @property
    def steps(self) -> str:
        return ", ".join(str(step.label) for step in self.diagram_arrow.steps)


@dataclass(frozen=True, slots=True)
class LiveMap:
    boxes: list[StateBox]
    arrows: list[MapArrow]
    other_moves: int
    counted_at: datetime
    view_box: str = VIEW_BOX

    @property
    def etag(self) -> str:
        """Changes with whatever the drawing shows, the time of counting aside; read in the person's language."""
        shown = [(box.description, box.url) for box in self.boxes], [way.count for way in self.arrows], self.other_moves
        digest = hashlib.sha256(repr((translation.get_language(), shown)).encode()).hexdigest()[:32]
        return f'"{digest}"'


def get_live_map(user: User) -> LiveMap:
    """The map of the sites this person works at; asks the database nothing while the kept counts are fresh."""
    now = timezone.now()
    counted_at, rows = _cached_counts(sorted(user.site_ids), now)
    moves: Counter[tuple[str, str, str]] = Counter()
    for row in rows:
        if row.query_name == "move":
            step, start, end = row.key.split("|")
            if step in _MOVING_STEPS:
                moves[step, start, end] += row.count
    arrows = _map_arrows(moves)
    return LiveMap(
        [_state_box(user, state, rows, now) for state in OPEN_STATES] + [_closed_box(user, moves)],
        arrows,
        moves.total() - sum(arrow.count for arrow in arrows),
        counted_at,
    )


def _cached_counts(sites: list[int], now: datetime) -> tuple[datetime, list[CountRow]]:
    key = f"{CACHE_KEY}:{'-'.join(map(str, sites))}"
    found: tuple[datetime, list[CountRow]] | None = cache.get(key)
    if found is None:
        found = now, fetch_counts(_count_queries(sites, now))
        cache.set(key, found, CACHE_SECONDS)
    return found


def _count_queries(sites: list[int], now: datetime) -> Iterable[Any]:
    """Open recalls of the sites by state; those late, those past target; last week's moves by step and ends."""
    at_once = dict.fromkeys(sites, now)
    yield kept_counts.open_by_kind("open", sites)
    yield from kept_counts.oldest("oldest", sites)
    yield from kept_counts.before("late", "due", at_once)
    yield from kept_counts.before("past_target", "target", at_once)
    yield from kept_counts.moves_since("move", sites, now - WEEK)


def _state_box(user: User, state: State, rows: Sequence[CountRow], now: datetime) -> StateBox:
    counts: Counter[str] = Counter()
    for row in rows:
        if row.key.partition("|")[0] == state:
            counts[row.query_name] += row.count
    oldest = min((row.at for row in rows if row.key == state and row.at), default=None)
    return StateBox(
        state,
        get_box_position(state),
        list_url(user, state),
        counts["open"],
        format_age(oldest, now) if oldest else "",
        counts["late"],
        counts["past_target"],
    )


def _closed_box(user: User, moves: "Counter[tuple[str, str, str]]") -> StateBox:
    closed = sum(count for (_step, _start, end), count in moves.items() if end == State.CLOSED)
    return StateBox(State.CLOSED, get_box_position(State.CLOSED), list_url(user, State.CLOSED), closed, "", 0, 0)


def _map_arrows(moves: "Counter[tuple[str, str, str]]") -> list[MapArrow]:
    counts = {arrow: _moves_along(arrow, moves) for arrow in diagram_arrows()}
    most = max(counts.values(), default=0)
    return [MapArrow(arrow, count, _arrow_width(count, most)) for arrow, count in counts.items()]


def _moves_along(arrow: DiagramArrow, moves: "Counter[tuple[str, str, str]]") -> int:
    start = arrow.from_state.value if arrow.from_state else ""
    return sum(moves[step.name, start, arrow.to_state.value] for step in arrow.steps)


def _arrow_width(count: int, most: int) -> float:
    """By the root of the count, so that one busy arrow does not make all the others hairlines."""
    return (
        round(_MIN_ARROW_WIDTH + (_MAX_ARROW_WIDTH - _MIN_ARROW_WIDTH) * sqrt(count / most), 1)
        if count
        else _MIN_ARROW_WIDTH
    )


def list_url(user: User, state: State) -> str:
    """The list behind a box: the desk's queue for those who work there, else the admin's; empty where there is none."""
    if state != State.CLOSED and can_open_page(user, Page.QUEUE):
        return reverse("queue_state", args=[state.value])
    if can_open_page(user, Page.BOARD):
        return f"{reverse('admin:recalls_recall_changelist')}?{urlencode({'state__exact': state.value})}"
    return ""
