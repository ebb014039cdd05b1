"""Holds the two federal texts about breast density letter for letter.

Nobody edits or translates them. If the rule itself changes, the new text comes with a new version and a new sum here.
"""

import hashlib
import re
from typing import Final

import frontmatter
import pytest

from notifications.content.state_notices import DENSITY_CATEGORIES
from tests.words.text_files import ROOT, get_locked_text

SUMS: Final = {
    "density_not_dense": "44973ac171dbacda6c2445e9fe496b24c7730e150977f0a0747dcff79eb4a249",
    "density_dense": "2c9b3c1070855a870511bb73c7c08df1b2a2852768c20832d6a487d36ec1e8b0",
}
PARAGRAPHS: Final = {
    "density_not_dense": "21 CFR 900.12(c)(2)(iii)",
    "density_dense": "21 CFR 900.12(c)(2)(iv)",
}


def test_a_federal_density_text_is_unchanged(subtests: pytest.Subtests) -> None:
    for name in SUMS:
        with subtests.test(name):
            assert hashlib.sha256(get_locked_text(name).encode()).hexdigest() == SUMS[name]


def test_a_locked_text_says_that_it_is_locked_and_where_it_comes_from(subtests: pytest.Subtests) -> None:
    for name in SUMS:
        with subtests.test(name):
            head = frontmatter.load(str(ROOT / "locked" / f"{name}.md")).metadata
            assert head["locked"] is True
            assert head["language"] == "en"
            assert head["source"] == PARAGRAPHS[name]
            assert head["version"]
            assert (head["reviewer"] is None) == (head["reviewed_on"] is None)


def test_there_is_no_other_locked_text_and_no_translation_of_one() -> None:
    assert {path.stem for path in (ROOT / "locked").glob("*.md")} == SUMS.keys()


def test_a_states_own_notice_says_that_it_is_locked_where_it_comes_from_and_whom_it_is_for() -> None:
    for path in (ROOT / "locked").glob("*/*.md"):
        head = frontmatter.load(str(path)).metadata
        assert path.parent.name == "state_density"
        assert re.fullmatch("[A-Z]{2}", path.stem)
        assert head["locked"] is True
        assert {"language", "source", "version", "reviewer", "reviewed_on"} <= head.keys()
        applies_to = head.get("applies_to", [])
        assert isinstance(applies_to, list)
        assert set(applies_to) <= set(DENSITY_CATEGORIES)


def test_only_the_dense_text_speaks_of_further_tests() -> None:
    assert "Your breast tissue is not dense." in get_locked_text("density_not_dense")
    assert "Your breast tissue is dense." in get_locked_text("density_dense")
    assert "other imaging tests" in get_locked_text("density_dense")
    assert "other imaging tests" not in get_locked_text("density_not_dense")
