"""Booking, working through a day and closing a day, with and without scripts."""

from collections.abc import Callable, Iterator

import pytest
from django.core.cache import cache
from django.urls import reverse
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from clinic.models import Site, User
from recalls.enums import AppointmentStatus, State
from recalls.models import Room
from recalls.testing.factories import RecallFactory, RoomFactory
from tests.browser.conftest import PASSWORD, tab_to

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SignIn = Callable[[User], Page]
SIZES = ({"width": 1280, "height": 900}, {"width": 640, "height": 450}, {"width": 360, "height": 800})


@pytest.fixture
def rooms(shadyside: Site) -> list[Room]:
    cache.clear()
    return [RoomFactory.create(site=shadyside, name=name) for name in ("Mammography 1", "Mammography 2")]


@pytest.fixture
def without_scripts(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_a_visit_is_booked_by_keyboard(
    sign_in: SignIn, live_server: LiveServer, scheduler_ana: User, shadyside: Site, rooms: list[Room]
) -> None:
    recall = RecallFactory.create(site=shadyside)
    page = sign_in(scheduler_ana)
    page.goto(live_server.url + reverse("step", args=[recall.pk, "book_appointment"]))
    tab_to(page, "input[name=slot]")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    recall.refresh_from_db()
    assert recall.state == State.SCHEDULED
    assert recall.appointments.get().room in rooms


def test_a_visit_is_booked_from_the_week_and_confirmed_without_a_script(
    without_scripts: Page, live_server: LiveServer, scheduler_ana: User, shadyside: Site, rooms: list[Room]
) -> None:
    recall, page = RecallFactory.create(site=shadyside), without_scripts
    scheduler_ana.set_password(PASSWORD)
    scheduler_ana.save()
    page.goto(f"{live_server.url}/sign-in/")
    page.fill("[name=username]", scheduler_ana.username)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.goto(live_server.url + reverse("step", args=[recall.pk, "book_appointment"]))
    page.get_by_role("link", name="Week", exact=True).click()
    page.get_by_role("link", name="Later week").click()
    page.locator("table.week label").first.click()
    page.get_by_role("button", name="Book visit").click()
    visit = recall.appointments.get()
    local = visit.starts_at.astimezone(shadyside.zone)
    page.goto(f"{live_server.url}{reverse('appointments')}?day={local.date()}")
    page.get_by_role("button", name="Confirmed").click()
    visit.refresh_from_db()
    assert visit.status == AppointmentStatus.CONFIRMED
    assert page.url.endswith(f"#visit-{visit.pk}")
