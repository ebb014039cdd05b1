"""Holds what patient messages do: records made and changed, deaths, merges, and results that come after them."""

from collections.abc import Callable
from datetime import date

import pytest

from clinic.actors import INTAKE
from exchange.hl7.message_result import MessageResult
from exchange.models import Hl7Message
from patients.factories import PatientFactory
from patients.models import Patient, PatientChange
from recalls import actions
from recalls.enums import ClosureReason, State
from recalls.models import Recall, ScreeningExam
from tests.exchange.hl7.conftest import ApplyMessages, the_recall
from tests.exchange.hl7.samples import PID, build_message, build_report

ApplyOne = Callable[..., MessageResult]
APPLIED, PARKED, IGNORED = Hl7Message.State.APPLIED, Hl7Message.State.PARKED, Hl7Message.State.IGNORED
OLD_PID = PID.replace("|M1^", "|OLD1^")
FIVE = "IMPRESSION: BI-RADS 5."


def _merge(event: str = "A40", pid: str = PID, prior: str = "OLD1^^^SHADY^MR") -> bytes:
    return build_message(f"ADT^{event}", f"EVN|{event}", pid, f"MRG|{prior}")


@pytest.mark.parametrize("event", ["A01", "A04", "A08", "A28", "A31"])
def test_a_patient_is_made_by_each_event_that_tells_of_one(apply_one: ApplyOne, event: str) -> None:
    result = apply_one(build_message(f"ADT^{event}", f"EVN|{event}", PID))
    patient = Patient.objects.get()
    assert (result.state, result.patient) == (APPLIED, patient)
    assert (patient.mrn, patient.birth_date, patient.sex) == ("M1", date(1970, 2, 1), "F")


def test_a_new_phone_and_address_reach_the_record_with_their_source(apply_all: ApplyMessages) -> None:
    moved = PID.replace("12 Invented Lane", "7 New Lane").replace("4125550142", "4125550177")
    apply_all(build_report(FIVE), build_message("ADT^A08", "EVN|A08", moved))
    patient = Patient.objects.get()
    assert patient.address_line == "7 New Lane"
    assert [point.value for point in patient.contact_points.all()] == ["+14125550177"]
    assert PatientChange.objects.filter(patient=patient, by="intake").exists()


def test_what_a_message_leaves_out_stays_as_it_was(apply_all: ApplyMessages) -> None:
    apply_all(build_report(FIVE), build_message("ADT^A08", "PID|1||M1^^^SHADY^MR||Sample-Oak^Testa||19700201|U"))
    patient = Patient.objects.get()
    assert (patient.address_line, patient.sex, patient.middle_name) == ("12 Invented Lane", "F", "Quill")


def test_a_change_that_would_make_another_person_of_the_record_is_parked(apply_all: ApplyMessages) -> None:
    other = PID.replace("Sample-Oak^Testa", "Birch^Wilma")
    result = apply_all(build_report(FIVE), build_message("ADT^A08", "EVN|A08", other))[1]
    assert (result.state, result.field) == (PARKED, "PID-5")
    assert Patient.objects.get().family_name == "Sample-Oak"


def test_a_death_closes_the_recall_and_is_told_once(apply_all: ApplyMessages) -> None:
    fields = PID.split("|")
    dead = "|".join([*fields, *[""] * (29 - len(fields)), "20261118", "Y"])
    results = apply_all(build_report(FIVE), *[build_message("ADT^A08", "EVN|A08", dead)] * 2)
    assert [result.state for result in results] == [APPLIED, APPLIED, IGNORED]
    assert (the_recall().state, the_recall().closure_reason) == (State.CLOSED, ClosureReason.DECEASED)
    assert Patient.objects.get().deceased_on == date(2026, 11, 18)


def test_a_death_dated_before_the_exam_waits_for_a_person(apply_all: ApplyMessages) -> None:
    fields = PID.split("|")
    dead = "|".join([*fields, *[""] * (29 - len(fields)), "20251118", "Y"])
    result = apply_all(build_report(FIVE), build_message("ADT^A08", "EVN|A08", dead))[1]
    assert result.state == PARKED
    assert "was here on" in result.reason
    assert the_recall().state == State.TO_CONTACT


def test_a_death_of_another_person_under_the_number_closes_nothing(apply_all: ApplyMessages) -> None:
    fields = PID.replace("19700201", "19400201").split("|")
    dead = "|".join([*fields, *[""] * (30 - len(fields)), "Y"])
    assert apply_all(build_report(FIVE), build_message("ADT^A03", "EVN|A03", dead))[1].state == PARKED
    assert the_recall().state == State.TO_CONTACT


def test_an_event_of_a_hospital_stay_changes_no_record(apply_all: ApplyMessages) -> None:
    moved = PID.replace("12 Invented Lane", "7 Ward Lane")
    assert apply_all(build_report(FIVE), build_message("ADT^A02", "EVN|A02", moved))[1].state == IGNORED
    assert Patient.objects.get().address_line == "12 Invented Lane"


@pytest.mark.parametrize("event", ["A40", "A34", "A18"])
def test_a_merge_moves_the_recall_and_a_later_5_under_the_old_number_still_lands(
    apply_all: ApplyMessages, event: str
) -> None:
    results = apply_all(
        build_report("IMPRESSION: BI-RADS 4.", pid=OLD_PID),
        build_report("IMPRESSION: BI-RADS 1.", accession="A2"),
        _merge(event),
        build_report(FIVE, pid=OLD_PID, accession="A3"),
    )
    assert [result.state for result in results] == [APPLIED] * 4
    stays = Patient.objects.get(mrn="M1")
    assert set(Recall.objects.values_list("patient", "exam__assessment")) == {(stays.pk, "4"), (stays.pk, "5")}
    assert ScreeningExam.objects.get(accession="A3").original_patient == Patient.objects.get(mrn="OLD1")


def test_a_merge_can_be_undone_and_gives_the_exam_back(apply_all: ApplyMessages) -> None:
    apply_all(build_report(FIVE, pid=OLD_PID), build_report("BI-RADS 1.", accession="A2"), _merge())
    old = Patient.objects.get(mrn="OLD1")
    actions.unmerge_patients(old, by=INTAKE, note="merged in error")
    assert the_recall().patient == old


def test_an_old_number_that_nobody_knew_leads_to_the_record_in_use(apply_all: ApplyMessages) -> None:
    results = apply_all(
        build_report("IMPRESSION: BI-RADS 1."), _merge(), build_report(FIVE, pid=OLD_PID, accession="A2")
    )
    assert [result.state for result in results] == [APPLIED] * 3
    assert the_recall().patient == Patient.objects.get(mrn="M1")


def test_a_new_number_that_nobody_knew_takes_over_the_record(apply_all: ApplyMessages) -> None:
    assert apply_all(build_report(FIVE, pid=OLD_PID), _merge())[1].state == APPLIED
    assert the_recall().patient == Patient.objects.get(mrn="M1")


def test_a_merge_of_two_unknown_patients_is_parked_and_makes_nobody(apply_one: ApplyOne) -> None:
    result = apply_one(_merge())
    assert (result.state, result.field) == (PARKED, "MRG-1")
    assert not Patient.objects.exists()


@pytest.mark.parametrize(
    ("before", "after"), [("19700201", "19710201"), ("Sample-Oak^Testa", "Birch^Wilma"), ("Testa", "Nina")]
)
def test_two_different_people_are_never_merged_by_a_message(apply_all: ApplyMessages, before: str, after: str) -> None:
    results = apply_all(
        build_report(FIVE, pid=OLD_PID.replace(before, after)), build_report("BI-RADS 1.", accession="A2"), _merge()
    )
    assert results[2].state == PARKED
    assert not Patient.objects.exclude(merged_into=None).exists()


def test_a_merge_with_numbers_alone_goes_by_the_records(apply_all: ApplyMessages) -> None:
    numbers = _merge(pid="PID|1||M1^^^SHADY^MR")
    results = apply_all(build_report(FIVE, pid=OLD_PID), build_report("BI-RADS 1.", accession="A2"), numbers, numbers)
    assert [result.state for result in results[2:]] == [APPLIED, IGNORED]
    assert the_recall().patient.mrn == "M1"


def test_of_two_merges_in_one_message_either_both_are_made_or_none(apply_all: ApplyMessages) -> None:
    second = PID.replace("|M1^", "|M9^").replace("19700201", "19800101")
    both = build_message("ADT^A40", "EVN|A40", PID, "MRG|OLD1^^^SHADY^MR", second, "MRG|OLD9^^^SHADY^MR")
    result = apply_all(build_report(FIVE, pid=OLD_PID), build_report("BI-RADS 1.", accession="A2"), both)[2]
    assert result.state == PARKED
    assert not Patient.objects.exclude(merged_into=None).exists()


@pytest.mark.parametrize("event", ["A47", "A24", "A23"])
def test_an_event_that_changes_a_number_is_left_to_a_person(apply_one: ApplyOne, event: str) -> None:
    assert apply_one(build_message(f"ADT^{event}", f"EVN|{event}", PID, "MRG|OLD1")).state == PARKED


def test_a_patient_of_another_number_format_is_not_confused(apply_one: ApplyOne) -> None:
    patient = PatientFactory.create(mrn="001", family_name="Sample-Oak", given_name="Testa", birth_date="1970-02-01")
    result = apply_one(build_message("ADT^A08", "EVN|A08", PID.replace("|M1^", "|1^")))
    assert (result.state, result.field) == (PARKED, "PID-3")
    assert Patient.objects.get() == patient


def test_a_merge_with_a_number_that_is_none_is_parked(apply_all: ApplyMessages) -> None:
    result = apply_all(build_report(FIVE), _merge(prior="9" * 80))[1]
    assert (result.state, result.field) == (PARKED, "MRG-1")
    assert Patient.objects.count() == 1
