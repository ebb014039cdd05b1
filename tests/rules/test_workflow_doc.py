"""Tests that docs/workflow.md says what the workflow table says."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from recalls.enums import State
from recalls.workflow import STEPS, STEPS_BY_NAME
from recalls.workflow_diagram import diagram_arrows, drawn_ways, is_drawn


def test_the_page_is_current() -> None:
    call_command("workflow_doc", check=True)


def test_the_page_names_every_step_state_and_rule() -> None:
    page = Path("docs/workflow.md").read_text(encoding="utf-8")
    missing = [step.name for step in STEPS if str(step.label) not in page or str(step.rule) not in page]
    missing += [state.value for state in State if str(state.label) not in page]
    assert missing == []


def test_the_diagram_shows_a_way_into_and_out_of_every_state_that_a_result_leads_through() -> None:
    arrows = {(arrow.from_state, arrow.to_state) for arrow in diagram_arrows()}
    assert {end for _start, end in arrows} >= set(State) - {State.ON_HOLD}
    assert {start for start, _end in arrows if start} >= set(State) - {State.ON_HOLD, State.CLOSED}
    assert arrows >= {
        (State.AWAITING_OUTCOME, State.RESULT_TO_TELL),
        (State.AWAITING_CONCORDANCE, State.RESULT_TO_TELL),
        (State.RESULT_TO_TELL, State.CLOSED),
        (State.RESULT_TO_TELL, State.FOLLOW_UP),
        (State.RESULT_TO_TELL, State.BIOPSY_TO_BOOK),
        (State.RESULT_TO_TELL, State.TO_CONTACT),
        (State.RESULT_TO_TELL, State.TO_HAND_OVER),
        (State.TO_HAND_OVER, State.CLOSED),
    }


def test_no_arrow_is_drawn_that_the_table_does_not_have() -> None:
    for step in filter(is_drawn, STEPS):
        for start, end in drawn_ways(step):
            assert start is None or start in step.from_states, step.name
            assert end in (step.to_states or (start,)), step.name


def test_a_step_that_may_end_nearly_anywhere_is_not_drawn() -> None:
    assert not any(is_drawn(STEPS_BY_NAME[name]) for name in ("reopen", "amend_outcome", "record_outside", "resume"))


def test_a_page_that_was_changed_by_hand_is_refused(tmp_path: Path, settings: Settings) -> None:
    settings.BASE_DIR = tmp_path
    (tmp_path / "docs").mkdir()
    call_command("workflow_doc")
    page = tmp_path / "docs" / "workflow.md"
    page.write_text(page.read_text(encoding="utf-8").replace("Book visit", "Book a visit"), encoding="utf-8")
    with pytest.raises(CommandError, match="out of date"):
        call_command("workflow_doc", check=True)
