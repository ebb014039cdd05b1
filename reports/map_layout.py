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
VIEW_BOX = "-48 48 1248 508"

_GRID_CELLS: dict[State, tuple[int, int]] = {
    State.AWAITING_PRIORS: (0, 0),
    State.FOLLOW_UP: (2, 0),
    State.TO_CONTACT: (0, 1),
    State.SCHEDULED: (1, 1),
    State.AWAITING_OUTCOME: (2, 1),
    State.RESULT_TO_TELL: (3, 1),
    State.TO_HAND_OVER: (4, 0),
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
    (State.AWAITING_PRIORS, State.TO_CONTACT): ((70, 168), (70, 236)),
    (State.AWAITING_PRIORS, State.CLOSED): ((130, 168), (130, 182), (1130, 182), (1130, 236)),
    (State.TO_CONTACT, State.SCHEDULED): ((210, 272), (256, 272)),
    (State.SCHEDULED, State.TO_CONTACT): ((256, 304), (210, 304)),
    (State.TO_CONTACT, State.CLOSED): ((150, 236), (150, 192), (1106, 192), (1106, 236)),
    (State.TO_CONTACT, State.AWAITING_OUTCOME): ((180, 340), (180, 352), (510, 352), (510, 340)),
    (State.FOLLOW_UP, State.AWAITING_OUTCOME): ((654, 168), (654, 236)),
    (State.SCHEDULED, State.AWAITING_OUTCOME): ((446, 288), (492, 288)),
    (State.SCHEDULED, State.FOLLOW_UP): ((330, 236), (330, 130), (492, 130)),
    (State.FOLLOW_UP, State.SCHEDULED): ((520, 168), (520, 212), (400, 212), (400, 236)),
    (State.FOLLOW_UP, State.TO_CONTACT): ((492, 102), (233, 102), (233, 202), (110, 202), (110, 236)),
    (State.AWAITING_OUTCOME, State.RESULT_TO_TELL): ((682, 288), (728, 288)),
    (State.AWAITING_OUTCOME, State.FOLLOW_UP): ((614, 236), (614, 168)),
    (State.AWAITING_OUTCOME, State.TO_CONTACT): ((570, 236), (570, 223), (190, 223), (190, 236)),
    (State.AWAITING_OUTCOME, State.BIOPSY_TO_BOOK): ((560, 340), (560, 372), (370, 372), (370, 408)),
    (State.AWAITING_OUTCOME, State.CLOSED): ((640, 340), (640, 355), (1030, 355), (1030, 340)),
    (State.RESULT_TO_TELL, State.CLOSED): ((918, 288), (964, 288)),
    (State.RESULT_TO_TELL, State.FOLLOW_UP): ((770, 236), (770, 116), (682, 116)),
    (State.RESULT_TO_TELL, State.TO_CONTACT): ((750, 236), (750, 229), (200, 229), (200, 236)),
    (State.RESULT_TO_TELL, State.TO_HAND_OVER): ((870, 236), (870, 116), (964, 116)),
    (State.RESULT_TO_TELL, State.BIOPSY_TO_BOOK): ((800, 340), (800, 388), (410, 388), (410, 408)),
    (State.TO_HAND_OVER, State.CLOSED): ((1040, 168), (1040, 236)),
    (State.BIOPSY_TO_BOOK, State.BIOPSY_BOOKED): ((446, 444), (492, 444)),
    (State.BIOPSY_BOOKED, State.BIOPSY_TO_BOOK): ((492, 476), (446, 476)),
    (State.BIOPSY_TO_BOOK, State.CLOSED): ((351, 512), (351, 538), (1178, 538), (1178, 288), (1154, 288)),
    (State.BIOPSY_BOOKED, State.AWAITING_PATHOLOGY): ((682, 460), (728, 460)),
    (State.AWAITING_PATHOLOGY, State.AWAITING_CONCORDANCE): ((918, 460), (964, 460)),
    (State.AWAITING_CONCORDANCE, State.RESULT_TO_TELL): ((1010, 408), (1010, 374), (870, 374), (870, 340)),
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
