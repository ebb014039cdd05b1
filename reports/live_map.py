"""What does the live map say now? Each state's recalls and last week's moves at a person's sites, and where to click.

One aggregate over all sites is counted every few seconds at most and kept in this process: numbers and instants only,
nothing about a patient. Each person's map is added up from their own sites' rows.
"""

import hashlib
import textwrap
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt
from typing import Any
from urllib.parse import urlencode

from django.core.cache import cache
from django.db.models import Case, F, IntegerField, Min, Value, When
from django.db.models.functions import Concat
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic.models import User
from clinic.roles import Page, may_open
from recalls.enums import OPEN_STATES, State
from recalls.models import Recall, RecallEvent
from recalls.workflow import STEPS
from recalls.workflow_diagram import DiagramArrow, diagram_arrows, is_drawn
from reports.map_layout import HEIGHT, VIEW_BOX, WIDTH, Place, place_of, way_of
from reports.parts import Row, part, read
from reports.signs import ago

CACHE_SECONDS = 10
CACHE_KEY = "reports.live_map"
WEEK = timedelta(days=7)
_LINE_LETTERS = 23  # of a state's name on one line of its box
_THINNEST, _THICKEST = 1.5, 9.0
_TITLE_Y = 20
_LINE_HEIGHT = 16
_PADDING = 10


@dataclass(frozen=True, slots=True)
class Box:
    """One state: its count, the age of its oldest recall ("9 days"), how many are overdue, and its list."""

    state: State
    place: Place
    url: str
    count: int
    oldest: str
    overdue: int

    @property
    def is_closed(self) -> bool:
        return self.state == State.CLOSED

    @property
    def title_lines(self) -> list[tuple[int, str]]:
        """The name in lines, each with its height in the box."""
        lines = textwrap.wrap(str(self.state.label), _LINE_LETTERS)[:2]
        return [(self.place.y + _TITLE_Y + number * _LINE_HEIGHT, line) for number, line in enumerate(lines)]

    @property
    def left(self) -> int:
        return self.place.x + _PADDING

    @property
    def right(self) -> int:
        return self.place.x + WIDTH - _PADDING

    @property
    def count_y(self) -> int:
        return self.place.y + 66

    @property
    def late_y(self) -> int:
        return self.place.y + HEIGHT - 13

    @property
    def late_x(self) -> int:
        return self.left + 17

    @property
    def diamond(self) -> str:
        """The shape that stands for "overdue" wherever it is shown."""
        x, y = self.left + 6, self.late_y - 5
        return f"M{x - 6} {y} L{x} {y - 6} L{x + 6} {y} L{x} {y + 6} z"

    @property
    def overdue_words(self) -> str:
        return ngettext("%(count)d overdue", "%(count)d overdue", self.overdue) % {"count": self.overdue}

    @property
    def sentence(self) -> str:
        """What a screen reader says of the box."""
        if self.is_closed:
            closed = ngettext("%(count)d closed in 7 days", "%(count)d closed in 7 days", self.count)
            return f"{self.state.label}: {closed % {'count': self.count}}"
        words = [ngettext("%(count)d open", "%(count)d open", self.count) % {"count": self.count}]
        words += [_("oldest %(age)s") % {"age": self.oldest}] if self.oldest else []
        return f"{self.state.label}: {', '.join([*words, self.overdue_words])}"


@dataclass(frozen=True, slots=True)
class Way:
    """One arrow, as thick as the week's moves along it."""

    arrow: DiagramArrow
    count: int
    width: float

    @property
    def path(self) -> str:
        return "M" + " L".join(f"{x} {y}" for x, y in way_of(self.arrow))

    @property
    def width_text(self) -> str:
        return str(self.width)  # a template would write 1,5 in some languages

    @property
    def from_x(self) -> int:
        return way_of(self.arrow)[0][0]

    @property
    def from_y(self) -> int:
        return way_of(self.arrow)[0][1]

    @property
    def start(self) -> str:
        return str(self.arrow.from_state.label) if self.arrow.from_state else _("a screening result")

    @property
    def steps(self) -> str:
        return ", ".join(str(step.label) for step in self.arrow.steps)


@dataclass(frozen=True, slots=True)
class LiveMap:
    boxes: list[Box]
    ways: list[Way]
    other_moves: int
    counted_at: datetime
    view_box: str = VIEW_BOX

    @property
    def etag(self) -> str:
        """Changes with whatever the drawing shows, the time of counting aside; read in the person's language."""
        shown = [(box.sentence, box.url) for box in self.boxes], [way.count for way in self.ways], self.other_moves
        digest = hashlib.sha256(repr((translation.get_language(), shown)).encode()).hexdigest()[:32]
        return f'"{digest}"'


def read_map(user: User) -> LiveMap:
    """The map of the sites this person works at; asks the database nothing while the kept counts are fresh."""
    now = timezone.now()
    counted_at, everything = _counted(now)
    rows = [row for row in everything if row.first in user.site_ids]
    moves: Counter[tuple[str, str, str]] = Counter()
    for row in rows:
        if row.source == "move":
            step, start, end = row.key.split("|")
            moves[step, start, end] += row.count
    drawn = {step.name for step in STEPS if is_drawn(step)}
    return LiveMap(
        [_box(user, state, rows, now) for state in OPEN_STATES] + [_closed_box(user, moves)],
        _ways(moves),
        sum(count for (step, _start, _end), count in moves.items() if step not in drawn),
        counted_at,
    )


def _counted(now: datetime) -> tuple[datetime, list[Row]]:
    found: tuple[datetime, list[Row]] | None = cache.get(CACHE_KEY)
    if found is None:
        found = now, read(_parts(now))
        cache.set(CACHE_KEY, found, CACHE_SECONDS)
    return found


def _parts(now: datetime) -> Iterable[Any]:
    """Open recalls by state, site and whether they are late; moves of the last seven days by step, ends and site."""
    late = Case(When(due_at__lt=now, then=Value(1)), default=Value(0), output_field=IntegerField())
    yield part(
        Recall.objects.still_open(), "open", key=F("state"), first=F("site_id"), second=late, at=Min("opened_at")
    )
    moving = [step.name for step in STEPS if step.to_states]
    moves = RecallEvent.objects.filter(step__in=moving, at__gte=now - WEEK).exclude(from_state=F("to_state"))
    ends = Concat("step", Value("|"), "from_state", Value("|"), "to_state")
    yield part(moves, "move", key=ends, first=F("recall__site_id"))


def _box(user: User, state: State, rows: Iterable[Row], now: datetime) -> Box:
    here = [row for row in rows if row.source == "open" and row.key == state]
    oldest = min((row.at for row in here if row.at), default=None)
    return Box(
        state,
        place_of(state),
        list_url(user, state),
        sum(row.count for row in here),
        ago(oldest, now) if oldest else "",
        sum(row.count for row in here if row.second),
    )


def _closed_box(user: User, moves: "Counter[tuple[str, str, str]]") -> Box:
    closed = sum(count for (_step, _start, end), count in moves.items() if end == State.CLOSED)
    return Box(State.CLOSED, place_of(State.CLOSED), list_url(user, State.CLOSED), closed, "", 0)


def _ways(moves: "Counter[tuple[str, str, str]]") -> list[Way]:
    counts = {arrow: _moves_along(arrow, moves) for arrow in diagram_arrows()}
    most = max(counts.values(), default=0)
    return [Way(arrow, count, _width(count, most)) for arrow, count in counts.items()]


def _moves_along(arrow: DiagramArrow, moves: "Counter[tuple[str, str, str]]") -> int:
    start = arrow.from_state.value if arrow.from_state else ""
    return sum(moves[step.name, start, arrow.to_state.value] for step in arrow.steps)


def _width(count: int, most: int) -> float:
    """By the root of the count, so that one busy arrow does not make all the others hairlines."""
    return round(_THINNEST + (_THICKEST - _THINNEST) * sqrt(count / most), 1) if count else _THINNEST


def list_url(user: User, state: State) -> str:
    """The list behind a box: the desk's queue for those who work there, else the admin's; empty where there is none."""
    if state != State.CLOSED and may_open(user, Page.QUEUE):
        return reverse("queue_state", args=[state.value])
    if may_open(user, Page.BOARD):
        return f"{reverse('admin:recalls_recall_changelist')}?{urlencode({'state__exact': state.value})}"
    return ""
