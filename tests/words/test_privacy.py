"""Holds that a message that anyone might see keeps health matters to itself."""

import re

import pytest

from notifications.content.banned_words import CLINICAL_DETAIL, FINDING_DETAIL, HEALTH_RELATED, REASSURANCE
from notifications.content.visits import VISIT_TEXTS, visit_texts
from tests.words.language_phrases import LANGUAGES
from tests.words.text_files import (
    ALL_EXPLAINERS,
    ALL_MESSAGES,
    EMAILS,
    LETTERS,
    NEUTRAL_BLOCKS,
    REFERRER_NOTICES,
    TEXT_MESSAGES,
    fill_message,
)

detailed = [message for message in EMAILS if message.detailed]
plain = [message for message in EMAILS if not message.detailed]
open_to_anyone = [*plain, *TEXT_MESSAGES, *REFERRER_NOTICES]
with_subject = [message for message in ALL_MESSAGES.values() if message.channel != "sms"]
undetailed_letters = [letter for letter in LETTERS if not letter.detailed]
BEFORE_BAD_NEWS = {"please_call", "please_call_results", "last_letter"}
before_bad_news = [message for message in ALL_MESSAGES.values() if message.kind in BEFORE_BAD_NEWS]
in_each_language = pytest.mark.parametrize("language", LANGUAGES)


def subjects(language: str, *kinds: str) -> set[str]:
    return {str(ALL_MESSAGES[f"{language}/{kind}"].metadata["subject"]) for kind in kinds}


def test_an_undetailed_message_holds_no_finding_side_category_density_biopsy_or_cancer_word(
    subtests: pytest.Subtests,
) -> None:
    for message in open_to_anyone:
        with subtests.test(message.id):
            assert [found.group() for found in CLINICAL_DETAIL[message.language].finditer(fill_message(message))] == []


def test_an_undetailed_message_holds_no_figure(subtests: pytest.Subtests) -> None:
    for message in open_to_anyone:
        with subtests.test(message.id):
            assert not re.search(LANGUAGES[message.language].per_hundred, fill_message(message), re.IGNORECASE)


def test_a_text_message_says_nothing_about_health_and_names_nobody_but_the_clinic(subtests: pytest.Subtests) -> None:
    for message in TEXT_MESSAGES:
        with subtests.test(message.id):
            assert [found.group() for found in HEALTH_RELATED[message.language].finditer(fill_message(message))] == []
            assert not {"first_name", "patient_name"} & message.placeholders


def test_a_subject_says_nothing_about_health_and_holds_only_the_name_of_the_clinic(subtests: pytest.Subtests) -> None:
    for message in with_subject:
        with subtests.test(message.id):
            subject = str(message.metadata["subject"])
            assert subject in LANGUAGES[message.language].subjects
            assert not HEALTH_RELATED[message.language].search(subject)
            assert re.findall(r"\$(\w+)", subject) == ["clinic_name"]


def test_a_detailed_message_has_the_subject_of_the_plain_one(subtests: pytest.Subtests) -> None:
    for message in detailed:
        with subtests.test(message.id):
            assert {message.metadata["subject"]} == subjects(message.language, message.kind)


@in_each_language
def test_the_subject_does_not_tell_one_result_from_another(language: str) -> None:
    kinds = ("outcome_normal", "outcome_benign", "outcome_probably_benign", "please_call_results", "recall_notice")
    assert len(subjects(language, *kinds)) == 1


@in_each_language
def test_the_subject_does_not_tell_a_biopsy_from_another_visit(language: str) -> None:
    kinds = ("appointment_confirmation", "appointment_reminder", "biopsy_confirmation", "biopsy_reminder")
    assert len(subjects(language, *kinds)) == 1


@in_each_language
@pytest.mark.parametrize("variant", ["", ".sms", ".symptom", ".symptom.sms"])
def test_a_normal_and_a_benign_result_read_the_same_in_an_undetailed_message(language: str, variant: str) -> None:
    normal, benign = (ALL_MESSAGES[f"{language}/{kind}{variant}"] for kind in ("outcome_normal", "outcome_benign"))
    assert normal.body == benign.body


@in_each_language
def test_a_stranger_cannot_tell_a_blurred_picture_from_another_reason(language: str) -> None:
    usual, technical = (ALL_MESSAGES[f"{language}/outcome_normal{variant}"] for variant in ("", ".technical"))
    assert usual.body == technical.body


def test_a_message_that_may_precede_bad_news_promises_nothing(subtests: pytest.Subtests) -> None:
    for message in before_bad_news:
        with subtests.test(message.id):
            assert [found.group() for found in REASSURANCE[message.language].finditer(fill_message(message))] == []


def test_a_letter_names_no_finding_and_no_side_unless_the_patient_agreed_to_detail(subtests: pytest.Subtests) -> None:
    for message in undetailed_letters:
        with subtests.test(message.id):
            assert [found.group() for found in FINDING_DETAIL[message.language].finditer(fill_message(message))] == []


def test_a_notice_to_the_referrer_holds_nothing_of_the_patient_but_a_reference(subtests: pytest.Subtests) -> None:
    for message in REFERRER_NOTICES:
        with subtests.test(message.id):
            assert message.placeholders == {"referrer_name", "clinic_name", "clinic_phone", "notice"}
            names = {"recall_opened", "unreachable", "asked_to_tell", "closed", "closed_without_visit"}
            assert set(message.notices) == names
            for notice in message.notices.values():
                assert re.findall(r"\$(\w+)", notice) == ["reference"]
                assert not CLINICAL_DETAIL[message.language].search(notice)


@in_each_language
@pytest.mark.parametrize(
    "name", sorted(NEUTRAL_BLOCKS | {texts.what_happens for texts in (*VISIT_TEXTS.values(), visit_texts(""))})
)
def test_the_opening_of_a_block_that_goes_into_undetailed_messages_is_neutral(language: str, name: str) -> None:
    explainer = ALL_EXPLAINERS[f"{language}/{name}"]
    for words in (explainer.first_paragraph, str(explainer.metadata["title"])):
        assert not CLINICAL_DETAIL[language].search(words)


@pytest.mark.parametrize(
    ("language", "leak"),
    [
        *(("en", leak) for leak in ("your left side", "the biopsy", "Dense tissue", "a BI-RADS 3", "small cysts")),
        *(("es", leak) for leak in ("el seno izquierdo", "su biopsia", "tejido denso", "un bulto", "una mamografía")),
    ],
)
def test_the_check_itself_sees_a_leak(language: str, leak: str) -> None:
    assert CLINICAL_DETAIL[language].search(leak)
