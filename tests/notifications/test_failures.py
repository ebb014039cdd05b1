"""Judges the errors of mail servers and what each of them does to an address and to the connection."""

import smtplib
import ssl

import pytest

from clinic.actors import INTAKE
from notifications import outbox
from notifications.ahead import Ahead
from notifications.failures import failure_of
from notifications.kinds import AttemptResult, Kind, NotificationState
from notifications.mime import compose
from patients.actions import set_contact_point
from patients.models import ContactPoint
from recalls.models import Recall
from tests.notifications.timeline import row_of

pytestmark = pytest.mark.django_db

R, S = AttemptResult, NotificationState


def _claimed() -> outbox.Claim:
    claim = outbox.claim_next(Ahead())
    assert isinstance(claim, outbox.Claim)
    return claim


def test_an_address_corrected_while_a_message_is_on_its_way_is_not_marked_as_bounced(recall: Recall) -> None:
    claim = _claimed()
    _mail, copy = compose(claim.row, claim.situation, claim.channels)
    set_contact_point(recall.patient, ContactPoint.Kind.EMAIL, "testa.new@example.org", by=INTAKE)
    refused = smtplib.SMTPRecipientsRefused({copy.address: (550, b"5.1.1 no such user")})
    outbox.fail(claim, failure_of(refused), copy)
    point = ContactPoint.objects.get(patient=recall.patient, kind=ContactPoint.Kind.EMAIL)
    assert (point.value, point.unusable) == ("testa.new@example.org", "")


def test_a_server_that_closes_the_line_at_a_recipient_costs_the_patient_no_try(recall: Recall) -> None:
    claim = _claimed()
    closing = smtplib.SMTPRecipientsRefused({"testa.oak@example.org": (421, b"4.3.2 closing the connection")})
    failure = failure_of(closing)
    outbox.fail(claim, failure)
    row = row_of(recall, Kind.RECALL_NOTICE)
    assert (failure.result, row.state, row.attempt_count) == (R.CONNECTION, S.PLANNED, 0)


def test_a_failed_check_of_the_mail_servers_certificate_is_never_the_messages_fault(recall: Recall) -> None:
    claim = _claimed()
    outbox.fail(claim, failure_of(ssl.SSLCertVerificationError("certificate verify failed")))
    assert row_of(recall, Kind.RECALL_NOTICE).state == S.PLANNED


@pytest.mark.parametrize("error", [ValueError("x"), TypeError("x"), KeyError("x")])
def test_a_message_that_cannot_be_written_is_not_tried_again(error: Exception) -> None:
    assert failure_of(error).result == R.PERMANENT
