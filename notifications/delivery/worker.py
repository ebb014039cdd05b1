"""Sends what is due: claims, writes, hands over and records one message after the other.

Every result is committed before the next message leaves: that of an accepted email together with the next claim. Emails
leave over one connection, text messages through the provider; letters go to the print queue. A run ends when nothing is
due, when its time is up, or when sending is frozen; while a server is unavailable no message of its channel is claimed,
and while the result of one message cannot be written down no other leaves.
"""

import logging
from collections import Counter
from collections.abc import Iterator
from functools import partial
from smtplib import SMTPException

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import DatabaseError, DataError, IntegrityError
from django.utils import timezone

from clinic.actors import PATIENT
from notifications.delivery import lay_summary_outbox, mail_server_status, outbox, sms_gateway, unrecorded
from notifications.delivery.claim_prefetch import ClaimPrefetcher, SiteCache
from notifications.delivery.failures import classify_delivery_error
from notifications.delivery.lay_summary_outbox import SummaryClaim
from notifications.delivery.restore_guard import SendingGate
from notifications.delivery.work_time import WorkTime
from notifications.enums import AttemptResult, Channel
from notifications.rendering.email import build_email
from notifications.rendering.lay_summary import build_summary_email
from notifications.rendering.sms import build_sms
from patients.actions import record_consent
from patients.models import Consent

log = logging.getLogger(__name__)

# So many lost connections in a row are the server's trouble and not the messages'.
MAX_CONSECUTIVE_DISCONNECTS = 3
SMS_HEARTBEAT_NAME = "sms"  # the provider's row in `Heartbeat`


class MailServerUnavailable(Exception):
    """The mail server cannot be reached or refuses to talk to us; the argument names the error."""


class SmtpSession:
    """One connection to the mail server, reused for many messages and opened again when it was lost."""

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


class DeliveryRun:
    """One run of a worker: its time, its gate, what it read of due messages, and how many rows ended in which state."""

    def __init__(self, seconds: float) -> None:
        self._work_time = WorkTime(seconds)
        self.counts: Counter[str] = Counter()
        self._gate = SendingGate()
        self._accepted: outbox.Acceptance | None = None  # the last email, until it is written down
        sites: SiteCache = {}
        self._prefetchers = {channel: ClaimPrefetcher(channel, sites) for channel in Channel}

    def claim_next(self, channel: Channel, share: float = 1.0) -> outbox.Claim | None:
        """The next message that may be sent within that share of the run's time; counts what is put away."""
        while not self._work_time.is_over(share) and self._gate.is_open():
            claim = self._claim(self._prefetchers[channel])
            if not isinstance(claim, outbox.NotSent):
                return claim
            self.counts[claim.state] += 1
        return None

    def end(self, result: AttemptResult | outbox.Acceptance) -> None:
        """One email was tried. An acceptance is written down with the next claim, or by `record_accepted`."""
        if isinstance(result, outbox.Acceptance):
            self._accepted = result
        else:
            self.counts[result] += 1

    def record_accepted(self) -> None:
        """Write down the last email, if it is not yet."""
        accepted, self._accepted = self._accepted, None
        if accepted is not None:
            self.counts[_record_acceptance(accepted)] += 1

    def _claim(self, prefetcher: ClaimPrefetcher) -> outbox.Claim | outbox.NotSent | None:
        if self._accepted is not None and prefetcher.holds_messages:
            try:
                claim = outbox.record_and_claim_next(self._accepted, prefetcher)
            except SoftTimeLimitExceeded:
                raise
            except Exception as error:  # noqa: BLE001  whichever of the two it was, one by one tells them apart
                log.info("record and claim are done one by one: %s", type(error).__name__)
            else:
                self._accepted = None
                self.counts[AttemptResult.ACCEPTED] += 1
                return claim
        self.record_accepted()
        return outbox.claim_next(prefetcher)

    def iter_summary_claims(self) -> Iterator[SummaryClaim]:
        """The lay summaries that may be sent by email while the run has time."""
        claims = lay_summary_outbox.iter_claims()
        while not self._work_time.is_over() and self._gate.is_open():
            claim = next(claims, None)
            if claim is None:
                return
            yield claim

    def release(self) -> None:
        """Leave what was reserved and not sent to other workers."""
        for prefetcher in self._prefetchers.values():
            prefetcher.release()


def send_due(seconds: float) -> Counter[str]:
    """Send what is due for at most that long; returns how many rows ended in which state."""
    run = DeliveryRun(seconds)
    if not unrecorded.settle():
        return run.counts
    status = mail_server_status.get_server_status()
    anything_due = outbox.anything_due() or lay_summary_outbox.anything_due()
    if not (anything_due or (status.is_unavailable and status.may_retry)):
        return run.counts
    try:
        # Many emails must not delay texts and letters; what changes channel meanwhile leaves in the second turn.
        for share in (0.4, 1.0):
            run.claim_next(Channel.LETTER, share)  # puts all due letters into the print queue
            _send_texts(run, share)
            if share < 1.0 and status.may_retry:
                _send_emails(run, status)
    finally:
        run.release()
    return run.counts


def _send_emails(run: DeliveryRun, status: mail_server_status.ServerStatus) -> None:
    session, error_name, accepted_before = SmtpSession(), "", run.counts[AttemptResult.ACCEPTED]
    try:
        session.ensure_open()
        while (claim := run.claim_next(Channel.EMAIL)) is not None:
            run.end(_send_email(claim, session))
            session.ensure_open()
        run.record_accepted()
        for summary_claim in run.iter_summary_claims():
            run.counts[_send_summary(summary_claim, session)] += 1
            session.ensure_open()
    except MailServerUnavailable as error:
        error_name = str(error)
    finally:
        run.record_accepted()
        session.close()
    if run.counts[AttemptResult.ACCEPTED] > accepted_before:
        mail_server_status.mark_accepting()
    if error_name:
        mail_server_status.mark_unavailable(error_name)
    elif status.is_unavailable:
        mail_server_status.mark_reachable()


def _send_email(claim: outbox.Claim, session: SmtpSession) -> AttemptResult | outbox.Acceptance:
    """Write and hand over one claimed message; whatever but an acceptance is in the database when this returns."""
    try:
        mail, copy = build_email(claim.row, claim.snapshot, claim.channels, session.backend, claim.page_token)
        copy.clean_fields(exclude={"notification"})  # what cannot be kept must not leave
    except (DatabaseError, SoftTimeLimitExceeded):
        raise  # not the message's fault: its lease ends and it is reclaimed
    except Exception as error:  # noqa: BLE001  whatever is wrong with one message must not stop the others
        outbox.record_render_failure(claim, error)
        return AttemptResult.PERMANENT
    try:
        session.backend.send_messages([mail])
    except Exception as error:  # noqa: BLE001  every backend has errors of its own
        failure = classify_delivery_error(error)
        log.info("message %s: %s %s", claim.row.pk, failure.result, failure.code or failure.detail)
        unrecorded.write_down(partial(outbox.record_failure, claim, failure, copy), outbox.LEASE_TIME)
        if failure.result in (AttemptResult.CONNECTION_FAILED, AttemptResult.UNCERTAIN):
            session.record_disconnect()
        return failure.result
    session.consecutive_disconnects = 0
    return outbox.Acceptance(claim, copy, timezone.now())


def _record_acceptance(accepted: outbox.Acceptance) -> AttemptResult:
    """Values that the database refuses are this message's fault: the others go on, and its lease ends as uncertain."""
    try:
        write = partial(outbox.record_acceptance, accepted.claim, accepted.copy, accepted.at)
        unrecorded.write_down(write, outbox.LEASE_TIME)
    except (DataError, IntegrityError) as error:
        log.error("message %s was sent and could not be recorded: %s", accepted.claim.row.pk, type(error).__name__)
        return AttemptResult.UNCERTAIN
    return AttemptResult.ACCEPTED


def _send_summary(claim: SummaryClaim, session: SmtpSession) -> AttemptResult:
    """The same for a lay summary."""
    try:
        mail, copy = build_summary_email(
            claim.row, claim.reading, claim.channels, session.backend, replaces_sent=claim.replaces_sent
        )
    except (DatabaseError, SoftTimeLimitExceeded):
        raise
    except Exception as error:  # noqa: BLE001  whatever is wrong with one summary must not stop the others
        lay_summary_outbox.record_render_failure(claim, error)
        return AttemptResult.PERMANENT
    try:
        session.backend.send_messages([mail])
    except Exception as error:  # noqa: BLE001  every backend has errors of its own
        failure = classify_delivery_error(error)
        log.info("lay summary %s: %s %s", claim.row.pk, failure.result, failure.code or failure.detail)
        write = partial(lay_summary_outbox.record_failure, claim, failure, copy)
        unrecorded.write_down(write, outbox.LEASE_TIME)
        if failure.result in (AttemptResult.CONNECTION_FAILED, AttemptResult.UNCERTAIN):
            session.record_disconnect()
        return failure.result
    unrecorded.write_down(partial(lay_summary_outbox.record_acceptance, claim, copy), outbox.LEASE_TIME)
    session.consecutive_disconnects = 0
    return AttemptResult.ACCEPTED


def _send_texts(run: DeliveryRun, share: float) -> None:
    if not (settings.SMS_URL and mail_server_status.get_server_status(SMS_HEARTBEAT_NAME).may_retry):
        return
    accepted_before = run.counts[AttemptResult.ACCEPTED]
    while (claim := run.claim_next(Channel.SMS, share)) is not None:
        result = _send_text(claim)
        run.counts[result] += 1
        if result == AttemptResult.CONNECTION_FAILED:
            mail_server_status.mark_unavailable("no answer, or our account was refused", SMS_HEARTBEAT_NAME)
            return
    if run.counts[AttemptResult.ACCEPTED] > accepted_before:
        mail_server_status.mark_accepting(SMS_HEARTBEAT_NAME)


def _send_text(claim: outbox.Claim) -> AttemptResult:
    try:
        copy = build_sms(claim.row, claim.snapshot, claim.channels)
    except (DatabaseError, SoftTimeLimitExceeded):
        raise  # not the message's fault: its lease ends and it is reclaimed
    except Exception as error:  # noqa: BLE001  whatever is wrong with one message must not stop the others
        outbox.record_render_failure(claim, error)
        return AttemptResult.PERMANENT
    try:
        sms_gateway.get_provider().send(copy.address, copy.text, str(claim.row.public_id))
    except sms_gateway.SmsError as error:
        log.info("message %s: %s %s", claim.row.pk, error.failure.result, error.failure.detail)
        if error.unsubscribed:
            patient = claim.recall.patient
            record_consent(patient, Consent.Subject.SMS, granted=False, source="text message: STOP", by=PATIENT)
        unrecorded.write_down(partial(outbox.record_failure, claim, error.failure, copy), outbox.LEASE_TIME)
        return error.failure.result
    return _record_acceptance(outbox.Acceptance(claim, copy, timezone.now()))
