"""Holds that a test message (MSH-11) touches no patient unless the sender's settings allow test messages."""

from collections.abc import Callable

import pytest

from exchange.hl7.message_result import MessageResult
from exchange.models import Hl7Message, Hl7Sender
from patients.models import Patient
from recalls.models import Recall
from tests.exchange.hl7.samples import PID, build_message, build_report

pytestmark = pytest.mark.django_db

ApplyOne = Callable[..., MessageResult]
APPLIED, PARKED, IGNORED = Hl7Message.State.APPLIED, Hl7Message.State.PARKED, Hl7Message.State.IGNORED
SUSPICIOUS = "IMPRESSION: Suspicious mass. BI-RADS 5."


def mark(body: bytes, purpose: str) -> bytes:
    return body.replace(b"|P|2.5.1", f"|{purpose}|2.5.1".encode(), 1)


@pytest.mark.parametrize("purpose", ["T", "D", "t", "T^T"])
@pytest.mark.parametrize("body", [build_report(SUSPICIOUS), build_message("ADT^A04", PID)])
def test_a_test_message_is_kept_and_changes_nobody(apply_one: ApplyOne, body: bytes, purpose: str) -> None:
    result = apply_one(mark(body, purpose))
    assert (result.state, result.reason.startswith("Test message")) == (IGNORED, True)
    assert not Patient.objects.exists()


def test_a_test_message_does_not_correct_what_a_real_one_said(apply_one: ApplyOne) -> None:
    apply_one(build_report(SUSPICIOUS))
    apply_one(mark(build_report("IMPRESSION: Benign. BI-RADS 2.", status="C", reported="20261120100000"), "T"))
    assert Recall.objects.get().exam.assessment == "5"


@pytest.mark.parametrize("purpose", ["T", "D", "P", "p", "P^A", ""])
def test_a_test_installation_takes_them_and_a_real_one_what_is_no_test(
    apply_one: ApplyOne, ris: Hl7Sender, purpose: str
) -> None:
    ris.allows_test_messages = purpose.startswith(("T", "D"))
    assert apply_one(mark(build_report(SUSPICIOUS), purpose)).state == APPLIED


@pytest.mark.parametrize("allows", [True, False])
def test_a_purpose_that_nobody_knows_waits_for_a_person(apply_one: ApplyOne, ris: Hl7Sender, allows: bool) -> None:
    ris.allows_test_messages = allows
    result = apply_one(mark(build_report(SUSPICIOUS), "X"))
    assert (result.state, result.field) == (PARKED, "MSH-11")
    assert not Patient.objects.exists()
