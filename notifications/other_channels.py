"""How do due text messages and letters leave? Texts one by one through the provider; letters go to the print queue."""

import logging
import time
from collections import Counter

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import DatabaseError

from clinic.actors import PATIENT
from notifications import mailserver, outbox, sms, sms_text
from notifications.ahead import Ahead
from notifications.freeze import Gate
from notifications.kinds import AttemptResult, Channel
from patients.actions import record_consent
from patients.models import Consent

log = logging.getLogger(__name__)

R = AttemptResult
AWAY = "sms"  # the provider's mark among the signs of life


def hand_over(line: Ahead, ends: float, gate: Gate, done: Counter[str]) -> None:
    """Work on what is due by the line's channel until that instant of the monotonic clock."""
    texting = line.channel == Channel.SMS
    if texting and not (settings.SMS_URL and mailserver.standing(AWAY).may_be_tried):
        return
    try:
        _hand_over(line, ends, gate, done)
    finally:
        line.give_back()


def _hand_over(line: Ahead, ends: float, gate: Gate, done: Counter[str]) -> None:
    taken = 0
    while time.monotonic() < ends and gate.is_open() and (turn := outbox.claim_next(line)) is not None:
        result = turn.state if isinstance(turn, outbox.PutAway) else _send(turn)
        done[result] += 1
        taken += result == R.ACCEPTED
        if result == R.CONNECTION:
            mailserver.is_away("no answer, or our account was refused", AWAY)
            return
    if taken:
        mailserver.took_messages(AWAY)


def _send(claim: outbox.Claim) -> str:
    try:
        copy = sms_text.compose(claim.row, claim.situation, claim.channels)
    except (DatabaseError, SoftTimeLimitExceeded):
        raise  # not the message's fault: its lease ends and it is taken back
    except Exception as error:  # noqa: BLE001  whatever is wrong with one message must not stop the others
        outbox.fail_unwritable(claim, error)
        return R.PERMANENT
    try:
        sms.provider().send(copy.address, copy.text, str(claim.row.public_id))
    except sms.SmsError as error:
        log.info("message %s: %s %s", claim.row.pk, error.failure.result, error.failure.detail)
        if error.unsubscribed:
            patient = claim.recall.patient
            record_consent(patient, Consent.Subject.SMS, granted=False, source="text message: STOP", by=PATIENT)
        outbox.fail(claim, error.failure, copy)
        return error.failure.result
    outbox.accept(claim, copy)
    return R.ACCEPTED
