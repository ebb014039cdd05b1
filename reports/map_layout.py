"""Places the states and arrows of the live map.

Units are those of the drawing's view box. The map draws the states and arrows of the workflow table; an arrow without
a way of its own here is drawn as a straight line, and a test asks for a place for every state.
"""

from dataclasses import dataclass

from recalls.enums import State
from recalls.workflow_diagram import DiagramArrow

Point = tuple[int, int]

BOX_WIDTH, BOX_HEIGHT = 190, 104
_COLUMNS = (20, 256, 492, 728, 964)
_ROWS = (64, 236, 408)
VIEW_BOX = "-48 8 1216 548"

_GRID_CELLS: dict[State, tuple[int, int]] = {
    State.AWAITING_PRIORS: (0, 0),
    State.FOLLOW_UP: (2, 0),
    State.TO_CONTACT: (0, 1),
    State.SCHEDULED: (1, 1),
    State.AWAITING_OUTCOME: (2, 1),
    State.CLOSED: (4, 1),
    State.ON_HOLD: (0, 2),
    State.BIOPSY_TO_BOOK: (1, 2),
    State.BIOPSY_BOOKED: (2, 2),
    State.AWAITING_PATHOLOGY: (3, 2),
    State.AWAITING_CONCORDANCE: (4, 2),
}

_ARROW_PATHS: dict[tuple[State | None, State], tuple[Point, ...]] = {
    (None, State.AWAITING_PRIORS): ((-28, 116), (20, 116)),
    (None, State.TO_CONTACT): ((-28, 288), (20, 288)),
    (State.AWAITING_PRIORS, State.TO_CONTACT): ((90, 168), (90, 236)),
    (State.AWAITING_PRIORS, State.CLOSED): ((115, 64), (115, 30), (1104, 30), (1104, 236)),
    (State.TO_CONTACT, State.SCHEDULED): ((210, 272), (256, 272)),
    (State.SCHEDULED, State.TO_CONTACT): ((256, 304), (210, 304)),
    (State.TO_CONTACT, State.CLOSED): ((130, 236), (130, 184), (1074, 184), (1074, 236)),
    (State.TO_CONTACT, State.BIOPSY_TO_BOOK): ((115, 340), (115, 374), (310, 374), (310, 408)),
    (State.SCHEDULED, State.AWAITING_OUTCOME): ((446, 288), (492, 288)),
    (State.SCHEDULED, State.CLOSED): ((351, 236), (351, 200), (1044, 200), (1044, 236)),
    (State.SCHEDULED, State.BIOPSY_TO_BOOK): ((351, 340), (351, 408)),
    (State.AWAITING_OUTCOME, State.CLOSED): ((682, 288), (964, 288)),
    (State.AWAITING_OUTCOME, State.FOLLOW_UP): ((614, 236), (614, 168)),
    (State.AWAITING_OUTCOME, State.BIOPSY_TO_BOOK): ((587, 340), (587, 374), (394, 374), (394, 408)),
    (State.AWAITING_OUTCOME, State.TO_CONTACT): ((532, 236), (532, 218), (190, 218), (190, 236)),
    (State.FOLLOW_UP, State.TO_CONTACT): ((492, 116), (233, 116), (233, 202), (164, 202), (164, 236)),
    (State.BIOPSY_TO_BOOK, State.BIOPSY_BOOKED): ((446, 444), (492, 444)),
    (State.BIOPSY_BOOKED, State.BIOPSY_TO_BOOK): ((492, 476), (446, 476)),
    (State.BIOPSY_BOOKED, State.AWAITING_PATHOLOGY): ((682, 460), (728, 460)),
    (State.AWAITING_PATHOLOGY, State.AWAITING_CONCORDANCE): ((918, 460), (964, 460)),
    (State.AWAITING_CONCORDANCE, State.CLOSED): ((1059, 408), (1059, 340)),
    (State.AWAITING_CONCORDANCE, State.FOLLOW_UP): ((1004, 408), (1004, 374), (705, 374), (705, 116), (682, 116)),
    (State.AWAITING_CONCORDANCE, State.BIOPSY_TO_BOOK): ((1059, 512), (1059, 540), (351, 540), (351, 512)),
}


@dataclass(frozen=True, slots=True)
class BoxPosition:
    """The upper left corner of a state's box."""

    x: int
    y: int

    @property
    def center(self) -> Point:
        return self.x + BOX_WIDTH // 2, self.y + BOX_HEIGHT // 2

    def contains(self, point: Point) -> bool:
        """Whether the point lies inside the box, its edge not counted."""
        return self.x < point[0] < self.x + BOX_WIDTH and self.y < point[1] < self.y + BOX_HEIGHT


def get_box_position(state: State) -> BoxPosition:
    column, row = _GRID_CELLS[state]
    return BoxPosition(_COLUMNS[column], _ROWS[row])


def get_arrow_path(arrow: DiagramArrow) -> tuple[Point, ...]:
    """The corners of the arrow's line, from its start to its head."""
    known = _ARROW_PATHS.get((arrow.from_state, arrow.to_state))
    if known is not None:
        return known
    end = get_box_position(arrow.to_state)
    start = get_box_position(arrow.from_state).center if arrow.from_state else (end.x - 48, end.center[1])
    return start, end.center
