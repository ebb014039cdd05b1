"""Fixtures of the browser tests: sign-in, accessibility check, walking by keyboard."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import Locator, Page
from pytest_django.live_server_helper import LiveServer

from clinic.models import User

PASSWORD = "correct-horse-battery"
MOST_CLICKS = 5  # for any odd happening of a morning
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
AXE_SCRIPT = Axe().axe_script
# Only what was found comes back: the whole report of a page takes longer to send than to write.
AXE_RUN_JS = """options => axe.run(document, options).then(report => report.violations.flatMap(rule =>
    rule.nodes.map(node => `${rule.id}: ${node.target} ${node.failureSummary}`)))"""


@pytest.fixture
def sign_in(page: Page, live_server: LiveServer) -> Callable[[User], Page]:
    """Straight to the first page, as one who came in before; the door itself is tried where scripts are off."""

    def come_in(user: User) -> Page:
        page.context.add_cookies([session_cookie(user, live_server)])
        page.goto(live_server.url)
        assert "/sign-in/" not in page.url
        return page

    return come_in


class Clicks:
    """Counts the clicks of one task, and stands for the limit of all."""

    def __init__(self) -> None:
        self.count = 0

    def click(self, target: Locator) -> None:
        self.count += 1
        assert self.count <= MOST_CLICKS, f"more than {MOST_CLICKS} clicks"
        target.click()


@pytest.fixture
def clicks() -> Clicks:
    return Clicks()


def session_cookie(user: User, live_server: LiveServer) -> Any:
    """What a browser keeps of somebody who has signed in."""
    browser = Client()
    browser.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    return {"name": name, "value": browser.cookies[name].value, "url": live_server.url}


def axe_violations(page: Page, only: Sequence[str] = ()) -> list[str]:
    """What axe finds on the page as it stands, in words; by all its rules or these only."""
    page.wait_for_load_state()  # a click is over as soon as the next page begins to arrive
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    chosen = {"type": "rule", "values": list(only)} if only else {"type": "tag", "values": AXE_TAGS}
    # A frame holds an email as it leaves, checked by the tests of emails; asking it for an answer waits half a second.
    options = {"runOnly": chosen, "resultTypes": ["violations"], "iframes": False}
    found: list[str] = page.evaluate(AXE_RUN_JS, options)
    return found


def has_horizontal_scroll(page: Page) -> bool:
    """Whether the page must be scrolled sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the focus is there, as a person without a mouse does."""
    target = page.locator(selector).first
    for _ in range(150):
        page.keyboard.press("Tab")
        if target.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"{selector} cannot be reached by keyboard")
