"""How do the browser tests sign in, look for barriers and walk by keyboard alone?"""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from clinic.models import User

PASSWORD = "correct-horse-battery"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RULES = {"runOnly": {"type": "tag", "values": TAGS}}


@pytest.fixture
def sign_in(page: Page, live_server: LiveServer) -> Callable[[User], Page]:
    """Through the real page, with a password of her own."""

    def through_the_door(user: User) -> Page:
        user.set_password(PASSWORD)
        user.save()
        page.goto(f"{live_server.url}/sign-in/")
        page.fill("[name=username]", user.username)
        page.fill("[name=password]", PASSWORD)
        page.press("[name=password]", "Enter")
        page.wait_for_load_state()
        assert "/sign-in/" not in page.url
        return page

    return through_the_door


def barriers(page: Page) -> list[str]:
    """What axe finds on the page as it stands, in words."""
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{rule['id']}: {node['target']} {node['failureSummary']}" for rule in found for node in rule["nodes"]]


def too_wide(page: Page) -> bool:
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
