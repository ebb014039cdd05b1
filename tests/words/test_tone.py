"""Holds that the words of patient texts are calm, kind and fair."""

import re
from typing import Final

import pytest

from notifications.content.banned_words import INSENSITIVE
from notifications.content.sources import SOURCES
from notifications.content.statistics import STATISTIC_PLACEHOLDERS, STATISTICS
from tests.words.language_phrases import LANGUAGES
from tests.words.text_files import ALL_EXPLAINERS, ALL_MESSAGES, fill_explainer, fill_message

BARE_FIGURE: Final = re.compile(
    r"\b\d+ (in|out of|of every|de cada|de) \d|%|\bper ?cent\b|\bpor ciento\b|\b\d+\.\d+ in\b", re.IGNORECASE
)

TEXTS: Final = {f"messages/{name}": text for name, text in ALL_MESSAGES.items()} | ALL_EXPLAINERS
in_each_language = pytest.mark.parametrize("language", LANGUAGES)


def test_no_text_frightens_blames_or_guesses_a_gender(subtests: pytest.Subtests) -> None:
    for name, text in TEXTS.items():
        with subtests.test(name):
            heading = str(text.metadata.get("subject") or text.metadata.get("title") or "")
            words = "\n".join((heading, text.body, *text.notices.values()))
            assert [found.group() for found in INSENSITIVE[text.language].finditer(words)] == []


def test_a_figure_comes_from_the_sourced_ones_never_from_the_text(subtests: pytest.Subtests) -> None:
    for name, text in TEXTS.items():
        with subtests.test(name):
            assert [found.group() for found in BARE_FIGURE.finditer(text.body)] == []


def test_a_figure_is_always_told_as_so_many_in_a_hundred(subtests: pytest.Subtests) -> None:
    for fact in STATISTIC_PLACEHOLDERS:
        with subtests.test(fact):
            for text in TEXTS.values():
                for paragraph in text.body.split("\n\n"):
                    if f"${fact}" in paragraph:
                        assert re.search(LANGUAGES[text.language].per_hundred, paragraph, re.IGNORECASE), text.id


@in_each_language
def test_a_first_screen_gets_its_own_recall_figure_and_a_later_one_the_general_one(language: str) -> None:
    first, later = (ALL_EXPLAINERS[f"{language}/figures/{screen}_screen"] for screen in ("first", "later"))
    called_back = LANGUAGES[language].called_back
    assert re.findall(called_back, fill_explainer(first)) == ["21"]
    assert re.findall(called_back, fill_explainer(later)) == ["10"]


@in_each_language
@pytest.mark.parametrize("name", ["figures/first_screen", "figures/later_screen"])
def test_the_cancer_figure_says_that_it_counts_first_and_later_screens_together(language: str, name: str) -> None:
    opening = ALL_EXPLAINERS[f"{language}/{name}"].first_paragraph
    assert "$called_back_cancer_per_100" in opening
    assert LANGUAGES[language].first_or_later in opening


def test_figures_of_a_pair_add_up_to_a_hundred() -> None:
    for part, rest in (
        ("called_back_cancer_per_100", "called_back_not_cancer_per_100"),
        ("developing_asymmetry_cancer_per_100", "developing_asymmetry_not_cancer_per_100"),
    ):
        assert STATISTICS[part].value + STATISTICS[rest].value == 100


def test_a_figure_stands_for_published_values_and_names_where_they_are(subtests: pytest.Subtests) -> None:
    for name, fact in STATISTICS.items():
        with subtests.test(name):
            assert fact.low - 1 <= fact.value <= fact.high + 1
            assert fact.unit == "in 100"
            assert set(fact.sources) <= SOURCES.keys()
            assert fact.source_url.startswith(("https://", "http://"))
            assert all((fact.source_title, fact.population, fact.period, fact.definition))


@in_each_language
@pytest.mark.parametrize(
    "name",
    [
        "recall_notice",
        "recall_notice.letter",
        "please_call_results",
        "please_call_results.letter",
        "last_letter.letter",
        "appointment_reminder",
        "biopsy_reminder",
        "priors_wait",
    ],
)
def test_a_message_to_somebody_who_waits_says_that_feelings_are_normal(language: str, name: str) -> None:
    assert LANGUAGES[language].feelings_sentence in fill_message(ALL_MESSAGES[f"{language}/{name}"])


@pytest.mark.parametrize(
    ("language", "hard"),
    [
        *(("en", hard) for hard in ("a suspicious area", "tell her", "You failed to come", "Call now!")),
        *(("es", hard) for hard in ("una zona sospechosa", "la señora", "usted faltó a su cita", "¡Llame ya!")),
    ],
)
def test_the_check_itself_sees_a_hard_word(language: str, hard: str) -> None:
    assert INSENSITIVE[language].search(hard)
