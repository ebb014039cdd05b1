"""A patient who comes without an appointment is seen at once, in a room that is given out under its lock."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from clinic import calendar
from clinic.models import Site, User
from notifications.models import Notification
from recalls import actions
from recalls.actions import Slot
from recalls.enums import AppointmentStatus, Modality, State
from recalls.models import Appointment, Recall, RecallEvent, Room
from recalls.testing.factories import RecallFactory, RoomFactory
from tests.booking.conftest import TUESDAY_MORNING
from tests.desk.conftest import ClientFor, StepFormClient, client_for, page_text
from tests.support.concurrency import run_concurrently

__all__ = ["client_for"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_at_tuesday_morning")]
ROUNDS = 5


def _come(recall: Recall, by: User, room: Room | None, **more: object) -> RecallEvent:
    slot = Slot(recall.site, timezone.now(), room=room, **more)  # type: ignore[arg-type]
    return actions.walk_in(recall, slot, by=by)


def test_a_walk_in_is_a_visit_of_now_that_the_patient_came_to(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site, room: Room
) -> None:
    recall = RecallFactory.create(site=shadyside)
    form = StepFormClient(client_for(scheduler_ana), recall, "walk_in")
    assert form.send().status_code == 302
    visit = recall.appointments.get()
    recall.refresh_from_db()
    assert (recall.state, visit.status, visit.room) == (State.AWAITING_OUTCOME, AppointmentStatus.ATTENDED, room)
    assert (visit.starts_at, visit.overbooked) == (TUESDAY_MORNING, False)
    assert [event.step for event in recall.events.order_by("pk")] == ["open_recall", "walk_in"]


def test_no_message_about_the_visit_and_no_further_request_to_call_leaves_after_a_walk_in(
    scheduler_ana: User, shadyside: Site, room: Room
) -> None:
    recall = RecallFactory.create(site=shadyside)
    assert Notification.objects.filter(recall=recall, state="planned").exists()
    _come(recall, scheduler_ana, room)
    waiting = Notification.objects.filter(recall=recall, state="planned")
    assert not waiting.exclude(kind="referrer_notice").exists()


def test_the_form_says_which_rooms_are_free_and_proposes_the_first_that_fits(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site, room: Room
) -> None:
    RoomFactory.create(site=shadyside, name="Mammo 2")
    RoomFactory.create(site=shadyside, name="Ultra 1", modality=Modality.ULTRASOUND)
    _come(RecallFactory.create(site=shadyside), scheduler_ana, room)
    page = client_for(scheduler_ana).get(reverse("step", args=[RecallFactory.create(site=shadyside).pk, "walk_in"]))
    labels = [label for _value, label in page.context["form"].fields["place"].choices]
    assert labels == [
        "Mammo 1 (Mammography): taken until 11:00 am",
        "Mammo 2 (Mammography): free now",
        "Ultra 1 (Ultrasound): free now",
    ]
    assert page.context["form"].initial["place"].endswith(f":{Room.objects.get(name='Mammo 2').pk}")


def test_a_walk_in_into_a_room_that_is_taken_is_refused_and_says_so(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site, room: Room
) -> None:
    _come(RecallFactory.create(site=shadyside), scheduler_ana, room)
    second = RecallFactory.create(site=shadyside)
    answer = StepFormClient(client_for(scheduler_ana), second, "walk_in").send(place=f"{shadyside.pk}:{room.pk}")
    assert "Somebody else has just taken this time." in page_text(answer)
    assert not second.appointments.exists()


def test_a_room_for_another_kind_of_visit_is_refused(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    ultrasound = RoomFactory.create(site=shadyside, name="Ultra 1", modality=Modality.ULTRASOUND)
    recall = RecallFactory.create(site=shadyside)
    answer = StepFormClient(client_for(scheduler_ana), recall, "walk_in").send(
        place=f"{shadyside.pk}:{ultrasound.pk}", kind="diagnostic"
    )
    assert "Ultra 1 is used for another kind of visit: Ultrasound." in page_text(answer)
    assert not Appointment.objects.exists()


def test_outside_the_rooms_hours_a_walk_in_needs_a_reason_and_on_a_shut_day_there_is_none(
    scheduler_ana: User, shadyside: Site, room: Room
) -> None:
    late, holiday = RecallFactory.create(site=shadyside), RecallFactory.create(site=shadyside)
    with time_machine.travel(datetime(2026, 11, 24, 19, 0, tzinfo=UTC), tick=False):
        with pytest.raises(ValidationError, match="not staffed"):
            _come(late, scheduler_ana, room)
        _come(late, scheduler_ana, room, reason="The technologist stayed on.")
    assert late.appointments.get().time_reason == "The technologist stayed on."
    thanksgiving = datetime(2026, 11, 26, 15, 0, tzinfo=UTC)
    with time_machine.travel(thanksgiving, tick=False), pytest.raises(ValidationError, match="is shut on that day"):
        _come(holiday, scheduler_ana, room)


def test_a_walk_in_for_a_short_interval_follow_up_begins_its_round(
    scheduler_ana: User, shadyside: Site, room: Room
) -> None:
    recall = RecallFactory.create(site=shadyside, probably_benign=True)
    rounds = recall.round
    _come(recall, scheduler_ana, room)
    assert (recall.state, recall.round) == (State.AWAITING_OUTCOME, rounds + 1)


def test_who_comes_before_the_day_into_a_room_in_use_is_marked_and_an_undo_gives_the_day_back(
    scheduler_ana: User, shadyside: Site, room: Room
) -> None:
    recall = RecallFactory.create(site=shadyside)
    monday = calendar.instant(shadyside, date(2026, 11, 30), time(9))
    actions.book_appointment(recall, Slot(shadyside, monday, room=room), by=scheduler_ana)
    _come(RecallFactory.create(site=shadyside), scheduler_ana, room)
    actions.mark_attended(recall, by=scheduler_ana, came_early=True)
    visit = recall.appointments.get()
    assert (visit.starts_at, visit.overbooked) == (TUESDAY_MORNING, True)
    assert visit.time_reason == "Came before the day of the visit"
    actions.undo(recall, by=scheduler_ana)
    visit.refresh_from_db()
    assert (visit.starts_at, visit.status, visit.overbooked) == (monday, AppointmentStatus.BOOKED, False)


def _walk_in_call(recall: Recall, room: Room, by: User) -> Callable[[], RecallEvent]:
    mine = Recall.objects.select_related("site", "patient", "exam").get(pk=recall.pk)
    return lambda: _come(mine, by, room)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_", range(ROUNDS))
def test_of_two_who_walk_into_one_room_at_once_the_second_is_refused(
    round_: int, scheduler_ana: User, shadyside: Site, room: Room
) -> None:
    first, second = (RecallFactory.create(site=shadyside) for _ in range(2))
    results = run_concurrently(*(_walk_in_call(recall, room, scheduler_ana) for recall in (first, second)))
    assert sum(isinstance(result, RecallEvent) for result in results) == 1
    assert sum(isinstance(result, ValidationError) for result in results) == 1
    assert Appointment.objects.filter(room=room).count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_", range(ROUNDS))
def test_a_walk_in_and_a_booking_do_not_get_one_time(
    round_: int, scheduler_ana: User, shadyside: Site, room: Room
) -> None:
    first, second = (RecallFactory.create(site=shadyside) for _ in range(2))
    slot = Slot(shadyside, TUESDAY_MORNING + timedelta(minutes=30), room=room)
    mine = Recall.objects.select_related("site", "patient", "exam").get(pk=second.pk)
    results = run_concurrently(
        _walk_in_call(first, room, scheduler_ana), lambda: actions.book_appointment(mine, slot, by=scheduler_ana)
    )
    assert sum(isinstance(result, RecallEvent) for result in results) == 1
    assert Appointment.objects.filter(room=room).count() == 1
