"""Tests that docs/workflow.md says what the workflow table says."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from recalls.enums import State
from recalls.workflow import STEPS


def test_the_page_is_current() -> None:
    call_command("workflow_doc", check=True)


def test_the_page_names_every_step_state_and_rule() -> None:
    page = Path("docs/workflow.md").read_text(encoding="utf-8")
    missing = [step.name for step in STEPS if str(step.label) not in page or str(step.rule) not in page]
    missing += [state.value for state in State if str(state.label) not in page]
    assert missing == []


def test_a_page_that_was_changed_by_hand_is_refused(tmp_path: Path, settings: Settings) -> None:
    settings.BASE_DIR = tmp_path
    (tmp_path / "docs").mkdir()
    call_command("workflow_doc")
    page = tmp_path / "docs" / "workflow.md"
    page.write_text(page.read_text(encoding="utf-8").replace("Book visit", "Book a visit"), encoding="utf-8")
    with pytest.raises(CommandError, match="out of date"):
        call_command("workflow_doc", check=True)
