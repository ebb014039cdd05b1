"""Are the words calm, kind and fair to everybody who may read them?"""

import re
from typing import Final

import pytest

from notifications.facts import FACTS, SourcedFact, fact_placeholders
from notifications.sources import SOURCES
from tests.words.texts import ALL_EXPLAINERS, ALL_MESSAGES, Text, as_sent, as_shown

FRIGHTENING: Final = (
    r"abnormal\w*|suspicious\w*|suspicion|urgent\w*|alarming|worrisome|malignan\w*|BI-?RADS|positive|negative"
)
GENDERED: Final = (
    r"she|her|hers|herself|he|him|his|himself|wom[ae]n|m[ae]n|lad(y|ies)|ladies|mrs|mr|ms|miss|gentlem[ae]n"
)
BLAMING: Final = (
    r"fail(ed|ure)?|no-show|non-?complian\w*|refus\w*|you must|you should have|you forgot|you missed|neglect\w*"
)
FORBIDDEN: Final = re.compile(rf"\b({FRIGHTENING}|{GENDERED}|{BLAMING})\b|!|\u2014", re.IGNORECASE)
BARE_FIGURE: Final = re.compile(r"\b\d+ (in|out of|of every) \d|%|\bper ?cent\b|\b\d+\.\d+ in\b", re.IGNORECASE)

TEXTS: Final = {f"messages/{name}": text for name, text in ALL_MESSAGES.items()} | ALL_EXPLAINERS
texts = pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())


@texts
def test_no_text_frightens_blames_or_guesses_a_gender(text: Text) -> None:
    heading = str(text.head.get("subject") or text.head["title"])
    assert [found.group() for found in FORBIDDEN.finditer(f"{heading}\n{text.body}")] == []


@texts
def test_a_figure_comes_from_the_sourced_ones_never_from_the_text(text: Text) -> None:
    assert [found.group() for found in BARE_FIGURE.finditer(text.body)] == []


@pytest.mark.parametrize("fact", fact_placeholders())
def test_a_figure_is_always_told_as_so_many_in_a_hundred(fact: str) -> None:
    for text in TEXTS.values():
        for paragraph in text.body.split("\n\n"):
            if f"${fact}" in paragraph:
                assert re.search(r"\b(of|in) 100\b", paragraph, re.IGNORECASE), text.name


def test_a_first_screen_gets_its_own_recall_figure_and_a_later_one_the_general_one() -> None:
    first, later = ALL_EXPLAINERS["figures/first_screen"], ALL_EXPLAINERS["figures/later_screen"]
    assert re.findall(r"about (\d+) are called back", as_shown(first)) == ["21"]
    assert re.findall(r"about (\d+) are called back", as_shown(later)) == ["10"]


@pytest.mark.parametrize("name", ["figures/first_screen", "figures/later_screen"])
def test_the_cancer_figure_says_that_it_counts_first_and_later_screens_together(name: str) -> None:
    opening = ALL_EXPLAINERS[name].first_paragraph
    assert "$called_back_cancer_per_100" in opening
    assert "after a first mammogram or a later one" in opening


def test_figures_of_a_pair_add_up_to_a_hundred() -> None:
    for part, rest in (
        ("called_back_cancer_per_100", "called_back_not_cancer_per_100"),
        ("developing_asymmetry_cancer_per_100", "developing_asymmetry_not_cancer_per_100"),
    ):
        assert FACTS[part].value + FACTS[rest].value == 100


@pytest.mark.parametrize("fact", FACTS.values(), ids=FACTS.keys())
def test_a_figure_stands_for_published_values_and_names_where_they_are(fact: SourcedFact) -> None:
    assert fact.low - 1 <= fact.value <= fact.high + 1
    assert fact.unit == "in 100"
    assert set(fact.sources) <= SOURCES.keys()
    assert fact.source_address.startswith(("https://", "http://"))
    assert all((fact.source_title, fact.population, fact.period, fact.definition))


@pytest.mark.parametrize(
    "name", ["recall_notice", "please_call_results", "appointment_reminder", "biopsy_reminder", "priors_wait"]
)
def test_a_message_to_somebody_who_waits_says_that_feelings_are_normal(name: str) -> None:
    assert "It is normal to feel" in as_sent(ALL_MESSAGES[name])


@pytest.mark.parametrize("hard", ["a suspicious area", "tell her", "You failed to come", "Call now!"])
def test_the_check_itself_sees_a_hard_word(hard: str) -> None:
    assert FORBIDDEN.search(hard)
