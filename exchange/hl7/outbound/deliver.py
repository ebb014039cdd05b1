"""Hands owed status messages to their receivers, in the order of each recall's steps, and records every answer.

As with mail, a claim is a short transaction, the claimed row carries a lease and a token, and each result is committed
before the next message is claimed. A message whose sender vanished is sent again under its control id.
"""

from collections import Counter
from datetime import datetime, timedelta

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import DatabaseError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from exchange.hl7.outbound.mllp_session import TIMEOUT_SECONDS, AnswerLost, MllpSession, PeerUnavailable
from exchange.hl7.outbound.render import render_status
from exchange.models import Hl7Peer, Hl7StatusMessage
from notifications.delivery.outbox import RETRY_PERIOD, retry_delay
from notifications.delivery.restore_guard import SendingGate
from notifications.delivery.work_time import WorkTime
from recalls.actions.contact import open_work_item
from recalls.enums import WorkItemKind

LEASE_TIME = timedelta(seconds=3 * TIMEOUT_SECONDS)  # to connect, to hand over, to answer
_OWED = ("planned", "sending")
_UNAVAILABLE_PAUSE = timedelta(minutes=1)
State = Hl7StatusMessage.State

log = structlog.get_logger(__name__)


def send_status_messages(seconds: float) -> Counter[str]:
    """Send what is due for at most that long; the number of messages by what became of them."""
    counts, gate, work_time = Counter({"reclaimed": _reclaim_expired_leases()}), SendingGate(), WorkTime(seconds)
    ready = Q(retry_at__isnull=True) | Q(retry_at__lte=timezone.now())
    for peer in Hl7Peer.objects.filter(ready, is_active=True):
        if not _due(peer).exists():
            continue
        session = MllpSession(peer)
        try:
            while not work_time.is_over() and gate.is_open() and (message := _claim_next(peer)) is not None:
                counts[_send(message, session)] += 1
        except PeerUnavailable as error:
            log.warning("hl7_receiver_unavailable", peer=peer.pk, error=str(error))
            counts["unavailable"] += 1
        finally:
            session.close()
    return counts


def _due(peer: Hl7Peer) -> QuerySet[Hl7StatusMessage]:
    """Those that no earlier message about the same recall holds back, oldest first."""
    earlier = Hl7StatusMessage.objects.filter(
        peer=peer, recall=OuterRef("recall"), pk__lt=OuterRef("pk"), state__in=_OWED
    )
    rows = Hl7StatusMessage.objects.filter(peer=peer, state=State.PLANNED, not_before__lte=timezone.now())
    return rows.exclude(Exists(earlier)).order_by("pk")


@transaction.atomic
def _claim_next(peer: Hl7Peer) -> Hl7StatusMessage | None:
    rows = _due(peer).select_related("peer", "event", "recall__site", "recall__patient", "recall__exam")
    message = rows.select_for_update(skip_locked=True, of=("self",)).first()
    if message is None:
        return None
    unclaimed = Hl7StatusMessage.objects.filter(pk=message.pk, state=State.PLANNED, lease_token=message.lease_token)
    message.lease_token += 1
    lease = {"lease_token": message.lease_token, "lease_until": timezone.now() + LEASE_TIME}
    return message if unclaimed.update(state=State.SENDING, **lease) else None


def _send(message: Hl7StatusMessage, session: MllpSession) -> str:
    """Write and hand over one claimed message; the result is in the database when this returns or raises."""
    try:
        body = render_status(message)
    except (DatabaseError, SoftTimeLimitExceeded):
        raise  # not the message's fault: its lease ends and it is reclaimed
    except Exception as error:  # noqa: BLE001  whatever is wrong with one message must not stop the others
        log.error("hl7_status_not_written", message=message.pk, error=type(error).__name__)
        return _fail(message, "not written")
    try:
        answer = session.send(body, message.control_id)
    except PeerUnavailable:
        _record_unavailable(message)
        raise
    except AnswerLost as lost:
        return _record_refusal(message, str(lost), is_uncertain=True)
    if not answer.is_accepted:
        return _record_refusal(message, answer.code or "no answer code")
    now = timezone.now()
    if _end_claim(message, state=State.SENT, sent_at=now, answer=answer.code, attempts=message.attempts + 1):
        Hl7Peer.objects.filter(pk=message.peer_id).update(last_sent_at=now, retry_at=None)
    return "sent"


def _record_refusal(message: Hl7StatusMessage, answer: str, *, is_uncertain: bool = False) -> str:
    """Refused, or silence: plan another try, or fail it for good."""
    now = timezone.now()
    first = message.first_failed_at or now
    if now - first >= RETRY_PERIOD:
        return _fail(message, answer)
    count = message.attempts + 1
    _end_claim(
        message,
        state=State.PLANNED,
        attempts=count,
        first_failed_at=first,
        not_before=now + retry_delay(count + 1),
        answer=answer[:100],
        may_have_arrived_twice=message.may_have_arrived_twice or is_uncertain,
    )
    return "uncertain" if is_uncertain else "refused"


def _record_unavailable(message: Hl7StatusMessage) -> None:
    """No try of this message; the receiver is left alone for a while."""
    now = timezone.now()
    first = message.first_failed_at or now
    if now - first >= RETRY_PERIOD:
        _fail(message, "not reached")
    else:
        _end_claim(message, state=State.PLANNED, first_failed_at=first, answer="not reached")
    Hl7Peer.objects.filter(pk=message.peer_id).update(retry_at=now + _UNAVAILABLE_PAUSE)


@transaction.atomic
def _fail(message: Hl7StatusMessage, answer: str) -> str:
    """For good; a person tells the other system."""
    if _end_claim(message, state=State.FAILED, answer=answer[:100]):
        words = {"peer": message.peer.name, "what": message.get_kind_display()}
        reason = _("%(peer)s could not be told: %(what)s. Tell it by hand.") % words
        open_work_item(message.recall, WorkItemKind.STATUS_NOT_TOLD, reason)
    return "failed"


def _end_claim(message: Hl7StatusMessage, **fields: "str | int | bool | datetime") -> bool:
    """False when the lease was lost meanwhile: another process has, or had, this message."""
    mine = Hl7StatusMessage.objects.filter(pk=message.pk, state=State.SENDING, lease_token=message.lease_token)
    return bool(mine.update(lease_until=None, **fields))


def _reclaim_expired_leases() -> int:
    """Plan the messages whose sender vanished again; each may have arrived."""
    lost = Hl7StatusMessage.objects.filter(state=State.SENDING, lease_until__lte=timezone.now())
    return lost.update(state=State.PLANNED, lease_until=None, may_have_arrived_twice=True)
