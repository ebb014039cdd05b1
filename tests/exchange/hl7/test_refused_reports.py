"""Holds that what cannot be understood of a report is kept with its field and a reason, and makes no half patient."""

from collections.abc import Callable

import pytest

from exchange.hl7.apply import apply_messages
from exchange.hl7.message_result import MessageResult
from exchange.models import Hl7Message, Hl7Sender
from patients.models import Patient
from recalls.models import ScreeningExam
from tests.exchange.hl7.conftest import ApplyMessages
from tests.exchange.hl7.samples import PID, build_message, build_report

ApplyOne = Callable[..., MessageResult]
APPLIED, PARKED, IGNORED = Hl7Message.State.APPLIED, Hl7Message.State.PARKED, Hl7Message.State.IGNORED


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        (("19700201", "Aug 15, 1942"), "PID-7", "no full day"), (("19700201", ""), "PID-7", "born"),
        (("19700201", "19420230"), "PID-7", "no full day"), (("M1^^^SHADY^MR", ""), "PID-3", "no record number"),
        (("M1^^^SHADY^MR", "M1^^^SHADY^MR~M2^^^SHADY^MR"), "PID-3", "2 different record numbers of SHADY"),
        (("Sample-Oak^Testa^Quill", "Sample-Oak"), "PID-5", "family name and given name"),
        (("|20261102093000|", "||"), "OBR-7", "must not be empty"),
        (("|PA1|A1|", "||  |"), "OBR-3", "must not be empty"),
        (("|||F|||", "||||||"), "", ""),
    ],
)  # fmt: skip
def test_what_cannot_be_understood_is_kept_with_its_field_and_leaves_no_half_patient(
    apply_one: ApplyOne, change: tuple[str, str], field: str, words: str
) -> None:
    body = build_report("IMPRESSION: BI-RADS 4.").replace(change[0].encode(), change[1].encode(), 1)
    result = apply_one(body)
    if field:
        assert (result.state, result.field) == (PARKED, field)
        assert words in result.reason
        assert not Patient.objects.exists()
    else:  # the status stands in the lines of the report
        assert result.state == APPLIED


def test_two_patients_in_one_message_are_parked(apply_one: ApplyOne) -> None:
    body = build_report("IMPRESSION: BI-RADS 4.") + f"\r{PID.replace('M1', 'M2').replace('Testa', 'Nina')}".encode()
    result = apply_one(body)
    assert (result.state, result.field) == (PARKED, "PID")
    assert not Patient.objects.exists()


def test_a_report_without_a_patient_is_parked(apply_one: ApplyOne) -> None:
    assert apply_one(build_report("BI-RADS 4.", pid="PV1|1|O")).field == "PID"


def test_a_result_under_the_number_of_another_patient_is_parked_and_changes_nobody(apply_all: ApplyMessages) -> None:
    other = PID.replace("Sample-Oak^Testa", "Birch^Wilma")
    twin = PID.replace("Testa", "Nina")
    results = apply_all(
        build_report("IMPRESSION: BI-RADS 1."),
        build_report("IMPRESSION: BI-RADS 5.", pid=other, accession="A2"),
        build_report("IMPRESSION: BI-RADS 5.", pid=PID.replace("19700201", "19710201"), accession="A3"),
        build_report("IMPRESSION: BI-RADS 5.", pid=twin, accession="A4"),
    )
    assert [(result.state, result.field) for result in results[1:]] == [
        (PARKED, "PID-5"), (PARKED, "PID-7"), (PARKED, "PID-5"),
    ]  # fmt: skip
    assert ScreeningExam.objects.count() == 1
    assert results[1].proposal == {"confirmed": ["same_patient"]}


def test_a_patient_whose_name_changed_goes_in_when_a_person_confirms(apply_all: ApplyMessages) -> None:
    married = build_report("IMPRESSION: BI-RADS 5.", pid=PID.replace("Sample-Oak^Testa", "Birch^Wilma"), accession="A2")
    apply_all(build_report("IMPRESSION: BI-RADS 1."))
    assert apply_all(married, accepted={"confirmed": ["same_patient"]})[0].state == APPLIED
    assert Patient.objects.get().family_name == "Birch"


def test_an_accession_of_another_patient_is_parked(apply_all: ApplyMessages) -> None:
    other = PID.replace("M1^", "M2^").replace("Testa", "Nina")
    result = apply_all(build_report("BI-RADS 1."), build_report("IMPRESSION: BI-RADS 5.", pid=other))[1]
    assert (result.state, result.field) == (PARKED, "OBR-3")


def test_an_unknown_status_word_is_asked_about(apply_one: ApplyOne) -> None:
    result = apply_one(build_report("BI-RADS 4.", status="Fertig"))
    assert (result.state, result.field) == (PARKED, "OBR-25")


@pytest.mark.parametrize(
    ("type_", "state"),
    [("PPR^PC1", PARKED), ("CUSTOM^PAT", PARKED), ("ACK", IGNORED), ("ORM^O01", IGNORED), ("ADT^A45", IGNORED)],
)
def test_an_unknown_type_is_kept_with_a_reason(apply_one: ApplyOne, type_: str, state: str) -> None:
    result = apply_one(build_message(type_, PID))
    assert result.state == state
    assert result.reason
    assert not Patient.objects.exists()


def test_a_message_of_an_unknown_sender_is_parked(ris: Hl7Sender) -> None:
    result = apply_messages([Hl7Message(raw=build_report("BI-RADS 4."))])[0]
    assert (result.state, result.field) == (PARKED, "MSH-3")
