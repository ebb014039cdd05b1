"""Holds that every other language says the same as English and tells who reviewed it."""

import re

import pytest

from tests.words.language_phrases import LANGUAGES
from tests.words.text_files import ALL_EXPLAINERS, ALL_MESSAGES, TextFile

TEXTS = {f"messages/{name}": text for name, text in ALL_MESSAGES.items()}
TEXTS |= {f"explainers/{name}": text for name, text in ALL_EXPLAINERS.items()}
TRANSLATED = {name: text for name, text in TEXTS.items() if text.language != "en"}


def english(name: str) -> TextFile:
    folder, _, rest = name.split("/", 2)
    return TEXTS[f"{folder}/en/{rest}"]


def shape(text: TextFile) -> list[str]:
    """What each paragraph is: a heading, a bold line, a list with its length, a block with its lines, or words."""
    kinds = []
    for paragraph in text.body.split("\n\n"):
        first = paragraph[:2].strip()
        kind = {"##": "heading", "-": "list", ">": "block", "**": "bold"}.get(first, "words")
        kinds.append(f"{kind} {len(paragraph.splitlines())}")
    return kinds


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_file(language: str) -> None:
    for texts in (ALL_MESSAGES, ALL_EXPLAINERS):
        names = {text.name for text in texts.values() if text.language == language}
        assert names == {text.name for text in texts.values()}


def test_a_translation_asks_for_the_same_values_as_the_english_text(subtests: pytest.Subtests) -> None:
    for name in TRANSLATED:
        with subtests.test(name):
            assert TRANSLATED[name].placeholders == english(name).placeholders


def test_a_translation_has_the_same_paragraphs_lists_and_blocks(subtests: pytest.Subtests) -> None:
    for name in TRANSLATED:
        with subtests.test(name):
            assert shape(TRANSLATED[name]) == shape(english(name))


def test_a_translation_says_which_version_of_the_english_text_it_translates(subtests: pytest.Subtests) -> None:
    for name in TRANSLATED:
        with subtests.test(name):
            assert TRANSLATED[name].metadata["translates"] == english(name).metadata["version"]


def test_a_translation_needs_review_until_a_named_reviewer_and_a_day_stand_in_it(subtests: pytest.Subtests) -> None:
    for name in TRANSLATED:
        with subtests.test(name):
            head = TRANSLATED[name].metadata
            assert head["status"] == ("needs review" if head["reviewer"] is None else "reviewed")


def test_an_explainer_rests_on_the_same_sources_in_every_language(subtests: pytest.Subtests) -> None:
    for name in TRANSLATED:
        with subtests.test(name):
            assert TRANSLATED[name].metadata.get("sources") == english(name).metadata.get("sources")


def test_a_spanish_text_says_usted(subtests: pytest.Subtests) -> None:
    for name in TRANSLATED:
        with subtests.test(name):
            familiar = (
                r"\b(t[uú]|te|ti|tus|tuy[oa]s?|contigo|tienes|puedes|quieres|llámanos|vos|vosotros|vuestr[oa]s?)\b"
            )
            text = TRANSLATED[name]
            heading = str(text.metadata.get("subject") or text.metadata.get("title") or "")
            assert re.findall(familiar, f"{heading}\n{text.body}", flags=re.IGNORECASE) == []


def test_no_english_is_left_in_a_translation(subtests: pytest.Subtests) -> None:
    for name in TRANSLATED:
        with subtests.test(name):
            left = r"\b(the|and|your|you|we|please|call|breast|visit|doctor|pictures)\b"
            assert re.findall(left, TRANSLATED[name].body, flags=re.IGNORECASE) == []
