"""Holds that no recommendation is lost behind a 1 or a 2."""

import pytest

from exchange.errors import InvalidValue
from exchange.models import ParkedRow
from exchange.parsing.recommendation_parser import parse_recommendation
from recalls.enums import Assessment, SupplementalTest
from recalls.models import Recall, ScreeningExam, SupplementalScreening
from tests.exchange.conftest import LoadResults, make_result

PLAIN = {
    "negative, supplemental ultrasound recommended": SupplementalTest.ULTRASOUND,
    "BI-RADS 1: Negative. Recommend supplemental screening breast ultrasound.": SupplementalTest.ULTRASOUND,
    "1 - Negative. Dense tissue. Recommendation: supplemental whole breast ultrasound": SupplementalTest.ULTRASOUND,
    "Negative. Supplemental breast MRI is recommended; annual screening mammogram.": SupplementalTest.MRI,
    "2 Benign. Supplemental contrast-enhanced mammography advised.": SupplementalTest.CEM,
    "Benign, stable since prior biopsy. Supplemental ultrasound is advised.": SupplementalTest.ULTRASOUND,
}
NOT_PLAIN = (
    "negative, consider supplemental ultrasound",
    "negative, supplemental ultrasound or MRI recommended",
    "Negative. Supplemental ultrasound is recommended if risk is high.",
    "Negative. Supplemental screening should be discussed.",
    "Negative. Supplemental ultrasound recommended. Diagnostic mammogram recommended.",
    "Negative. Supplemental ultrasound and supplemental MRI recommended.",
)
CONTRADICTIONS = (
    "2. Recommendation: diagnostic mammogram for palpable lump",
    "RECOMMENDATION: diagnostic mammogram. IMPRESSION: BI-RADS 2",
    "Negative. Ultrasound of the lump is recommended.",
    "BI-RADS 1. Palpable lump, clinical exam recommended",
    "Benign. Recommend biopsy.",
    "2: benign. Short interval follow-up recommended.",
    "2: benign. Recommend follow-up in 6 months.",
    "Negative. Patient should be called back for spot views.",
    "Benign. Surgical consult advised.",
    "Negative. Screening MRI is recommended.",
)
NOTHING_ADVISED = (
    "1",
    "Benign",
    "BI-RADS 1: Negative. Recommend routine annual screening mammogram.",
    "Benign. Recommendation: screening mammogram in 12 months.",
    "Negative. No supplemental ultrasound recommended.",
    "Benign. No additional imaging is needed.",
    "Benign cyst, stable since ultrasound of 2019. Annual screening recommended.",
    "BI-RADS 2 (benign), compared to previous diagnostic mammograms. Annual screening advised.",
    "Negative. Known cyst on ultrasound.",
)


@pytest.mark.parametrize(("text", "test"), PLAIN.items())
def test_a_supplemental_test_that_is_plainly_advised_is_read(text: str, test: SupplementalTest) -> None:
    assert parse_recommendation(text, Assessment.NEGATIVE) == test


@pytest.mark.parametrize("text", NOT_PLAIN)
def test_advice_that_is_not_plain_is_left_to_a_person(text: str) -> None:
    with pytest.raises(InvalidValue, match=r"supplemental|contradict"):
        parse_recommendation(text, Assessment.NEGATIVE)


@pytest.mark.parametrize("text", CONTRADICTIONS)
def test_a_1_or_2_that_recommends_more_work_is_a_contradiction(text: str) -> None:
    with pytest.raises(InvalidValue, match="contradict"):
        parse_recommendation(text, Assessment.BENIGN)


@pytest.mark.parametrize("text", NOTHING_ADVISED)
def test_a_report_that_asks_for_nothing_but_the_next_screening_goes_in(text: str) -> None:
    assert parse_recommendation(text, Assessment.BENIGN) is None


@pytest.mark.parametrize("assessment", [Assessment.NEED_IMAGING, Assessment.PROBABLY_BENIGN, Assessment.SUSPICIOUS_A])
def test_a_result_that_opens_a_recall_may_recommend_what_it_likes(assessment: Assessment) -> None:
    assert parse_recommendation("Recommendation: diagnostic mammogram and biopsy", assessment) is None


def test_a_negative_report_with_plain_advice_is_a_1_with_a_supplemental_test(load_results: LoadResults) -> None:
    loaded = load_results(make_result(assessment="negative, supplemental ultrasound recommended"))
    assert loaded.results == ["recorded"]
    assert ScreeningExam.objects.get().assessment == Assessment.NEGATIVE
    assert SupplementalScreening.objects.get().kind == SupplementalTest.ULTRASOUND
    assert not Recall.objects.exists()


def test_a_2_for_a_palpable_lump_waits_for_a_person(load_results: LoadResults) -> None:
    loaded = load_results(make_result(assessment="2. Recommendation: diagnostic mammogram for palpable lump"))
    assert loaded.results == ["parked"]
    assert "contradict" in loaded.problems()["assessment"]
    assert ParkedRow.objects.count() == 1
    assert not ScreeningExam.objects.exists()


def test_advice_in_words_and_in_its_column_must_agree(load_results: LoadResults) -> None:
    words = "negative, supplemental ultrasound recommended"
    loaded = load_results(
        make_result(assessment=words, supplemental="mri"),
        make_result(mrn="M2", accession="A2", family_name="Other", assessment=words, supplemental="ultrasound"),
    )
    assert loaded.results == ["parked", "recorded"]
    assert "another test" in loaded.problems()["supplemental"]
