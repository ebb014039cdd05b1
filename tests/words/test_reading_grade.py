"""Can somebody who left school at twelve read what we send?

Two measures that look at different things: Flesch-Kincaid counts syllables, Coleman-Liau counts letters. Both read the
text as a patient gets it, with sample values filled in.
"""

import re
from typing import Final

import pytest
import textstat

from tests.words.texts import ALL_EXPLAINERS, ALL_MESSAGES, Text, as_sent, as_shown, sentences

GRADE: Final = 6.0
WORDS_IN_A_SENTENCE: Final = 22

READ: Final = {f"messages/{name}": as_sent(text) for name, text in ALL_MESSAGES.items()} | {
    name: as_shown(text) for name, text in ALL_EXPLAINERS.items()
}
as_read = pytest.mark.parametrize("markdown", READ.values(), ids=READ.keys())


def grades(text: str) -> dict[str, float]:
    return {
        "Flesch-Kincaid": float(textstat.flesch_kincaid_grade(text)),
        "Coleman-Liau": float(textstat.coleman_liau_index(text)),
    }


@as_read
def test_a_text_reads_at_grade_six_or_lower(markdown: str) -> None:
    assert {name: grade for name, grade in grades(sentences(markdown)).items() if grade > GRADE} == {}


@pytest.mark.parametrize("explainer", ALL_EXPLAINERS.values(), ids=ALL_EXPLAINERS.keys())
def test_the_opening_that_goes_into_a_message_reads_at_grade_six_or_lower_by_itself(explainer: Text) -> None:
    opening = sentences(as_shown(explainer).split("\n\n", 1)[0])
    assert float(textstat.flesch_kincaid_grade(opening)) <= GRADE


@as_read
def test_no_sentence_is_long(markdown: str) -> None:
    found = re.split(r"(?<=[.?!])\s+", sentences(markdown))
    assert [sentence for sentence in found if len(sentence.split()) > WORDS_IN_A_SENTENCE] == []


def test_the_check_itself_sees_a_hard_text() -> None:
    hard = (
        "Your screening mammogram demonstrated an indeterminate abnormality necessitating supplementary diagnostic "
        "evaluation, which should be scheduled at your earliest convenience."
    )
    assert min(grades(hard).values()) > GRADE
    assert float(textstat.flesch_kincaid_grade("Please call us to choose a day and time.")) <= GRADE
