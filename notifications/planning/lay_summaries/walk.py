"""Finds readings in the order in which they were stored, and has their summaries planned, a bounded batch at a time.

Rows of six tables tell of a reading: exams, corrections, recalls (the right patient of a moved exam gets one),
outcomes, releases and outcomes taken back. Each is walked by primary key, so that a minute's work does not depend on
how much is stored. A transaction that commits late may leave a row behind the walk; so every row is walked again a
day later. A third mark stays a month behind: a site that turns the switch on, from a day of that month, has the walk
begin there once more. Planning twice changes nothing.
"""

import logging
import time as clock
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django.db import DatabaseError, models
from django.db.models import Q
from django.utils import timezone

from clinic import calendar
from clinic.models import Heartbeat, Site
from clinic.site_rules import MAX_DAYS_BACK
from notifications.enums import SummaryState
from notifications.models import LaySummary
from notifications.planning.lay_summaries.planner import plan_summaries
from recalls.models import Outcome, OutcomeRelease, OutcomeRetraction, Recall, ScreeningExam, SupersededReading

log = logging.getLogger(__name__)

HEARTBEAT_NAME = "lay_summaries"
ROWS_AT_ONCE = 1_000
EXAMS_AT_ONCE = 200
# How far each mark stays behind what is stored: planned at once, planned again, and the place to begin anew from.
_LAGS = (timedelta(), timedelta(days=1), timedelta(days=MAX_DAYS_BACK + 1))


@dataclass(frozen=True, slots=True)
class _Stream:
    """One table in the order of its primary key: the column that says when a row came, and the way to its exam."""

    rows: "models.Manager[Any]"
    stored_at: str
    exam: str


_STREAMS = {
    "exams": _Stream(ScreeningExam.objects, "created_at", "pk"),
    "corrections": _Stream(SupersededReading.objects, "replaced_at", "exam"),
    "recalls": _Stream(Recall.objects, "opened_at", "exam"),
    "outcomes": _Stream(Outcome.all_objects, "at", "recall__exam"),
    "releases": _Stream(OutcomeRelease.objects, "at", "outcome__recall__exam"),
    "retractions": _Stream(OutcomeRetraction.objects, "at", "outcome__recall__exam"),
}


def plan_new_readings(seconds: float) -> int:
    """Go on with the walk for at most that long; the number of exams looked at. One query while no site sends any."""
    if not Site.objects.filter(lay_summaries_from__isnull=False).exists():
        return 0
    sites = {site.pk: site for site in Site.objects.prefetch_related("opening_hours", "closures")}
    switched = {str(pk): str(site.lay_summaries_from) for pk, site in sites.items() if site.lay_summaries_from}
    mark, _created = Heartbeat.objects.get_or_create(pk=HEARTBEAT_NAME)
    marks, ends = _marks_to_go_on_from(mark.counts, switched), clock.monotonic() + seconds
    batch = _Batch(sites)
    batch.plan(mark.counts.get("failed", []))
    for name, stream in _STREAMS.items():
        for number, lag in enumerate(_LAGS):
            for last, exam_ids in _walk(stream, marks[name][number], timezone.now() - lag):
                if lag != _LAGS[-1]:
                    batch.plan(_concerned_exams(name, exam_ids, sites))
                marks[name][number] = last
                if clock.monotonic() > ends:
                    break
    Heartbeat.objects.filter(pk=HEARTBEAT_NAME).update(
        counts={"marks": marks, "switched": switched, "failed": sorted(batch.failed)}, finished_at=timezone.now()
    )
    return batch.seen


class _Batch:
    """Plans exams some at a time; `failed` are those that could not be planned, which the next run tries again."""

    def __init__(self, sites: dict[int, Site]) -> None:
        self.failed: set[int] = set()
        self.seen = 0
        self._sites = sites

    def plan(self, numbers: list[int]) -> None:
        for start in range(0, len(numbers), EXAMS_AT_ONCE):
            part = numbers[start : start + EXAMS_AT_ONCE]
            self.seen += len(part)
            if not self._try(part):
                self.failed |= {pk for pk in part if not self._try([pk])}

    def _try(self, numbers: list[int]) -> bool:
        """One exam whose facts cannot be read must not stop all the others."""
        try:
            plan_summaries(numbers, self._sites)
        except DatabaseError:
            raise
        except Exception as error:  # noqa: BLE001  whatever is wrong with one exam
            log.error("lay summaries of exams %s..%s: %s", numbers[0], numbers[-1], type(error).__name__)
            return False
        return True


def _marks_to_go_on_from(stored: dict[str, Any], switched: dict[str, str]) -> dict[str, list[int]]:
    """Where the walk stands in each table; a site that is on since it last ran sends it a month back."""
    marks: dict[str, list[int]] = stored.get("marks") or {name: [0] * len(_LAGS) for name in _STREAMS}
    if switched.items() <= stored.get("switched", {}).items():
        return marks
    return {name: [min(places)] * len(_LAGS) for name, places in marks.items()}


def _walk(stream: _Stream, after: int, until: datetime) -> Iterator[tuple[int, set[int]]]:
    """The exams of the rows that were stored by then, in batches, each with the key of its last row."""
    while True:
        rows = stream.rows.filter(pk__gt=after).order_by("pk").values_list("pk", stream.stored_at, stream.exam)
        first = rows.first()
        if first is None or first[1] > until:
            return  # mostly: what is stored since is younger than the lag
        batch = list(rows[:ROWS_AT_ONCE])
        due = [row for row in batch if row[1] <= until]
        # A row whose clock runs ahead must not hide those behind it for longer than the walk's lag.
        reached = batch[: batch.index(due[-1]) + 1] if due else []
        if not reached:
            return
        after = reached[-1][0]
        yield after, {exam for _pk, _at, exam in reached}
        if len(batch) < ROWS_AT_ONCE:
            return


def _concerned_exams(stream_name: str, exam_ids: set[int], sites: dict[int, Site]) -> list[int]:
    """Without exams that were reported before any switch, unless a correction or an outcome names them."""
    if stream_name != "exams":
        return sorted(exam_ids)
    since_by_site = {
        pk: calendar.instant(site, site.lay_summaries_from, time(0))
        for pk, site in sites.items()
        if site.lay_summaries_from
    }
    rows, since = ScreeningExam.objects.filter(pk__in=exam_ids, site__in=since_by_site), min(since_by_site.values())
    return list(
        rows.filter(Q(reported_at__gte=since) | Q(reported_at=None)).order_by("pk").values_list("pk", flat=True)
    )


def look_again_at_held(limit: int = EXAMS_AT_ONCE) -> int:
    """Plan some of the summaries that were held back once more, in turn: what was missing may be there now."""
    mark, _created = Heartbeat.objects.get_or_create(pk=f"{HEARTBEAT_NAME}_held")
    held = LaySummary.objects.filter(state=SummaryState.HELD).order_by("pk").values_list("pk", "exam")
    rows = list(held.filter(pk__gt=mark.counts.get("after", 0))[:limit])
    if rows:
        plan_summaries([exam for _pk, exam in rows])
    place = {"after": rows[-1][0] if len(rows) == limit else 0}
    if place != mark.counts:
        Heartbeat.objects.filter(pk=mark.pk).update(counts=place)
    return len(rows)
