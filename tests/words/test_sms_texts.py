"""Holds that a text message fits in one message, names its sender and says how to stop.

One message holds 160 letters of the old phone alphabet (GSM 03.38, basic table). One letter outside it, such as the
Spanish á, í, ó or ú, leaves room for only 70. The rule for health messages asks for 160 letters, a named sender with a
way to reach it, and a way out in each (domain fact: 47 CFR 64.1200(a)(9)(iv)).
"""

from typing import Final

import pytest

from tests.words.language_phrases import LANGUAGES
from tests.words.text_files import TEXT_MESSAGES, VISIT_KINDS, fill_message

MAX_SMS_LENGTH: Final = 160
GSM_ALPHABET: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
LONGEST: Final = {
    "clinic_name": 28,
    "clinic_phone": 14,
    "visit_day_short": 11,
    "visit_time": 8,
    "follow_up_month": 15,
    "code": 6,
}
"""Letters that the guide allows for each value."""
LONGEST_TIMES: Final = {"en": 76, "es": 64}
"""Three times with their numbers; each language joins number and time in its own way."""
LONGEST_REASONS: Final = {"en": 65, "es": 60}
"""Six reasons with their numbers."""
LONGEST_WAYS: Final = {"en": 30, "es": 37}
"""How a visit is changed, where an answer does it too."""


def longest(language: str) -> dict[str, int]:
    return LONGEST | {
        "times": LONGEST_TIMES[language],
        "cancel_reasons": LONGEST_REASONS[language],
        "change_line": LONGEST_WAYS[language],
    }


def test_a_text_message_fits_in_one_message_with_the_longest_values(subtests: pytest.Subtests) -> None:
    for message in TEXT_MESSAGES:
        with subtests.test(message.id):
            own = len(message.body) - sum(len(f"${name}") for name in message.placeholders)
            assert own + sum(longest(message.language)[name] for name in message.placeholders) <= MAX_SMS_LENGTH
            assert len(fill_message(message)) <= MAX_SMS_LENGTH


def test_a_text_message_uses_only_letters_that_every_phone_has(subtests: pytest.Subtests) -> None:
    for message in TEXT_MESSAGES:
        with subtests.test(message.id):
            assert set(fill_message(message)) <= GSM_ALPHABET


def test_a_text_message_names_the_sender_first_gives_its_phone_and_ends_with_the_way_out(
    subtests: pytest.Subtests,
) -> None:
    for message in TEXT_MESSAGES:
        with subtests.test(message.id):
            assert message.body.startswith("$clinic_name: ")
            assert "$clinic_phone" in message.body
            assert message.body.endswith(f" {LANGUAGES[message.language].stop_texts}")
            assert "\n" not in message.body


def test_a_text_message_asks_for_each_value_once(subtests: pytest.Subtests) -> None:
    for message in TEXT_MESSAGES:
        with subtests.test(message.id):
            assert all(message.body.count(f"${name}") == 1 for name in message.placeholders)


def test_a_text_message_about_a_visit_gives_its_day(subtests: pytest.Subtests) -> None:
    for message in TEXT_MESSAGES:
        with subtests.test(message.id):
            assert ("visit_day_short" in message.placeholders) == (message.kind in VISIT_KINDS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sample_values_are_no_longer_than_the_guide_allows(language: str) -> None:
    samples = LANGUAGES[language].sms_values
    assert {name: len(value) for name, value in samples.items() if len(value) > longest(language)[name]} == {}
    assert set("".join(samples.values())) <= GSM_ALPHABET


def test_the_check_itself_sees_a_letter_that_halves_the_room() -> None:
    assert not set("Llámenos") <= GSM_ALPHABET
    assert set("¿Preguntas? mié ñ") <= GSM_ALPHABET
