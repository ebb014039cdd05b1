"""Counts behind the status board, as parts of its one query."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, F, IntegerField, Max, Min, QuerySet, Value, When
from django.db.models.expressions import CombinedExpression

from clinic.models import Heartbeat, Site
from clinic.timezone_filters import closed_this_month, due_later_today
from notifications.enums import NotificationState as Life
from notifications.models import DeliveryAttempt, LaySummary, Notification, SendingState
from recalls.enums import ACTIVE_APPOINTMENT_STATUSES, ClosureReason
from recalls.models import Appointment, Recall, WorkItem
from recalls.selectors.queue_filters import past_target
from recalls.selectors.stuck_recalls import without_next_step
from reports.union_counts import CountQuery, CountRow, count_query

OVERDUE_GRACE = timedelta(minutes=5)  # a message is overdue when five sweeps have passed it by
RECENT_PERIOD = timedelta(days=30)
_MAX_ATTEMPTS_READ = 200  # enough to see the last success and the last failure without reading the whole table

# Upper ends of the ages of an open recall, in whole days since it was opened; the last band has no end.
AGE_BANDS: tuple[int, ...] = (7, 15, 30, 60)


def age_band(now: datetime) -> Case:
    """0 for at most 7 days since the recall was opened, up to 4 for more than 60."""
    whens = [
        When(opened_at__gt=now - timedelta(days=last + 1), then=Value(number)) for number, last in enumerate(AGE_BANDS)
    ]
    return Case(*whens, default=Value(len(AGE_BANDS)), output_field=IntegerField())


# Whether the next action was due before now, is due later today, or later than that.
OVERDUE, TODAY, LATER = 2, 1, 0
# Added for those past their target, whatever their next action.
_PAST_TARGET = 3
_URGENCY_BASE = 6


def _due_urgency(sites: Sequence[Site], now: datetime) -> CombinedExpression:
    overdue, today = When(due_at__lt=now, then=Value(OVERDUE)), When(due_later_today(sites, now), then=Value(TODAY))
    past = Case(When(past_target(now), then=Value(_PAST_TARGET)), default=Value(0), output_field=IntegerField())
    return Case(overdue, today, default=Value(LATER), output_field=IntegerField()) + past


def recall_count_queries(sites: Sequence[Site], now: datetime) -> list[CountQuery]:
    """Open recalls by state, age, site and hurry in one pass; without a next step; lost to follow-up this month."""
    at_sites = Recall.objects.filter(site__in=[site.pk for site in sites])
    still_open = at_sites.still_open()
    lost = at_sites.filter(closed_this_month(sites, now), closure_reason=ClosureReason.LOST_TO_FOLLOW_UP)
    site_and_hurry = F("site_id") * _URGENCY_BASE + _due_urgency(sites, now)
    return [
        count_query(
            still_open, "open", key=F("state"), first=age_band(now), second=site_and_hurry, at=Min("opened_at")
        ),
        count_query(without_next_step(still_open), "no_next_step"),
        count_query(lost, "lost"),
    ]


def expand_urgency(rows: Iterable[CountRow]) -> Iterable[CountRow]:
    """The rows with `second` as the site alone; what is overdue, due today or past target comes again by that name.

    What is overdue or past target comes as "late" as well, once.
    """
    for row in rows:
        if row.query_name != "open":
            yield row
            continue
        site, urgency = divmod(row.number_2, _URGENCY_BASE)
        is_past_target, hurry = divmod(urgency, _PAST_TARGET)
        here = replace(row, number_2=site)
        yield here
        if is_past_target or hurry == OVERDUE:
            yield replace(here, query_name="late")
        if is_past_target:
            yield replace(here, query_name="past_target")
        if hurry != LATER:
            yield replace(here, query_name="overdue" if hurry == OVERDUE else "today")


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
    messages = Notification.objects.filter(recall__site__in=[site.pk for site in sites])
    return [
        count_query(messages.filter(**lookups), "messages", key=Value(name), at=Min("not_before"))
        for name, lookups in message_lookups(now).items()
    ]


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
