"""The sign-in of a house for tests: a real OpenID Connect provider in a process of its own."""

import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from tests.support.processes import free_port, run_process, wait_until

CLIENT_ID = "recalldesk"


@pytest.fixture(scope="module")
def provider_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    command = ("-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port))
    with run_process(command, dict(os.environ), tmp_path_factory.mktemp("provider") / "log"):
        url = f"http://127.0.0.1:{port}"
        assert wait_until(lambda: _answers(f"{url}/.well-known/openid-configuration"), seconds=60)
        yield url


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.ConnectionError:
        return False


@pytest.fixture
def house(settings: Settings, provider_url: str) -> str:
    """The settings of the house's sign-in; its address."""
    settings.SSO_NAME = "Sample Hospital"
    app = {"provider_id": "sso", "name": "Sample Hospital", "client_id": CLIENT_ID, "secret": "sample"}
    app["settings"] = {"server_url": provider_url}  # type: ignore[assignment]
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}
    return provider_url


def set_person(provider_url: str, subject: str, **claims: Any) -> None:
    answer = requests.put(f"{provider_url}/users/{subject}", json={"sub": subject, **claims}, timeout=10)
    assert answer.status_code < 300, answer.text


def leave(browser: Client, address: str = "") -> str:
    """The button on the sign-in page; the provider's address that the browser is sent to."""
    page = browser.get(address or reverse("sign_in"))
    target = page.context["sso_url"]
    assert f'action="{target}"' in page.text
    leaving = browser.post(target, {"next": page.context["next"]})
    assert leaving.status_code == 200, leaving.text
    return str(leaving.context["address"])


def choose(away: str, subject: str) -> str:
    """At the provider this person is chosen; the address that the browser is sent back to."""
    back = requests.post(away, data={"sub": subject}, allow_redirects=False, timeout=10).headers["Location"]
    parts = urlsplit(back)
    return f"{parts.path}?{parts.query}"


def come_in(browser: Client, subject: str) -> Any:
    return browser.get(choose(leave(browser), subject))
