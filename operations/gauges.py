"""Reads the figures by which monitoring judges the installation, in the same few queries at any size."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError
from django.db.models import Min, OuterRef, QuerySet, Subquery, Value
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from clinic.models import Heartbeat, Site
from desk.union_counts import CountRow, count_query, fetch_counts
from exchange.models import Hl7Message, ParkedRow
from notifications.enums import NotificationState
from notifications.models import Notification, SendingState
from recalls.enums import OPEN_STATES, State
from recalls.models import Recall
from reports.health_checks import STUCK_CHECK_NAME

FAILED_PERIOD = timedelta(days=30)
OVERDUE_GRACE = timedelta(minutes=5)  # five sweeps have passed it by


class GaugeCollector(Collector):
    """The figures at one instant; with the database away only that it is."""

    def __init__(self, now: datetime, *, is_broker_up: bool) -> None:
        self._now, self._is_broker_up = now, is_broker_up

    def collect(self) -> Iterable[Metric]:
        yield _gauge("broker_up", "1 while the broker answers.", float(self._is_broker_up))
        try:
            figures = list(_read_figures(self._now))
        except DatabaseError:
            yield _gauge("database_up", "1 while the database answers.", 0)
            return
        yield _gauge("database_up", "1 while the database answers.", 1)
        yield from figures


def _gauge(name: str, words: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"recalldesk_{name}", words, value=value)


def _read_figures(now: datetime) -> Iterator[Metric]:
    yield from _signs_of_life(now)
    frozen = SendingState.objects.filter(frozen_at__isnull=False).exists()
    yield _gauge("sending_frozen", "1 while no message may leave until a person says so.", float(frozen))
    yield from _waiting(now)
    yield from _queue_heads(now)


def _signs_of_life(now: datetime) -> Iterator[Metric]:
    ages = GaugeMetricFamily(
        "recalldesk_sign_of_life_age_seconds", "Since the last sign of life of each part.", labels=["part"]
    )
    stuck = 0
    for mark in Heartbeat.objects.order_by("name"):
        if mark.finished_at is not None:
            ages.add_metric([mark.name], _seconds(now, mark.finished_at))
        if mark.name == STUCK_CHECK_NAME:
            stuck = mark.counts.get("without_next_step", 0)
    yield ages
    yield _gauge("stuck_recalls", "Open recalls without a next step, at the last hourly check.", stuck)


def _waiting(now: datetime) -> Iterator[Metric]:
    """What waits for the program or for a person: how many, and for how long the oldest."""
    count = GaugeMetricFamily("recalldesk_waiting", "How many wait, by kind.", labels=["kind"])
    age = GaugeMetricFamily("recalldesk_waiting_age_seconds", "For how long the oldest has waited.", labels=["kind"])
    rows = {row.key: row for row in fetch_counts(_waiting_queries(now))}
    for kind in ("messages_overdue", "messages_failed", "parked_rows", "parked_hl7_messages"):
        row = rows.get(kind, CountRow(kind, kind, 0, 0, 0, None))
        count.add_metric([kind], row.count)
        age.add_metric([kind], _seconds(now, row.at) if row.at else 0)
    yield from (count, age)


def _waiting_queries(now: datetime) -> list["QuerySet[Any, Any]"]:
    planned = Notification.objects.filter(state=NotificationState.PLANNED, not_before__lt=now - OVERDUE_GRACE)
    failed = Notification.objects.filter(
        state__in=[NotificationState.FAILED, NotificationState.BOUNCED], due_at__gte=now - FAILED_PERIOD
    )
    rows = ParkedRow.objects.filter(state=ParkedRow.State.PARKED)
    messages = Hl7Message.objects.filter(state=Hl7Message.State.PARKED)
    return [
        count_query(planned, "waiting", key=Value("messages_overdue"), at=Min("not_before")),
        count_query(failed, "waiting", key=Value("messages_failed"), at=Min("due_at")),
        count_query(rows, "waiting", key=Value("parked_rows"), at=Min("parked_at")),
        count_query(messages, "waiting", key=Value("parked_hl7_messages"), at=Min("received_at")),
    ]


def _queue_heads(now: datetime) -> Iterator[Metric]:
    """By how much the most overdue recall of each state is late: one row of the queues' own index for each site."""
    late = GaugeMetricFamily(
        "recalldesk_queue_overdue_seconds", "By how much the most overdue recall is late, by state.", labels=["state"]
    )
    columns = Site.objects.order_by().values(
        **{f"due_{state.value}": _first(state, "due_at") for state in OPEN_STATES},
        target=_first(State.RESULT_TO_TELL, "target_at"),
    )
    heads: list[Any] = list(columns)
    for state in OPEN_STATES:
        late.add_metric([state.value], _overdue(now, (site[f"due_{state.value}"] for site in heads)))
    yield late
    to_tell = _overdue(now, (site["target"] for site in heads))
    yield _gauge("result_to_tell_overdue_seconds", "By how much the oldest result to tell is past its limit.", to_tell)


def _first(state: State, field: str) -> Subquery:
    """The earliest instant of a site's recalls in that state."""
    return Subquery(Recall.objects.filter(site=OuterRef("pk"), state=state).order_by(field).values(field)[:1])


def _overdue(now: datetime, instants: Iterable[datetime | None]) -> float:
    return max((_seconds(now, at) for at in instants if at is not None), default=0)


def _seconds(now: datetime, then: datetime) -> float:
    return max((now - then).total_seconds(), 0)
