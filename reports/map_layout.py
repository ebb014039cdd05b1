"""Where on the live map is each state drawn, and which way does each arrow take?

Units are those of the drawing's view box. The map draws the states and arrows of the workflow table; an arrow without
a way of its own here is drawn as a straight line, and a test asks for a place for every state.
"""

from dataclasses import dataclass

from recalls.enums import State
from recalls.workflow_diagram import DiagramArrow

S = State
Point = tuple[int, int]

WIDTH, HEIGHT = 190, 104
_COLUMNS = (20, 256, 492, 728, 964)
_ROWS = (64, 236, 408)
VIEW_BOX = "-48 8 1216 548"

_CELLS: dict[State, tuple[int, int]] = {
    S.AWAITING_PRIORS: (0, 0),
    S.FOLLOW_UP: (2, 0),
    S.TO_CONTACT: (0, 1),
    S.SCHEDULED: (1, 1),
    S.AWAITING_OUTCOME: (2, 1),
    S.CLOSED: (4, 1),
    S.ON_HOLD: (0, 2),
    S.BIOPSY_TO_BOOK: (1, 2),
    S.BIOPSY_BOOKED: (2, 2),
    S.AWAITING_PATHOLOGY: (3, 2),
    S.AWAITING_CONCORDANCE: (4, 2),
}

_WAYS: dict[tuple[State | None, State], tuple[Point, ...]] = {
    (None, S.AWAITING_PRIORS): ((-28, 116), (20, 116)),
    (None, S.TO_CONTACT): ((-28, 288), (20, 288)),
    (S.AWAITING_PRIORS, S.TO_CONTACT): ((90, 168), (90, 236)),
    (S.AWAITING_PRIORS, S.CLOSED): ((115, 64), (115, 30), (1104, 30), (1104, 236)),
    (S.TO_CONTACT, S.SCHEDULED): ((210, 272), (256, 272)),
    (S.SCHEDULED, S.TO_CONTACT): ((256, 304), (210, 304)),
    (S.TO_CONTACT, S.CLOSED): ((130, 236), (130, 184), (1074, 184), (1074, 236)),
    (S.TO_CONTACT, S.BIOPSY_TO_BOOK): ((115, 340), (115, 374), (310, 374), (310, 408)),
    (S.SCHEDULED, S.AWAITING_OUTCOME): ((446, 288), (492, 288)),
    (S.SCHEDULED, S.CLOSED): ((351, 236), (351, 200), (1044, 200), (1044, 236)),
    (S.SCHEDULED, S.BIOPSY_TO_BOOK): ((351, 340), (351, 408)),
    (S.AWAITING_OUTCOME, S.CLOSED): ((682, 288), (964, 288)),
    (S.AWAITING_OUTCOME, S.FOLLOW_UP): ((614, 236), (614, 168)),
    (S.AWAITING_OUTCOME, S.BIOPSY_TO_BOOK): ((587, 340), (587, 374), (394, 374), (394, 408)),
    (S.AWAITING_OUTCOME, S.TO_CONTACT): ((532, 236), (532, 218), (190, 218), (190, 236)),
    (S.FOLLOW_UP, S.TO_CONTACT): ((492, 116), (233, 116), (233, 202), (164, 202), (164, 236)),
    (S.BIOPSY_TO_BOOK, S.BIOPSY_BOOKED): ((446, 444), (492, 444)),
    (S.BIOPSY_BOOKED, S.BIOPSY_TO_BOOK): ((492, 476), (446, 476)),
    (S.BIOPSY_BOOKED, S.AWAITING_PATHOLOGY): ((682, 460), (728, 460)),
    (S.AWAITING_PATHOLOGY, S.AWAITING_CONCORDANCE): ((918, 460), (964, 460)),
    (S.AWAITING_CONCORDANCE, S.CLOSED): ((1059, 408), (1059, 340)),
    (S.AWAITING_CONCORDANCE, S.FOLLOW_UP): ((1004, 408), (1004, 374), (705, 374), (705, 116), (682, 116)),
    (S.AWAITING_CONCORDANCE, S.BIOPSY_TO_BOOK): ((1059, 512), (1059, 540), (351, 540), (351, 512)),
}


@dataclass(frozen=True, slots=True)
class Place:
    """The upper left corner of a state's box."""

    x: int
    y: int

    @property
    def middle(self) -> Point:
        return self.x + WIDTH // 2, self.y + HEIGHT // 2

    def holds(self, point: Point) -> bool:
        """Whether the point lies inside the box, its edge not counted."""
        return self.x < point[0] < self.x + WIDTH and self.y < point[1] < self.y + HEIGHT


def place_of(state: State) -> Place:
    column, row = _CELLS[state]
    return Place(_COLUMNS[column], _ROWS[row])


def way_of(arrow: DiagramArrow) -> tuple[Point, ...]:
    """The corners of the arrow's line, from its start to its head."""
    known = _WAYS.get((arrow.from_state, arrow.to_state))
    if known is not None:
        return known
    end = place_of(arrow.to_state)
    start = place_of(arrow.from_state).middle if arrow.from_state else (end.x - 48, end.middle[1])
    return start, end.middle
