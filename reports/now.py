"""What stands where at this moment? The counts behind the status board, as parts of its one query."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, F, IntegerField, Max, Min, QuerySet, Value, When

from clinic.models import Heartbeat, Site
from clinic.zones import closed_this_month, due_today
from notifications.enums import NotificationState as Life
from notifications.models import DeliveryAttempt, Notification, SendingState
from recalls.enums import ClosureReason
from recalls.models import Recall, WorkItem
from recalls.selectors.stuck_recalls import without_next_step
from reports.parts import Part, Row, part

GRACE = timedelta(minutes=5)  # a message is overdue when five sweeps have passed it by
RECENT = timedelta(days=30)
_LAST_TRIES = 200  # enough to see the last success and the last failure without reading the whole table

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
_HURRIES = 3


def _hurry(sites: Sequence[Site], now: datetime) -> Case:
    overdue, today = When(due_at__lt=now, then=Value(OVERDUE)), When(due_today(sites, now), then=Value(TODAY))
    return Case(overdue, today, default=Value(LATER), output_field=IntegerField())


def recall_parts(sites: Sequence[Site], now: datetime) -> list[Part]:
    """Open recalls by state, age, site and hurry in one pass; without a next step; lost to follow-up this month."""
    at_sites = Recall.objects.filter(site__in=[site.pk for site in sites])
    still_open = at_sites.still_open()
    lost = at_sites.filter(closed_this_month(sites, now), closure_reason=ClosureReason.LOST_TO_FOLLOW_UP)
    site_and_hurry = F("site_id") * _HURRIES + _hurry(sites, now)
    return [
        part(still_open, "open", key=F("state"), first=age_band(now), second=site_and_hurry, at=Min("opened_at")),
        part(without_next_step(still_open), "no_next_step"),
        part(lost, "lost"),
    ]


def unfold(rows: Iterable[Row]) -> Iterable[Row]:
    """The rows with `second` as the site alone; what is overdue or due today comes again under that name."""
    for row in rows:
        if row.source != "open":
            yield row
            continue
        site, hurry = divmod(row.second, _HURRIES)
        here = replace(row, second=site)
        yield here
        if hurry != LATER:
            yield replace(here, source="overdue" if hurry == OVERDUE else "today")


def message_lookups(now: datetime) -> dict[str, Mapping[str, Any]]:
    """What each number of messages counts, in the words that the list behind it understands in its address."""
    planned = {"state__exact": Life.PLANNED.value}
    return {
        "due": {**planned, "not_before__lte": now},
        "overdue": {**planned, "not_before__lt": now - GRACE},
        "retry": {**planned, "first_failed_at__isnull": False},
        "failed": {"state__in": [Life.FAILED.value, Life.BOUNCED.value], "due_at__gte": now - RECENT},
        "suppressed": {"state__exact": Life.SUPPRESSED.value, "due_at__gte": now - RECENT},
    }


def message_parts(sites: Sequence[Site], now: datetime) -> list[Part]:
    messages = Notification.objects.filter(recall__site__in=[site.pk for site in sites])
    return [
        part(messages.filter(**lookups), "messages", key=Value(name), at=Min("not_before"))
        for name, lookups in message_lookups(now).items()
    ]


def task_parts(sites: Sequence[Site], parked: "QuerySet[Any]") -> list[Part]:
    items = WorkItem.objects.filter(site__in=[site.pk for site in sites], done_at__isnull=True)
    return [part(items, "work", at=Min("opened_at")), part(parked, "parked")]


def sign_parts() -> list[Part]:
    """The last sign of life of each part, the last try of each result at handing over mail, and a freeze."""
    newest = DeliveryAttempt.objects.order_by("-pk").values("pk")[:_LAST_TRIES]
    tries = DeliveryAttempt.objects.filter(pk__in=newest)
    return [
        part(Heartbeat.objects.all(), "sign", key=F("name"), at=Max("finished_at")),
        part(Heartbeat.objects.filter(started_at__isnull=False), "since", key=F("name"), at=Max("started_at")),
        part(tries, "mail", key=F("result"), at=Max("at")),
        part(
            SendingState.objects.filter(frozen_at__isnull=False), "frozen", key=F("freeze_reason"), at=Max("frozen_at")
        ),
    ]
