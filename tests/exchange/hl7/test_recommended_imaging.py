"""Holds that what a screening report recommends becomes the recall's order, and that a half recommendation waits."""

from collections.abc import Callable
from datetime import date

import pytest

from clinic import calendar
from exchange.hl7.message_result import MessageResult
from exchange.models import Hl7Message
from recalls.enums import OrderedImaging, VisitKind
from recalls.models import ImagingOrder, Recall
from recalls.scheduling.slots import suggested_visit_kind
from tests.exchange.hl7.conftest import ApplyMessages, the_recall
from tests.exchange.hl7.samples import build_report

pytestmark = pytest.mark.django_db

ApplyOne = Callable[..., MessageResult]
APPLIED, PARKED, IGNORED = Hl7Message.State.APPLIED, Hl7Message.State.PARKED, Hl7Message.State.IGNORED
RESULT = "IMPRESSION: BI-RADS 0: Incomplete - need additional imaging evaluation."
ADVICE = "Breast ultrasound within 2 weeks."
URGENCIES = pytest.mark.parametrize("code", ["RID49480", "RID49481", "RID49482"])


def build_marked(
    *advice: str, code: str = "RID49482", result: str = RESULT, status: str = "F", reported: str = "20261119100000"
) -> bytes:
    """A screening report with a marked finding (RAD-128); each advice is a coded recommendation."""
    mark = f"OBX|2|CWE|{code}^Actionable finding^RADLEX||{code}^Asymmetry^RADLEX||||||{status}||||ACR BI-RADS"
    return build_report(result, mark, *map(build_advice, advice), status=status, reported=reported)


def build_advice(words: str) -> str:
    return f"OBX|3|TX|18783-1^Study recommendation^LN||{words}||||||F"


@URGENCIES
def test_the_recommendation_of_a_screening_report_is_the_recalls_order(apply_one: ApplyOne, code: str) -> None:
    result = apply_one(build_marked(ADVICE, code=code))
    assert (result.state, result.reason) == (APPLIED, "")
    recall, order = the_recall(), ImagingOrder.objects.get()
    assert (order.recall, order.imaging, order.category) == (recall, OrderedImaging.ULTRASOUND, code)
    assert (order.earliest_on, order.latest_on) == (date(2026, 11, 2), date(2026, 11, 16))
    assert order.guideline == "ACR BI-RADS"
    assert suggested_visit_kind(recall) == VisitKind.ULTRASOUND
    assert "Breast ultrasound, from" in recall.events.get().note


@URGENCIES
@pytest.mark.parametrize(
    "advice", ["Breast ultrasound.", "Additional imaging within 2 weeks.", "Correlate clinically.", ""]
)
def test_a_marked_finding_without_imaging_or_days_waits_for_a_person(
    apply_one: ApplyOne, code: str, advice: str
) -> None:
    body = build_marked(advice, code=code)
    result = apply_one(body)
    assert (result.state, result.field) == (PARKED, "OBX-5")
    assert result.reason.startswith("Incomplete recommendation")
    assert not Recall.objects.exists()
    assert result.proposal == {"assessment": "0-AI"}
    assert apply_one(body, **result.proposal).state == APPLIED
    assert the_recall().exam.assessment == "0-AI"
    assert not ImagingOrder.objects.exists()


def test_the_words_that_recommend_are_read_where_none_are_coded(apply_one: ApplyOne) -> None:
    spot = f"{RESULT} Spot compression views are recommended within 3 weeks. Compared to the mammogram of 2 years ago."
    apply_one(build_marked(result=spot))
    order = ImagingOrder.objects.get()
    assert (order.imaging, order.latest_on) == (OrderedImaging.MAMMOGRAM, date(2026, 11, 23))


def test_the_days_of_the_report_put_a_visit_earlier_and_never_later(apply_one: ApplyOne) -> None:
    apply_one(build_marked("Breast ultrasound within 4 days."))
    sooner = the_recall().target_at
    apply_one(build_marked("Breast ultrasound within 11 months.", status="C", reported="20261120100000"))
    recall = the_recall()
    goal = calendar.add_days(recall.site, recall.clock_from, recall.site.policy.visit)
    assert (sooner, recall.target_at) == (calendar.closing_time(recall.site, date(2026, 11, 6)), goal)


def test_a_corrected_report_replaces_the_order_and_one_sent_again_does_not(apply_all: ApplyMessages) -> None:
    later = build_marked("Breast MRI within 2 weeks.", status="C", reported="20261120100000")
    results = apply_all(build_marked(ADVICE), build_marked(ADVICE), later, later)
    assert [result.state for result in results] == [APPLIED, IGNORED, APPLIED, IGNORED]
    assert ImagingOrder.objects.get().imaging == OrderedImaging.MRI
    assert [event.step for event in the_recall().events.order_by("pk")] == ["open_recall", "correct_result"]


def test_an_unmarked_report_gives_an_order_only_where_its_recommendation_is_whole(apply_all: ApplyMessages) -> None:
    half = build_report(RESULT, build_advice("Additional imaging."), accession="A2")
    results = apply_all(build_report(RESULT, build_advice(ADVICE)), half)
    assert [result.state for result in results] == [APPLIED, APPLIED]
    assert ImagingOrder.objects.get().recall.exam.accession == "A1"


def test_a_marked_finding_beside_a_2_is_a_contradiction_for_a_person(apply_one: ApplyOne) -> None:
    result = apply_one(build_marked(ADVICE, result="IMPRESSION: BI-RADS 2: Benign."))
    assert (result.state, "asks for action" in result.reason) == (PARKED, True)


def test_prior_images_that_are_missing_are_no_imaging_to_order(apply_one: ApplyOne) -> None:
    missing = "IMPRESSION: BI-RADS 0: Incomplete: need prior mammograms for comparison."
    assert apply_one(build_marked("Obtain the prior mammograms.", result=missing)).state == APPLIED
    assert not ImagingOrder.objects.exists()
