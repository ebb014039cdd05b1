"""Property tests: after any sequence of steps a recall has one state, a next step or an end, and a whole history."""

from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic.models import Site
from clinic.roles import Role
from recalls import actions
from recalls.enums import ACTIVE_APPOINTMENT_STATUSES, Assessment, State
from recalls.models import Recall
from recalls.permissions import StepRefused
from recalls.testing.factories import RecallFactory
from recalls.workflow import STEPS_BY_NAME
from tests.rules.step_actions import MONDAY, STEP_ACTIONS, StepAction, UserOrActor, actor_with_role

ASSESSMENTS = [Assessment.NEED_IMAGING, Assessment.NEED_PRIORS, Assessment.PROBABLY_BENIGN, Assessment.SUSPICIOUS_B]


def _outcome(assessment: Assessment) -> StepAction:
    return lambda recall, by: actions.record_outcome(recall, actions.OutcomeInput(assessment), by=by)


def _amendment(assessment: Assessment) -> StepAction:
    return lambda recall, by: actions.amend_outcome(recall, actions.OutcomeInput(assessment), reason="Again.", by=by)


def _correction(assessment: Assessment) -> StepAction:
    return lambda recall, by: actions.correct_exam(recall.exam, {"assessment": assessment}, None, by=by)


ACTIONS: dict[str, StepAction] = (
    STEP_ACTIONS
    | {f"record_outcome {kind}": _outcome(kind) for kind in ASSESSMENTS if kind != Assessment.NEED_PRIORS}
    | {f"amend_outcome {kind}": _amendment(kind) for kind in ASSESSMENTS if kind != Assessment.NEED_PRIORS}
    | {f"correct_result {kind}": _correction(kind) for kind in (*ASSESSMENTS, Assessment.NEGATIVE)}
)
# A number below the count of permitted moves picks one; the hours are those until it is taken.
CHOICES = st.lists(st.tuples(st.integers(0, 999), st.integers(0, 400)), min_size=5, max_size=25)


def _assert_invariants(recall: Recall) -> None:
    """Everything that must be true of a recall at any time."""
    stored = Recall.objects.get(pk=recall.pk)
    events = list(stored.events.order_by("version"))
    if stored.state == State.CLOSED:
        assert stored.closure_reason
        assert stored.closed_at
        assert stored.closed_by
        assert stored.due_at is None
    else:
        assert stored.state in set(State)
        assert stored.due_at is not None
        assert not stored.closure_reason
    assert [event.version for event in events] == list(range(1, stored.version + 1))
    assert events[-1].to_state == stored.state
    previous, stood = "", ""
    for event in events:
        assert (event.previous_hash, event.hash) == (previous, event.compute_hash())
        assert event.from_state == stood
        allowed = STEPS_BY_NAME[event.step].to_states or (event.from_state,)
        assert event.to_state in allowed
        previous, stood = event.hash, event.to_state
    assert stored.head_hash == previous
    booked = stored.appointments.filter(status__in=ACTIVE_APPOINTMENT_STATUSES).count()
    assert booked == (stored.state in (State.SCHEDULED, State.BIOPSY_BOOKED))
    assert bool(stored.hold_until) == (stored.state == State.ON_HOLD)


def _possible_actions(recall: Recall) -> list[str]:
    return sorted(name for name in ACTIONS if recall.state in STEPS_BY_NAME[name.split()[0]].from_states)


def _try_action(recall: Recall, name: str, people: dict[Role, UserOrActor]) -> None:
    by = people[sorted(STEPS_BY_NAME[name.split()[0]].roles)[0]]
    try:
        with transaction.atomic():
            ACTIONS[name](recall, by)
    except (StepRefused, ValidationError):
        pass  # a fact was missing, and the recall must be as it was


@pytest.mark.django_db
@pytest.mark.parametrize("assessment", ASSESSMENTS)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(choices=CHOICES)
def test_any_sequence_of_steps_leaves_a_whole_recall(
    assessment: Assessment, choices: list[tuple[int, int]], shadyside: Site
) -> None:
    with transaction.atomic(), time_machine.travel(MONDAY, tick=False) as clock:
        people = {role: actor_with_role(role, shadyside) for role in Role}
        recall = RecallFactory.create(site=shadyside, exam__assessment=assessment)
        _assert_invariants(recall)
        for pick, hours in choices:
            clock.move_to(timezone.now() + timedelta(hours=hours))
            recall = Recall.objects.select_related("site", "patient", "exam").get(pk=recall.pk)
            names = _possible_actions(recall)
            _try_action(recall, names[pick % len(names)], people)
            _assert_invariants(recall)
        transaction.set_rollback(True)
