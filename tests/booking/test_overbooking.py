"""A time that is typed, or taken, is given only with a reason and by who may, and is marked for everybody to see."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from clinic import calendar
from clinic.models import Site, User
from exchange.models import Hl7Message, ParkedRow
from recalls import actions
from recalls.actions import Slot
from recalls.models import Appointment, Recall, RecallEvent, Room
from recalls.testing.factories import RecallFactory
from reports.board import ExternalStatus, get_board
from tests.desk.conftest import ClientFor, StepFormClient, client_for, page_text
from tests.support.concurrency import run_concurrently

__all__ = ["client_for"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_at_tuesday_morning")]
WEDNESDAY = date(2026, 11, 25)
ROUNDS = 5


def _at(site: Site, hour: int, minute: int = 0) -> datetime:
    return calendar.instant(site, WEDNESDAY, time(hour, minute))


def _book(site: Site, by: User, room: Room, hour: int = 9, **more: Any) -> Recall:
    recall = RecallFactory.create(site=site)
    actions.book_appointment(recall, Slot(site, _at(site, hour), room=room, **more), by=by)
    return recall


def _outside() -> ExternalStatus:
    return ExternalStatus(
        is_broker_reachable=True, parked_rows=ParkedRow.objects.none(), parked_messages=Hl7Message.objects.none()
    )


def _typed(room: Room, clock: str, **more: str) -> dict[str, str]:
    return {"day": str(WEDNESDAY), "time": clock, "room": str(room.pk), "kind": "diagnostic", **more}


@pytest.mark.parametrize("clock", ["07:15", "09:10"])
def test_a_typed_time_with_a_reason_is_booked_where_the_room_is_free(
    clock: str, client_for: ClientFor, scheduler_ana: User, shadyside: Site, room: Room
) -> None:
    recall = RecallFactory.create(site=shadyside)
    form = StepFormClient(client_for(scheduler_ana), recall, "book_appointment")
    answer = form.send(**_typed(room, clock, reason="Comes with the night bus."))
    assert answer.status_code == 302, page_text(answer)
    visit = recall.appointments.get()
    assert (visit.overbooked, visit.time_reason) == (False, "Comes with the night bus.")
    assert recall.events.latest("pk").note == "Comes with the night bus."
    assert visit.starts_at.astimezone(shadyside.zone).strftime("%H:%M") == clock


def test_a_typed_time_is_not_mixed_with_one_of_the_list(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site, room: Room
) -> None:
    recall = RecallFactory.create(site=shadyside)
    form = StepFormClient(client_for(scheduler_ana), recall, "book_appointment")
    answer = form.send(slot=f"{room.pk}@2026-11-25T09:00-05:00", **_typed(room, "07:15", reason="Bus."))
    assert "Choose a time of the list or type one, not both." in page_text(answer)
    assert not Appointment.objects.exists()


def test_a_taken_time_is_refused_without_being_asked_for_whatever_the_reason(
    scheduler_ana: User, shadyside: Site, room: Room
) -> None:
    _book(shadyside, scheduler_ana, room)
    with pytest.raises(ValidationError, match="has just taken this time"):
        _book(shadyside, scheduler_ana, room, reason="The patient insists.")
    assert Appointment.objects.count() == 1


def test_overbooking_needs_the_permission_and_a_reason(
    scheduler_ana: User, navigator_nia: User, shadyside: Site, room: Room
) -> None:
    _book(shadyside, scheduler_ana, room)
    with pytest.raises(ValidationError, match="Only a navigator or manager"):
        _book(shadyside, scheduler_ana, room, reason="Result of 5.", overbook=True)
    with pytest.raises(ValidationError, match="Say why"):
        _book(shadyside, navigator_nia, room, overbook=True)
    over = _book(shadyside, navigator_nia, room, reason="Result of 5.", overbook=True).appointments.get()
    assert (over.overbooked, over.time_reason) == (True, "Result of 5.")


def test_who_may_overbook_is_asked_on_the_page_and_nobody_else(
    client_for: ClientFor, scheduler_ana: User, navigator_nia: User, shadyside: Site, room: Room
) -> None:
    _book(shadyside, scheduler_ana, room)
    recall = RecallFactory.create(site=shadyside)
    typed = _typed(room, "09:00", reason="Lives far away.", overbook="on")
    answer = StepFormClient(client_for(scheduler_ana), recall, "book_appointment").send(**typed)
    assert "Somebody else has just taken this time." in page_text(answer)
    assert StepFormClient(client_for(navigator_nia), recall, "book_appointment").send(**typed).status_code == 302
    assert recall.appointments.get().overbooked


def test_a_free_time_asked_for_as_overbooking_is_an_ordinary_visit(
    navigator_nia: User, shadyside: Site, room: Room
) -> None:
    recall = _book(shadyside, navigator_nia, room, reason="To be sure.", overbook=True)
    assert not recall.appointments.get().overbooked


def test_an_overbooked_visit_is_shown_as_such_on_the_day_list_and_on_its_card(
    client_for: ClientFor, scheduler_ana: User, navigator_nia: User, shadyside: Site, room: Room
) -> None:
    _book(shadyside, scheduler_ana, room)
    recall = _book(shadyside, navigator_nia, room, reason="Result of 5.", overbook=True)
    browser = client_for(scheduler_ana)
    day = page_text(browser.get(reverse("appointments"), {"day": str(WEDNESDAY)}))
    assert day.count("overbooked, Result of 5.") == 1
    assert "another visit is in the room at this time" in page_text(browser.get(reverse("recall", args=[recall.pk])))


def test_the_board_counts_the_overbooked_visits_to_come(
    client_for: ClientFor, scheduler_ana: User, navigator_nia: User, manager_mo: User, shadyside: Site, room: Room
) -> None:
    _book(shadyside, scheduler_ana, room)
    recall = _book(shadyside, navigator_nia, room, reason="Result of 5.", overbook=True)
    (line,) = [line for line in get_board(manager_mo, _outside()).work_items if "Overbooked" in line.label]
    assert line.count == 1
    listed = client_for(manager_mo).get(line.url)
    assert listed.context["cl"].result_count == 1
    actions.cancel_appointment(recall, by=scheduler_ana)
    (line,) = [line for line in get_board(manager_mo, _outside()).work_items if "Overbooked" in line.label]
    assert line.count == 0


def test_a_visit_moved_to_a_free_time_is_overbooked_no_more(
    scheduler_ana: User, navigator_nia: User, shadyside: Site, room: Room
) -> None:
    _book(shadyside, scheduler_ana, room)
    recall = _book(shadyside, navigator_nia, room, reason="Result of 5.", overbook=True)
    actions.reschedule(recall, Slot(shadyside, _at(shadyside, 10), room=room), by=scheduler_ana)
    visit = recall.appointments.get()
    assert (visit.overbooked, visit.time_reason) == (False, "")


def test_a_time_that_is_overbooked_is_not_offered(
    client_for: ClientFor, scheduler_ana: User, navigator_nia: User, shadyside: Site, room: Room
) -> None:
    first = _book(shadyside, scheduler_ana, room)
    _book(shadyside, navigator_nia, room, reason="Result of 5.", overbook=True)
    actions.cancel_appointment(first, by=scheduler_ana)
    page = client_for(scheduler_ana).get(reverse("step", args=[first.pk, "book_appointment"]))
    assert f"{room.pk}@2026-11-25T09:00-05:00" not in page_text(page)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("minutes_later", [0, 30])
@pytest.mark.parametrize("round_", range(ROUNDS))
def test_of_two_who_book_one_time_at_once_the_one_who_may_overbook_is_marked_or_first(
    round_: int, minutes_later: int, scheduler_ana: User, navigator_nia: User, shadyside: Site, room: Room
) -> None:
    """Whoever comes first: never are there two visits in one room of which none is marked."""
    recalls = [
        Recall.objects.select_related("site", "patient", "exam").get(pk=RecallFactory.create(site=shadyside).pk)
        for _ in range(2)
    ]
    plain = Slot(shadyside, _at(shadyside, 9), room=room)
    start = _at(shadyside, 9) + timedelta(minutes=minutes_later)
    over = Slot(shadyside, start, room=room, reason="Result of 5.", overbook=True)
    results = run_concurrently(
        lambda: actions.book_appointment(recalls[0], plain, by=scheduler_ana),
        lambda: actions.book_appointment(recalls[1], over, by=navigator_nia),
    )
    assert isinstance(results[1], RecallEvent)
    marks = sorted(Appointment.objects.filter(room=room).values_list("overbooked", flat=True))
    assert marks == ([False, True] if isinstance(results[0], RecallEvent) else [False])
