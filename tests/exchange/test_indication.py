"""Holds that a lump named as the reason of an exam comes in by code alone, with its side, from HL7 and FHIR."""

import pytest

from exchange.parsing.indication_parser import read_indication


@pytest.mark.parametrize(
    ("code", "words", "side"),
    [
        ("N63.21", "", "left"), ("n63.12", "", "right"), ("N63.31", "", "right"), ("N63.42", "", "left"),
        ("N6324", "", "left"), ("N63.0", "Unspecified lump in left breast", "left"), ("N63", "Lump, right", "right"),
        ("89164003", "Breast lump, right breast", "right"), ("N63.10", "right breast, not the left", "right"),
    ],
)  # fmt: skip
def test_the_code_of_a_lump_is_a_symptom_and_a_finding_of_its_side(code: str, words: str, side: str) -> None:
    assert read_indication([(code, words)]) == {"recall_kind": "clinical", "findings": f"lump:{side}"}


def test_two_lumps_are_two_findings() -> None:
    reasons = [("N63.11", ""), ("N63.21", ""), ("Z12.31", "Screening")]
    assert read_indication(reasons)["findings"] == "lump:left; lump:right"


@pytest.mark.parametrize("words", ["", "Breast lump", "left or right breast"])
def test_a_lump_without_a_side_is_a_symptom_alone(words: str) -> None:
    assert read_indication([("N63.0", words)]) == {"recall_kind": "clinical"}


@pytest.mark.parametrize(
    "reason", [("", "palpable lump left"), ("Z12.31", "no palpable lump"), ("N64.4", "Mastodynia"), ("N630000", "")]
)
def test_words_alone_and_other_codes_say_nothing(reason: tuple[str, str]) -> None:
    assert read_indication([reason]) == {}
