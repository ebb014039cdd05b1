"""Tests that whoever reviews the texts finds every one of them in the gallery, in every language."""

import pytest

from notifications.checks import list_text_variants
from notifications.content import loader
from notifications.management.commands.gallery import explainer_items


def test_every_message_is_in_the_gallery_those_for_a_situation_too() -> None:
    shown = {name for name, _channel in list_text_variants()}
    assert shown >= set(loader.list_message_names())
    assert {"outcome_normal.symptom", "last_letter.suspicious.letter", "result_withdrawn.sms"} <= shown


@pytest.mark.parametrize("language", loader.list_languages())
def test_every_explainer_is_in_the_gallery_with_its_words_filled_in(language: str) -> None:
    items = list(explainer_items(language))
    assert [item.name for item in items] == loader.list_explainer_names()
    assert all(item.subject and item.text.strip() and "$" not in item.text for item in items)
