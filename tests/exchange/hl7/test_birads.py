"""Holds that a report's text yields the assessment it states, and that nothing doubtful is read for sure."""

import json
from pathlib import Path
from typing import Any

import pytest

from exchange.hl7.birads import AssessmentReading, Confidence, read_assessment

ROWS: list[dict[str, Any]] = json.loads(Path(__file__).with_name("report_texts.json").read_text())
OTHERS = Path(__file__).parents[4] / "shared" / "data" / "birads_text.json"


def get_categories(reading: AssessmentReading, expected: object) -> object:
    if isinstance(expected, dict):
        return {"right": reading.right, "left": reading.left, "overall": reading.overall}
    return reading.overall


def test_a_plainly_stated_assessment_is_read_for_sure() -> None:
    for row in ROWS:
        if row["expected"]:
            reading = read_assessment(row["text"])
            assert reading.confidence is Confidence.FULL, (row["text"], reading.reason)
            assert get_categories(reading, row["expected"]) == row["expected"], row["text"]


def test_what_is_no_plain_assessment_waits_for_a_person_with_a_reason() -> None:
    for row in ROWS:
        if not row["expected"]:
            reading = read_assessment(row["text"])
            assert reading.confidence is Confidence.REVIEW, row["text"]
            assert reading.reason


def test_sentences_collected_by_others_are_never_read_wrong() -> None:
    if not OTHERS.exists():
        return  # the folder is not part of the repository
    for row in json.loads(OTHERS.read_text()):
        reading = read_assessment(row["text"])
        assert not reading.is_full or get_categories(reading, row["expected"]) == row["expected"], row["text"]


def test_the_span_is_the_exact_place_that_was_read() -> None:
    text = "IMPRESSION:\r\nB\u00e9nign. BI\u2011RADS\u00ae category:\u00a04A."
    reading = read_assessment(text)
    (start, end), *_none = reading.spans
    assert text[start:end] == "BI\u2011RADS\u00ae category:\u00a04A"


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("BI-RADS 0: Incomplete - need additional imaging evaluation", "0-AI"),
        ("BI-RADS 0: need prior mammograms for comparison", "0-PRIOR"),
        ("BI-RADS 0", "0"),
        ("BI-RADS 0: need additional imaging and prior mammograms", "0"),
        ("BI-RADS 4a", "4A"),
        ("no category", ""),
    ],
)
def test_a_zero_says_its_kind_only_where_the_report_does(text: str, cell: str) -> None:
    assert read_assessment(text).cell == cell


@pytest.mark.parametrize("text", ["\x00\ufffd", "BI-RADS " * 5000, "(" * 9999, "4A " * 9999, "BI-RADS 4 " * 3000])
def test_no_text_stops_the_reader(text: str) -> None:
    assert read_assessment(text).confidence is Confidence.REVIEW
