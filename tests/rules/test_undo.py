"""Tests of undo: everything as before, nothing removed from the history, and only while nobody was told."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.utils import timezone
from time_machine import TimeMachineFixture

from clinic.factories import get_site_staff
from clinic.models import Site, User
from notifications.enums import AttemptResult, NotificationState
from notifications.models import DeliveryAttempt, Notification
from patients.models import ContactPoint
from recalls import actions
from recalls.actions import ContactAttemptInput
from recalls.contact_ladder import current_ladder_attempts
from recalls.enums import ACTIVE_APPOINTMENT_STATUSES, AppointmentStatus, ContactChannel, ContactResult, State
from recalls.models import Recall
from recalls.permissions import StaleVersion, StepUnavailable
from recalls.testing.factories import RecallFactory
from recalls.undo_snapshot import UNDO_WINDOW
from recalls.workflow import STEPS
from tests.rules.recall_states import (
    add_missing_fact,
    recall_in_state,
)
from tests.rules.step_actions import (
    MONDAY,
    STEP_ACTIONS,
)

UNDOABLE_STEPS = sorted(step.name for step in STEPS if step.undoable)
pytestmark = pytest.mark.django_db

HISTORY_FIELDS = {"version", "head_hash", "changed_at"}  # what grows with every event
# A state in which each step can be slipped on.
STATE_BY_STEP = {
    "log_contact": State.TO_CONTACT, "book_appointment": State.TO_CONTACT, "walk_in": State.TO_CONTACT,
    "confirm": State.SCHEDULED,
    "cancel_appointment": State.SCHEDULED, "mark_missed": State.SCHEDULED, "mark_attended": State.SCHEDULED,
    "book_biopsy": State.BIOPSY_TO_BOOK, "cancel_biopsy": State.BIOPSY_BOOKED, "biopsy_missed": State.BIOPSY_BOOKED,
    "biopsy_done": State.BIOPSY_BOOKED, "hold": State.SCHEDULED, "resume": State.ON_HOLD, "decline": State.FOLLOW_UP,
    "transfer": State.FOLLOW_UP, "take_back": State.CLOSED, "void": State.AWAITING_PRIORS,
    "close_lost": State.TO_CONTACT, "reopen": State.CLOSED,
    "record_outcome": State.AWAITING_OUTCOME,
}  # fmt: skip
USER_FIXTURE_BY_STEP = {
    "void": "manager_mo", "close_lost": "radiologist_rao", "reopen": "manager_mo", "record_outcome": "radiologist_rao",
}  # fmt: skip


def _snapshot(recall: Recall) -> dict[str, Any]:
    stored = Recall.objects.get(pk=recall.pk)
    return {
        "columns": {
            field.attname: getattr(stored, field.attname)
            for field in stored._meta.concrete_fields
            if field.attname not in HISTORY_FIELDS
        },
        "visits": list(
            stored.appointments.exclude(status=AppointmentStatus.ENTERED_IN_ERROR).values_list(
                "pk", "status", "starts_at"
            )
        ),
        "tries": [attempt.pk for attempt in current_ladder_attempts(stored)],
        "biopsies": list(stored.biopsies.values_list("pk", flat=True)),
        "outcomes": list(stored.outcomes.values_list("pk", flat=True)),
        "reports": list(stored.report_requests.filter(closed_at=None).values_list("pk", "kind", "facility", "ask_on")),
        "signatures": list(stored.sign_off_requests.filter(decided_at=None).values_list("pk", flat=True)),
        "tasks": list(stored.work_items.filter(done_at=None).values_list("pk", flat=True)),
        "unusable": list(stored.patient.contact_points.exclude(unusable="").values_list("pk", flat=True)),
    }


def test_every_step_that_can_be_undone_is_tried_here() -> None:
    assert sorted(STATE_BY_STEP) == UNDOABLE_STEPS


@pytest.mark.parametrize("step", UNDOABLE_STEPS)
def test_after_undoing_everything_is_as_before_and_the_history_has_grown_by_two(
    step: str, shadyside: Site, time_machine: TimeMachineFixture, request: pytest.FixtureRequest
) -> None:
    by: User = request.getfixturevalue(USER_FIXTURE_BY_STEP.get(step, "scheduler_ana"))
    recall = recall_in_state(STATE_BY_STEP[step], shadyside, time_machine)
    before, version = _snapshot(recall), recall.version
    time_machine.move_to(timezone.now(), tick=False)  # a busy machine may need longer than one may undo
    STEP_ACTIONS[step](recall, by)
    assert _snapshot(recall) != before
    time_machine.shift(timedelta(seconds=9))
    actions.undo(recall, by=by)
    assert _snapshot(recall) == before
    events = list(recall.events.order_by("version"))
    assert [event.step for event in events[version:]] == [step, "undo"]
    for earlier, event in pairwise(events):
        assert (event.previous_hash, event.hash) == (earlier.hash, event.compute_hash())
    assert Recall.objects.get(pk=recall.pk).head_hash == events[-1].hash


def test_an_undone_wrong_number_leaves_no_mark_and_no_work_item(shadyside: Site, scheduler_ana: User) -> None:
    recall = RecallFactory.create(site=shadyside)
    before = _snapshot(recall)
    wrong = ContactAttemptInput(ContactChannel.PHONE, ContactResult.WRONG_NUMBER, point_kind=ContactPoint.Kind.MOBILE)
    actions.log_contact(recall, wrong, by=scheduler_ana)
    assert _snapshot(recall)["unusable"]
    actions.undo(recall, by=scheduler_ana)
    assert _snapshot(recall) == before


def test_a_signature_given_by_a_slip_is_undone_and_may_be_given_again(
    shadyside: Site, radiologist_rao: User, time_machine: TimeMachineFixture
) -> None:
    recall = recall_in_state(State.BIOPSY_TO_BOOK, shadyside, time_machine)
    add_missing_fact(recall, "transfer")
    before = _snapshot(recall)
    STEP_ACTIONS["transfer"](recall, radiologist_rao)
    assert (recall.state, recall.closure_reason) == (State.CLOSED, "transferred")
    actions.undo(recall, by=radiologist_rao)
    assert _snapshot(recall) == before
    STEP_ACTIONS["transfer"](recall, radiologist_rao)
    assert recall.closure_reason == "transferred"


def _hold(recall: Recall, by: User) -> None:
    STEP_ACTIONS["hold"](recall, by)


def test_a_step_is_not_undone_after_ten_seconds(
    shadyside: Site, scheduler_ana: User, time_machine: TimeMachineFixture
) -> None:
    time_machine.move_to(MONDAY)
    recall = RecallFactory.create(site=shadyside)
    _hold(recall, scheduler_ana)
    time_machine.shift(UNDO_WINDOW + timedelta(seconds=1))
    with pytest.raises(StepUnavailable, match="Ten seconds are over"):
        actions.undo(recall, by=scheduler_ana)
    assert recall.state == State.ON_HOLD


def test_nobody_undoes_what_a_colleague_did(shadyside: Site, scheduler_ana: User, scheduler_bea: User) -> None:
    recall = RecallFactory.create(site=shadyside)
    _hold(recall, scheduler_ana)
    with pytest.raises(StepUnavailable, match="Only the person who did"):
        actions.undo(recall, by=scheduler_bea)


def test_who_comes_second_reads_the_time_of_the_recalls_site(foothills: Site, time_machine: TimeMachineFixture) -> None:
    scheduler = get_site_staff(foothills).scheduler
    time_machine.move_to(datetime(2026, 3, 18, 20, 5, tzinfo=UTC), tick=False)  # 14:05 in Denver
    recall = RecallFactory.create(site=foothills)
    seen = recall.version
    _hold(recall, scheduler)
    with pytest.raises(StaleVersion, match="2:05 pm"):
        actions.resume(recall, by=scheduler, seen=seen)


def test_a_step_followed_by_another_is_not_undone(shadyside: Site, scheduler_ana: User, scheduler_bea: User) -> None:
    recall = RecallFactory.create(site=shadyside)
    _hold(recall, scheduler_ana)
    seen = recall.version
    actions.resume(recall, by=scheduler_bea)
    with pytest.raises(StaleVersion, match="was first") as refused:
        actions.undo(recall, by=scheduler_ana, seen=seen)
    assert refused.value.event.step == "resume"


def test_undoing_is_not_undone_and_a_button_pressed_twice_acts_once(shadyside: Site, scheduler_ana: User) -> None:
    recall = RecallFactory.create(site=shadyside)
    _hold(recall, scheduler_ana)
    first = actions.undo(recall, by=scheduler_ana, key="one-press")
    assert actions.undo(recall, by=scheduler_ana, key="one-press") == first
    with pytest.raises(StepUnavailable, match="is not undone"):
        actions.undo(recall, by=scheduler_ana)


@pytest.mark.parametrize("left", [NotificationState.SENDING, NotificationState.ACCEPTED])
def test_a_booking_is_not_undone_after_its_message_left(
    left: NotificationState, shadyside: Site, scheduler_ana: User, time_machine: TimeMachineFixture
) -> None:
    time_machine.move_to(MONDAY, tick=False)
    recall = RecallFactory.create(site=shadyside)
    STEP_ACTIONS["book_appointment"](recall, scheduler_ana)
    message = Notification.objects.get(recall=recall, kind="appointment_confirmation")
    lease = timezone.now() + timedelta(minutes=5) if left == NotificationState.SENDING else None
    Notification.objects.filter(pk=message.pk).update(state=left, lease_until=lease)
    if left == NotificationState.ACCEPTED:
        DeliveryAttempt.objects.create(
            notification=message, number=1, result=AttemptResult.ACCEPTED, lease_token=1, at=timezone.now()
        )
    with pytest.raises(StepUnavailable, match="message to the patient has left"):
        actions.undo(recall, by=scheduler_ana)
    assert recall.appointments.filter(status__in=ACTIVE_APPOINTMENT_STATUSES).exists()


def test_messages_that_have_not_left_go_with_the_step_and_the_earlier_ones_come_back(
    shadyside: Site, scheduler_ana: User, time_machine: TimeMachineFixture
) -> None:
    time_machine.move_to(MONDAY, tick=False)
    recall = RecallFactory.create(site=shadyside)

    def planned() -> set[tuple[str, str]]:
        rows = Notification.objects.filter(recall=recall, state=NotificationState.PLANNED)
        return set(rows.values_list("kind", "occasion"))

    before = planned()
    assert before
    STEP_ACTIONS["book_appointment"](recall, scheduler_ana)
    assert {kind for kind, _occasion in planned()} != {kind for kind, _occasion in before}
    actions.undo(recall, by=scheduler_ana)
    assert planned() == before
