"""Tests how errors of mail servers are classified, and what each does to address and connection."""

import smtplib
import ssl

import pytest

from clinic.actors import INTAKE
from notifications.content.loader import NotReviewed
from notifications.delivery import outbox
from notifications.delivery.claim_prefetch import ClaimPrefetcher
from notifications.delivery.failures import classify_delivery_error, render_failure
from notifications.enums import AttemptResult, NotificationKind, NotificationState, StatusReason
from notifications.rendering.email import build_email
from patients.actions import set_contact_point
from patients.models import ContactPoint
from recalls.models import Recall
from tests.notifications.clock import latest_notification

pytestmark = pytest.mark.django_db


def _claimed() -> outbox.Claim:
    claim = outbox.claim_next(ClaimPrefetcher())
    assert isinstance(claim, outbox.Claim)
    return claim


def test_an_address_corrected_while_a_message_is_on_its_way_is_not_marked_as_bounced(recall: Recall) -> None:
    claim = _claimed()
    _mail, copy = build_email(claim.row, claim.snapshot, claim.channels)
    set_contact_point(recall.patient, ContactPoint.Kind.EMAIL, "testa.new@example.org", by=INTAKE)
    refused = smtplib.SMTPRecipientsRefused({copy.address: (550, b"5.1.1 no such user")})
    outbox.record_failure(claim, classify_delivery_error(refused), copy)
    point = ContactPoint.objects.get(patient=recall.patient, kind=ContactPoint.Kind.EMAIL)
    assert (point.value, point.unusable) == ("testa.new@example.org", "")


def test_a_server_that_closes_the_line_at_a_recipient_costs_the_patient_no_try(recall: Recall) -> None:
    claim = _claimed()
    closing = smtplib.SMTPRecipientsRefused({"testa.oak@example.org": (421, b"4.3.2 closing the connection")})
    failure = classify_delivery_error(closing)
    outbox.record_failure(claim, failure)
    row = latest_notification(recall, NotificationKind.RECALL_NOTICE)
    assert (failure.result, row.state, row.attempt_count) == (
        AttemptResult.CONNECTION_FAILED,
        NotificationState.PLANNED,
        0,
    )


def test_a_failed_check_of_the_mail_servers_certificate_is_never_the_messages_fault(recall: Recall) -> None:
    claim = _claimed()
    outbox.record_failure(claim, classify_delivery_error(ssl.SSLCertVerificationError("certificate verify failed")))
    assert latest_notification(recall, NotificationKind.RECALL_NOTICE).state == NotificationState.PLANNED


@pytest.mark.parametrize(
    ("code", "result", "reason"),
    [
        (400, AttemptResult.TRANSIENT, StatusReason.TEMPORARY),
        (421, AttemptResult.CONNECTION_FAILED, StatusReason.TEMPORARY),
        (450, AttemptResult.TRANSIENT, StatusReason.TEMPORARY),
        (499, AttemptResult.TRANSIENT, StatusReason.TEMPORARY),
        (500, AttemptResult.PERMANENT, StatusReason.REFUSED),
        (554, AttemptResult.PERMANENT, StatusReason.REFUSED),
    ],
)
def test_what_the_server_answers_decides_whether_a_message_is_tried_again(
    code: int, result: AttemptResult, reason: StatusReason
) -> None:
    failure = classify_delivery_error(smtplib.SMTPDataError(code, b"4.2.0 Testa Sample-Oak, said by the server"))
    assert (failure.result, failure.reason, failure.code) == (result, reason, code)
    assert failure.detail == "4.2.0"


@pytest.mark.parametrize("error", [ValueError("x"), TypeError("x"), KeyError("x")])
def test_a_message_that_cannot_be_written_is_not_tried_again(error: Exception) -> None:
    assert classify_delivery_error(error).result == AttemptResult.PERMANENT


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (NotReviewed("letter of Testa Oak"), StatusReason.NOT_REVIEWED),
        (KeyError("letter of Testa Oak"), StatusReason.NOT_RENDERED),
    ],
)
def test_staff_read_why_a_message_cannot_be_written_and_nothing_of_the_patient(
    error: Exception, reason: StatusReason
) -> None:
    failure = render_failure(error)
    assert (failure.reason, failure.detail) == (reason, type(error).__name__)


def test_a_closed_connection_is_noted_with_the_servers_code() -> None:
    closing = smtplib.SMTPSenderRefused(421, b"4.3.2 closing", "clinic@example.org")
    assert classify_delivery_error(closing).code == 421
