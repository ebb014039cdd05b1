"""Does a message that anyone might see keep a patient's health to itself?"""

import re
from typing import Final

import pytest

from tests.words.texts import ALL_EXPLAINERS, ALL_MESSAGES, Text, as_sent

DETAIL: Final = re.compile(
    r"""
    \b(
        breasts? | mammogra\w* | cancer\w* | tumou?rs? | malignan\w* | benign | biops\w* | dens\w+ | calcif\w* | calcium
      | mass(es)? | lumps? | nodules? | cysts? | asymmetr\w* | distort\w* | nipples? | ducts? | lymph\w* | nodes? | skin
      | left | right | bi-?rads | categor\w+ | patholog\w* | tissue | needles? | ultrasound | mri | x-?rays?
      | tomosynthesis | symptoms? | findings? | armpits? | bras? | abnormal\w* | suspicious\w* | screening
      | technolog\w+ | radiolog\w+
    )\b
    """,
    re.VERBOSE | re.IGNORECASE,
)
HEALTH: Final = re.compile(
    DETAIL.pattern
    + r"|\b(health|results?|pictures?|scans?|tests?|call(ed)?[ ]back|recall\w*|medical|doctor|patient)\b",
    re.VERBOSE | re.IGNORECASE,
)
SUBJECTS: Final = {"A message from $clinic_name", "Your appointment at $clinic_name"}

plain = [message for message in ALL_MESSAGES.values() if not message.detailed]
detailed = [message for message in ALL_MESSAGES.values() if message.detailed]


@pytest.mark.parametrize("message", plain, ids=lambda message: message.name)
def test_an_undetailed_message_holds_no_finding_side_category_density_biopsy_or_cancer_word(message: Text) -> None:
    assert [found.group() for found in DETAIL.finditer(as_sent(message))] == []


@pytest.mark.parametrize("message", plain, ids=lambda message: message.name)
def test_an_undetailed_message_holds_no_figure(message: Text) -> None:
    assert "in 100" not in as_sent(message)
    assert "of 100" not in as_sent(message).lower()


@pytest.mark.parametrize("message", ALL_MESSAGES.values(), ids=ALL_MESSAGES.keys())
def test_a_subject_says_nothing_about_health_and_holds_only_the_name_of_the_clinic(message: Text) -> None:
    subject = str(message.head["subject"])
    assert subject in SUBJECTS
    assert not HEALTH.search(subject)
    assert re.findall(r"\$(\w+)", subject) == ["clinic_name"]


@pytest.mark.parametrize("message", detailed, ids=lambda message: message.name)
def test_a_detailed_message_has_the_subject_of_the_plain_one(message: Text) -> None:
    assert message.head["subject"] == ALL_MESSAGES[message.kind].head["subject"]


def test_the_subject_does_not_tell_one_result_from_another() -> None:
    kinds = ("outcome_normal", "outcome_benign", "outcome_probably_benign", "please_call_results", "recall_notice")
    assert len({str(ALL_MESSAGES[kind].head["subject"]) for kind in kinds}) == 1


def test_the_subject_does_not_tell_a_biopsy_from_another_visit() -> None:
    kinds = ("appointment_confirmation", "appointment_reminder", "biopsy_confirmation", "biopsy_reminder")
    assert len({str(ALL_MESSAGES[kind].head["subject"]) for kind in kinds}) == 1


def test_a_normal_and_a_benign_result_read_the_same_in_an_undetailed_message() -> None:
    assert ALL_MESSAGES["outcome_normal"].body == ALL_MESSAGES["outcome_benign"].body


@pytest.mark.parametrize("name", ["please_call_results", "please_call"])
def test_a_message_that_may_precede_bad_news_promises_nothing(name: str) -> None:
    assert not re.search(r"\b(fine|good news|most people|no visit|harmless|all is well)\b", as_sent(ALL_MESSAGES[name]))


@pytest.mark.parametrize("name", ["what_to_bring", "what_happens", "cost_line"])
def test_the_opening_of_a_block_that_goes_into_undetailed_messages_is_neutral(name: str) -> None:
    assert not DETAIL.search(ALL_EXPLAINERS[name].first_paragraph)


@pytest.mark.parametrize("leak", ["your left side", "the biopsy", "Dense tissue", "a BI-RADS 3", "small cysts"])
def test_the_check_itself_sees_a_leak(leak: str) -> None:
    assert DETAIL.search(leak)
