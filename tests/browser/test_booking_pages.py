"""Booking, working through a day and closing a day, with and without scripts."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.urls import reverse
from playwright.sync_api import Browser, BrowserType, Page
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


# The part of the focused control, or of its label where that is what is seen, that lies beneath the bar.
HIDDEN_BENEATH_JS = """bar => {
    const at = document.activeElement, seen = at.classList.contains("btn-check") ? at.labels[0] : at;
    return Math.max(0, seen.getBoundingClientRect().bottom - document.querySelector(bar).getBoundingClientRect().top);
}"""


def test_the_time_gone_to_by_keyboard_is_never_beneath_the_bar_that_books_it(
    sign_in: SignIn, live_server: LiveServer, scheduler_ana: User, shadyside: Site, rooms: list[Room]
) -> None:
    recall = RecallFactory.create(site=shadyside)
    page = sign_in(scheduler_ana)
    page.emulate_media(reduced_motion="reduce")  # it scrolls at once
    for size in SIZES[:2]:
        page.set_viewport_size(size)  # type: ignore[arg-type]
        page.goto(live_server.url + reverse("step", args=[recall.pk, "book_appointment"]))
        for _ in range(page.locator("[name=slot]").count()):
            page.keyboard.press("j")
            assert page.evaluate(HIDDEN_BENEATH_JS, ".book-bar") == 0, f"{size}: {page.evaluate('scrollY')}"
        assert page.evaluate("scrollY") > 0, "too few times to try it"


def test_the_row_gone_to_by_keyboard_is_never_beneath_the_bar_of_the_selected_rows(
    sign_in: SignIn, live_server: LiveServer, scheduler_ana: User, shadyside: Site
) -> None:
    for _ in range(8):
        RecallFactory.create(site=shadyside)
    page = sign_in(scheduler_ana)
    page.emulate_media(reduced_motion="reduce")
    page.set_viewport_size(SIZES[1])  # type: ignore[arg-type]
    page.goto(live_server.url + reverse("queue"))
    page.locator("[name=recall]").first.check()
    for _ in range(8):
        page.keyboard.press("j")
        assert page.evaluate(HIDDEN_BENEATH_JS, ".bulk-bar") == 0
    assert page.evaluate("scrollY") > 0, "too few rows to try it"


def test_nothing_moves_aside_when_a_page_grows_longer_than_the_window(
    browser_type: BrowserType, browser_type_launch_args: dict[str, Any], live_server: LiveServer
) -> None:
    shows_scroll_bars = {"ignore_default_args": ["--hide-scrollbars"], **browser_type_launch_args}
    with browser_type.launch(**shows_scroll_bars) as browser:
        page = browser.new_page(viewport={"width": 1350, "height": 940})
        page.goto(f"{live_server.url}/sign-in/")
        width = "document.querySelector('header').getBoundingClientRect().width"
        short = page.evaluate(f"document.querySelector('main').style.display = 'none', {width}")
        page.evaluate("document.body.style.minHeight = '3000px'")
        assert page.evaluate("document.documentElement.clientWidth") < 1350, "no scroll bar is shown"
        assert page.evaluate(width) == short


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
