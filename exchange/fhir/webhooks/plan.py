"""Writes down whom a recall's move is to be told to, in the transaction of the move."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from celery import current_app
from django.db import connection, transaction
from django.db.models import F, QuerySet
from kombu.exceptions import OperationalError

from clinic.queries.prepared import PreparedQuery
from exchange.fhir.models import WebhookDelivery, WebhookSubscription
from exchange.fhir.models.webhooks import WebhookKind
from recalls.enums import State
from recalls.models import RecallEvent

DELIVER_TASK = "exchange.fhir.tasks.deliver_webhooks"
_BOOKING_STEPS = frozenset({"book_appointment", "book_biopsy", "reschedule", "walk_in"})


def find_kind(event: RecallEvent) -> WebhookKind | None:
    """What the event is to other systems; None for one that they need not know."""
    if event.version == 1:
        return WebhookKind.OPENED
    if event.to_state == State.CLOSED and event.from_state != State.CLOSED:
        return WebhookKind.CLOSED
    if event.step in _BOOKING_STEPS:
        return WebhookKind.BOOKED
    return WebhookKind.MOVED if event.from_state != event.to_state else None


def plan_webhooks(events: Sequence[RecallEvent], **_signal: Any) -> None:
    """Receives `recall_moved` inside the transaction of the move. One query where nobody is to be told."""
    kinds = [(event, kind) for event in events if (kind := find_kind(event)) is not None]
    subscriptions = _subscriptions_by_site({event.recall.site_id for event, _kind in kinds})
    rows = [
        WebhookDelivery(subscription=one, event=event, kind=kind)
        for event, kind in kinds
        for one in subscriptions[event.recall.site_id]
        if kind.value in one.kinds
    ]
    if rows:
        WebhookDelivery.objects.bulk_create(rows)
        if not any(entry[1] is wake for entry in connection.run_on_commit):
            transaction.on_commit(wake)


def _subscriptions_by_site(sites: Collection[int]) -> dict[int, list[WebhookSubscription]]:
    found: dict[int, list[WebhookSubscription]] = defaultdict(list)
    if sites:
        for subscription in _SUBSCRIPTIONS.rows(sites=sorted(sites)):
            found[subscription.site].append(subscription)
    return found


def _build_subscriptions(*, sites: Sequence[int]) -> "QuerySet[WebhookSubscription]":
    rows = WebhookSubscription.objects.filter(active=True).annotate(site=F("client__account__sites"))
    return rows.filter(site__in=sites).order_by("pk")


_SUBSCRIPTIONS = PreparedQuery(_build_subscriptions)


def wake() -> None:
    """The minute's sweep finds what this loses."""
    try:
        current_app.send_task(DELIVER_TASK, countdown=1.0, expires=60.0)
    except (OperationalError, OSError):
        return
