"""What the booking page offers at a glance, and what is said and shown once a visit is booked."""

from datetime import UTC, datetime, time
from typing import Any

import pytest
import time_machine
from django.urls import reverse

from clinic import calendar
from clinic.models import OpeningHours, Site, User
from recalls import actions
from recalls.actions import Slot
from recalls.enums import Modality
from recalls.models import Recall, Room
from recalls.testing.factories import RecallFactory, RoomFactory
from tests.desk.conftest import ClientFor, StepFormClient, client_for, page_text

__all__ = ["client_for"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_at_tuesday_morning")]
SATURDAY = datetime(2026, 11, 28, 15, 0, tzinfo=UTC)


def _get_page(at: ClientFor, user: User, recall: Recall, **asked: str) -> Any:
    return at(user).get(reverse("step", args=[recall.pk, "book_appointment"]), asked)


def test_the_list_shows_three_days_by_morning_and_afternoon_and_more_on_request(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    RoomFactory.create(site=shadyside, hours=(time(11), time(14)))
    page = _get_page(client_for, scheduler_ana, RecallFactory.create(site=shadyside))
    shown = [(day.text, [(part, len(choices)) for part, choices in day.parts]) for day in page.context["days"]]
    assert shown == [
        ("Tue 24 Nov", [("Morning", 2), ("Afternoon", 3)]),
        ("Wed 25 Nov", [("Morning", 2), ("Afternoon", 3)]),
        ("Mon 30 Nov", [("Morning", 2), ("Afternoon", 3)]),
    ]
    later = client_for(scheduler_ana).get(page.context["next_url"])
    assert [day.text for day in later.context["days"]] == ["Tue 1 Dec", "Wed 2 Dec", "Thu 3 Dec"]


def test_who_can_only_come_in_the_afternoon_is_shown_afternoons_only(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    RoomFactory.create(site=shadyside, hours=(time(11), time(14)))
    recall = RecallFactory.create(site=shadyside)
    page = _get_page(client_for, scheduler_ana, recall, part="afternoon")
    assert [part for day in page.context["days"] for part, _choices in day.parts] == ["Afternoon"] * 3
    assert "part=afternoon" in page.context["next_url"]
    week = _get_page(client_for, scheduler_ana, recall, part="morning", view="week").context["week"]
    assert [clock for clock, _cells in week.rows] == ["11:00 am", "11:30 am"]


def test_a_choice_names_the_room_only_where_the_user_asked_for_one(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    rooms = [RoomFactory.create(site=shadyside, name=name) for name in ("Mammo 1", "Mammo 2")]
    recall = RecallFactory.create(site=shadyside)
    shown = 'aria-hidden="true">Mammo 2</span>'
    assert shown not in _get_page(client_for, scheduler_ana, recall).content.decode()
    asked = _get_page(client_for, scheduler_ana, recall, room=str(rooms[1].pk)).content.decode()
    assert shown in asked


def test_on_a_weekend_the_week_opens_on_the_first_week_with_a_free_time(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site, room: Room
) -> None:
    recall = RecallFactory.create(site=shadyside)
    with time_machine.travel(SATURDAY, tick=False):
        page = _get_page(client_for, scheduler_ana, recall, view="week")
    assert page.context["week"].title == "Week of Mon 30 Nov"
    assert page.context["week"].rows


def test_the_next_open_day_is_the_next_day_on_which_a_room_is_staffed(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site, room: Room
) -> None:
    OpeningHours.objects.create(site=shadyside, weekday=6, opens=time(8), closes=time(17))
    with time_machine.travel(SATURDAY, tick=False):
        page = client_for(scheduler_ana).get(reverse("appointments_tomorrow"))
        assert page.context["day_words"] == "Mon 30 Nov"
        sunday = calendar.instant(shadyside, datetime(2026, 11, 29).date(), time(11))
        actions.book_appointment(RecallFactory.create(site=shadyside), Slot(shadyside, sunday), by=scheduler_ana)
        page = client_for(scheduler_ana).get(reverse("appointments_tomorrow"))
        assert page.context["day_words"] == "Sun 29 Nov", "a visit with a typed time is not passed over"


@pytest.mark.parametrize(
    ("traits", "slot", "said"),
    [
        ({}, "2026-11-30T08:00-05:00", "Confirmation goes by email."),
        ({"patient__no_email": True}, "2026-11-30T08:00-05:00", "Confirmation goes by letter: call the patient too."),
        ({}, "2026-11-24T10:30-05:00", "Confirmation goes by email."),
    ],
)
def test_after_booking_the_page_says_who_comes_when_and_where(
    traits: dict[str, bool], slot: str, said: str, client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    room = RoomFactory.create(site=shadyside, name="Mammography 1")
    recall = RecallFactory.create(patient__site=shadyside, **traits)
    browser = client_for(scheduler_ana)
    answer = StepFormClient(browser, recall, "book_appointment").send(slot=f"{room.pk}@{slot}", kind="diagnostic")
    text = page_text(browser.get(answer.headers["Location"]))
    local = datetime.fromisoformat(slot)
    clock = f"{local:%a} {local.day} {local:%b}, {local.hour}:{local:%M} am"
    assert f"{recall.patient.full_name}:</strong> Booked: {clock}, Mammography 1. {said}" in text


def test_a_visit_too_soon_for_a_message_is_told_by_the_scheduler(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    room = RoomFactory.create(site=shadyside, name="Mammography 1")
    OpeningHours.objects.create(site=shadyside, weekday=5, opens=time(7), closes=time(17))
    room.hours.create(weekday=5, opens=time(7), closes=time(9))
    recall, browser = RecallFactory.create(site=shadyside), client_for(scheduler_ana)
    with time_machine.travel(datetime(2026, 11, 28, 11, 0, tzinfo=UTC), tick=False):
        browser = client_for(scheduler_ana)
        slot = f"{room.pk}@2026-11-28T07:30-05:00"
        answer = StepFormClient(browser, recall, "book_appointment").send(slot=slot, kind="diagnostic")
        assert "too soon for a written confirmation" in page_text(browser.get(answer.headers["Location"]))


def test_the_recalls_page_shows_the_booked_visit_with_room_length_place_and_zone(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site, foothills: Site
) -> None:
    scheduler_ana.sites.add(foothills)
    room = RoomFactory.create(site=foothills, name="Denver 1", modality=Modality.MAMMOGRAPHY)
    recall = RecallFactory.create(patient__site=shadyside, patient__spanish_speaker=True)
    browser, address = client_for(scheduler_ana), reverse("recall", args=[recall.pk])
    assert "Booked visit" not in page_text(browser.get(address))
    starts_at = calendar.instant(foothills, datetime(2026, 11, 30).date(), time(9))
    slot = Slot(foothills, starts_at, length_minutes=75, interpreter=True, implants=True, room=room)
    actions.book_appointment(recall, slot, by=scheduler_ana)
    text = page_text(browser.get(address))
    for shown in ("Mon 30 Nov, 9:00 am", "75 minutes", "Denver 1", foothills.name, "America/Denver", "Interpreter"):
        assert shown in text
    actions.cancel_appointment(recall, by=scheduler_ana)
    assert "Booked visit" not in page_text(browser.get(address))
