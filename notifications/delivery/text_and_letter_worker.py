"""How do due text messages and letters leave? Texts one by one through the provider; letters go to the print queue."""

import logging
import time
from collections import Counter

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import DatabaseError

from clinic.actors import PATIENT
from notifications.delivery import mail_server_status, outbox, sms_gateway
from notifications.delivery.claim_prefetch import ClaimPrefetcher
from notifications.delivery.restore_guard import SendingGate
from notifications.enums import AttemptResult, Channel
from notifications.rendering import sms
from patients.actions import record_consent
from patients.models import Consent

log = logging.getLogger(__name__)

R = AttemptResult
SMS_HEARTBEAT_NAME = "sms"  # the provider's mark among the signs of life


def drain_sms_or_letters(line: ClaimPrefetcher, ends: float, gate: SendingGate, done: Counter[str]) -> None:
    """Work on what is due by the line's channel until that instant of the monotonic clock."""
    texting = line.channel == Channel.SMS
    if texting and not (settings.SMS_URL and mail_server_status.get_server_status(SMS_HEARTBEAT_NAME).may_retry):
        return
    try:
        _claim_sms_or_letters(line, ends, gate, done)
    finally:
        line.release()


def _claim_sms_or_letters(line: ClaimPrefetcher, ends: float, gate: SendingGate, done: Counter[str]) -> None:
    taken = 0
    while time.monotonic() < ends and gate.is_open() and (turn := outbox.claim_next(line)) is not None:
        result = turn.state if isinstance(turn, outbox.NotSent) else _send_sms(turn)
        done[result] += 1
        taken += result == R.ACCEPTED
        if result == R.CONNECTION_FAILED:
            mail_server_status.mark_unavailable("no answer, or our account was refused", SMS_HEARTBEAT_NAME)
            return
    if taken:
        mail_server_status.mark_accepting(SMS_HEARTBEAT_NAME)


def _send_sms(claim: outbox.Claim) -> str:
    try:
        copy = sms.build_sms(claim.row, claim.situation, claim.channels)
    except (DatabaseError, SoftTimeLimitExceeded):
        raise  # not the message's fault: its lease ends and it is taken back
    except Exception as error:  # noqa: BLE001  whatever is wrong with one message must not stop the others
        outbox.record_render_failure(claim, error)
        return R.PERMANENT
    try:
        sms_gateway.get_provider().send(copy.address, copy.text, str(claim.row.public_id))
    except sms_gateway.SmsError as error:
        log.info("message %s: %s %s", claim.row.pk, error.failure.result, error.failure.detail)
        if error.unsubscribed:
            patient = claim.recall.patient
            record_consent(patient, Consent.Subject.SMS, granted=False, source="text message: STOP", by=PATIENT)
        outbox.record_failure(claim, error.failure, copy)
        return error.failure.result
    outbox.record_acceptance(claim, copy)
    return R.ACCEPTED
