"""Tests that a state's own density notice is found, word for word, and that a state without one is no error."""

from pathlib import Path

import pytest

from notifications.content import state_notices
from notifications.content.state_notices import get_state_density_notice

HEAD = "---\nlocked: true\nlanguage: en\nsource: The invented law of Sampleland\nversion: 1\nreviewer: null\n"
WORDS = "The law of Sampleland asks us to tell you this: your breast tissue is *dense*. It costs $5 to ask."


@pytest.fixture
def sampleland(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of notices, with that of an invented state for people with dense tissue."""
    monkeypatch.setattr(state_notices, "STATE_NOTICES_DIR", tmp_path)
    (tmp_path / "ZZ.md").write_text(f"{HEAD}applies_to: [dense]\n---\n{WORDS}\n", encoding="utf-8")
    (tmp_path / "ZY.md").write_text(f"{HEAD}---\n{WORDS}\n", encoding="utf-8")
    return tmp_path


@pytest.mark.usefixtures("sampleland")
def test_a_states_notice_is_given_letter_for_letter_to_whom_it_is_for() -> None:
    assert get_state_density_notice("ZZ", "dense") == WORDS
    assert get_state_density_notice(" zz ", "dense") == WORDS
    assert get_state_density_notice("ZZ", "not_dense") == ""
    assert get_state_density_notice("ZY", "not_dense") == WORDS


@pytest.mark.usefixtures("sampleland")
@pytest.mark.parametrize("state", ["ZX", "", "Sampleland", "..", "../ZZ", "Z/", "ÑÑ"])
def test_a_state_that_asks_for_nothing_is_no_error(state: str) -> None:
    assert get_state_density_notice(state, "dense") == ""
