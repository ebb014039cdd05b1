"""Holds that letters are neutral outside and plain inside, and that the lay summary is complete."""

import re

import pytest

from tests.words.language_phrases import LANGUAGES
from tests.words.text_files import (
    ALL_EXPLAINERS,
    ALL_MESSAGES,
    LETTERS,
    SUMMARIES,
    fill_message,
    get_first_paragraph,
    section_under_heading,
)

to_the_patient = [letter for letter in LETTERS if letter.kind not in SUMMARIES]
in_each_language = pytest.mark.parametrize("language", LANGUAGES)


def test_a_letter_greets_signs_says_whom_to_call_and_nothing_about_emails(subtests: pytest.Subtests) -> None:
    for letter in to_the_patient:
        with subtests.test(letter.id):
            paragraphs = letter.body.split("\n\n")
            assert paragraphs[0] == LANGUAGES[letter.language].greeting
            assert paragraphs[-2] == "$signer"
            assert "$language_line" in paragraphs
            assert {"$clinic_name", "$clinic_address", "$clinic_phone"} <= set(re.findall(r"\$\w+", paragraphs[-1]))
            assert LANGUAGES[letter.language].stop_emails not in letter.body


@in_each_language
def test_a_letter_about_a_result_says_the_result(language: str) -> None:
    for kind, words in {
        "outcome_normal": {
            "en": "no sign of cancer",
            "es": "ningún signo de cáncer",
        },
        "outcome_benign": {"en": "it is not cancer", "es": "no es cáncer"},
        "outcome_probably_benign": {"en": "very likely harmless", "es": "casi seguro es inofensivo"},
    }.items():
        assert words[language] in fill_message(ALL_MESSAGES[f"{language}/{kind}.letter"])


@in_each_language
@pytest.mark.parametrize("name", ["last_letter.letter", "last_letter.suspicious.letter"])
def test_the_last_letter_leaves_the_choice_to_the_patient_and_the_door_open(name: str, language: str) -> None:
    sent = fill_message(ALL_MESSAGES[f"{language}/{name}"])
    for words in {
        "en": ("The choice is yours", "change your mind at any time"),
        "es": ("La decisión es suya", "cambiar de idea cuando quiera"),
    }[language]:
        assert words in sent


@in_each_language
def test_the_lay_summary_holds_every_part_that_the_rule_asks_for(language: str) -> None:
    """Domain fact: 21 CFR 900.12(c)(2): patient's name; facility's name, address, phone; result; density notice."""
    summary = ALL_MESSAGES[f"{language}/lay_summary.letter"]
    paragraphs = summary.body.split("\n\n")
    assert {"patient_name", "facility_name", "facility_address", "clinic_phone", "exam_day"} <= summary.placeholders
    for block in ("$result", "$next_step", "> $density_notice", "$density_explained", "$state_notice", "$report_line"):
        assert block in paragraphs
    after_notice = paragraphs.index("> $density_notice") + 1
    assert paragraphs[after_notice : after_notice + 2] == ["$density_explained", "$state_notice"], "kept apart"


@in_each_language
def test_a_summary_of_other_images_says_the_same_without_a_word_of_density(language: str) -> None:
    mammogram, other = (ALL_MESSAGES[f"{language}/{name}.letter"] for name in ("lay_summary", "visit_summary"))
    density = {"density_notice", "density_explained", "state_notice"}
    assert other.placeholders == mammogram.placeholders - density
    assert not re.search("densi", other.body, re.IGNORECASE)


@in_each_language
def test_a_result_that_needs_a_next_step_says_what_to_do_and_whom_to_call(language: str) -> None:
    call = {"en": r"\bcall us\b", "es": r"\bllámenos\b"}[language]
    results = [text.name for text in ALL_EXPLAINERS.values() if text.id.startswith(f"{language}/lay_results/")]
    assert len(results) == 15
    for name in results:
        assert re.search(call, section_under_heading(language, name)), name


@in_each_language
@pytest.mark.parametrize("result", ["suspicious", "highly_suggestive"])
def test_a_result_that_may_be_cancer_says_so_plainly_and_soon(language: str, result: str) -> None:
    said = get_first_paragraph(language, f"lay_results/{result}")
    for word in {"en": ("biopsy", "cancer"), "es": ("biopsia", "cáncer")}[language]:
        assert word in said
    assert {"en": "today", "es": "hoy"}[language] in section_under_heading(language, f"lay_results/{result}")
