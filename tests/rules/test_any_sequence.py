"""Property tests: after any sequence of steps a recall has one state, a next step or an end, and no untold result."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic import calendar
from clinic.models import Site
from clinic.roles import Role
from patients.factories import ReferringProviderFactory
from recalls import actions
from recalls.actions import BiopsyInput, LesionInput, OutcomeInput
from recalls.contact_ladder import current_ladder_attempts
from recalls.enums import (
    ACTIVE_APPOINTMENT_STATUSES,
    BOOKED_STATES,
    STATES_KEEPING_APPOINTMENT,
    Assessment,
    ClosureReason,
    ConcordanceVerdict,
    DisclosureMethod,
    PathologyClass,
    Side,
    State,
    VisitKind,
)
from recalls.kept_facts import upkeep
from recalls.lesion_stages import LesionStage, lesions_in, load_lesion_statuses
from recalls.models import Outcome, Recall
from recalls.permissions import StepRefused, StepUnavailable, check_step_available
from recalls.testing.factories import RecallFactory
from recalls.workflow import STEPS_BY_NAME, Step
from tests.rules.step_actions import (
    MONDAY,
    STEP_ACTIONS,
    TOLD_AT_VISIT,
    StepAction,
    UserOrActor,
    actor_with_role,
    outside_imaging,
    record_first_pathology,
)

ASSESSMENTS = [Assessment.NEED_IMAGING, Assessment.NEED_PRIORS, Assessment.PROBABLY_BENIGN, Assessment.SUSPICIOUS_B]
OUTCOMES = [
    Assessment.NEED_IMAGING, Assessment.BENIGN, Assessment.PROBABLY_BENIGN, Assessment.SUSPICIOUS_B,
    Assessment.HIGHLY_SUGGESTIVE, Assessment.KNOWN_MALIGNANCY,
]  # fmt: skip
TWO_LESIONS = tuple(LesionInput(Assessment.SUSPICIOUS_B, side=side) for side in (Side.RIGHT, Side.LEFT))


def _outcome(reading: OutcomeInput) -> StepAction:
    return lambda recall, by: actions.record_outcome(recall, reading, by=by)


def _amendment(assessment: Assessment) -> StepAction:
    return lambda recall, by: actions.amend_outcome(recall, OutcomeInput(assessment), reason="Again.", by=by)


def _correction(assessment: Assessment) -> StepAction:
    return lambda recall, by: actions.correct_exam(recall.exam, {"assessment": assessment}, None, by=by)


def _written_outcome(recall: Recall, by: UserOrActor, hours: int = 0) -> object:
    release_at = timezone.now() + timedelta(hours=hours)
    return actions.record_outcome(recall, OutcomeInput(Assessment.PROBABLY_BENIGN, release_at=release_at), by=by)


def _pathology(result: PathologyClass) -> StepAction:
    return lambda recall, by: record_first_pathology(recall, by, result)


def _verdict(verdict: ConcordanceVerdict) -> StepAction:
    return lambda recall, by: actions.sign_concordance(recall, verdict, by=by)


def _biopsy_of_one(recall: Recall, by: UserOrActor) -> object:
    """The first lesion alone; the other one is left for another day."""
    first = lesions_in(load_lesion_statuses(recall), LesionStage.TO_BIOPSY)[:1]
    return actions.biopsy_done(recall, BiopsyInput([lesion.pk for lesion in first]), by=by)


def _release_due(recall: Recall, by: UserOrActor) -> object:
    """As the system's own tick does it: only when its time has come."""
    if recall.wake_at is None or recall.wake_at > timezone.now():
        raise StepUnavailable("The time of release has not come.")
    return actions.release_due(recall, by=by)


def _result_undelivered(recall: Recall, by: UserOrActor) -> object:
    """As the messages do it: only for a result that counts as told by one."""
    if not recall.told_in_writing:
        raise StepUnavailable("No message told this result.")
    return actions.result_undelivered(recall, by=by, note="The letter came back.")


# The other steps are those of the table, with what `STEP_ACTIONS` enters.
VARIANTS: dict[str, StepAction] = (
    {f"record_outcome {kind}": _outcome(OutcomeInput(kind)) for kind in OUTCOMES}
    | {f"record_outcome {kind} told": _outcome(OutcomeInput(kind, told=TOLD_AT_VISIT)) for kind in OUTCOMES}
    | {f"amend_outcome {kind}": _amendment(kind) for kind in OUTCOMES}
    | {f"correct_result {kind}": _correction(kind) for kind in (*ASSESSMENTS, Assessment.NEGATIVE)}
    | {f"record_pathology {kind}": _pathology(kind) for kind in PathologyClass}
    | {f"sign_concordance {kind}": _verdict(kind) for kind in ConcordanceVerdict}
    | {
        "record_outcome two lesions": _outcome(OutcomeInput(Assessment.SUSPICIOUS_B, lesions=TWO_LESIONS)),
        "record_outcome written": _written_outcome,
        "record_outcome written later": lambda recall, by: _written_outcome(recall, by, hours=20),
        "biopsy_done of one": _biopsy_of_one,
        "record_outside 4B": lambda recall, by: actions.record_outside(
            recall, outside_imaging(recall, Assessment.SUSPICIOUS_B), by=by
        ),
        "mark_attended": lambda recall, by: actions.mark_attended(recall, came_early=True, by=by),
        "release_due": _release_due,
        "result_undelivered": _result_undelivered,
    }
)
# These write something down and move nothing, or belong to another recall; `ask_sign_off` comes with what is asked for.
NO_MOVES = {
    "add_note", "ask_doctor", "take_on", "record_wishes", "record_consent", "message_by_hand", "confirm",
    "ask_please_call", "ask_letter", "ask_report", "move_exam", "ask_sign_off",
}  # fmt: skip
ACTIONS: dict[str, StepAction] = {
    name: action for name, action in (STEP_ACTIONS | VARIANTS).items() if name not in NO_MOVES
}
# From the opening, and from the second half of the way, which few sequences reach by themselves.
STARTS: dict[str, dict[str, Any]] = {
    **{f"screen {kind}": {"exam__assessment": kind} for kind in ASSESSMENTS},
    **{name: {name: True} for name in ("attended", "suspicious_to_tell", "biopsy_booked", "awaiting_pathology")},
}
# Which of the permitted moves, by whom of those who may, and how many hours later.
CHOICES = st.lists(st.tuples(st.integers(0, 999), st.integers(0, 9), st.integers(0, 400)), min_size=8, max_size=30)


def _assert_invariants(recall: Recall) -> None:
    """Everything that must be true of a recall at any time."""
    stored = Recall.objects.select_related("site").get(pk=recall.pk)
    _assert_open_or_closed(stored)
    _assert_history(stored)
    _assert_appointments(stored)
    _assert_no_result_is_untold(stored)
    assert not upkeep.check_and_mend(), "what is kept differs from a recount"


def _assert_open_or_closed(stored: Recall) -> None:
    if stored.state == State.CLOSED:
        assert stored.closure_reason
        assert stored.closed_at
        assert stored.closed_by
        assert stored.due_at is None
    else:
        assert stored.state in set(State)
        assert stored.due_at is not None
        assert not stored.closure_reason
    assert bool(stored.hold_until) == (stored.state == State.ON_HOLD)


def _assert_history(stored: Recall) -> None:
    events = list(stored.events.order_by("version"))
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


def _assert_appointments(stored: Recall) -> None:
    """One appointment where one is booked; at most a biopsy or a follow-up beside a result that is signed or told."""
    booked = list(stored.appointments.filter(status__in=ACTIVE_APPOINTMENT_STATUSES))
    assert len(booked) <= 1
    if stored.state in BOOKED_STATES:
        assert [visit.kind == VisitKind.BIOPSY for visit in booked] == [stored.state == State.BIOPSY_BOOKED]
    elif stored.state not in STATES_KEEPING_APPOINTMENT:
        assert booked == []


def _assert_no_result_is_untold(stored: Recall) -> None:
    """The central promise: each result was told, or its recall is open in one queue, with an instant due in time."""
    death = stored.events.filter(step__in=["mark_deceased", "not_deceased"]).order_by("pk").last()
    if stored.closure_reason == ClosureReason.VOID or (death is not None and death.step == "mark_deceased"):
        return
    untold = [at for at in _result_times(stored) if not _was_told_since(stored, at)]
    if untold:
        assert stored.is_open, "a closed recall holds a result that nobody told"
        assert stored.due_at is not None
        assert stored.result_since is not None or stored.state == State.AWAITING_CONCORDANCE
    if stored.state != State.RESULT_TO_TELL:
        return
    assert stored.tell_by is not None
    assert stored.tell_by <= _latest_limit(stored)
    tries = [attempt for attempt in current_ladder_attempts(stored) if attempt.at >= stored.state_since]
    assert tries or (stored.due_at is not None and stored.due_at <= stored.tell_by)


def _result_times(stored: Recall) -> list[datetime]:
    """When each standing result came to be: outcomes nobody amended, and signatures under pathology."""
    outcomes = stored.outcomes.filter(amended_by=None).select_related("amends")
    return [*map(_first_said_at, outcomes), *stored.concordances.values_list("at", flat=True)]


def _first_said_at(outcome: Outcome) -> datetime:
    """An amendment that only comments says nothing new."""
    earlier = outcome.amends
    return _first_said_at(earlier) if earlier and earlier.assessment == outcome.assessment else outcome.at


def _was_told_since(stored: Recall, at: datetime) -> bool:
    """Whether a word to the patient after the result stands, which no message that came back has undone."""
    words = list(stored.disclosures.filter(at__gte=at).order_by("at", "pk"))
    if any(word.method != DisclosureMethod.IN_WRITING for word in words):
        return True
    came_back = stored.events.filter(step="result_undelivered").order_by("pk").last()
    return bool(words) and (came_back is None or words[-1].at >= came_back.at)


def _latest_limit(stored: Recall) -> datetime:
    """By when the policy wants the newest result told, counted from the event that brought it into the open."""
    brought = [event.at for event in stored.events.all() if "tell_by" in event.data]
    return calendar.add_business_days(stored.site, max(brought), stored.site.policy.result_told)


def _possible_actions(recall: Recall, *, usual: bool) -> list[str]:
    """The moves whose facts are there; `usual`: those that come next on the way through, where there are any."""
    steps = {name: STEPS_BY_NAME[name.split()[0]] for name in ACTIONS}
    is_available = {step: _is_available(recall, step) for step in set(steps.values())}
    possible = sorted(name for name, step in steps.items() if is_available[step])
    expected = [name for name in possible if recall.state in steps[name].next_in]
    return expected if usual and expected else possible


def _is_available(recall: Recall, step: Step) -> bool:
    if step.name in ("release_due", "result_undelivered") and not (recall.wake_at or recall.told_in_writing):
        return False
    try:
        check_step_available(recall, step, timezone.now())
    except StepUnavailable:
        return False
    return True


def _try_action(recall: Recall, name: str, by: UserOrActor) -> None:
    try:
        with transaction.atomic():
            ACTIONS[name](recall, by)
    except (StepRefused, ValidationError):
        pass  # a fact was missing, and the recall must be as it was


@pytest.mark.django_db
@pytest.mark.parametrize("start", STARTS)
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(choices=CHOICES)
def test_any_sequence_of_steps_leaves_a_whole_recall_and_no_result_untold(
    start: str, choices: list[tuple[int, int, int]], shadyside: Site
) -> None:
    with transaction.atomic(), time_machine.travel(MONDAY, tick=False) as clock:
        people = {role: actor_with_role(role, shadyside) for role in Role}
        doctor = ReferringProviderFactory.create()
        recall = RecallFactory.create(site=shadyside, exam__referrer=doctor, **STARTS[start])
        _assert_invariants(recall)
        for pick, who, hours in choices:
            clock.move_to(timezone.now() + timedelta(hours=hours))
            recall = Recall.objects.select_related("site", "patient", "exam").get(pk=recall.pk)
            names = _possible_actions(recall, usual=pick % 3 < 2)
            name = names[pick // 3 % len(names)]
            roles = sorted(STEPS_BY_NAME[name.split()[0]].roles)
            _try_action(recall, name, people[roles[who % len(roles)]])
            _assert_invariants(recall)
        transaction.set_rollback(True)
