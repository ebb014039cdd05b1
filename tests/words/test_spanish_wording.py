"""Holds that Spanish comforts no more than English, uses one word for one thing, and guesses nobody's gender."""

import re
from pathlib import Path
from typing import Final

import pytest

from recalls.presenters.call_script import CALL_SCRIPTS
from tests.words.text_files import ALL_EXPLAINERS, ALL_MESSAGES

CATALOGUE: Final = Path(__file__).parents[2] / "locale" / "es" / "LC_MESSAGES" / "django.po"
# The lay summary has its own words and its own tests.
SPANISH: Final = {
    text.id: "\n".join([str(text.metadata.get("title", "")), text.body, *text.notices.values()])
    for text in (*ALL_MESSAGES.values(), *ALL_EXPLAINERS.values())
    if text.language == "es" and "lay_" not in text.name
} | {
    "page": "\n".join(re.findall(r'^msgstr(?:\[\d\])? "(.*)"$', CATALOGUE.read_text(encoding="utf-8"), re.MULTILINE)),
    "script": "\n".join(CALL_SCRIPTS["es"].values()),
}


def _uses(pattern: str) -> dict[str, list[str]]:
    found = {name: re.findall(pattern, words, re.IGNORECASE) for name, words in SPANISH.items()}
    return {name: words for name, words in found.items() if words}


def test_most_is_never_translated_as_almost_all() -> None:
    """ "Casi siempre" promises more than "most often": for a developing asymmetry 13 in 100 have cancer."""
    assert _uses(r"\bcasi (?:siempre|tod[oa]s?)\b") == {}


def test_called_back_is_never_said_as_phoned_again() -> None:
    assert _uses(r"\b(?:llamamos|llamar|llamado) de nuevo\b|\bvolvemos a llamar\b") == {}


@pytest.mark.parametrize(
    ("other_word", "word"),
    [
        (r"\bvisitas?\b", "cita"),
        (r"\b(?:imágenes|mamografías|las) de antes\b", "anteriores"),
        (r"\bmamografías? de (?:control|siempre|detección)\b", "mamografía de rutina"),
    ],
)
def test_one_thing_has_one_word(other_word: str, word: str) -> None:
    assert _uses(other_word) == {}
    assert word in "\n".join(SPANISH.values())


def test_a_possible_pregnancy_is_asked_for_in_words_that_people_say() -> None:
    assert _uses(r"hay o puede haber un embarazo|embarazad[oa]s?") == {}
    assert len(_uses(r"está o podría estar en embarazo")) >= 2


def test_a_reaction_to_a_dye_is_no_upset_stomach_and_a_pump_is_one_of_medicine() -> None:
    assert _uses(r"contraste le cayó mal") == {}
    assert _uses(r"una bomba(?! de medicina)") == {}


def test_the_doctor_who_looks_at_the_pictures_is_no_man_and_no_woman() -> None:
    """ "Su médico" is whoever sent the patient, as people say it; of our own doctor nobody knows."""
    assert _uses(r"\b(?:el|la) (?:médic[oa]|doctora?)\b|\bquiere verla\b") == {}
