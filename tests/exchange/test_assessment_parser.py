"""Holds that the words of real systems are understood and unclear ones are not guessed."""

import pytest

from clinic.models import Site
from exchange.errors import InvalidValue
from exchange.parsing.assessment_parser import parse_assessment

PARK = Site.BareZero.PARK


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("BIRADS-0 need additional imaging", "0-AI"),
        ("Incomplete: need additional imaging evaluation", "0-AI"),
        ("0 - INCOMPLETE: Need Additional Imaging Evaluation.", "0-AI"),
        ("BI-RADS 0: need additional views; no priors available", "0-AI"),
        ("0-AI", "0-AI"),
        ("Incomplete: need prior mammograms for comparison", "0-PRIOR"),
        ("0-PRIOR", "0-PRIOR"),
        ("BI-RADS 0 (need priors)", "0-PRIOR"),
        ("1", "1"),
        ("Negative", "1"),
        ("BI-RADS 1: Negative. No suspicious findings.", "1"),
        ("Benign", "2"),
        ("Category 2, benign finding(s)", "2"),
        ("BI-RADS 2 (benign), compared to previous mammograms", "2"),
        ("Probably benign", "3"),
        ("BI-RADS 3 - probably benign; short interval follow-up in 6 months", "3"),
        ("Suspicious", "4"),
        ("Cat 4", "4"),
        ("4: Suspicious abnormality - biopsy should be considered", "4"),
        ("BI-RADS 4 a biopsy is advised", "4"),
        ("4a", "4A"),
        ("BI-RADS 4B", "4B"),
        ("BI\u2011RADS\u00a04\u2013B", "4B"),
        ("\uff14\uff22", "4B"),
        ("4(c)", "4C"),
        ("High suspicion for malignancy", "4C"),
        ("Highly suggestive of malignancy", "5"),
        ("Known biopsy-proven malignancy", "6"),
        ("MP", "MP"),
        ("Post-procedure mammogram for marker placement", "MP"),
        ("Two BI-RADS 3 densities are stable.\nIMPRESSION: benign, BI-RADS category 2.", "2"),
    ],
)
def test_a_system_may_write(text: str, meant: str) -> None:
    assert parse_assessment(text, PARK) == meant


@pytest.mark.parametrize(
    "text",
    ["0", "BI-RADS 0", "Incomplete", "Need additional imaging evaluation and/or prior mammograms for comparison"],
)
def test_a_zero_that_does_not_say_which_kind_follows_the_site_or_waits_for_a_person(text: str) -> None:
    with pytest.raises(InvalidValue, match=r"0-AI .* or 0-PRIOR"):
        parse_assessment(text, PARK)
    assert parse_assessment(text, Site.BareZero.IMAGING) == "0-AI"
    assert parse_assessment(text, Site.BareZero.PRIORS) == "0-PRIOR"


@pytest.mark.parametrize(
    "text", ["0 negative", "BI-RADS 2 suspicious", "2 or 3", "Right BI-RADS 4. Left BI-RADS 2.", "4A high suspicion"]
)
def test_words_that_contradict_each_other_are_never_weighed(text: str) -> None:
    with pytest.raises(InvalidValue, match="contradict"):
        parse_assessment(text, Site.BareZero.IMAGING)


@pytest.mark.parametrize(
    "text",
    ["7", "4D", "BI-RADS", "see report", "not benign", "no evidence of malignancy", "Highly suspicious", "BI-RADS III",
     "Legend: BI-RADS category 2 means benign", "BI-RADS 4 lesions were seen", "2019"],
)  # fmt: skip
def test_what_is_no_clear_assessment_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(InvalidValue, match="Write"):
        parse_assessment(text, Site.BareZero.IMAGING)
