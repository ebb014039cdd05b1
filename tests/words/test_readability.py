"""Holds that patient texts read at grade six or lower.

English: two measures that look at different things. Flesch-Kincaid counts syllables, Coleman-Liau counts letters.

Spanish: its words have more syllables, so a formula made for English says nothing about it. Two that were fitted to
Spanish. Fernandez-Huerta: its table calls 70 and more sixth grade or lower. Szigriszt-Pazos, read on the INFLESZ scale,
which was checked on texts for patients: 65 and more is "quite easy", the level of primary school. The library finds
syllables by where a word may be hyphenated and so misses some ("día" counts as one): its scores of our texts are about
7 points too high, at most 15. So both bars stand 10 points higher. With every syllable counted by hand-written rules,
no text of November 2026 was under 70 and 65.

All measures read a text as a patient gets it, with sample values filled in. A text message is read without its sender.
"""

from typing import Final

import pytest

from notifications.content.readability import failed_readability_measures, find_long_sentences, running_text
from tests.words.text_files import (
    ALL_EXPLAINERS,
    ALL_MESSAGES,
    REFERRER_NOTICES,
    TextFile,
    fill_explainer,
    fill_message,
    fill_placeholders,
)


def running_text_of(message: TextFile) -> str:
    sent = fill_message(message)
    return sent.split(": ", 1)[1] if message.channel == "sms" else sent


NOTICES: Final = {
    f"messages/{text.id} {name}": (text.language, fill_placeholders(notice, {"reference": "7F3A-22"}))
    for text in REFERRER_NOTICES
    for name, notice in text.notices.items()
}
GRADED_TEXTS: Final = (
    NOTICES
    | {f"messages/{name}": (text.language, running_text_of(text)) for name, text in ALL_MESSAGES.items()}
    | {name: (text.language, fill_explainer(text)) for name, text in ALL_EXPLAINERS.items()}
)


def test_a_text_reads_at_grade_six_or_lower(subtests: pytest.Subtests) -> None:
    for name, (language, markdown) in GRADED_TEXTS.items():
        with subtests.test(name):
            assert failed_readability_measures(language, running_text(markdown)) == {}


def test_the_opening_that_goes_into_a_message_reads_at_grade_six_or_lower_by_itself(subtests: pytest.Subtests) -> None:
    for explainer in ALL_EXPLAINERS.values():
        with subtests.test(explainer.id):
            opening = running_text(fill_explainer(explainer).split("\n\n", 1)[0])
            measure = {"en": "Flesch-Kincaid", "es": "Fernandez-Huerta"}[explainer.language]
            assert measure not in failed_readability_measures(explainer.language, opening)


def test_no_sentence_is_long(subtests: pytest.Subtests) -> None:
    for name, (_language, markdown) in GRADED_TEXTS.items():
        with subtests.test(name):
            assert find_long_sentences(running_text(markdown)) == []


HARD_TEXT: Final = {
    "en": "Your screening mammogram demonstrated an indeterminate abnormality necessitating supplementary diagnostic "
    "evaluation, which should be scheduled at your earliest convenience.",
    "es": "Su mamografía de detección evidenció una anormalidad indeterminada que requiere evaluación diagnóstica "
    "complementaria, la cual deberá programarse con la mayor brevedad posible.",
}
EASY_TEXT: Final = {
    "en": "Please call us to choose a day and time. We will help you.",
    "es": "Por favor, llámenos para elegir un día y una hora. Le vamos a ayudar.",
}


@pytest.mark.parametrize("language", HARD_TEXT)
def test_the_check_itself_sees_a_hard_text(language: str) -> None:
    assert len(failed_readability_measures(language, HARD_TEXT[language])) == 2
    assert failed_readability_measures(language, EASY_TEXT[language]) == {}
