"""A passkey is added and lets its owner in, in a browser with an authenticator of its own."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from clinic.factories import UserFactory
from clinic.models import Site
from clinic.roles import Role

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PASSWORD = "eleven slow rivers"


@pytest.fixture
def page_with_key(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    yield page
    context.close()


def _give_password(page: Page, address: str) -> None:
    page.goto(address)
    page.fill("[name=username]", "ana")
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def test_a_passkey_is_the_second_factor(page_with_key: Page, live_server: LiveServer, shadyside: Site) -> None:
    UserFactory.create(username="ana", role=Role.SCHEDULER, sites=[shadyside], password=PASSWORD)
    page, home = page_with_key, live_server.url.replace("127.0.0.1", "localhost")
    _give_password(page, f"{home}/sign-in/")
    page.wait_for_url("**/queue/")
    page.goto(f"{home}/second-factor/webauthn/add/")
    page.get_by_role("button", name="Add the key").click()
    page.wait_for_url("**/recovery-codes/")
    page.context.clear_cookies()
    _give_password(page, f"{home}/sign-in/")
    page.wait_for_url("**/second-factor/authenticate/")
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/queue/")
