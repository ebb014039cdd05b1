"""Applies what was received, in order of arrival, one processor at a time, and stores what became of each message."""

from collections import Counter
from collections.abc import Sequence
from itertools import accumulate

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.models import Heartbeat
from exchange.hl7.apply import apply_messages
from exchange.hl7.awaited_finals import track_finals
from exchange.hl7.message_result import MessageResult, parked
from exchange.hl7.senders import find_senders
from exchange.models import Hl7Message
from notifications.delivery.work_time import WorkTime

BATCH_SIZE = 200  # messages in one transaction
BATCH_BYTES = 16 * 1024 * 1024  # after which no further message joins it
LOCK_NAME = "hl7"  # the row that whoever applies messages holds
_RESULT_FIELDS = ("state", "reason", "field", "proposal", "site", "patient", "exam", "recall", "sender", "settled_at")
_SENT_FIELDS = ("id", "key", *_RESULT_FIELDS)

log = structlog.get_logger(__name__)


def process_received(seconds: float) -> Counter[str]:
    """Apply for at most that long (and the batch begun); the number of messages by what became of them.

    Returns at once while another process applies: that one goes on to the end.
    """
    counts: Counter[str] = Counter()
    work_time = WorkTime(seconds)
    Heartbeat.objects.get_or_create(pk=LOCK_NAME)
    while not work_time.is_over():
        done = _process_batch()
        counts += done
        if not done:
            break
    return counts


@transaction.atomic
def _process_batch() -> Counter[str]:
    """Empty when nothing waits or somebody else is at it. On SQLite the transaction itself is the lock."""
    if Heartbeat.objects.select_for_update(skip_locked=True).filter(pk=LOCK_NAME).first() is None:
        return Counter()
    rows = Hl7Message.objects.filter(pk__in=_next_ids()).order_by("pk")
    messages = list(rows.select_related("sender__site", "site", "patient"))
    if messages:
        apply_and_store(messages)
        Heartbeat.objects.filter(pk=LOCK_NAME).update(finished_at=timezone.now())
    return Counter(message.state for message in messages)


def _next_ids() -> list[int]:
    """The oldest that wait, as many as fit into memory together; at least one."""
    waiting = Hl7Message.objects.filter(state=Hl7Message.State.RECEIVED).order_by("pk")
    sizes = list(waiting.values_list("pk", "size")[:BATCH_SIZE])
    totals = accumulate(size for _pk, size in sizes)
    return [pk for (pk, size), total in zip(sizes, totals, strict=True) if total - size < BATCH_BYTES]


def apply_and_store(messages: Sequence[Hl7Message]) -> None:
    """Call it inside a transaction that holds the lock."""
    find_senders(messages)
    results = _apply(messages)
    for message, result in zip(messages, results, strict=True):
        store_result(message, result)
    # One statement with the rows' values; `bulk_update` writes a CASE for each column and took a third of all the time.
    # Each row is there, so that of the others only what finds it is sent: not the whole message once more.
    found = [Hl7Message(**{name: getattr(message, name) for name in _SENT_FIELDS}) for message in messages]
    Hl7Message.objects.bulk_create(found, update_conflicts=True, unique_fields=["id"], update_fields=_RESULT_FIELDS)
    track_finals(messages, results)


def store_result(message: Hl7Message, result: MessageResult) -> None:
    message.state, message.reason, message.field = result.state, result.reason, result.field
    message.proposal, message.patient = result.proposal, result.patient or message.patient
    message.exam, message.recall = result.exam or message.exam, result.recall or message.recall
    message.site = result.site or message.site or (message.sender.site if message.sender else None)
    message.settled_at = None if result.state == Hl7Message.State.PARKED else timezone.now()


def _apply(messages: Sequence[Hl7Message]) -> list[MessageResult]:
    """All together; where that fails, each by itself, so that one message stops no other."""
    try:
        with transaction.atomic():
            return _apply_together(messages)
    except (OperationalError, InterfaceError, SoftTimeLimitExceeded):
        raise  # not the messages' fault: they stay received
    except Exception as error:  # noqa: BLE001  whatever is wrong with one message must not stop the others
        if len(messages) == 1:
            log.error("hl7_message_failed", message=messages[0].pk, error=type(error).__name__)
            words = _("This message could not be applied, and nothing of it was. Tell whoever runs Recall Desk.")
            return [parked(words)]
    return [result for message in messages for result in _apply([message])]


def _apply_together(messages: Sequence[Hl7Message]) -> list[MessageResult]:
    results = apply_messages(messages)
    if len(results) != len(messages):
        raise AssertionError("each message has one result")
    return results
