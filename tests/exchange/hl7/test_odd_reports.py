"""Holds what becomes of reports that are sent in other shapes, or beside the report of another exam."""

from collections.abc import Callable

import pytest

from clinic.models import Site
from exchange.hl7.message_result import MessageResult
from exchange.models import Hl7Message, Hl7Sender
from patients.models import Patient
from recalls.models import ScreeningExam
from tests.exchange.hl7.conftest import ApplyMessages, the_recall
from tests.exchange.hl7.samples import PID, build_message, build_report

ApplyOne = Callable[..., MessageResult]
APPLIED, PARKED, IGNORED = Hl7Message.State.APPLIED, Hl7Message.State.PARKED, Hl7Message.State.IGNORED
DIAGNOSTIC = "77066^Diagnostic mammogram^CPT"
FOUR = "OBX|1|TX|R||IMPRESSION: BI-RADS 4.||||||F"


def _report_of_two(first: str, second: str, *lines: str) -> bytes:
    """An ORU with two exams, of which the lines stand below the second."""
    exams = [
        f"OBR|{number}|P|{exam}|||20261102|||||||||||||||20261119|||F" for number, exam in enumerate((first, second), 1)
    ]
    return build_message("ORU^R01", PID, *exams, *lines)


def test_a_report_in_html_is_read_as_its_words(apply_one: ApplyOne) -> None:
    apply_one(
        build_report(
            "<html><p>Right: mass.</p><p>IMPRESSION:<br/>Suspicious.</p><p>BI-RADS category 4B&nbsp;</p></html>"
        )
    )
    assert the_recall().exam.assessment == "4B"


def test_a_report_in_notes_is_read_where_no_observation_holds_it(apply_one: ApplyOne) -> None:
    apply_one(build_report("OBX|1|ED|PDF^Report||^AP^PDF^Base64^AA||||||F\rNTE|1||IMPRESSION: BI-RADS 4."))
    assert the_recall().exam.assessment == "4"


def test_a_report_in_rtf_waits_for_a_person(apply_one: ApplyOne) -> None:
    assert apply_one(build_report(r"{\E\rtf1\E\ansi IMPRESSION: BI-RADS 2\E\par}")).state == PARKED


def test_the_conclusion_stands_with_the_recall_for_who_calls(apply_one: ApplyOne) -> None:
    apply_one(build_report("FINDINGS: A mass.", r"IMPRESSION:\.br\Right mass.", "BI-RADS 4."))
    assert the_recall().exam.comment == "IMPRESSION: Right mass. BI-RADS 4."


def test_tomosynthesis_of_the_same_exam_is_one_report(apply_one: ApplyOne) -> None:
    body = _report_of_two("A1|77067^Screening mammogram", "A1|77063^Screening tomosynthesis", FOUR)
    assert apply_one(body).state == APPLIED
    assert the_recall().exam.accession == "A1"


@pytest.mark.parametrize("second", ["A2|77066^Diagnostic mammogram", "A2|MX^Mammogram"])
def test_a_screening_exam_beside_another_one_is_left_to_a_person(apply_one: ApplyOne, second: str) -> None:
    result = apply_one(_report_of_two("A1|77067^Screening mammogram", second, FOUR))
    assert (result.state, result.field) == (PARKED, "OBR-4")
    assert not Patient.objects.exists()


def test_two_screening_exams_in_one_message_are_left_to_a_person(apply_one: ApplyOne) -> None:
    one = "OBR|1|P|A1|77067^Screening mammogram|||20261102|||||||||||||||20261119|||F"
    result = apply_one(build_message("ORU^R01", PID, one, FOUR, one.replace("A1", "A2"), FOUR))
    assert (result.state, result.field) == (PARKED, "OBR-3")


def test_a_diagnostic_report_of_a_recalled_patient_reaches_the_recall_s_page(apply_all: ApplyMessages) -> None:
    first = build_report("IMPRESSION: BI-RADS 4.")
    result = apply_all(first, build_report("IMPRESSION: BI-RADS 5.", accession="D1", procedure=DIAGNOSTIC))[1]
    assert (result.state, result.recall) == (PARKED, the_recall())
    assert the_recall().exam.assessment == "4"


def test_a_diagnostic_report_of_somebody_else_is_no_concern(apply_one: ApplyOne) -> None:
    assert apply_one(build_report("IMPRESSION: BI-RADS 5.", procedure=DIAGNOSTIC)).state == IGNORED


def test_a_clock_a_few_minutes_ahead_holds_up_no_result(apply_one: ApplyOne) -> None:
    assert apply_one(build_report("IMPRESSION: BI-RADS 4.", reported="20261120100600")).state == APPLIED
    assert apply_one(build_report("IMPRESSION: BI-RADS 4.", accession="A2", reported="20271120100600")).state == PARKED


def test_the_day_of_the_exam_is_that_at_the_site(apply_one: ApplyOne) -> None:
    apply_one(build_report("IMPRESSION: BI-RADS 4.", observed="20261103013000+0000"))
    assert str(the_recall().exam.exam_date) == "2026-11-02"


def test_a_correction_that_names_another_site_makes_no_second_exam(
    apply_all: ApplyMessages, ris: Hl7Sender, foothills: Site
) -> None:
    ris.sites_by_location = {"WEST": foothills.code}
    there = f"{PID}\rPV1|1|O|WEST"
    first, again = apply_all(
        build_report("IMPRESSION: BI-RADS 4.", pid=there), build_report("IMPRESSION: BI-RADS 5.", status="C")
    )
    assert (first.site, again.state, again.exam) == (foothills, PARKED, first.exam)
    assert ScreeningExam.objects.count() == 1
