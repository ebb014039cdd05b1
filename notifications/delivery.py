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

from notifications import mailserver, other_channels, outbox
from notifications.ahead import Ahead, Sites
from notifications.failures import failure_of
from notifications.freeze import Gate
from notifications.kinds import AttemptResult, Channel
from notifications.mime import compose

log = logging.getLogger(__name__)

R = AttemptResult
# So many lost connections in a row are the server's trouble and not the messages'.
_PATIENCE = 3


class _Away(Exception):
    """The mail server cannot be reached or does not want to talk to us; the word says which error it was."""


class _Post:
    """One connection to the mail server, reused for many messages and opened anew when it was lost."""

    def __init__(self) -> None:
        self.backend: BaseEmailBackend = get_connection()
        self._is_open = False
        self.lost_in_a_row = 0

    def ready(self) -> None:
        if self._is_open:
            return
        try:
            self.backend.open()
        except (OSError, SMTPException) as error:
            raise _Away(type(error).__name__) from None
        self._is_open = True

    def lost(self) -> None:
        self.close()
        self.lost_in_a_row += 1
        if self.lost_in_a_row >= _PATIENCE:
            raise _Away(mailserver.LOST)

    def close(self) -> None:
        self._is_open = False
        try:
            self.backend.close()
        except (OSError, SMTPException) as error:
            log.info("the mail connection ended badly: %s", type(error).__name__)


def drain(seconds: float) -> Counter[str]:
    """Send what is due for at most that long; returns how many rows ended in which state."""
    done: Counter[str] = Counter()
    starts = time.monotonic()
    known = mailserver.standing()
    if not (outbox.anything_due() or (known.is_away and known.may_be_tried)):
        return done
    sites, gate = Sites(), Gate()
    lines = {channel: Ahead(channel, sites) for channel in Channel}
    # Much mail must not keep texts and letters waiting; what goes over to them meanwhile leaves in the second turn.
    for share in (0.4, 1.0):
        for channel in (Channel.LETTER, Channel.SMS):
            other_channels.hand_over(lines[channel], starts + seconds * share, gate, done)
        if share < 1.0 and known.may_be_tried:
            _send_mail(lines[Channel.EMAIL], starts + seconds, known, gate, done)
    return done


def _send_mail(line: Ahead, ends: float, known: mailserver.Standing, gate: Gate, done: Counter[str]) -> None:
    post, away, before = _Post(), "", done[R.ACCEPTED]
    try:
        _send_all(post, line, ends, gate, done)
    except _Away as error:
        away = str(error)
    finally:
        post.close()
        line.give_back()
    if done[R.ACCEPTED] > before:
        mailserver.took_messages()
    if away:
        mailserver.is_away(away)
    elif known.is_away:
        mailserver.answered()


def _send_all(post: _Post, line: Ahead, ends: float, gate: Gate, done: Counter[str]) -> None:
    while time.monotonic() < ends:
        post.ready()
        if not gate.is_open():
            return
        turn = outbox.claim_next(line)
        if turn is None:
            return
        done[turn.state if isinstance(turn, outbox.PutAway) else _send(turn, post)] += 1


def _send(claim: outbox.Claim, post: _Post) -> str:
    """Write and hand over one claimed message; the result is in the database when this returns or raises."""
    try:
        mail, copy = compose(claim.row, claim.situation, claim.channels, post.backend, claim.page_token)
    except (DatabaseError, SoftTimeLimitExceeded):
        raise  # not the message's fault: its lease ends and it is taken back
    except Exception as error:  # noqa: BLE001  whatever is wrong with one message must not stop the others
        outbox.fail_unwritable(claim, error)
        return R.PERMANENT
    try:
        post.backend.send_messages([mail])
    except Exception as error:  # noqa: BLE001  every backend has errors of its own
        failure = failure_of(error)
        log.info("message %s: %s %s", claim.row.pk, failure.result, failure.code or failure.detail)
        outbox.fail(claim, failure, copy)
        if failure.result in (R.CONNECTION, R.UNCERTAIN):
            post.lost()
        return failure.result
    outbox.accept(claim, copy)
    post.lost_in_a_row = 0
    return R.ACCEPTED
