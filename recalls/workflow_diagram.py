"""Arrows of the workflow diagram, for docs/workflow.md and for the live map."""

from dataclasses import dataclass

from recalls.enums import State
from recalls.workflow import STEPS, Step


@dataclass(frozen=True, slots=True)
class DiagramArrow:
    """From one state to another by some steps; `start` is None where a screening result opens a recall."""

    from_state: State | None
    to_state: State
    steps: tuple[Step, ...]

    @property
    def name(self) -> str:
        return f"{self.from_state.value if self.from_state else 'new'}-{self.to_state.value}"


def is_drawn(step: Step) -> bool:
    """Whether the step has few enough starts and ends, or names its main ways, for arrows that can be followed.

    With several starts and several ends not every pair is a way anybody takes.
    """
    is_simple = len(step.from_states) <= 3 and len(step.to_states) <= 4
    return bool(step.main_ways) or (is_simple and min(len(step.from_states), len(step.to_states)) <= 1)


def drawn_ways(step: Step) -> list[tuple[State | None, State]]:
    """Its arrows, from and to, in the order of the way through; one that stays leads to where it starts."""
    if step.main_ways:
        return list(step.main_ways)
    starts: list[State | None] = [state for state in State if state in step.from_states]
    if step.keeps_state:
        return [(state, state) for state in State if state in step.from_states]
    return [(start, end) for start in starts or [None] for end in step.to_states]


def diagram_arrows() -> tuple[DiagramArrow, ...]:
    """Every arrow between two states, in the order of the way through; steps that stay where they are have none."""
    found: dict[tuple[State | None, State], list[Step]] = {}
    for step in (step for step in STEPS if is_drawn(step) and not step.keeps_state):
        for way in (way for way in drawn_ways(step) if way[0] != way[1]):
            found.setdefault(way, []).append(step)
    return tuple(DiagramArrow(start, end, tuple(steps)) for (start, end), steps in found.items())
