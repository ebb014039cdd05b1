"""Sends due webhook messages one by one: claimed under a lease, checked again, tried until they arrive for three days.

A crash between the answer and its record sends the message once more with the same id. An address that does not answer
puts off everything for it, so that it costs one try at a time and holds up nobody else.
"""

import random
from datetime import datetime, timedelta

import structlog
import urllib3
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from exchange.fhir.address_check import CheckedAddress, resolve_address
from exchange.fhir.models import WebhookDelivery
from exchange.fhir.webhooks.connections import HangingUpHttpConnection, HangingUpHttpsConnection
from exchange.fhir.webhooks.signing import build_body, build_headers
from notifications.delivery.work_time import WorkTime

TIMEOUT = urllib3.Timeout(connect=5, read=10)
LEASE = timedelta(seconds=60)  # longer than a try may take
RETRY_PERIOD = timedelta(hours=72)
FIRST_RETRY_DELAY, MAX_RETRY_DELAY = timedelta(minutes=1), timedelta(hours=1)
_MOST_LOST = 100  # of a minute
_GONE = 410  # the receiver wants no more of them

State = WebhookDelivery.State
log = structlog.get_logger(__name__)
_random = random.SystemRandom()


def deliver_due(seconds: float) -> int:
    """Send what is due for so many seconds; how many tries were made."""
    work_time, tries = WorkTime(seconds), 0
    _take_back_lost(timezone.now())
    while not work_time.is_over():
        row = _claim(timezone.now())
        if row is None:
            break
        if row.state == State.SENDING:
            _try(row)
            tries += 1
    return tries


def _take_back_lost(now: datetime) -> None:
    """What a killed worker had in hand is due again; at once the first time, for it was hardly the receiver's doing."""
    lost = WebhookDelivery.objects.filter(state=State.SENDING, lease_until__lt=now)
    lost.filter(attempts=1).update(state=State.PLANNED, lease_until=None, not_before=now)
    for row in lost.select_related("subscription")[:_MOST_LOST]:
        _put_off(row, "interrupted")


@transaction.atomic
def _claim(now: datetime) -> WebhookDelivery | None:
    """The row that has been due longest, for this worker alone; one that may not be told any more is cancelled."""
    rows = WebhookDelivery.objects.filter(state=State.PLANNED, not_before__lte=now).order_by("not_before", "pk")
    skip_locked = connection.features.has_select_for_update_skip_locked
    row = rows.select_for_update(skip_locked=skip_locked, of=("self",) if skip_locked else ()).first()
    if row is None:
        return None
    client = row.subscription.client
    may_know = client.is_usable_at(now) and row.event.recall.site_id in client.account.site_ids
    if not row.subscription.active or not may_know:
        row.state = State.CANCELLED
    else:
        row.state, row.lease_until = State.SENDING, now + LEASE
        row.lease_token, row.attempts = row.lease_token + 1, row.attempts + 1
    row.save(update_fields=["state", "lease_until", "lease_token", "attempts"])
    return row


def _try(row: WebhookDelivery) -> None:
    body = build_body(row)
    try:
        status = _post(resolve_address(row.subscription.url), body, build_headers(row, body, timezone.now()))
    except (OSError, ValueError, urllib3.exceptions.HTTPError) as error:
        _put_off(row, type(error).__name__)
        return
    if 200 <= status < 300:
        _record(row, state=State.DELIVERED, delivered_at=timezone.now(), last_answer=str(status))
    elif status == _GONE:
        _record(row, state=State.FAILED, last_answer=str(status))
        type(row.subscription).objects.filter(pk=row.subscription_id).update(active=False)
        log.warning("webhook_gone", subscription=row.subscription_id)
    else:
        _put_off(row, str(status))


def _post(address: CheckedAddress, body: bytes, headers: dict[str, str]) -> int:
    """The status of the answer, which is not read. No redirect is followed: it could lead into this network."""
    pool: urllib3.HTTPConnectionPool
    if address.scheme == "https":
        pool = urllib3.HTTPSConnectionPool(
            address.ip, address.port, server_hostname=address.host, assert_hostname=address.host
        )
        pool.ConnectionCls = HangingUpHttpsConnection
    else:
        pool = urllib3.HTTPConnectionPool(address.ip, address.port)
        pool.ConnectionCls = HangingUpHttpConnection
    with pool:
        response = pool.urlopen(
            "POST", address.path, body=body, headers={**headers, "Host": address.host_header}, timeout=TIMEOUT,
            redirect=False, retries=False, preload_content=False,
        )  # fmt: skip
        response.close()
        return int(response.status)


def _put_off(row: WebhookDelivery, answer: str) -> None:
    """Try later, with everything else for that address; after three days a person must look at it."""
    now = timezone.now()
    failed_since = row.first_failed_at or now
    if now - failed_since >= RETRY_PERIOD:
        _record(row, state=State.FAILED, last_answer=answer)
        log.warning("webhook_given_up", delivery=row.pk, answer=answer)
        return
    delay = min(FIRST_RETRY_DELAY * 2 ** min(row.attempts - 1, 10), MAX_RETRY_DELAY)
    retry_at = now + delay * _random.uniform(0.8, 1.2)
    _record(row, state=State.PLANNED, first_failed_at=failed_since, last_answer=answer, not_before=retry_at)
    waiting = WebhookDelivery.objects.filter(subscription=row.subscription_id, state=State.PLANNED)
    waiting.filter(not_before__lt=retry_at).exclude(pk=row.pk).update(not_before=retry_at)


def _record(row: WebhookDelivery, **fields: object) -> None:
    """Only the holder of the newest claim writes its result."""
    mine = WebhookDelivery.objects.filter(pk=row.pk, state=State.SENDING, lease_token=row.lease_token)
    mine.update(lease_until=None, **fields)


def send_again(rows: "list[WebhookDelivery]") -> int:
    """Make failed messages due at once, with a new period of tries; how many."""
    failed = WebhookDelivery.objects.filter(pk__in=[row.pk for row in rows], state=State.FAILED)
    return failed.update(
        state=State.PLANNED, not_before=timezone.now(), first_failed_at=None, attempts=F("attempts") * 0
    )
