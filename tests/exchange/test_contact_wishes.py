"""Holds that a results file and an HL7 message fill in wishes nobody has said, and never talk over the patient."""

import pytest

from clinic.actors import PATIENT
from exchange.hl7.applying.patient_cells import build_patient_cells
from exchange.hl7.reading.reader import read_message
from exchange.models import Hl7Sender
from patients.actions import set_result_wish
from patients.contact_plan import actions as plans
from patients.contact_plan.models import MayAnswer
from patients.models import ContactPlan, Patient
from recalls.models import ScreeningExam
from tests.exchange.conftest import LoadResults, make_result
from tests.exchange.hl7.samples import build_message

WISHES = {
    "best_time": "afternoons", "may_answer": "Sam Sample", "may_answer_phone": "412 555 0144", "result_by": "In person",
    "result_not_before_weekend": "yes", "voicemail": "no",
}  # fmt: skip


@pytest.mark.django_db
def test_a_file_brings_the_wishes_and_finishes_no_plan(load_results: LoadResults) -> None:
    assert load_results(make_result(**WISHES)).results == ["opened"]
    patient = Patient.objects.get()
    plan = ContactPlan.objects.get(patient=patient)
    assert (plan.may_answer, plan.other_name, plan.finished_at) == (MayAnswer.MESSAGE, "Sam Sample", None)
    assert patient.contact_points.get(kind="other").value == "+14125550144"
    wish = patient.result_wish
    assert (patient.call_preference.part, wish.channel, wish.not_before_weekend) == ("afternoon", "in_person", True)
    assert wish.proxy_name == "", "a file makes nobody one who may hear results"
    assert {"best_time", "may_answer", "result_wish"} <= set(patient.changes.values_list("field", flat=True))


@pytest.mark.django_db
def test_a_later_file_fills_what_is_empty_and_says_what_it_may_not_replace(load_results: LoadResults) -> None:
    load_results(make_result())
    patient = Patient.objects.get()
    plans.record_people(patient, MayAnswer.ONLY_ME, "", by=PATIENT)
    told = load_results(make_result(**WISHES, comment="Again."))
    assert told.results == ["updated"]
    assert told.problems() == {
        "may_answer": "The record says otherwise (only the patient), and that stands.",
    }
    patient = Patient.objects.get()
    assert (patient.call_preference.part, patient.result_wish.channel) == ("afternoon", "in_person")
    again = load_results(make_result(**WISHES | {"best_time": "morning", "result_by": "phone"}))
    assert set(again.problems()) == {"may_answer", "best_time", "result_by"}
    patient = Patient.objects.get()
    assert (patient.call_preference.part, patient.result_wish.channel) == ("afternoon", "in_person")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("cells", "column", "words"),
    [
        ({"best_time": "at noon"}, "best_time", "Write morning, afternoon, evening or any"),
        ({"result_by": "pigeon"}, "result_by", "Write phone, in person or in writing"),
        ({"result_not_before_weekend": "maybe"}, "result_not_before_weekend", "yes or no"),
        ({"may_answer_phone": "412 555 0144"}, "may_answer", "no name"),
    ],
)
def test_a_value_that_cannot_be_read_is_parked_with_the_words_that_help(
    cells: dict[str, str], column: str, words: str, load_results: LoadResults
) -> None:
    told = load_results(make_result(**cells))
    assert told.results == ["parked"]
    assert words in told.problems()[column]


@pytest.mark.django_db
def test_a_phone_of_that_person_that_cannot_be_used_holds_no_result_up(load_results: LoadResults) -> None:
    told = load_results(make_result(may_answer="Sam Sample", may_answer_phone="555"))
    assert told.results == ["opened"]
    assert "may_answer_phone" in told.problems()
    assert not Patient.objects.get().contact_points.filter(kind="other").exists()


@pytest.mark.django_db
def test_a_row_without_wishes_means_what_it_meant_before_there_were_any(load_results: LoadResults) -> None:
    load_results(make_result())
    digest = ScreeningExam.objects.get().source_digest
    assert load_results(make_result(best_time="", may_answer="")).results == ["unchanged"]
    assert load_results(make_result(best_time="any")).results == ["unchanged"]
    assert ScreeningExam.objects.get().source_digest == digest


@pytest.mark.parametrize(
    ("role", "cells"),
    [
        ("EP^Emergency contact^HL70131", {"may_answer": "Sam Sample", "may_answer_phone": "(412)555-0144"}),
        ("C", {"may_answer": "Sam Sample", "may_answer_phone": "(412)555-0144"}),
        ("N^Next of kin", {}),
        ("", {}),
    ],
)
def test_a_contact_person_of_nk1_may_take_a_message_and_next_of_kin_was_not_named_for_it(
    role: str, cells: dict[str, str]
) -> None:
    pid = "PID|1||M1^^^SHADY^MR||Sample-Oak^Testa||19700201|F|||||||es"
    read = read_message(build_message("ADT^A08", pid, f"NK1|1|Sample^Sam|SPO||(412)555-0144^PRN^PH||{role}"))
    built, faults = build_patient_cells(read.patients[0], Hl7Sender())
    assert (faults, built["language"]) == ((), "es")
    assert {name: text for name, text in built.items() if name.startswith("may_answer")} == cells


@pytest.mark.django_db
def test_a_row_that_is_not_believed_leaves_no_plan_that_looks_begun(load_results: LoadResults) -> None:
    load_results(make_result())
    patient = Patient.objects.get()
    set_result_wish(patient, {"proxy_name": "Maria Sample"}, by=PATIENT)
    told = load_results(make_result(**{"may_answer": "Sam Sample", "may_answer_phone": "412 555 0144"}, comment="New."))
    assert set(told.problems()) == {"may_answer"}
    assert not ContactPlan.objects.exists()
