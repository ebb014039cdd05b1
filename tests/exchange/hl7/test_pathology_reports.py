"""Holds that a pathology report reaches the lesion that waits for it, and that one that is not plain is parked."""

from collections.abc import Callable
from datetime import time

import pytest
import time_machine
from django.utils import timezone

from clinic import calendar
from clinic.factories import SiteStaff, get_site_staff
from clinic.models import Site
from exchange.hl7.applying.diagnosis_words import read_diagnosis
from exchange.hl7.applying.tumor_words import read_tumor_details
from exchange.hl7.message_result import MessageResult
from exchange.models import Hl7Message
from patients.factories import PatientFactory
from recalls import actions
from recalls.actions import DisclosureInput, OutsideReportInput, PathologyInput, Slot
from recalls.enums import (
    ConcordanceVerdict,
    DisclosureMethod,
    OutsideReportKind,
    PathologyClass,
    ReportSource,
    State,
)
from recalls.models import PathologyResult, Recall
from recalls.testing.factories import RecallFactory
from recalls.testing.scenario_steps import shift_open_days
from tests.exchange.hl7.samples import build_report

pytestmark = pytest.mark.django_db

ApplyOne = Callable[..., MessageResult]
APPLIED, PARKED, IGNORED = Hl7Message.State.APPLIED, Hl7Message.State.PARKED, Hl7Message.State.IGNORED
DUCTAL = "A. RIGHT BREAST, 10 O'CLOCK, CORE BIOPSY: INVASIVE DUCTAL CARCINOMA, GRADE 2."


def build_tissue_report(*lines: str, status: str = "F") -> bytes:
    return build_report(
        "FINAL DIAGNOSIS:", *lines, procedure="11526-1^Pathology study^LN", accession="S26-1", status=status
    )


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("INVASIVE DUCTAL CARCINOMA, NOTTINGHAM GRADE II.", {"grade": "2"}),
        ("DCIS, high nuclear grade", {"grade": "3"}),
        ("DCIS. Nuclear grade: intermediate", {"grade": "2"}),
        ("Invasive carcinoma grade 1 with high-grade DCIS", {}),  # of which one?
        ("Invasive carcinoma, grade 1-2", {}),
        ("Nottingham score 6/9", {}),
        ("ER and PR positive, HER2/neu: negative", {"er": "pos", "pr": "pos", "her2": "neg"}),
        ("Estrogen receptor (ER): 95% positive; progesterone receptor negative", {"er": "pos", "pr": "neg"}),
        ("HER2 (IHC) equivocal", {"her2": "equivocal"}),
        ("ER pending. HER-2: negative. HER-2 positive", {}),
        ("Receptors to follow", {}),
    ],
)
def test_grade_and_receptors_are_read_where_they_are_said_once_and_plainly(
    words: str, expected: dict[str, str]
) -> None:
    assert read_tumor_details(words) == expected


@pytest.fixture
def staff(shadyside: Site) -> SiteStaff:
    return get_site_staff(shadyside)


def sign(recall: Recall, staff: SiteStaff, verdict: ConcordanceVerdict) -> None:
    recall.refresh_from_db()
    actions.sign_concordance(recall, verdict, told=DisclosureInput(DisclosureMethod.PHONE), by=staff.radiologist)


def repeat_biopsy(recall: Recall, staff: SiteStaff) -> None:
    """A biopsy booked and done on the next open day."""
    at = calendar.instant(recall.site, shift_open_days(recall.site, timezone.localdate(), 1), time(10))
    actions.book_biopsy(recall, Slot(recall.site, at), by=staff.scheduler)
    with time_machine.travel(at, tick=False):
        actions.biopsy_done(recall, by=staff.scheduler)


@pytest.fixture
def waiting(shadyside: Site) -> Recall:
    """One lesion of the right breast waits for its tissue."""
    patient = PatientFactory.create(site=shadyside, mrn="M1", family_name="Sample-Oak", given_name="Testa",
                                    middle_name="Quill", birth_date="1970-02-01")  # fmt: skip
    recall: Recall = RecallFactory.create(patient=patient, awaiting_pathology=True)
    return recall


def test_the_result_reaches_the_one_lesion_that_waits_and_a_radiologist_still_signs(
    apply_one: ApplyOne, waiting: Recall
) -> None:
    side = waiting.lesions.get().side or "right"
    result = apply_one(
        build_tissue_report(DUCTAL.replace("RIGHT", side.upper()) + " ER: POSITIVE (95%). HER2 NEGATIVE.")
    )
    assert (result.state, result.reason) == (APPLIED, "")
    row = PathologyResult.objects.get()
    assert (row.result, row.histology, row.specimen) == ("invasive", "idc", "A")
    assert (row.grade, row.er, row.pr, row.her2) == ("2", "pos", "", "neg")
    waiting.refresh_from_db()
    assert waiting.state == State.AWAITING_CONCORDANCE


@pytest.mark.parametrize(
    "lines",
    [
        ("A. LEFT BREAST, CORE BIOPSY: FIBROADENOMA.",),  # the other side
        ("A. RIGHT BREAST: FIBROADENOMA.", "B. RIGHT BREAST: RADIAL SCAR."),  # two specimens, one lesion
        ("A. RIGHT BREAST: SUSPICIOUS FOR MALIGNANCY.",),
        ("A. BREAST, CORE BIOPSY: FIBROADENOMA.",),  # no side
        ("A. RIGHT BREAST: SEE COMMENT.",),
    ],
)
def test_what_is_not_plain_waits_for_a_person(apply_one: ApplyOne, waiting: Recall, lines: tuple[str, ...]) -> None:
    side = (waiting.lesions.get().side or "right").upper()
    other = "LEFT" if side == "RIGHT" else "RIGHT"
    swapped = [line.replace("LEFT", "x").replace("RIGHT", side).replace("x", other) for line in lines]
    result = apply_one(build_tissue_report(*swapped))
    assert result.state == PARKED
    assert not PathologyResult.objects.exists()


def test_a_correction_a_preliminary_report_and_another_organ_record_nothing(
    apply_one: ApplyOne, waiting: Recall
) -> None:
    assert apply_one(build_tissue_report(DUCTAL, status="P")).state == IGNORED
    assert apply_one(build_tissue_report(DUCTAL, status="C")).state == PARKED
    assert apply_one(build_tissue_report("A. COLON: TUBULAR ADENOMA.")).state == IGNORED
    assert not PathologyResult.objects.exists()


def test_a_corrected_report_amends_the_one_result_that_it_can_be_about_and_a_radiologist_signs_it(
    apply_one: ApplyOne, waiting: Recall, staff: SiteStaff
) -> None:
    """Also while the lesion was biopsied again and that tissue is awaited, and after the recall was closed."""
    side = (waiting.lesions.get().side or "right").upper()
    benign = f"A. {side} BREAST, CORE BIOPSY: FIBROADENOMA."
    apply_one(build_tissue_report(benign))
    sign(waiting, staff, ConcordanceVerdict.DISCORDANT)
    repeat_biopsy(waiting, staff)
    assert apply_one(build_tissue_report(benign, status="C")).state == PARKED  # it says the same: a person looks why
    result = apply_one(build_tissue_report(DUCTAL.replace("RIGHT", side), status="C"))
    assert (result.state, result.reason, result.recall) == (APPLIED, "", waiting)
    waiting.refresh_from_db()
    assert waiting.state == State.AWAITING_CONCORDANCE
    assert [row.result for row in waiting.pathology_results.all()] == ["benign", "invasive"]
    apply_one(build_tissue_report(benign))  # the second sample's own report, while the correction is to be signed
    first, amended, second = waiting.pathology_results.all()
    assert first.biopsy_id == amended.biopsy_id != second.biopsy_id
    unclear = apply_one(build_tissue_report(DUCTAL.replace("RIGHT", side), status="C"))
    assert (unclear.state, waiting.pathology_results.count()) == (PARKED, 3)  # of two samples a person says which


def test_a_corrected_report_of_a_surgery_stands_in_the_place_of_the_one_that_is_here(
    apply_one: ApplyOne, waiting: Recall, staff: SiteStaff
) -> None:
    """No message takes a cancer back, and one about a surgery that is not here amends no biopsy."""
    side = (waiting.lesions.get().side or "right").upper()
    apply_one(build_tissue_report(f"A. {side} BREAST, CORE BIOPSY: FIBROADENOMA."))
    sign(waiting, staff, ConcordanceVerdict.CONCORDANT_BENIGN)
    lumpectomy = f"A. {side} BREAST, LUMPECTOMY: INVASIVE DUCTAL CARCINOMA."
    assert apply_one(build_tissue_report(lumpectomy, status="C")).state == PARKED
    report = OutsideReportInput(
        OutsideReportKind.SURGERY, "Hillside Sample Hospital", timezone.localdate(), ReportSource.FAX,
        pathology=PathologyInput(PathologyClass.BENIGN), told_there="Dr. Sample-Surgeon",
    )  # fmt: skip
    actions.record_outside(waiting, report, by=staff.radiologist)
    result = apply_one(build_tissue_report(lumpectomy, status="C"))
    assert (result.state, result.reason, result.recall) == (APPLIED, "", waiting)
    waiting.refresh_from_db()
    assert waiting.state == State.RESULT_TO_TELL
    standing = [(row.source, row.result) for row in waiting.pathology_results.all()]
    assert standing == [("biopsy", "benign"), ("surgery", "invasive")]
    assert apply_one(build_tissue_report(lumpectomy, status="C")).state == PARKED  # it says the same
    lesser = build_tissue_report(f"A. {side} BREAST, LUMPECTOMY: FIBROADENOMA.", status="C")
    assert "takes a cancer back" in apply_one(lesser).reason
    assert waiting.pathology_results.count() == 2


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Invasive ductal carcinoma with associated DCIS", ("invasive", "idc")),
        ("Infiltrating lobular carcinoma, grade 1", ("invasive", "ilc")),
        ("Ductal carcinoma in situ, high grade", ("in_situ", "dcis")),
        ("Fibroadenoma. Negative for atypia and malignancy.", ("benign", "fibroadenoma")),
        ("Fibrocystic changes, no evidence of carcinoma", ("benign", "fibrocystic")),
        ("Atypical ductal hyperplasia in a background of fibrocystic change", ("high_risk", "adh")),
        ("Intraductal papilloma without atypia", ("high_risk", "papilloma")),
        ("Non-diagnostic specimen", ("insufficient", "")),
        ("Atypical cells, cannot exclude carcinoma", None),
        ("Fibroadenoma and atypical epithelium", None),
        ("At least DCIS", None),
        ("Tissue for study", None),
        ("Insufficient for receptors; invasive ductal carcinoma", None),
    ],
)
def test_a_diagnosis_is_read_by_its_worst_part_or_left(words: str, expected: tuple[str, str] | None) -> None:
    assert read_diagnosis(words) == expected


@pytest.mark.parametrize(
    "words",
    [
        "A. LYMPH NODE, RIGHT, CORE BIOPSY: METASTATIC CARCINOMA.",
        "A. RIGHT 10 O'CLOCK, CORE BIOPSY: INVASIVE DUCTAL CARCINOMA.",
        "A. NIPPLE, RIGHT, PUNCH BIOPSY: PAGET DISEASE.",
    ],
)
def test_a_report_that_names_no_breast_waits_for_a_person_while_one_is_awaited(
    apply_one: ApplyOne, waiting: Recall, words: str
) -> None:
    result = apply_one(build_tissue_report(words))
    assert (result.state, result.recall) == (PARKED, waiting)
    assert not PathologyResult.objects.exists()


def test_a_report_that_names_no_breast_is_passed_by_where_none_is_awaited(apply_one: ApplyOne, shadyside: Site) -> None:
    assert apply_one(build_tissue_report("A. SKIN, RIGHT ARM: NEVUS.")).state == IGNORED
