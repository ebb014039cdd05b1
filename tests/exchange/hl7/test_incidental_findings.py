"""Holds that a breast finding on another exam opens a recall of its own, and that an unclear one waits for a person."""

from collections.abc import Callable
from datetime import date

import pytest

from exchange.hl7.applying.imaging_orders import read_recommendation
from exchange.hl7.message_result import MessageResult
from exchange.models import Hl7Message, Hl7Sender
from notifications.content.loader import get_text_name
from recalls.enums import OrderedImaging, RecallKind, State
from recalls.models import ImagingOrder, Recall
from tests.exchange.hl7.conftest import the_recall
from tests.exchange.hl7.samples import build_report

pytestmark = pytest.mark.django_db

ApplyOne = Callable[..., MessageResult]
APPLIED, PARKED, IGNORED = Hl7Message.State.APPLIED, Hl7Message.State.PARKED, Hl7Message.State.IGNORED
CT = "71260^CT CHEST W CONTRAST^CPT"
FINDING = "A 12 mm mass is seen in the right breast."
ADVICE = "Recommend diagnostic mammogram and ultrasound within 2 weeks."
RECOMMENDED = f"OBX|3|TX|18783-1^Study recommendation^LN||{ADVICE}||||||F"


def marked(code: str = "RID49482", words: str = FINDING) -> str:
    guideline = "|" * 4 + "ACR white paper on incidental breast findings"
    return f"OBX|2|CWE|{code}^Actionable finding^RADLEX||{code}^{words}^RADLEX||||||F{guideline}"


def build_ct(*observations: str, status: str = "F", accession: str = "CT1") -> bytes:
    return build_report(*observations, procedure=CT, status=status, accession=accession, observed="20261118093000")


def test_a_marked_finding_opens_a_recall_of_its_own_kind_with_the_reports_order(apply_one: ApplyOne) -> None:
    result = apply_one(build_ct("Lungs are clear.", FINDING, marked(), RECOMMENDED))
    assert (result.state, result.reason) == (APPLIED, "")
    recall = the_recall()
    order = ImagingOrder.objects.get()
    assert (recall.kind, recall.state) == (RecallKind.INCIDENTAL, State.TO_CONTACT)
    assert order.imaging == OrderedImaging.MAMMOGRAM_ULTRASOUND
    assert (order.earliest_on, order.latest_on) == (date(2026, 11, 18), date(2026, 12, 2))
    assert order.guideline == "ACR white paper on incidental breast findings"
    assert recall.target_at is not None
    assert recall.target_at.date() in (date(2026, 12, 2), date(2026, 12, 3))
    assert recall.exam.findings.get().side == "right"


def test_a_finding_for_within_hours_is_wanted_on_the_day_it_came_in(apply_one: ApplyOne) -> None:
    apply_one(build_ct(FINDING, marked("RID49481"), RECOMMENDED))
    recall = the_recall()
    assert recall.target_at is not None
    assert (recall.target_at - recall.clock_from).days < 4  # the end of the day, or of the next open one


def test_the_patient_reads_nothing_of_a_mammogram_they_never_had(apply_one: ApplyOne) -> None:
    apply_one(build_ct(FINDING, marked(), RECOMMENDED))
    assert get_text_name(the_recall(), "recall_notice", "email") == "recall_notice.incidental"
    assert get_text_name(the_recall(), "recall_notice", "letter") == "recall_notice.incidental"


@pytest.mark.parametrize(
    "recommended",
    [
        "Recommend diagnostic mammogram.",
        "Recommend follow-up within 2 weeks.",
        "No mammogram within 2 weeks is needed.",
    ],
)
def test_an_incomplete_recommendation_waits_for_a_person_who_may_take_it_over(
    apply_one: ApplyOne, recommended: str
) -> None:
    body = build_ct(
        FINDING,
        marked(),
        RECOMMENDED.replace(ADVICE, recommended),
    )
    result = apply_one(body)
    assert result.state == PARKED
    assert "ncomplete recommendation" in result.reason
    assert not Recall.objects.exists()
    assert result.proposal
    assert apply_one(body, **result.proposal).state == APPLIED
    assert the_recall().kind == RecallKind.INCIDENTAL


def test_a_plain_ct_report_proposes_the_recall_and_opens_none(apply_one: ApplyOne) -> None:
    result = apply_one(build_ct("Lungs are clear.", FINDING, "Recommend diagnostic mammogram within 4 weeks."))
    assert result.state == PARKED
    assert result.proposal == {"incidental_finding": f"{FINDING} Recommend diagnostic mammogram within 4 weeks."}


@pytest.mark.parametrize(
    "words", ["The breasts are unremarkable.", "No breast mass.", "Lungs are clear.", "Status post left breast biopsy."]
)
def test_a_ct_report_without_a_breast_finding_opens_nothing(apply_one: ApplyOne, words: str) -> None:
    apply_one(build_ct(words))
    assert not Recall.objects.exists()


def test_a_lung_finding_is_none_of_the_breast(apply_one: ApplyOne) -> None:
    apply_one(build_ct("Nodule in the lung.", marked(words="Nodule in the lung.")))
    assert not Recall.objects.exists()


def test_the_same_report_again_opens_no_second_recall_and_a_preliminary_one_none(
    apply_one: ApplyOne, ris: Hl7Sender
) -> None:
    assert apply_one(build_ct(FINDING, marked(), RECOMMENDED, status="P")).state == IGNORED
    apply_one(build_ct(FINDING, marked(), RECOMMENDED))
    assert apply_one(build_ct(FINDING, marked(), RECOMMENDED)).state == IGNORED
    assert Recall.objects.count() == 1


@pytest.mark.parametrize(
    ("words", "imaging", "latest"),
    [
        ("Diagnostic mammogram within 10 days is recommended.", "mammogram", date(2026, 11, 28)),
        ("Breast ultrasound in 1-2 weeks.", "ultrasound", date(2026, 12, 2)),
        ("Recommend breast MRI in six months.", "mri", date(2027, 5, 18)),
        ("Mammogram in 6 months and ultrasound in 2 weeks.", "mammo_us", None),
        ("Biopsy within a week.", "biopsy", date(2026, 11, 25)),
        ("Clinical correlation.", None, None),
    ],
)
def test_a_recommendation_is_read_or_left(words: str, imaging: str | None, latest: date | None) -> None:
    read = read_recommendation(words, date(2026, 11, 18))
    assert (read.imaging, read.latest_on) == (imaging, latest)


def test_an_addendum_that_tells_of_another_finding_waits_for_a_person(apply_one: ApplyOne) -> None:
    apply_one(build_ct(FINDING, marked(), RECOMMENDED))
    worse = "A 30 mm ulcerating mass is seen in the left breast."
    addendum = build_ct(FINDING, worse, marked("RID49480", worse), RECOMMENDED, status="C")
    assert apply_one(addendum).state == PARKED
    assert apply_one(build_ct(FINDING, marked(), RECOMMENDED)).state == IGNORED, "the same again"


@pytest.mark.parametrize(
    ("words", "state"),
    [
        ("Enlarged right axillary lymph nodes, not seen on the prior exam.", PARKED),
        ("New left axillary adenopathy since the previous exam.", PARKED),
        ("No axillary adenopathy.", IGNORED),
        ("Axillary lymph nodes are unremarkable.", IGNORED),
    ],
)
def test_a_finding_that_is_new_since_the_prior_exam_is_not_taken_for_a_denied_one(
    apply_one: ApplyOne, words: str, state: Hl7Message.State
) -> None:
    assert apply_one(build_ct(words)).state == state
