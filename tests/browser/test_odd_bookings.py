"""The odd bookings of a morning, each in five clicks or fewer: walk-in, two parts, wrong slot, mobile unit, earlier."""

from collections.abc import Callable
from datetime import time, timedelta

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from clinic import calendar
from clinic.models import OpeningHours, Site, User
from recalls import actions
from recalls.actions import Slot
from recalls.enums import Modality, State
from recalls.models import Recall, Room, RoomStop
from recalls.scheduling import slots
from recalls.testing.factories import RecallFactory, RoomFactory
from tests.browser.conftest import MOST_CLICKS, Clicks, axe_violations, has_horizontal_scroll

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SignIn = Callable[[User], Page]


@pytest.fixture
def room(shadyside: Site) -> Room:
    """Staffed around the clock on each day of the week, so that the day and hour of the test run do not matter."""
    cache.clear()
    OpeningHours.objects.filter(site=shadyside).delete()
    room: Room = RoomFactory.create(site=shadyside, name="Mammography 1")
    room.hours.all().delete()
    for weekday in range(7):
        OpeningHours.objects.create(site=shadyside, weekday=weekday, opens=time(0), closes=time(23, 59))
        room.hours.create(weekday=weekday, opens=time(0), closes=time(23, 59))
    return room


def _booked(site: Site, by: User, room: Room, number: int) -> Recall:
    recall = RecallFactory.create(site=site)
    today = calendar.local_day(site, timezone.now())
    free = list(slots.iter_free_slots(site, [room], 60, today + timedelta(days=2), 30, timezone.now()))[number]
    actions.book_appointment(recall, Slot(site, free.starts_at, room=room), by=by)
    return recall


def _look(page: Page) -> None:
    assert not axe_violations(page)
    page.set_viewport_size({"width": 360, "height": 800})
    assert not has_horizontal_scroll(page)
    page.set_viewport_size({"width": 1280, "height": 800})


def test_a_walk_in_is_written_down_in_five_clicks_from_the_search(
    sign_in: SignIn, live_server: LiveServer, scheduler_ana: User, shadyside: Site, room: Room, clicks: Clicks
) -> None:
    recall = RecallFactory.create(site=shadyside)
    page = sign_in(scheduler_ana)
    page.fill("input[name=q]", recall.patient.mrn)
    clicks.click(page.get_by_role("button", name="Search"))
    clicks.click(page.locator(f'#main a[href*="/recalls/{recall.pk}/"]').first)
    clicks.click(page.get_by_role("link", name="Walk-in").first)
    _look(page)
    clicks.click(page.locator("form.step-form button[type=submit]"))
    page.wait_for_load_state()
    recall.refresh_from_db()
    assert (recall.state, recall.appointments.get().room) == (State.AWAITING_OUTCOME, room)
    assert clicks.count <= MOST_CLICKS


def test_pictures_and_then_ultrasound_are_booked_in_five_clicks_and_stand_on_the_card(
    sign_in: SignIn, live_server: LiveServer, scheduler_ana: User, shadyside: Site, room: Room, clicks: Clicks
) -> None:
    second = RoomFactory.create(site=shadyside, name="Ultrasound 1", modality=Modality.ULTRASOUND)
    recall = RecallFactory.create(site=shadyside)
    page = sign_in(scheduler_ana)
    page.goto(live_server.url + reverse("recall", args=[recall.pk]))
    clicks.click(page.get_by_role("link", name="Book visit").first)
    clicks.click(page.get_by_role("button", name="Add a second part: Ultrasound"))
    _look(page)
    clicks.click(page.locator("fieldset.times label", has_text="then").first)
    clicks.click(page.get_by_role("button", name="Book visit"))
    page.wait_for_load_state()
    assert recall.appointments.get().parts.get().room == second
    page.goto(live_server.url + reverse("recall", args=[recall.pk]))
    assert "Ultrasound 1" in page.get_by_role("region", name="Booked visit").inner_text()
    assert clicks.count <= MOST_CLICKS


def test_a_wrong_slot_is_corrected_in_five_clicks(
    sign_in: SignIn, live_server: LiveServer, scheduler_ana: User, shadyside: Site, room: Room, clicks: Clicks
) -> None:
    recall = _booked(shadyside, scheduler_ana, room, 4)
    was = recall.appointments.get().starts_at
    page = sign_in(scheduler_ana)
    page.goto(live_server.url + reverse("recall", args=[recall.pk]))
    expect(page.get_by_role("heading", name="Booked visit")).to_be_visible()
    _look(page)
    clicks.click(page.get_by_role("link", name="Move visit").first)
    _look(page)
    clicks.click(page.locator("fieldset.times label").nth(1))
    clicks.click(page.get_by_role("button", name="Move visit"))
    page.wait_for_load_state()
    visit = recall.appointments.get()
    assert (visit.sequence, visit.starts_at != was) == (1, True)
    assert "Booked: " in page.content()
    assert clicks.count <= MOST_CLICKS


def test_a_day_of_the_mobile_unit_is_booked_in_five_clicks_with_its_place(
    sign_in: SignIn, live_server: LiveServer, scheduler_ana: User, shadyside: Site, room: Room, clicks: Clicks
) -> None:
    Room.objects.filter(pk=room.pk).update(name="Mobile unit", is_mobile=True)
    day = calendar.next_open_day(shadyside, calendar.local_day(shadyside, timezone.now()) + timedelta(days=5))
    RoomStop.objects.create(
        room=room, day=day, opens=time(9), closes=time(15), place="Hillside Mall", address_line="5 Sample Road",
        city="Millvale",
    )  # fmt: skip
    recall = RecallFactory.create(site=shadyside)
    page = sign_in(scheduler_ana)
    page.goto(live_server.url + reverse("recall", args=[recall.pk]))
    clicks.click(page.get_by_role("link", name="Book visit").first)
    _look(page)
    clicks.click(page.locator("fieldset.times label", has_text="Hillside Mall").first)
    clicks.click(page.get_by_role("button", name="Book visit"))
    page.wait_for_load_state()
    assert recall.appointments.get().place.address_line == "5 Sample Road"
    assert "Hillside Mall, 5 Sample Road, Millvale" in page.content()
    assert clicks.count <= MOST_CLICKS


def test_who_waits_is_moved_to_a_freed_time_in_two_clicks(
    sign_in: SignIn, live_server: LiveServer, scheduler_ana: User, shadyside: Site, room: Room, clicks: Clicks
) -> None:
    recall = _booked(shadyside, scheduler_ana, room, 60)
    actions.ask_earlier(recall, by=scheduler_ana)
    page = sign_in(scheduler_ana)
    page.goto(live_server.url + reverse("appointments"))
    _look(page)
    clicks.click(page.get_by_role("link", name="Waiting for an earlier time"))
    _look(page)
    clicks.click(page.get_by_role("button", name="Move to this time"))
    page.wait_for_load_state()
    assert recall.appointments.get().sequence == 1
    page.goto(live_server.url + reverse("arrivals"))
    _look(page)
    assert clicks.count <= MOST_CLICKS
