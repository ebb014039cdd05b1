"""Holds what a report message does to an exam and its recall."""

from collections.abc import Callable

import pytest

from exchange.hl7.apply import apply_messages
from exchange.hl7.message_result import MessageResult
from exchange.hl7.processing import store_result
from exchange.models import Hl7Message, Hl7Sender
from patients.models import Patient
from recalls.enums import ClosureReason, State, WorkItemKind
from recalls.models import Recall, ScreeningExam, WorkItem
from tests.exchange.hl7.conftest import ApplyMessages, the_recall
from tests.exchange.hl7.samples import PID, build_message, build_report

ApplyOne = Callable[..., MessageResult]
ZERO = "IMPRESSION: BI-RADS 0: Incomplete, need additional imaging evaluation."
APPLIED, PARKED, IGNORED = Hl7Message.State.APPLIED, Hl7Message.State.PARKED, Hl7Message.State.IGNORED


def test_a_final_report_of_a_4_opens_a_recall_with_everything_it_says(apply_one: ApplyOne) -> None:
    result = apply_one(build_report("Grouped calcifications, right.", "IMPRESSION: Suspicious, BI-RADS category 4."))
    recall = the_recall()
    assert (result.state, result.recall, result.exam) == (APPLIED, recall, recall.exam)
    assert (recall.state, recall.exam.assessment, recall.suspicious) == (State.TO_CONTACT, "4", True)
    patient, exam = recall.patient, recall.exam
    assert (patient.mrn, patient.family_name, patient.given_name, patient.middle_name) == (
        "M1", "Sample-Oak", "Testa", "Quill",
    )  # fmt: skip
    assert (patient.address_line, patient.city, patient.postal_code) == ("12 Invented Lane", "Pittsburgh", "15232")
    assert [point.value for point in patient.contact_points.all()] == ["+14125550142"]
    assert (str(exam.exam_date), exam.accession, exam.reader_name) == ("2026-11-02", "A1", "Rana Reader")
    assert exam.referrer is not None
    assert exam.referrer.npi == "1990000001"


def test_a_report_in_one_line_with_repetitions_is_read_as_one_text(apply_one: ApplyOne) -> None:
    apply_one(build_report("Left: no mass.~IMPRESSION:~Negative. BI-RADS 1."))
    assert ScreeningExam.objects.get().assessment == "1"
    assert not Recall.objects.exists()


def test_a_lump_named_in_the_order_is_worked_up_whatever_the_pictures_show(apply_one: ApplyOne) -> None:
    body = build_report("IMPRESSION: Negative. BI-RADS 1.")
    fields = body.decode().split("\r")
    obr = next(number for number, line in enumerate(fields) if line.startswith("OBR"))
    parts = fields[obr].split("|")
    parts[31] = "N63.21^Unspecified lump in the left breast, upper outer quadrant^I10"
    fields[obr] = "|".join(parts)
    assert apply_one("\r".join(fields).encode()).state == APPLIED
    recall = the_recall()
    assert (recall.kind, recall.exam.assessment, recall.state) == ("clinical", "1", State.TO_CONTACT)
    assert [(one.kind, one.side) for one in recall.exam.findings.all()] == [("lump", "left")]


@pytest.mark.parametrize("word", ["P", "Prelim", "Wet Read", "R"])
def test_a_preliminary_report_opens_nothing(apply_one: ApplyOne, word: str) -> None:
    assert apply_one(build_report("IMPRESSION: BI-RADS 5.", status=word)).state == IGNORED
    assert not Patient.objects.exists()


def test_a_preliminary_report_after_the_final_one_changes_nothing(apply_all: ApplyMessages) -> None:
    apply_all(build_report("IMPRESSION: BI-RADS 4."), build_report("IMPRESSION: BI-RADS 1.", status="P"))
    assert the_recall().exam.assessment == "4"


@pytest.mark.parametrize("status", ["C", "A", "Addendum", "Corrected"])
def test_a_corrected_or_addended_5_reaches_the_patient_whose_recall_was_a_2(
    apply_all: ApplyMessages, status: str
) -> None:
    first = build_report("IMPRESSION: Benign, BI-RADS 2.")
    later = build_report(
        "IMPRESSION: Highly suggestive of malignancy, BI-RADS 5.", status=status, reported="20261120090000"
    )
    assert [result.state for result in apply_all(first, later)] == [APPLIED, APPLIED]
    assert (the_recall().state, the_recall().exam.assessment) == (State.TO_CONTACT, "5")


def test_an_addendum_with_a_4_below_the_report_of_a_1_opens_the_recall(apply_all: ApplyMessages) -> None:
    text = ("IMPRESSION: Negative. BI-RADS 1.", "ADDENDUM: After review, IMPRESSION: Suspicious. BI-RADS 4.")
    results = apply_all(build_report(text[0]), build_report(*text, status="A", reported="20261120090000"))
    assert results[1].state == APPLIED
    assert the_recall().exam.assessment == "4"


def test_a_corrected_4_makes_a_recall_urgent_and_asks_for_a_call(apply_all: ApplyMessages) -> None:
    apply_all(
        build_report(ZERO),
        build_report("IMPRESSION: BI-RADS 4.", status="C", reported="20261120090000"),
    )
    assert the_recall().suspicious
    assert WorkItem.objects.filter(kind=WorkItemKind.CORRECTED_RESULT).exists()


def test_a_corrected_report_without_need_for_work_voids_the_recall(apply_all: ApplyMessages) -> None:
    apply_all(
        build_report(ZERO),
        build_report("IMPRESSION: Benign. BI-RADS 2.", status="C", reported="20261120090000"),
    )
    assert (the_recall().state, the_recall().closure_reason) == (State.CLOSED, ClosureReason.VOID)


def test_a_final_report_that_says_less_than_what_stands_waits_for_a_person(apply_all: ApplyMessages) -> None:
    """A system that sends the first report again must not put a corrected 4 away."""
    first = build_report("IMPRESSION: Benign. BI-RADS 2.")
    corrected = build_report("IMPRESSION: BI-RADS 4.", status="C")
    again = apply_all(first, corrected, first)[2]
    assert (again.state, again.proposal) == (PARKED, {"assessment": "2", "in_place_of": "4"})
    assert the_recall().exam.assessment == "4"
    assert apply_all(first, accepted={"assessment": "2"})[0].state == PARKED
    assert apply_all(first, accepted={"assessment": "2", "in_place_of": "4"})[0].state == APPLIED
    assert the_recall().state == State.CLOSED


def test_an_older_report_that_comes_late_changes_nothing(apply_all: ApplyMessages) -> None:
    newer = build_report("IMPRESSION: BI-RADS 4.", status="C", reported="20261120090000")
    late = apply_all(newer, build_report("IMPRESSION: BI-RADS 1.", reported="20261119090000"))[1]
    assert late.state == IGNORED
    assert the_recall().exam.assessment == "4"


def test_a_coded_category_per_breast_is_read_with_the_density(apply_one: ApplyOne) -> None:
    result = apply_one(
        build_report(
            "OBX|1|CWE|BIRADS^BI-RADS Assessment Left||397141009^Benign^SCT||||||F",
            "OBX|2|CWE|BIRADS^BI-RADS Assessment Right||4A^Suspicious^L||||||F",
            "OBX|3|CWE|DENS^Breast density||129718006^Heterogeneously dense^SCT||||||F",
            "OBX|4|TX|TEXT^Report||Right: a mass. Left: benign cyst.||||||F",
        )
    )
    exam = the_recall().exam
    assert result.state == APPLIED
    assert (exam.assessment, exam.assessment_left, exam.assessment_right, exam.density) == ("4A", "2", "4A", "c")


def test_a_coded_2_above_the_words_of_a_4_waits_for_a_person(apply_one: ApplyOne) -> None:
    coded = "OBX|1|CWE|BIRADS^BI-RADS Assessment||2^Benign^L||||||F"
    result = apply_one(build_report(coded, "OBX|2|TX|T^Report||IMPRESSION: Suspicious. BI-RADS 4.||||||F"))
    assert (result.state, result.field) == (PARKED, "OBX-5")
    assert not Patient.objects.exists()


def test_a_text_that_is_not_sure_is_parked_with_the_proposal_and_goes_in_when_accepted(apply_one: ApplyOne) -> None:
    body = build_report("IMPRESSION: BI-RADS 4.", "M4 and U3 in the other system.")
    result = apply_one(body)
    assert result.state == PARKED
    assert result.proposal is not None
    assert apply_one(body, assessment="4B").state == APPLIED
    assert the_recall().exam.assessment == "4B"


def test_a_withdrawn_line_does_not_count(apply_one: ApplyOne) -> None:
    wrong = "OBX|1|TX|T^Report||IMPRESSION: Negative. BI-RADS 1.||||||W"
    apply_one(build_report(wrong, "OBX|2|TX|T^Report||IMPRESSION: BI-RADS 4.||||||F"))
    assert the_recall().exam.assessment == "4"


def test_the_same_report_twice_is_one_exam(apply_all: ApplyMessages) -> None:
    body = build_report("IMPRESSION: BI-RADS 4.")
    assert [result.state for result in apply_all(body, body)] == [APPLIED, IGNORED]
    assert Recall.objects.count() == 1


@pytest.mark.parametrize(
    ("procedure", "state"),
    [
        ("71020^Chest X-ray^CPT", IGNORED), ("MG1^Mammogram^L", PARKED), ("77066^Diagnostic mammogram^CPT", IGNORED),
        ("SCR3D^Screening tomosynthesis^L", APPLIED), ("XX^Chest CT^L", IGNORED),
    ],
)  # fmt: skip
def test_only_a_screening_exam_becomes_a_result(apply_one: ApplyOne, procedure: str, state: str) -> None:
    text = "Heart normal." if "Chest" in procedure else "IMPRESSION: BI-RADS 4."
    assert apply_one(build_report(text, procedure=procedure)).state == state
    assert Patient.objects.exists() is (state == APPLIED)


def test_a_sender_s_own_codes_and_words_say_what_its_messages_mean(apply_one: ApplyOne, ris: Hl7Sender) -> None:
    ris.screening_codes, ris.status_words = ["MG1"], {"Fertig": "final"}
    assert apply_one(build_report("BI-RADS 4.", procedure="MG1^Mammogram^L", status="Fertig")).state == APPLIED


def test_a_withdrawn_result_of_a_known_exam_waits_for_a_person(apply_all: ApplyMessages) -> None:
    result = apply_all(build_report("BI-RADS 4."), build_report("Wrong patient.", status="X"))[1]
    assert (result.state, result.exam) == (PARKED, the_recall().exam)
    assert the_recall().state == State.TO_CONTACT


def test_a_document_with_the_report_is_a_result_too(apply_one: ApplyOne) -> None:
    body = build_message(
        "MDM^T02", PID, "TXA|1|MG|TX|20261102093000|||||7^Reader^Rana|||D1||P1|A1|AU",
        "OBR|1|P1|A1|77067^Screening mammogram|||20261102093000", "OBX|1|TX|R||IMPRESSION: BI-RADS 4.||||||F",
    )  # fmt: skip
    assert apply_one(body).state == APPLIED
    assert the_recall().exam.reader_name == "Rana Reader"


def test_a_result_of_a_closed_recall_follows_the_rules_of_corrected_results(apply_all: ApplyMessages) -> None:
    apply_all(
        build_report(ZERO),
        build_report("IMPRESSION: Benign. BI-RADS 2.", status="C", reported="20261120090000"),
        build_report("IMPRESSION: BI-RADS 5.", status="C", reported="20261120100000"),
    )
    assert (the_recall().state, the_recall().exam.assessment) == (State.TO_CONTACT, "5")


def test_a_plain_0_is_proposed_as_one_that_has_the_patient_called(apply_one: ApplyOne) -> None:
    result = apply_one(build_report("IMPRESSION: BI-RADS 0."))
    assert (result.state, result.proposal) == (PARKED, {"assessment": "0-AI"})


@pytest.mark.parametrize(
    "text",
    [
        "Diagnostic ultrasound is recommended for a palpable lump.",
        "RECOMMENDATION: Short interval follow-up in 6 months is recommended.",
        "Consider supplemental screening ultrasound.",
    ],
)
def test_a_2_with_other_work_recommended_waits_for_a_person(apply_one: ApplyOne, text: str) -> None:
    assert apply_one(build_report("IMPRESSION: Benign. BI-RADS 2.", text)).state == PARKED
    assert not Patient.objects.exists()


def test_what_stands_below_every_report_is_no_recommendation(apply_one: ApplyOne) -> None:
    below = "Any palpable lump should be managed clinically. A negative result should not delay a biopsy."
    assert apply_one(build_report("IMPRESSION: Benign. BI-RADS 2.", below)).state == APPLIED


def test_a_supplemental_test_that_is_advised_is_kept_with_the_exam(apply_one: ApplyOne) -> None:
    apply_one(build_report("IMPRESSION: Negative. BI-RADS 1.", "Supplemental screening MRI is recommended."))
    assert ScreeningExam.objects.get().supplemental_screenings.get().kind == "mri"


def test_a_parked_correction_that_is_replayed_after_a_later_one_lowers_nothing(
    apply_all: ApplyMessages, ris: Hl7Sender
) -> None:
    apply_all(build_report(ZERO))
    early, late = (
        Hl7Message.objects.create(raw=build_report(text, status="C"), sender=ris, key=text, source="file", size=1)
        for text in ("IMPRESSION: Benign. BI-RADS 2.", "IMPRESSION: BI-RADS 5.")
    )
    store_result(late, apply_messages([late])[0])
    late.save()
    assert apply_messages([early])[0].state == PARKED
    assert the_recall().exam.assessment == "5"
