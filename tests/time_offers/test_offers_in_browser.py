"""Plays a held time in a browser: taken by one key at the desk, kept, moved and cancelled on a phone."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from clinic import calendar
from clinic.models import Site, User
from recalls.actions.time_offers.upkeep import tend_held_slots
from recalls.enums import AppointmentStatus, State, WorkItemKind
from recalls.models import Appointment, HeldSlot, Recall, SlotPolicy, WorkItem
from recalls.testing.factories import RecallFactory, RoomFactory
from tests.browser.conftest import sign_in
from tests.portal.conftest import make_link

__all__ = ["sign_in"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "java_script_enabled": False}


@pytest.fixture
def held(shadyside: Site) -> Recall:
    """Two whole days ahead something is free, whatever day the tests run."""
    SlotPolicy.objects.create(site=shadyside, holds_slots=True, self_booking=True)
    RoomFactory.create(site=shadyside)
    recall: Recall = RecallFactory.create(site=shadyside)
    assert tend_held_slots()["held"] == 1
    return recall


@pytest.fixture
def phone(browser: Browser, live_server: LiveServer, held: Recall) -> Iterator[Page]:
    """The patient's page, opened by link and birth date."""
    context = browser.new_context(**PHONE)
    page, born = context.new_page(), held.patient.birth_date
    page.goto(live_server.url + make_link(held.patient))
    page.get_by_label("Month").fill(str(born.month))
    page.get_by_label("Day", exact=True).fill(str(born.day))
    page.get_by_label("Year").fill(str(born.year))
    page.get_by_role("button", name="Show my page").click()
    yield page
    context.close()


def _fits(page: Page) -> None:
    for width in (320, 360, 1280):
        page.set_viewport_size({"width": width, "height": 740})
        assert page.locator("html").evaluate("one => one.scrollWidth") <= width
    page.set_viewport_size({"width": 360, "height": 740})


def test_a_patient_keeps_moves_and_cancels_on_a_phone_without_scripts(phone: Page, held: Recall) -> None:
    expect(phone.get_by_text("We hold a time for your next visit.")).to_be_visible()
    _fits(phone)
    phone.get_by_role("button", name="Keep this time").click()
    expect(phone.get_by_text("Your visit is booked.")).to_be_visible()
    first = Appointment.objects.get()
    assert first.starts_at == HeldSlot.objects.get().starts_at
    phone.get_by_role("link", name="I need another time").click()
    _fits(phone)
    phone.locator("input[name=slot]").nth(2).check()
    phone.get_by_role("button", name="Move my visit to this time").click()
    moved = Appointment.objects.get()
    assert (moved.sequence, moved.starts_at > first.starts_at) == (1, True)
    phone.get_by_role("link", name="I cannot come").click()
    _fits(phone)
    phone.get_by_label("I have no ride").check()
    phone.get_by_role("button", name="Cancel my visit").click()
    expect(phone.get_by_text("Your visit is cancelled.")).to_be_visible()
    assert Appointment.objects.get().status == AppointmentStatus.CANCELLED
    assert WorkItem.objects.get(done_at=None).kind == WorkItemKind.BARRIER


def test_the_desk_takes_the_held_time_by_one_key_and_undoes_it(
    sign_in: Callable[[User], Page], live_server: LiveServer, scheduler_ana: User, held: Recall
) -> None:
    page = sign_in(scheduler_ana)
    page.goto(f"{live_server.url}/recalls/{held.pk}/")
    expect(page.get_by_text("Held for this patient:")).to_be_visible()
    found = Axe().run(page).response["violations"]
    assert [f"{fault['id']}: {node['html']}" for fault in found for node in fault["nodes"]] == []
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.keyboard.press("t")
    page.wait_for_url(lambda url: f"/recalls/{held.pk}/" not in url or "book" not in url)
    expect(page.locator("form.undo button")).to_be_visible()
    held.refresh_from_db()
    assert held.state == State.SCHEDULED
    day = calendar.local_day(held.site, Appointment.objects.get().starts_at)
    assert day >= calendar.today(held.site) + timedelta(days=2)
