"""Lists the messages of a day to come with time and channel, or why one is not sent; changes nothing.

It asks the same rules as the claim does, with what is known now: a recall that moves meanwhile changes the answer.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

from clinic import calendar
from clinic.models import Site
from desk.datetime_display import format_clock_time
from notifications.enums import NOT_ABOUT_CARE_KINDS, Channel, NotificationKind, NotificationState, StatusReason
from notifications.models import Notification
from notifications.planning.channel_selection import select_channel
from notifications.planning.daily_cap import MAX_MESSAGES_PER_DAY
from notifications.planning.plan import find_planned_message, get_send_window
from notifications.planning.snapshot import RecallSnapshot, load_snapshots
from patients.channels import get_patient_channels
from recalls.models import Recall

_CHUNK_SIZE = 200


@dataclass(frozen=True, slots=True)
class ForecastLine:
    """One message of the day; `blocked_reason` is empty for one that will leave.

    `is_settled`: it will not leave on any day.
    """

    sends_at: datetime
    row: Notification
    recall: Recall
    channel: Channel
    blocked_reason: str = ""
    is_settled: bool = False

    @property
    def local_day(self) -> date:
        return calendar.local_day(self.recall.site, self.sends_at)

    @property
    def title(self) -> str:
        return str(self.row.get_kind_display())

    @property
    def local_time(self) -> str:
        return format_clock_time(self.sends_at.astimezone(self.recall.site.zone))

    @property
    def channel_label(self) -> str:
        return str(self.channel.label)

    @property
    def blocked_reason_label(self) -> str:
        return str(StatusReason(self.blocked_reason).label) if self.blocked_reason else ""


def next_local_day(site: Site, now: datetime) -> date:
    return calendar.local_day(site, now) + timedelta(days=1)


def forecast_day(site: Site, day: date) -> Iterator[ForecastLine]:
    """In the order in which they leave; the day is the site's. A fixed number of queries for each 200 messages."""
    rows = iter(_notifications_due_on(site, day).iterator(chunk_size=_CHUNK_SIZE))
    reached: Counter[int] = Counter()
    while batch := list(islice(rows, _CHUNK_SIZE)):
        known = _snapshots_by_recall({site.pk: site}, batch)
        for row in batch:
            line = _forecast_line(row, known[row.recall_id], row.not_before)
            # Where the hours in which it may leave are those of another day, it is on the list of that day.
            if line.is_settled or calendar.local_day(site, line.sends_at) == day:
                yield _apply_daily_cap(line, reached)


def forecast_rows(rows: Sequence[Notification], sites: Mapping[int, Site], now: datetime) -> list[ForecastLine]:
    """What becomes of these messages to come, in the order in which they leave; `sites` have their calendars read.

    A fixed number of queries.
    """
    known = _snapshots_by_recall(sites, rows)
    lines = [_forecast_line(row, known[row.recall_id], max(row.not_before, now)) for row in rows]
    lines.sort(key=lambda line: (line.sends_at, line.row.pk))
    reached = _count_ahead(lines, now)
    return [_apply_daily_cap(line, reached[line.local_day]) for line in lines]


def _count_ahead(lines: Sequence[ForecastLine], now: datetime) -> dict[date, Counter[int]]:
    """By day and patient: what has reached the patient today, and what leaves before the first of these. One query."""
    reached: dict[date, Counter[int]] = defaultdict(Counter)
    if not lines:
        return reached
    zones = {line.row.patient_id: line.recall.site.zone for line in lines}
    begins = calendar.start_of_day(lines[0].recall.site, now)
    planned = Q(state=NotificationState.PLANNED, not_before__gte=begins)
    ahead = planned & Q(not_before__lt=min(line.row.not_before for line in lines))
    rows = Notification.objects.filter(ahead | Q(accepted_at__gte=begins), patient__in=zones)
    for patient, at in rows.exclude(kind__in=NOT_ABOUT_CARE_KINDS).values_list(
        "patient", Coalesce("accepted_at", "not_before")
    ):
        reached[at.astimezone(zones[patient]).date()][patient] += 1
    return reached


def _notifications_due_on(site: Site, day: date) -> QuerySet[Notification]:
    begins, ends = (calendar.instant(site, day + timedelta(days=n), time(0)) for n in (0, 1))
    planned = Q(state=NotificationState.PLANNED, not_before__gte=begins, not_before__lt=ends)
    held = Q(state=NotificationState.SUPPRESSED, due_at__gte=begins, due_at__lt=ends)
    return Notification.objects.filter(planned | held, recall__site=site).order_by("not_before", "pk")


def _snapshots_by_recall(sites: Mapping[int, Site], messages: Iterable[Notification]) -> dict[int, RecallSnapshot]:
    numbers = {row.recall_id for row in messages}
    rows = Recall.objects.filter(pk__in=numbers).select_related("exam__referrer", "patient")
    recalls = list(rows.prefetch_related("patient__contact_points", "patient__consents"))
    for recall in recalls:
        recall.site = sites[recall.site_id]
    return {snapshot.recall.pk: snapshot for snapshot in load_snapshots(recalls)}


def _forecast_line(row: Notification, known: RecallSnapshot, earliest: datetime) -> ForecastLine:
    recall, channel = known.recall, Channel(row.channel)
    at = calendar.next_send_time(get_send_window(known, row.kind), recall.site, earliest)
    one = find_planned_message(known, NotificationKind(row.kind), row.occasion)
    if one is None:
        return ForecastLine(at, row, recall, channel, StatusReason.NO_LONGER_NEEDED, is_settled=True)
    if row.expires_at is not None and row.expires_at <= at:
        return ForecastLine(at, row, recall, channel, StatusReason.TOO_LATE, is_settled=True)
    if row.state == NotificationState.SUPPRESSED:
        return ForecastLine(at, row, recall, channel, row.reason, is_settled=True)
    way = select_channel(recall, row.kind, one, get_patient_channels(recall.patient), at, row.failed_channels)
    return ForecastLine(at, row, recall, way.channel, way.blocked_reason)


def _apply_daily_cap(line: ForecastLine, reached: Counter[int]) -> ForecastLine:
    """The claim counts what has reached the patient; here the messages before this one stand for that."""
    row = line.row
    if line.blocked_reason or row.kind in NOT_ABOUT_CARE_KINDS:
        return line
    if reached[row.patient_id] >= MAX_MESSAGES_PER_DAY and not row.urgent:
        return ForecastLine(line.sends_at, row, line.recall, line.channel, StatusReason.DAILY_CAP_REACHED)
    reached[row.patient_id] += 1
    return line
