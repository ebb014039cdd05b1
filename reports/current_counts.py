"""Counts behind the status board, as parts of its one query."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Max, Min, OuterRef, QuerySet, Subquery, Sum, Value

from clinic.models import Heartbeat, Site
from clinic.timezone_filters import closed_this_month, end_of_today
from desk.union_counts import CountQuery, count_query
from notifications.enums import NotificationState as Life
from notifications.models import DeliveryAttempt, LaySummary, Notification, SendingState
from recalls.enums import ACTIVE_APPOINTMENT_STATUSES, ClosureReason, LaneAnswer, LaneEnd
from recalls.models import Appointment, LanePolicy, LaneTime, Recall, RecallEvent, WorkItem
from recalls.selectors import kept_counts
from recalls.selectors.stuck_recalls import without_next_step

OVERDUE_GRACE = timedelta(minutes=5)  # a message is overdue when five sweeps have passed it by
RECENT_PERIOD = timedelta(days=30)
# What did not get through in that time is counted out of what is kept.
_UNDELIVERED = {"failed": (Life.FAILED, Life.BOUNCED), "suppressed": (Life.SUPPRESSED,)}
_MAX_ATTEMPTS_READ = 200  # enough to see the last success and the last failure without reading the whole table

# Upper ends of the ages of an open recall, in whole days since it was opened; the last band has no end.
AGE_BANDS: tuple[int, ...] = (7, 15, 30, 60)


def recall_count_queries(sites: Sequence[Site], now: datetime) -> list[CountQuery]:
    """Open recalls by state, age, site and hurry, out of what is kept; without a next step; lost this month."""
    numbers = [site.pk for site in sites]
    at_once, day_ends = dict.fromkeys(numbers, now), {site.pk: end_of_today(site.zone, now) for site in sites}
    at_sites = Recall.objects.filter(site__in=numbers)
    lost = at_sites.filter(closed_this_month(sites, now), closure_reason=ClosureReason.LOST_TO_FOLLOW_UP)
    return [
        *kept_counts.by_age("open", numbers, [now - timedelta(days=last + 1) for last in AGE_BANDS]),
        *kept_counts.oldest("oldest", numbers),
        *kept_counts.before("overdue", "due", at_once),
        *kept_counts.before("due_by_midnight", "due", day_ends),
        *kept_counts.before("past_target", "target", at_once),
        *kept_counts.before("late", "late", at_once),
        count_query(without_next_step(at_sites), "no_next_step"),
        count_query(lost, "lost"),
    ]


def message_lookups(now: datetime) -> dict[str, Mapping[str, Any]]:
    """What each number of messages counts, in the words that the list behind it understands in its address."""
    planned = {"state__exact": Life.PLANNED.value}
    return {
        "due": {**planned, "not_before__lte": now},
        "overdue": {**planned, "not_before__lt": now - OVERDUE_GRACE},
        "retry": {**planned, "first_failed_at__isnull": False},
        "failed": {"state__in": [Life.FAILED.value, Life.BOUNCED.value], "due_at__gte": now - RECENT_PERIOD},
        "suppressed": {"state__exact": Life.SUPPRESSED.value, "due_at__gte": now - RECENT_PERIOD},
    }


def message_count_queries(sites: Sequence[Site], now: datetime) -> list[CountQuery]:
    """Each number with an instant: since when the longest waiting one waits, or when the oldest was due."""
    messages = Notification.objects.filter(recall__site__in=[site.pk for site in sites])
    return [
        *(
            count_query(messages.filter(**lookups), "messages", key=Value(name), at=Min("not_before"))
            for name, lookups in message_lookups(now).items()
            if name not in _UNDELIVERED
        ),
        *(part for name in _UNDELIVERED for part in _undelivered_queries(name, messages, sites, now - RECENT_PERIOD)),
    ]


def _undelivered_queries(
    name: str, messages: "QuerySet[Notification]", sites: Sequence[Site], since: datetime
) -> Iterator[CountQuery]:
    here, states, whole = [site.pk for site in sites], _UNDELIVERED[name], kept_counts.whole_hour_after(since)
    yield kept_counts.undelivered_messages("messages", name, here, states, whole)
    cut = messages.filter(state__in=states, due_at__gte=since, due_at__lt=whole)
    yield count_query(cut, "messages", key=Value(name))
    for state in states:  # one at a time, so that the index by state and due time serves
        of_site = Notification.objects.filter(recall__site=OuterRef("pk"), state=state, due_at__gte=since)
        oldest = Subquery(of_site.order_by("due_at").values("due_at")[:1])
        at_sites = Site.objects.filter(pk__in=here)
        yield count_query(
            at_sites, "messages", key=Value(name), second=F("pk"), at=oldest, count=Sum(Value(0), default=0)
        )


def summary_count_queries(sites: Sequence[Site], now: datetime) -> list[CountQuery]:
    """Lay summaries that wait for the printer, are not proven sent by their alarm day, and are past the law's limit."""
    summaries = LaySummary.objects.filter(site__in=[site.pk for site in sites])
    return [
        count_query(summaries.to_print(now), "summaries", key=Value("to_print"), at=Min("due_by")),
        count_query(summaries.near_limit(now), "summaries", key=Value("near"), at=Min("due_by")),
        count_query(summaries.past_limit(now), "summaries", key=Value("past"), at=Min("due_by")),
    ]


def work_item_count_queries(sites: Sequence[Site], now: datetime) -> list[CountQuery]:
    """Open tasks, and the visits to come that are booked over another one."""
    here = [site.pk for site in sites]
    items = WorkItem.objects.filter(site__in=here, done_at__isnull=True)
    overbooked = Appointment.objects.filter(
        site__in=here, overbooked=True, starts_at__gte=now, status__in=ACTIVE_APPOINTMENT_STATUSES
    )
    return [
        count_query(items, "work", at=Min("opened_at")),
        count_query(overbooked, "overbooked"),
    ]


def lane_count_queries(sites: Sequence[Site], now: datetime) -> list[CountQuery]:
    """The same-day lane of the last 30 days: patients who took a time or did not, and minutes kept and unused."""
    here, since = [site.pk for site in sites], now - RECENT_PERIOD
    times = LaneTime.objects.filter(site__in=here, starts_at__gte=since, starts_at__lt=now)
    over = times.filter(unused_minutes__isnull=False)
    answers = RecallEvent.objects.filter(step="decline_lane", at__gte=since, recall__site__in=here)
    taken = times.filter(ended_because=LaneEnd.TAKEN)
    return [
        count_query(LanePolicy.objects.filter(site__in=here, is_on=True), "lane_sites"),
        count_query(taken, "lane", key=Value("taken"), count=Count("recall", distinct=True)),
        *(
            count_query(answers.filter(data__why=answer), "lane", key=Value(answer.value)) for answer in LaneAnswer
        ),
        count_query(over, "lane", key=Value("kept_minutes"), count=Sum("length_minutes", default=0)),
        count_query(over, "lane", key=Value("unused_minutes"), count=Sum("unused_minutes", default=0)),
    ]  # fmt: skip


def parked_count_queries(rows: "QuerySet[Any]", messages: "QuerySet[Any]") -> list[CountQuery]:
    """What waits for a person at intake: rows of files, HL7 messages."""
    return [count_query(rows, "parked"), count_query(messages, "parked_messages", at=Min("received_at"))]


def health_count_queries() -> list[CountQuery]:
    """The last sign of life of each part, the last try of each result at handing over mail, and a freeze."""
    newest = DeliveryAttempt.objects.order_by("-pk").values("pk")[:_MAX_ATTEMPTS_READ]
    tries = DeliveryAttempt.objects.filter(pk__in=newest)
    return [
        count_query(Heartbeat.objects.all(), "sign", key=F("name"), at=Max("finished_at")),
        count_query(Heartbeat.objects.filter(started_at__isnull=False), "since", key=F("name"), at=Max("started_at")),
        count_query(tries, "mail", key=F("result"), at=Max("at")),
        count_query(
            SendingState.objects.filter(frozen_at__isnull=False), "frozen", key=F("freeze_reason"), at=Max("frozen_at")
        ),
    ]
