"""Does every step, in every state, for every role, do what the hand-written table says, and nothing else?"""

import pytest
from django.db import transaction
from time_machine import TimeMachineFixture

from clinic.actors import actor_for
from clinic.models import Site, User
from clinic.roles import Role
from recalls import actions
from recalls.factories import ExamFactory
from recalls.models import Recall
from recalls.permissions import NotPermitted, StepRefused, why_not
from recalls.states import Assessment, State
from recalls.workflow import STEP, STEPS
from tests.rules.grid import ALL, GRID, LINES, ROLES
from tests.rules.situations import ACTS, By, anybody, ready_for_anything

pytestmark = pytest.mark.django_db
NEEDS_ANOTHER = ("unmerge_records", "undo")
NOT_YOUR_SITE = "This recall belongs to a site you do not work at."


def test_the_grid_knows_every_step_state_and_role() -> None:
    assert [line.step for line in GRID] == [step.name for step in STEPS]
    assert set(ALL) == {state.value for state in State}
    assert set(ROLES.values()) == {role.value for role in Role}
    assert set(ACTS) == {line.step for line in GRID if line.starts}


def _attempt(recall_id: int, step: str, by: By) -> tuple[str, State]:
    """What became of one try, undone again: "taken", "role" or "state"; and where the recall stood afterwards."""
    recall = Recall.objects.select_related("site", "patient", "exam").get(pk=recall_id)
    version, became = recall.version, "state"
    with transaction.atomic():
        try:
            ACTS[step](recall, by)
        except NotPermitted:
            became = "role"
        except StepRefused:
            became = "state"
        stored = Recall.objects.get(pk=recall_id)
        if any(event.step == step for event in stored.events.filter(version__gt=version)):
            became = "taken"
        else:  # what a separation or an undoing needs first is an event of its own
            assert stored.version == version + (step in NEEDS_ANOTHER), f"{step} was refused and left a mark"
        transaction.set_rollback(True)
    return became, State(stored.state)


def _expected(step: str, state: str, role: str) -> str:
    line = LINES[step]
    if role not in line.roles:
        return "role"
    return "taken" if state in line.starts else "state"


@pytest.mark.parametrize("state", list(State))
def test_every_step_for_every_role_from(state: State, shadyside: Site, time_machine: TimeMachineFixture) -> None:
    recall = ready_for_anything(state, shadyside, time_machine)
    assert recall.state == state
    people = {role: anybody(role, shadyside) for role in Role}
    wrong = []
    for step, line in LINES.items():
        for role, by in people.items():
            if not line.starts:
                continue
            became, stands = _attempt(recall.pk, step, by)
            expected = _expected(step, state, role)
            ends = {state.value} if line.ends == ["(same)"] else set(line.ends)
            if step == "correct_result" and state == State.CLOSED and became == "state":
                continue  # a closed recall is not touched by it, whoever brings it
            if became != expected or (became == "taken" and stands not in ends):
                wrong.append(f"{step} by {role}: {became}, now {stands}; expected {expected}")
    assert wrong == []


@pytest.mark.parametrize("state", list(State))
def test_a_button_is_refused_with_the_sentence_that_the_action_would_refuse_with(
    state: State, shadyside: Site, time_machine: TimeMachineFixture
) -> None:
    recall = ready_for_anything(state, shadyside, time_machine)
    for role in Role:
        actor = actor_for(anybody(role, shadyside))
        for line in GRID:
            if line.starts:
                refused = bool(why_not(recall, STEP[line.step], actor))
                assert refused == (_expected(line.step, state, role) != "taken"), (line.step, role)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize(
    ("step", "assessment"),
    [("open_recall", Assessment.NEED_IMAGING), ("open_awaiting_priors", Assessment.NEED_PRIORS)],
)
def test_a_recall_is_opened_by(step: str, assessment: Assessment, role: Role, shadyside: Site) -> None:
    exam = ExamFactory.create(patient__site=shadyside, assessment=assessment)
    by = anybody(role, shadyside)
    if role in LINES[step].roles:
        event = actions.open_recall(exam, by=by)
        assert (event.step, [event.to_state]) == (step, LINES[step].ends)
    else:
        with pytest.raises(NotPermitted):
            actions.open_recall(exam, by=by)
        assert not exam.recalls.exists()


@pytest.mark.parametrize("state", [State.TO_CONTACT, State.SCHEDULED, State.AWAITING_OUTCOME])
def test_staff_of_another_site_cannot_move_a_recall(
    state: State, shadyside: Site, foothills: Site, time_machine: TimeMachineFixture
) -> None:
    recall = ready_for_anything(state, shadyside, time_machine)
    for line in (line for line in GRID if state in line.starts and line.step not in NEEDS_ANOTHER):
        people = [anybody(Role(role), foothills) for role in line.roles]
        for elsewhere in (one for one in people if isinstance(one, User)):
            assert why_not(recall, STEP[line.step], actor_for(elsewhere)) == NOT_YOUR_SITE, line.step
            with pytest.raises(NotPermitted, match="belongs to a site you do not work at"), transaction.atomic():
                ACTS[line.step](Recall.objects.get(pk=recall.pk), elsewhere)
