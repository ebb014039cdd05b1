"""Can a slip be undone: everything as before, nothing out of the history, and only while nobody was told?"""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.utils import timezone
from time_machine import TimeMachineFixture

from clinic.models import Site, User
from notifications.kinds import AttemptResult, NotificationState
from notifications.models import DeliveryAttempt, Notification
from patients.models import ContactPoint
from recalls import actions
from recalls.actions import Contact
from recalls.factories import RecallFactory
from recalls.models import Recall
from recalls.permissions import NotNow, Stale, attempts_of_this_ladder
from recalls.states import ACTIVE_APPOINTMENT, AppointmentStatus, ContactChannel, ContactResult, State
from recalls.undoing import UNDO_WITHIN, UNDOABLE
from tests.rules.situations import ACTS, MONDAY, ready_for_anything

pytestmark = pytest.mark.django_db

SEALED = {"version", "head_hash"}  # what grows with every event
# A state in which each step can be slipped on.
SLIPS = {
    "log_contact": State.TO_CONTACT, "book_appointment": State.TO_CONTACT, "confirm": State.SCHEDULED,
    "cancel_appointment": State.SCHEDULED, "mark_missed": State.SCHEDULED, "mark_attended": State.SCHEDULED,
    "book_biopsy": State.BIOPSY_TO_BOOK, "cancel_biopsy": State.BIOPSY_BOOKED, "biopsy_missed": State.BIOPSY_BOOKED,
    "biopsy_done": State.BIOPSY_BOOKED, "hold": State.SCHEDULED, "resume": State.ON_HOLD, "decline": State.SCHEDULED,
    "transfer": State.FOLLOW_UP, "void": State.AWAITING_PRIORS, "close_lost": State.TO_CONTACT, "reopen": State.CLOSED,
    "record_outcome": State.AWAITING_OUTCOME,
}  # fmt: skip
ROLE = {
    "void": "manager_mo", "close_lost": "manager_mo", "reopen": "manager_mo", "record_outcome": "radiologist_rao",
}  # fmt: skip


def _stands(recall: Recall) -> dict[str, Any]:
    stored = Recall.objects.get(pk=recall.pk)
    return {
        "columns": {
            field.attname: getattr(stored, field.attname)
            for field in stored._meta.concrete_fields
            if field.attname not in SEALED
        },
        "visits": list(
            stored.appointments.exclude(status=AppointmentStatus.TAKEN_BACK).values_list("pk", "status", "starts_at")
        ),
        "tries": [attempt.pk for attempt in attempts_of_this_ladder(stored)],
        "outcomes": list(stored.outcomes.values_list("pk", flat=True)),
        "tasks": list(stored.work_items.filter(done_at=None).values_list("pk", flat=True)),
        "unusable": list(stored.patient.contact_points.exclude(unusable="").values_list("pk", flat=True)),
    }


def test_every_step_that_can_be_undone_is_tried_here() -> None:
    assert set(SLIPS) == UNDOABLE


@pytest.mark.parametrize("step", sorted(UNDOABLE))
def test_after_undoing_everything_is_as_before_and_the_history_has_grown_by_two(
    step: str, shadyside: Site, time_machine: TimeMachineFixture, request: pytest.FixtureRequest
) -> None:
    by: User = request.getfixturevalue(ROLE.get(step, "scheduler_ana"))
    recall = ready_for_anything(SLIPS[step], shadyside, time_machine)
    before, version = _stands(recall), recall.version
    ACTS[step](recall, by)
    assert _stands(recall) != before
    time_machine.shift(timedelta(seconds=9))
    actions.undo(recall, by=by)
    assert _stands(recall) == before
    events = list(recall.events.order_by("version"))
    assert [event.step for event in events[version:]] == [step, "undo"]
    for earlier, event in pairwise(events):
        assert (event.previous_hash, event.hash) == (earlier.hash, event.seal())
    assert Recall.objects.get(pk=recall.pk).head_hash == events[-1].hash


def test_a_wrong_number_that_was_a_slip_leaves_no_mark_and_no_task(shadyside: Site, scheduler_ana: User) -> None:
    recall = RecallFactory.create(site=shadyside)
    before = _stands(recall)
    wrong = Contact(ContactChannel.PHONE, ContactResult.WRONG_NUMBER, point=ContactPoint.Kind.MOBILE)
    actions.log_contact(recall, wrong, by=scheduler_ana)
    assert _stands(recall)["unusable"]
    actions.undo(recall, by=scheduler_ana)
    assert _stands(recall) == before


def _hold(recall: Recall, by: User) -> None:
    ACTS["hold"](recall, by)


def test_after_ten_seconds_the_step_stands(
    shadyside: Site, scheduler_ana: User, time_machine: TimeMachineFixture
) -> None:
    time_machine.move_to(MONDAY)
    recall = RecallFactory.create(site=shadyside)
    _hold(recall, scheduler_ana)
    time_machine.shift(UNDO_WITHIN + timedelta(seconds=1))
    with pytest.raises(NotNow, match="Ten seconds are over"):
        actions.undo(recall, by=scheduler_ana)
    assert recall.state == State.ON_HOLD


def test_nobody_undoes_what_a_colleague_did(shadyside: Site, scheduler_ana: User, scheduler_bea: User) -> None:
    recall = RecallFactory.create(site=shadyside)
    _hold(recall, scheduler_ana)
    with pytest.raises(NotNow, match="Only the person who did"):
        actions.undo(recall, by=scheduler_bea)


def test_a_step_that_another_one_followed_stands(shadyside: Site, scheduler_ana: User, scheduler_bea: User) -> None:
    recall = RecallFactory.create(site=shadyside)
    _hold(recall, scheduler_ana)
    seen = recall.version
    actions.resume(recall, by=scheduler_bea)
    with pytest.raises(Stale, match="was first"):
        actions.undo(recall, by=scheduler_ana, seen=seen)


def test_undoing_is_not_undone_and_a_button_pressed_twice_acts_once(shadyside: Site, scheduler_ana: User) -> None:
    recall = RecallFactory.create(site=shadyside)
    _hold(recall, scheduler_ana)
    first = actions.undo(recall, by=scheduler_ana, key="one-press")
    assert actions.undo(recall, by=scheduler_ana, key="one-press") == first
    with pytest.raises(NotNow, match="is not undone"):
        actions.undo(recall, by=scheduler_ana)


@pytest.mark.parametrize("left", [NotificationState.SENDING, NotificationState.ACCEPTED])
def test_a_booking_that_she_was_written_about_stands(
    left: NotificationState, shadyside: Site, scheduler_ana: User, time_machine: TimeMachineFixture
) -> None:
    time_machine.move_to(MONDAY, tick=False)
    recall = RecallFactory.create(site=shadyside)
    ACTS["book_appointment"](recall, scheduler_ana)
    message = Notification.objects.get(recall=recall, kind="appointment_confirmation")
    lease = timezone.now() + timedelta(minutes=5) if left == NotificationState.SENDING else None
    Notification.objects.filter(pk=message.pk).update(state=left, lease_until=lease)
    if left == NotificationState.ACCEPTED:
        DeliveryAttempt.objects.create(
            notification=message, number=1, result=AttemptResult.ACCEPTED, lease_token=1, at=timezone.now()
        )
    with pytest.raises(NotNow, match="message to the patient has left"):
        actions.undo(recall, by=scheduler_ana)
    assert recall.appointments.filter(status__in=ACTIVE_APPOINTMENT).exists()


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
    ACTS["book_appointment"](recall, scheduler_ana)
    assert {kind for kind, _occasion in planned()} != {kind for kind, _occasion in before}
    actions.undo(recall, by=scheduler_ana)
    assert planned() == before
