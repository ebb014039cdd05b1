"""Tests that each row of the workflow table is complete: its action, forms, button and place on the page."""

import inspect

import pytest
from django.utils.module_loading import import_string

from clinic.roles import STAFF_ROLES, Role
from recalls.actions import get_action
from recalls.enums import ClosureReason, State
from recalls.forms import BULK_FORMS, STEP_FORMS, StepForm
from recalls.workflow import STEPS, STEPS_BY_NAME, Step, next_steps

# These act on a patient or an exam, not on one recall; their forms call them under names of their own.
STEPS_WITHOUT_ACTION_OF_THEIR_NAME = {"merge_records", "unmerge_records", "correct_result"}
# Undo is a button beside the message that a step was saved; the forms for messages stand beside the message; a second
# signature is asked for by sending the form of the step itself; the lane's buttons stand in a panel of their own.
STEPS_WITHOUT_FORM = {"undo", "message_by_hand", "ask_sign_off", "decline_lane"}
STEPS_WITHOUT_ACTION = {"ask_sign_off"}
BY_HAND = [step for step in STEPS if step.from_states and step.roles & (STAFF_ROLES - {Role.INTEGRATION})]


def test_every_step_has_one_name_a_label_and_a_rule() -> None:
    assert len(STEPS_BY_NAME) == len(STEPS)
    assert [step.name for step in STEPS if not (str(step.label) and str(step.rule) and step.roles)] == []


@pytest.mark.parametrize("step", BY_HAND, ids=lambda step: step.name)
def test_every_step_that_staff_take_has_a_form_and_an_action_of_its_name(step: Step) -> None:
    assert (step.name in STEP_FORMS) == (step.name not in STEPS_WITHOUT_FORM)
    if step.name in STEPS_WITHOUT_ACTION:
        with pytest.raises(LookupError):
            get_action(step.name)
    elif step.name in STEPS_WITHOUT_ACTION_OF_THEIR_NAME:
        assert "perform" in vars(import_string(f"recalls.forms.{step.form}"))
    else:
        assert get_action(step.name).__name__ == step.name


def test_no_step_has_a_form_that_nobody_may_send() -> None:
    assert set(STEP_FORMS) | set(BULK_FORMS) <= {step.name for step in BY_HAND}


def test_a_form_calls_an_action_that_takes_nothing_but_the_recall_or_calls_its_action_itself() -> None:
    incomplete = []
    for step in (step for step in STEPS if step.form):
        form = import_string(f"recalls.forms.{step.form}")
        if form.perform is StepForm.perform and _required_arguments(step.name) != ["recall"]:
            incomplete.append(step.name)
    assert incomplete == []


def test_a_step_taken_by_one_click_needs_nothing_but_the_recall() -> None:
    one_click = [step for step in STEPS if step.one_click_label]
    assert one_click
    assert [step.name for step in one_click if _required_arguments(step.name) != ["recall"] or not step.form] == []


def test_a_step_on_many_recalls_can_also_be_taken_on_one() -> None:
    assert BULK_FORMS
    assert set(BULK_FORMS) <= set(STEP_FORMS)


def test_a_step_that_can_be_undone_is_one_that_staff_take() -> None:
    assert {step.name for step in STEPS if step.undoable} <= {step.name for step in BY_HAND}


def test_a_step_comes_next_only_where_it_can_be_taken_and_each_has_a_place_of_its_own() -> None:
    for step in STEPS:
        assert set(step.next_in) <= set(step.from_states), step.name
        assert bool(step.next_in) == bool(step.weight), step.name
        assert step.next_in or not step.form_open, step.name
    for state in State:
        weights = [step.weight for step in next_steps(state)]
        assert weights == sorted(set(weights)), state


def test_a_step_that_always_closes_says_why() -> None:
    closing = {step.name for step in STEPS if step.to_states == (State.CLOSED,)}
    reasons = {step.name: step.closure_reason for step in STEPS if step.closure_reason}
    assert set(reasons) == closing
    assert reasons == {
        "decline": ClosureReason.DECLINED,
        "transfer": ClosureReason.TRANSFERRED,
        "mark_deceased": ClosureReason.DECEASED,
        "void": ClosureReason.VOID,
        "move_exam": ClosureReason.VOID,
        "close_lost": ClosureReason.LOST_TO_FOLLOW_UP,
    }


def test_what_ends_or_parks_a_recall_without_an_answer_takes_a_second_person() -> None:
    two = {step.name for step in STEPS if step.needs_second_person}
    assert two == {"hold", "decline", "transfer", "void", "close_lost"}


def test_only_a_radiologist_calls_a_patient_with_a_4_or_5_lost() -> None:
    assert {step.name: step.roles_at_risk for step in STEPS if step.roles_at_risk} == {"close_lost": {Role.RADIOLOGIST}}


def test_a_name_that_is_no_step_has_no_action() -> None:
    with pytest.raises(LookupError, match="fly_away"):
        get_action("fly_away")


def _required_arguments(step_name: str) -> list[str]:
    parameters = inspect.signature(get_action(step_name)).parameters.values()
    return [
        one.name for one in parameters if one.default is one.empty and one.kind is not inspect.Parameter.VAR_KEYWORD
    ]
