"""What does the status board show to this person? Everything at the user's sites, read in one query."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.models import Site, User
from recalls.enums import OPEN_STATES, ClosureReason, State
from reports import charts
from reports.now import message_lookups, message_parts, recall_parts, sign_parts, task_parts, unfold
from reports.parts import Row, read
from reports.signs import Sign, ago, frozen_sign, judge, overdue_sentence
from reports.waits import wait_charts
from reports.weeks import weeks_of


@dataclass(frozen=True, slots=True)
class Outside:
    """What the board needs and this package does not know: the broker's answer, and rows parked at intake."""

    broker_answers: bool
    parked: "QuerySet[Any]"


@dataclass(frozen=True, slots=True)
class Number:
    """A count, the list behind it, and whether anybody should worry."""

    label: str
    count: int
    url: str
    alarm: bool = False
    age: str = ""


@dataclass(frozen=True, slots=True)
class StateLine:
    label: str
    total: Number
    overdue: Number
    today: Number


@dataclass(frozen=True, slots=True)
class Board:
    """The board as the template shows it."""

    signs: list[Sign]
    overdue: str
    no_next_step: Number
    states: list[StateLine]
    all_states: StateLine
    messages: list[Number]
    tasks: list[Number]
    charts: list[charts.Chart]
    # When the figures of past weeks were counted; everything else is counted as the board is read.
    weeks_at: datetime

    @property
    def script_data(self) -> list[dict[str, Any]]:
        return [chart.data for chart in self.charts]


class _Counts:
    """The rows of the board's query by name."""

    def __init__(self, rows: Iterable[Row], now: datetime) -> None:
        self.now = now
        self._rows: dict[str, list[Row]] = {}
        for row in rows:
            self._rows.setdefault(row.source, []).append(row)

    def of(self, source: str, key: str | None = None) -> list[Row]:
        return [row for row in self._rows.get(source, []) if key is None or row.key == key]

    def total(self, source: str, key: str | None = None) -> int:
        return sum(row.count for row in self.of(source, key))

    def oldest(self, source: str, key: str | None = None) -> datetime | None:
        return min((row.at for row in self.of(source, key) if row.at), default=None)

    def age(self, source: str, key: str | None = None) -> str:
        oldest = self.oldest(source, key)
        return ago(oldest, self.now) if oldest else ""

    def instants(self, source: str) -> dict[str, datetime | None]:
        return {row.key: row.at for row in self.of(source)}


def read_board(user: User, outside: Outside) -> Board:
    """The board of the sites this person works at, judged now. Three queries, one more while no figures are kept."""
    sites, now = list(user.own_sites), timezone.now()
    zone = sites[0].zone if sites else ZoneInfo("UTC")
    counts = _Counts(unfold(read(_parts(sites, now, outside))), now)
    weeks = weeks_of(sites, now)
    late = counts.total("messages", "overdue")
    return Board(
        signs=[
            *frozen_sign(counts.instants("frozen"), zone),
            *judge(
                counts.instants("sign"), counts.instants("mail"), mail_away_since=counts.instants("since").get("mail"),
                broker_answers=outside.broker_answers, overdue=late, now=now, zone=zone,
            ),
        ],
        overdue=overdue_sentence(late, counts.oldest("messages", "overdue"), now),
        no_next_step=_no_next_step(counts),
        states=[_state_line(counts, state) for state in OPEN_STATES],
        all_states=_state_line(counts, None),
        messages=_messages(counts),
        tasks=_tasks(counts),
        charts=[
            charts.late(counts.of("overdue"), sites),
            charts.ageing(counts.of("open")),
            charts.trend(weeks, now, zone),
            charts.outcomes(weeks, now, zone),
            *wait_charts(weeks, sites, now, zone),
        ],
        weeks_at=weeks.counted_at,
    )  # fmt: skip


def _parts(sites: list[Site], now: datetime, outside: Outside) -> Iterable[Any]:
    yield from recall_parts(sites, now)
    yield from message_parts(sites, now)
    yield from task_parts(sites, outside.parked)
    yield from sign_parts()


def _list(model: str, lookups: Mapping[str, Any]) -> str:
    """The admin's list of that model ("recalls_recall"), narrowed; a list of values is joined by commas."""
    words = {name: ",".join(value) if isinstance(value, list) else value for name, value in lookups.items()}
    return f"{reverse(f'admin:{model}_changelist')}?{urlencode(words)}"


def _no_next_step(counts: _Counts) -> Number:
    count = counts.total("no_next_step")
    label = _("Open recalls without a next step")
    return Number(label, count, _list("recalls_recall", {"due": "none"}), alarm=count > 0)


def _state_line(counts: _Counts, state: State | None) -> StateLine:
    """One row of the table; all open recalls together where no state is named."""
    label = str(state.label) if state else _("All open recalls")
    where = {"state__exact": state.value} if state else {"open": "yes"}
    key = state.value if state else None
    overdue = counts.total("overdue", key)
    return StateLine(
        label,
        Number(label, counts.total("open", key), _list("recalls_recall", where), age=counts.age("open", key)),
        Number(label, overdue, _list("recalls_recall", {**where, "due": "overdue"}), alarm=overdue > 0),
        Number(label, counts.total("today", key), _list("recalls_recall", {**where, "due": "today"})),
    )


def _messages(counts: _Counts) -> list[Number]:
    labels = {
        "due": _("Due now"),
        "overdue": _("Overdue by more than 5 minutes"),
        "retry": _("Put off, tried again by itself"),
        "failed": _("Failed or came back in the last 30 days"),
        "suppressed": _("Held back in the last 30 days: inform the patient by phone or letter"),
    }
    lookups = message_lookups(counts.now)
    return [
        Number(
            label,
            count := counts.total("messages", name),
            _list("notifications_notification", lookups[name]),
            alarm=count > 0 and name in ("overdue", "failed"),
            age=counts.age("messages", name),
        )
        for name, label in labels.items()
    ]


def _tasks(counts: _Counts) -> list[Number]:
    lost = _list("recalls_recall", {"closure_reason__exact": ClosureReason.LOST_TO_FOLLOW_UP.value, "closed": "month"})
    parked = _list("exchange_parkedrow", {"state__exact": "parked"})
    open_items = _list("recalls_workitem", {"done": "no"})
    return [
        Number(_("Open tasks"), counts.total("work"), open_items, age=counts.age("work")),
        Number(_("Rows parked at intake"), counts.total("parked"), parked, alarm=counts.total("parked") > 0),
        Number(_("Lost to follow-up this month"), counts.total("lost"), lost),
    ]
