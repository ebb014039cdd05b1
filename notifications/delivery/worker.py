"""How are due messages handed over? A loop that claims, writes, sends and notes each one, over one connection.

Every result is committed before the next message is claimed. The loop ends when nothing is due, when its time is up,
when sending is frozen, or when the mail server is away: then no message is touched until it is back.
"""

import logging
import time
from collections import Counter
from smtplib import SMTPException

from celery.exceptions import SoftTimeLimitExceeded
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import DatabaseError

from notifications.delivery import mail_server_status, outbox, text_and_letter_worker
from notifications.delivery.claim_prefetch import ClaimPrefetcher, SitesById
from notifications.delivery.failures import classify_delivery_error
from notifications.delivery.restore_guard import SendingGate
from notifications.enums import AttemptResult, Channel
from notifications.rendering.email import build_email

log = logging.getLogger(__name__)

R = AttemptResult
# So many lost connections in a row are the server's trouble and not the messages'.
MAX_CONSECUTIVE_DISCONNECTS = 3


class MailServerUnavailable(Exception):
    """The mail server cannot be reached or does not want to talk to us; the word says which error it was."""


class SmtpSession:
    """One connection to the mail server, reused for many messages and opened anew when it was lost."""

    def __init__(self) -> None:
        self.backend: BaseEmailBackend = get_connection()
        self._is_open = False
        self.consecutive_disconnects = 0

    def ensure_open(self) -> None:
        if self._is_open:
            return
        try:
            self.backend.open()
        except (OSError, SMTPException) as error:
            raise MailServerUnavailable(type(error).__name__) from None
        self._is_open = True

    def record_disconnect(self) -> None:
        self.close()
        self.consecutive_disconnects += 1
        if self.consecutive_disconnects >= MAX_CONSECUTIVE_DISCONNECTS:
            raise MailServerUnavailable(mail_server_status.CONNECTION_LOST)

    def close(self) -> None:
        self._is_open = False
        try:
            self.backend.close()
        except (OSError, SMTPException) as error:
            log.info("the mail connection ended badly: %s", type(error).__name__)


def send_due(seconds: float) -> Counter[str]:
    """Send what is due for at most that long; returns how many rows ended in which state."""
    done: Counter[str] = Counter()
    starts = time.monotonic()
    known = mail_server_status.get_server_status()
    if not (outbox.anything_due() or (known.is_unavailable and known.may_retry)):
        return done
    sites, gate = SitesById(), SendingGate()
    lines = {channel: ClaimPrefetcher(channel, sites) for channel in Channel}
    # Much mail must not keep texts and letters waiting; what goes over to them meanwhile leaves in the second turn.
    for share in (0.4, 1.0):
        for channel in (Channel.LETTER, Channel.SMS):
            text_and_letter_worker.drain_sms_or_letters(lines[channel], starts + seconds * share, gate, done)
        if share < 1.0 and known.may_retry:
            _drain_email(lines[Channel.EMAIL], starts + seconds, known, gate, done)
    return done


def _drain_email(
    line: ClaimPrefetcher, ends: float, known: mail_server_status.ServerStatus, gate: SendingGate, done: Counter[str]
) -> None:
    post, away, before = SmtpSession(), "", done[R.ACCEPTED]
    try:
        _send_claimed_emails(post, line, ends, gate, done)
    except MailServerUnavailable as error:
        away = str(error)
    finally:
        post.close()
        line.release()
    if done[R.ACCEPTED] > before:
        mail_server_status.mark_accepting()
    if away:
        mail_server_status.mark_unavailable(away)
    elif known.is_unavailable:
        mail_server_status.mark_reachable()


def _send_claimed_emails(
    post: SmtpSession, line: ClaimPrefetcher, ends: float, gate: SendingGate, done: Counter[str]
) -> None:
    while time.monotonic() < ends:
        post.ensure_open()
        if not gate.is_open():
            return
        turn = outbox.claim_next(line)
        if turn is None:
            return
        done[turn.state if isinstance(turn, outbox.NotSent) else _send_email(turn, post)] += 1


def _send_email(claim: outbox.Claim, post: SmtpSession) -> str:
    """Write and hand over one claimed message; the result is in the database when this returns or raises."""
    try:
        mail, copy = build_email(claim.row, claim.situation, claim.channels, post.backend, claim.page_token)
    except (DatabaseError, SoftTimeLimitExceeded):
        raise  # not the message's fault: its lease ends and it is taken back
    except Exception as error:  # noqa: BLE001  whatever is wrong with one message must not stop the others
        outbox.record_render_failure(claim, error)
        return R.PERMANENT
    try:
        post.backend.send_messages([mail])
    except Exception as error:  # noqa: BLE001  every backend has errors of its own
        failure = classify_delivery_error(error)
        log.info("message %s: %s %s", claim.row.pk, failure.result, failure.code or failure.detail)
        outbox.record_failure(claim, failure, copy)
        if failure.result in (R.CONNECTION_FAILED, R.UNCERTAIN):
            post.record_disconnect()
        return failure.result
    outbox.record_acceptance(claim, copy)
    post.consecutive_disconnects = 0
    return R.ACCEPTED
