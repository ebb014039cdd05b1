"""Tests that a link in a mail of the demo inbox opens in a tab of its own."""

from pathlib import Path

import pytest
import time_machine
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from clinic.models import Site, User
from notifications.delivery.worker import send_due
from notifications.enums import NotificationKind
from recalls.testing.factories import RecallFactory
from tests.notifications.clock import latest_notification

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_large_button_of_a_mail_opens_the_patients_page_and_the_inbox_stays(
    page: Page, live_server: LiveServer, settings: LazySettings, tmp_path: Path, shadyside: Site, scheduler_ana: User
) -> None:
    settings.EMAIL_BACKEND = "notifications.backends.maildir.EmailBackend"
    settings.MAIL_INBOX_DIR = tmp_path / "mail"
    settings.PUBLIC_URL = live_server.url
    shadyside.page_link = True
    shadyside.save()
    recall = RecallFactory.create(site=shadyside, booked=True)
    with time_machine.travel(latest_notification(recall, NotificationKind.APPOINTMENT_CONFIRMATION).due_at, tick=False):
        send_due(5)
    browser = Client()
    browser.force_login(scheduler_ana)
    session = browser.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    (path,) = (Path(settings.MAIL_INBOX_DIR) / "new").iterdir()
    page.goto(live_server.url + reverse("inbox_message", args=[path.name]))
    with page.expect_popup() as opened:
        page.frame_locator("iframe").get_by_role("link", name="Open my page").click()
    opened.value.get_by_text("Please confirm that it is you").first.wait_for()
    expect(page.get_by_role("heading", name="As a page")).to_be_visible()
