"""Command that writes docs/workflow.md from the workflow table, or checks that it is current."""

from pathlib import Path

from clinic.roles import Role
from desk.generated_page import GeneratedPageCommand
from recalls.enums import ClosureReason, State
from recalls.workflow import (
    DEADLINE_KIND_BY_STATE,
    FOLLOW_UP_MONTHS,
    NEXT_STATE_BY_ASSESSMENT,
    NEXT_STATE_BY_VERDICT,
    STEPS,
    NextState,
    Step,
)
from recalls.workflow_diagram import drawn_ways, is_drawn

PAGE_PATH = Path("docs/workflow.md")
_INTRODUCTION = """# The workflow of a recall

Generated from `recalls/workflow/steps.py` by `python manage.py workflow_doc`; `make check` fails when it is out of
date. Every button, refusal and test of a step comes from the same table.
"""


class Command(GeneratedPageCommand):
    help = "Writes docs/workflow.md from the workflow table; with --check, exits 1 when the page is out of date."

    page_path = PAGE_PATH
    command = "workflow_doc"

    def build_page(self) -> str:
        return build_page()


def build_page() -> str:
    """The whole page as Markdown."""
    return (
        "\n".join(
            [
                _INTRODUCTION,
                *_diagram_lines(),
                *_state_lines(),
                *_step_lines(),
                *_route_lines(),
                *_closure_reason_lines(),
            ]
        )
        + "\n"
    )


def _format_roles(step: Step) -> str:
    return ", ".join(str(role.label).lower() for role in Role if role in step.roles)


def _diagram_lines() -> list[str]:
    lines = ["## Diagram", "", "```mermaid", "stateDiagram-v2"]
    lines += [f'    state "{state.label}" as {state.value}' for state in State]
    for step in filter(is_drawn, STEPS):
        lines += [
            f"    {start.value if start else '[*]'} --> {end.value}: {step.label} ({_format_roles(step)})"
            for start, end in drawn_ways(step)
        ]
    lines += [f"    {State.CLOSED.value} --> [*]", "```", ""]
    others = ", ".join(f"“{step.label}”" for step in STEPS if not is_drawn(step))
    main = "Of a step that a result sends on, only the main ways are drawn."
    return [*lines, main, "", f"Not drawn, since they start or end nearly anywhere: {others}.", ""]


def _state_lines() -> list[str]:
    head = ["## States", "", "| state | in files and addresses | what its due time waits for |", "|---|---|---|"]
    return [*head, *(f"| {state.label} | `{state.value}` | {_format_deadline(state)} |" for state in State), ""]


def _format_deadline(state: State) -> str:
    return str(DEADLINE_KIND_BY_STATE[state].label) if state in DEADLINE_KIND_BY_STATE else "nothing more"


def _step_lines() -> list[str]:
    head = ["## Steps", "", "| step | from | to | who | rule |", "|---|---|---|---|---|"]
    return [*head, *(_format_step_row(step) for step in STEPS), ""]


def _format_step_row(step: Step) -> str:
    to = ", ".join(str(state.label) for state in step.to_states) if len(step.to_states) <= 4 else "where its input says"
    refused = f" Refused with: “{step.precondition.label}”" if step.precondition else ""
    cells = (step.label, _format_from_states(step), to or "stays", _format_roles(step), f"{step.rule}{refused}")
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def _format_from_states(step: Step) -> str:
    if not step.from_states:
        return "a screening result"
    missing = [state for state in State if state not in step.from_states]
    if not missing:
        return "any state"
    if missing == [State.CLOSED]:
        return "any open state"
    if len(missing) <= 2:
        return "any state but " + ", ".join(str(state.label) for state in missing)
    return ", ".join(str(state.label) for state in State if state in step.from_states)


def _route_lines() -> list[str]:
    head = ["## Where an outcome leads", "", "| outcome | leads to |", "|---|---|"]
    outcomes = [
        f"| {assessment.label} | {_format_next_state(route)} |"
        for assessment, route in NEXT_STATE_BY_ASSESSMENT.items()
    ]
    middle = ["", "## Where a signed pathology result leads", "", "| verdict | leads to |", "|---|---|"]
    verdicts = [
        f"| {verdict.label} | {_format_next_state(route)} |" for verdict, route in NEXT_STATE_BY_VERDICT.items()
    ]
    months = ", ".join(map(str, FOLLOW_UP_MONTHS))
    rounds = ["", f"Short-interval visits are due {months} months after the first such outcome.", ""]
    return [*head, *outcomes, *middle, *verdicts, *rounds]


def _format_next_state(route: NextState) -> str:
    state, reason = route
    return f"{state.label}: {reason.label}" if reason else str(state.label)


def _closure_reason_lines() -> list[str]:
    return ["## Why a recall is closed", "", *(f"- {reason.label} (`{reason.value}`)" for reason in ClosureReason)]
