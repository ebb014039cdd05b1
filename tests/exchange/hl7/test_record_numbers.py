"""Holds which of several numbers in PID-3 is the record number, and that those in conflict are never chosen between."""

from collections.abc import Callable

import pytest

from exchange.hl7.message_result import MessageResult
from exchange.models import Hl7Message, Hl7Sender
from patients.models import Patient
from tests.exchange.hl7.samples import PID, build_report

pytestmark = pytest.mark.django_db

ApplyOne = Callable[..., MessageResult]
APPLIED, PARKED = Hl7Message.State.APPLIED, Hl7Message.State.PARKED


def apply_numbers(apply_one: ApplyOne, numbers: str) -> MessageResult:
    return apply_one(build_report("IMPRESSION: BI-RADS 1.", pid=PID.replace("M1^^^SHADY^MR", numbers)))


@pytest.mark.parametrize(
    ("numbers", "authorities", "default", "chosen"),
    [
        ("M1~X9^^^OTHER", [], "SHADY", "M1"),  # one names no authority
        ("X9^^^OTHER~M1^^^^MR", ["SHADY"], "SHADY", "M1"),
        ("X9^^^OTHER~M1^^^SHADY", [], "SHADY", "M1"),  # one is of a configured authority
        ("X9^^^OTHER~M1^^^shady", ["SHADY"], "", "M1"),
        ("Z3~X9^^^OTHER~M1^^^SHADY", ["SHADY"], "", "M1"),
        ("M1~M1^^^SHADY~X9^^^OTHER", [], "SHADY", "M1"),  # the same number twice
        ("M1^^^SHADY~M1^^^SHADY", [], "", "M1"),
        ("M1^^^SHADY~M1^^^EAST", [], "", "M1"),
        ("X9^^^&1.2.840.1&ISO~M1", [], "SHADY", "M1"),  # a universal id is an authority too
        ("X9^^^&1.2.840.1&ISO~M1^^^SHADY", ["1.2.840.1"], "", "X9"),
        ("M1", [], "", "M1"),
        ("M1", ["SHADY"], "SHADY", "M1"),
    ],
)
def test_the_number_of_a_configured_authority_counts(
    apply_one: ApplyOne, ris: Hl7Sender, numbers: str, authorities: list[str], default: str, chosen: str
) -> None:
    ris.mrn_authorities, ris.default_authority = authorities, default
    result = apply_numbers(apply_one, numbers)
    assert (result.state, result.reason) == (APPLIED, "")
    assert Patient.objects.get().mrn == chosen


@pytest.mark.parametrize(
    ("numbers", "authorities", "default", "words"),
    [
        ("M1~M2", [], "", "says of none who assigned it"),
        ("M1~M2", [], "SHADY", "2 different record numbers of SHADY"),
        ("M1~M2^^^SHADY", [], "SHADY", "2 different record numbers of SHADY"),
        ("M1^^^SHADY~M2^^^SHADY~M3^^^SHADY", ["SHADY"], "", "3 different record numbers of SHADY"),
        ("M1^^^SHADY~M2^^^EAST", ["SHADY", "EAST"], "", "of EAST, SHADY. Set whose"),
        ("M1^^^SHADY~M2^^^EAST", [], "", "of EAST, SHADY. Set whose"),
        ("M1~X9^^^OTHER", [], "", "different record numbers"),
        ("M1", ["SHADY"], "", "None of the patient's numbers"),
        ("X9^^^OTHER", ["SHADY"], "SHADY", "None of the patient's numbers"),
    ],
)
def test_numbers_in_conflict_wait_with_a_reason_that_names_whose_they_are(
    apply_one: ApplyOne, ris: Hl7Sender, numbers: str, authorities: list[str], default: str, words: str
) -> None:
    ris.mrn_authorities, ris.default_authority = authorities, default
    result = apply_numbers(apply_one, numbers)
    assert (result.state, result.field) == (PARKED, "PID-3")
    assert words in result.reason
    assert not any(number in result.reason for number in ("M1", "M2", "X9"))
    assert not Patient.objects.exists()
