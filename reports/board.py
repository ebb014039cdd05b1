"""Builds the status board of a user's sites in one query."""

from collections.abc import Iterable, Mapping, Sequence
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
from clinic.roles import Page, can_open_page
from desk.union_counts import CountRow, fetch_counts
from recalls.enums import OPEN_STATES, LaneAnswer, State
from reports import charts
from reports.contact_plans import PlanCoverage, plan_count_queries, plan_coverage
from reports.current_counts import (
    health_count_queries,
    lane_count_queries,
    message_count_queries,
    message_lookups,
    parked_count_queries,
    recall_count_queries,
    summary_count_queries,
    work_item_count_queries,
)
from reports.health_checks import (
    ComponentHealth,
    check_components,
    check_feeds,
    check_optional_parts,
    check_recount,
    format_age,
    overdue_sentence,
    sending_frozen,
)
from reports.waiting_times import wait_charts
from reports.weekly_figures import get_weekly_counts


@dataclass(frozen=True, slots=True)
class ExternalStatus:
    """What the board needs and this package does not know: the broker's answer, and how intake stands."""

    is_broker_reachable: bool
    parked_rows: "QuerySet[Any]"
    parked_messages: "QuerySet[Any]"
    # Each sender of messages that is watched: its name, when its newest came, and whether that is too long ago.
    feeds: Sequence[tuple[str, datetime | None, bool]] = ()


@dataclass(frozen=True, slots=True)
class BoardCount:
    """A count, the list behind it, and whether anybody should worry."""

    label: str
    count: int
    url: str
    is_alarm: bool = False
    age: str = ""


@dataclass(frozen=True, slots=True)
class BoardStateRow:
    label: str
    total: BoardCount
    overdue: BoardCount
    past_target: BoardCount
    due_today: BoardCount


@dataclass(frozen=True, slots=True)
class Board:
    """The board as the template shows it."""

    # Late, past target, lost this month.
    headline: list[BoardCount]
    health: list[ComponentHealth]
    messages_overdue: int
    overdue_sentence: str
    no_next_step: BoardCount
    states: list[BoardStateRow]
    state_total: BoardStateRow
    messages: list[BoardCount]
    # Empty where no site sends lay summaries and none is owed.
    lay_summaries: list[BoardCount]
    work_items: list[BoardCount]
    # Empty where no site asks its patients.
    contact_plans: list[PlanCoverage]
    # Empty where no site keeps a same-day lane and none was kept lately.
    lane: list[BoardCount]
    charts: list[charts.Chart]
    # When the figures of past weeks and days and of today were counted; all else is counted as the board is read.
    weeks_counted_at: datetime
    today_counted_at: datetime

    @property
    def script_data(self) -> list[dict[str, Any]]:
        return [chart.script_data for chart in self.charts]


class _BoardCounts:
    """The rows of the board's query by name."""

    def __init__(self, rows: Iterable[CountRow], now: datetime) -> None:
        self.now = now
        self._rows: dict[str, list[CountRow]] = {}
        for row in rows:
            self._rows.setdefault(row.query_name, []).append(row)

    def rows_for(self, source: str, key: str | None = None) -> list[CountRow]:
        return [row for row in self._rows.get(source, []) if key is None or row.key == key]

    def total(self, source: str, key: str | None = None) -> int:
        return sum(row.count for row in self.rows_for(source, key))

    def due_today(self, state: str | None) -> int:
        """Those due by midnight that are not overdue yet."""
        return self.total("due_by_midnight", state) - self.total("overdue", state)

    def oldest(self, source: str, key: str | None = None) -> datetime | None:
        return min((row.at for row in self.rows_for(source, key) if row.at), default=None)

    def age(self, source: str, key: str | None = None) -> str:
        oldest = self.oldest(source, key)
        return format_age(oldest, self.now) if oldest else ""

    def times_by_key(self, source: str) -> dict[str, datetime | None]:
        return {row.key: row.at for row in self.rows_for(source)}


def get_board(user: User, outside: ExternalStatus) -> Board:
    """The board of the sites this person works at, judged now. Three queries, one more while no figures are kept."""
    sites, now = list(user.own_sites), timezone.now()
    zone = sites[0].zone if sites else ZoneInfo("UTC")
    counts = _BoardCounts(fetch_counts(_count_queries(sites, now, outside)), now)
    weeks = get_weekly_counts(sites, now)
    late = counts.total("messages", "overdue")
    return Board(
        headline=_headline(counts),
        health=[
            *sending_frozen(counts.times_by_key("frozen"), zone),
            *check_components(
                counts.times_by_key("sign"), counts.times_by_key("mail"),
                since=counts.times_by_key("since"),
                broker_answers=outside.is_broker_reachable, overdue=late, now=now, zone=zone,
            ),
            *check_optional_parts(counts.times_by_key("sign"), now, zone),
            *check_recount(counts.times_by_key("since"), zone),
            *check_feeds(outside.feeds, zone),
        ],
        messages_overdue=late,
        overdue_sentence=overdue_sentence(late, counts.oldest("messages", "overdue"), now),
        no_next_step=_no_next_step(counts),
        states=[_state_row(counts, state, _state_url(user, state)) for state in OPEN_STATES],
        state_total=_state_row(counts, None, ""),
        messages=_message_counts(counts),
        lay_summaries=_summary_counts(counts, sites),
        work_items=_work_item_counts(counts),
        contact_plans=plan_coverage(sites, counts.rows_for),
        lane=_lane_counts(counts),
        charts=[
            charts.overdue_chart(counts.rows_for("overdue"), sites),
            charts.age_chart(counts.rows_for("open")),
            charts.trend_chart(weeks, now, zone),
            charts.outcome_chart(weeks, now, zone),
            *wait_charts(weeks, sites, now, zone),
        ],
        weeks_counted_at=weeks.counted_at,
        today_counted_at=weeks.today_at,
    )  # fmt: skip


def _count_queries(sites: list[Site], now: datetime, outside: ExternalStatus) -> Iterable[Any]:
    yield from recall_count_queries(sites, now)
    yield from message_count_queries(sites, now)
    yield from summary_count_queries(sites, now)
    yield from work_item_count_queries(sites, now)
    yield from lane_count_queries(sites, now)
    yield from parked_count_queries(outside.parked_rows, outside.parked_messages)
    yield from plan_count_queries(sites, now)
    yield from health_count_queries()


def _changelist_url(model: str, lookups: Mapping[str, Any]) -> str:
    """The admin's list of that model ("recalls_recall"), narrowed; a list of values is joined by commas."""
    words = {name: ",".join(value) if isinstance(value, list) else value for name, value in lookups.items()}
    return f"{reverse(f'admin:{model}_changelist')}?{urlencode(words)}"


def _list_url(name: str, **query: str) -> str:
    """A manager's list of recalls, narrowed."""
    url = reverse("recall_list", args=[name])
    return f"{url}?{urlencode(query)}" if query else url


def _headline(counts: _BoardCounts) -> list[BoardCount]:
    late, past, lost = (counts.total(name) for name in ("late", "past_target", "lost"))
    return [
        BoardCount(_("Late: past target or next action overdue"), late, _list_url("late"), is_alarm=late > 0),
        BoardCount(_("Past target"), past, _list_url("past-target"), is_alarm=past > 0),
        BoardCount(_("Lost to follow-up this month"), lost, _list_url("lost", since="month"), is_alarm=lost > 0),
    ]


def _no_next_step(counts: _BoardCounts) -> BoardCount:
    count = counts.total("no_next_step")
    label = _("Open recalls without a next step")
    return BoardCount(label, count, _changelist_url("recalls_recall", {"due": "none"}), is_alarm=count > 0)


def _state_url(user: User, state: State) -> str:
    """The queue, or the list of the admin for those who open no queue."""
    if can_open_page(user, Page.QUEUE):
        return reverse("queue_state", args=[state.value])
    return _changelist_url("recalls_recall", {"state__exact": state.value})


def _state_row(counts: _BoardCounts, state: State | None, url: str) -> BoardStateRow:
    """One row of the table; all open recalls together where no state is named."""
    label = str(state.label) if state else _("All open recalls")
    where = {"state": state.value} if state else {}
    key = state.value if state else None
    overdue, past = counts.total("overdue", key), counts.total("past_target", key)
    return BoardStateRow(
        label,
        BoardCount(label, counts.total("open", key), url, age=counts.age("oldest", key)),
        BoardCount(label, overdue, _list_url("overdue", **where), is_alarm=overdue > 0),
        BoardCount(label, past, _list_url("past-target", **where), is_alarm=past > 0),
        BoardCount(label, counts.due_today(key), ""),
    )


def _message_counts(counts: _BoardCounts) -> list[BoardCount]:
    labels = {
        "due": _("Due now"),
        "overdue": _("Overdue by more than 5 minutes"),
        "retry": _("Put off, tried again by itself"),
        "failed": _("Failed or came back in the last 30 days"),
        "suppressed": _("Held back in the last 30 days: inform the patient by phone or letter"),
    }
    lookups = message_lookups(counts.now)
    return [
        BoardCount(
            label,
            count := counts.total("messages", name),
            _changelist_url("notifications_notification", lookups[name]),
            is_alarm=count > 0 and name in ("overdue", "failed"),
            age=counts.age("messages", name),
        )
        for name, label in labels.items()
    ]


def _summary_counts(counts: _BoardCounts, sites: list[Site]) -> list[BoardCount]:
    """Nothing where no site sends lay summaries and none is owed any more."""
    if not any(site.sends_lay_summaries for site in sites) and not counts.total("summaries"):
        return []
    late = {"near": _("Not proven sent, time limit near"), "past": _("Not proven sent, past the law's time limit")}
    found = [
        BoardCount(_("Letters to print and post"), counts.total("summaries", "to_print"), reverse("lay_summaries"))
    ]
    for name, label in late.items():
        count, url = counts.total("summaries", name), _changelist_url("notifications_laysummary", {"limit": name})
        found.append(BoardCount(label, count, url, is_alarm=count > 0))
    return found


def _work_item_counts(counts: _BoardCounts) -> list[BoardCount]:
    parked = _changelist_url("exchange_parkedrow", {"state__exact": "parked"})
    overbooked = _changelist_url("recalls_appointment", {"overbooked__exact": "1"})
    return [
        BoardCount(_("Open tasks"), counts.total("work"), reverse("work_items"), age=counts.age("work")),
        BoardCount(_("Rows parked at intake"), counts.total("parked"), parked, is_alarm=counts.total("parked") > 0),
        BoardCount(
            _("HL7 messages that wait for a person"),
            counts.total("parked_messages"),
            reverse("hl7_messages"),
            is_alarm=counts.total("parked_messages") > 0,
            age=counts.age("parked_messages"),
        ),
        BoardCount(_("Overbooked visits to come"), counts.total("overbooked"), overbooked),
    ]


def _lane_counts(counts: _BoardCounts) -> list[BoardCount]:
    """Nothing where no site keeps a lane and none was kept in the last 30 days."""
    labels = {
        "taken": _("Patients who took a time of the lane, in the last 30 days"),
        LaneAnswer.DECLINED.value: _("Asked, and preferred another day"),
        LaneAnswer.LEFT.value: _("Had left before they were asked"),
        "kept_minutes": _("Minutes kept for the lane that are over"),
        "unused_minutes": _("Of these, minutes in which nobody was in the room"),
    }
    if not counts.total("lane_sites") and not counts.total("lane"):
        return []
    return [BoardCount(label, counts.total("lane", name), reverse("lane")) for name, label in labels.items()]
