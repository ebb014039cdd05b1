"""Tests reading, stopping and sending messages in a real browser, with the accessibility checker."""

import pytest
import time_machine
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from clinic.models import Site, User
from notifications.delivery.worker import send_due
from notifications.enums import NotificationKind
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from tests.notifications.clock import latest_notification

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def recall(shadyside: Site) -> Recall:
    """With a confirmation that was sent and reminders to come."""
    recall: Recall = RecallFactory.create(site=shadyside, patient__email="testa.oak@example.org", booked=True)
    with time_machine.travel(latest_notification(recall, NotificationKind.APPOINTMENT_CONFIRMATION).due_at, tick=False):
        send_due(5)
    return recall


@pytest.fixture
def desk(page: Page, live_server: LiveServer, scheduler_ana: User) -> Page:
    browser = Client()
    browser.force_login(scheduler_ana)
    session = browser.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    return page


def _faults(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{fault['id']}: {node['html']}" for fault in found for node in fault["nodes"]]


def test_a_scheduler_stops_a_reminder_and_the_checker_finds_nothing(
    desk: Page, live_server: LiveServer, recall: Recall
) -> None:
    complaints: list[str] = []
    desk.on("console", lambda message: complaints.append(message.text))
    faults: dict[str, list[str]] = {}
    desk.goto(live_server.url + reverse("recall", args=[recall.pk]))
    desk.get_by_role("link", name="All messages, also those to come").click()
    faults["list"] = _faults(desk)
    desk.get_by_role("link", name="Visit reminder").first.click()
    desk.get_by_label("Reason").fill("The patient asked us to.")
    faults["to come"] = _faults(desk)
    desk.get_by_role("button", name="Stop this message").click()
    desk.get_by_text("Somebody at the clinic stopped it.").wait_for()
    sent = latest_notification(recall, NotificationKind.APPOINTMENT_CONFIRMATION)
    desk.goto(live_server.url + reverse("message", args=[sent.pk]))
    expect(desk.get_by_role("heading", name="As it was sent")).to_be_visible()
    faults["sent"] = _faults(desk)
    desk.goto(live_server.url + reverse("message_new", args=[recall.pk]))
    faults["by hand"] = _faults(desk)
    desk.frame_locator("iframe").get_by_text("We would like to talk with you").wait_for()
    assert {where: found for where, found in faults.items() if found} == {}
    # The checker speaks to the message's frame, which answers nobody.
    assert [one for one in complaints if "postMessage" not in one] == []
