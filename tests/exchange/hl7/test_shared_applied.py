"""Applies messages by others, where their folder stands beside the checkout: none crashes or leaves half a patient."""

import pytest

from clinic.models import Site
from exchange.hl7.apply import apply_messages
from exchange.models import Hl7Message, Hl7Sender
from patients.models import Patient
from tests.exchange.hl7.test_shared_messages import load_shared


@pytest.fixture
def any_sender(shadyside: Site) -> Hl7Sender:
    return Hl7Sender.objects.create(name="Any", site=shadyside)


def test_broken_messages_by_others_are_kept_with_a_reason_and_make_nobody(any_sender: Hl7Sender) -> None:
    rows = load_shared("broken.jsonl")
    results = apply_messages([Hl7Message(raw=row["message"].encode(), sender=any_sender) for row in rows])
    assert {result.state for result in results} <= {Hl7Message.State.PARKED, Hl7Message.State.IGNORED}
    assert all(result.reason for result in results)
    assert not Patient.objects.exists()


def test_messages_by_others_give_a_patient_only_whole(any_sender: Hl7Sender) -> None:
    rows = load_shared("messages.jsonl")
    results = apply_messages([Hl7Message(raw=row["message"].encode(), sender=any_sender) for row in rows])
    for row, result in zip(rows, results, strict=True):
        if result.state == Hl7Message.State.APPLIED and result.patient is not None:
            facts = row["facts"]
            assert result.patient.birth_date.isoformat() == facts["birth_date"]
            assert (result.patient.mrn, result.patient.family_name) == (facts["mrn"], facts["family"])
        else:
            assert result.reason
