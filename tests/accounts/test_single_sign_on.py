"""Single sign-on with a real provider on this machine: it says who comes and in which groups."""

import os
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from clinic.accounts.models import SecurityEvent
from clinic.factories import UserFactory
from clinic.models import Site, User
from clinic.roles import Role, get_roles
from tests.support.processes import free_port, run_process, wait_until

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def provider_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A process of its own, as the sign-in of a house is."""
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


@pytest.fixture(autouse=True)
def _sign_in_at_the_house(settings: Settings, provider_url: str) -> None:
    settings.SSO_NAME = "Sample Hospital"
    settings.SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {
            "OAUTH_PKCE_ENABLED": True,
            "APPS": [
                {
                    "provider_id": "sso", "name": "Sample Hospital", "client_id": "recalldesk", "secret": "sample",
                    "settings": {"server_url": provider_url},
                }
            ],
        }
    }  # fmt: skip


def _person(provider_url: str, subject: str, **claims: Any) -> None:
    answer = requests.put(f"{provider_url}/users/{subject}", json={"sub": subject, **claims}, timeout=10)
    assert answer.status_code < 300, answer.text


def _come_in(browser: Client, subject: str) -> Any:
    """From the link on the sign-in page to the provider, where this person is chosen, and back."""
    page = browser.get(reverse("sign_in"))
    link = page.context["sso_url"]
    assert link in page.text
    away = browser.get(link).headers["Location"]
    back = requests.post(away, data={"sub": subject}, allow_redirects=False, timeout=10).headers["Location"]
    parts = urlsplit(back)
    return browser.get(f"{parts.path}?{parts.query}")


def _map(settings: Settings, **groups: str) -> None:
    settings.SSO_GROUPS = {name.replace("_", "-"): role for name, role in groups.items()}


def _roles(names: Sequence[Role], user: User) -> bool:
    return set(get_roles(User.objects.get(pk=user.pk))) == set(names)


def test_an_account_is_found_by_a_verified_address_and_then_by_the_person(
    client: Client, provider_url: str, scheduler_ana: User
) -> None:
    _person(provider_url, "u1", email="ana@example.org", email_verified=True)
    assert _come_in(client, "u1").status_code == 302
    assert client.get(reverse("queue")).status_code == 200
    _person(provider_url, "u1", email="ana.new@example.org", email_verified=True)
    again = Client()
    assert _come_in(again, "u1").status_code == 302
    assert again.get(reverse("queue")).status_code == 200


def test_an_address_that_the_provider_did_not_verify_opens_no_account(
    client: Client, provider_url: str, scheduler_ana: User
) -> None:
    _person(provider_url, "u2", email="ana@example.org", email_verified=False)
    assert _come_in(client, "u2").status_code == 403
    assert client.get(reverse("queue")).status_code == 302
    assert SecurityEvent.objects.filter(detail__startswith="single sign-on").exists()


def test_nobody_makes_an_account_by_signing_in_where_groups_are_not_mapped(client: Client, provider_url: str) -> None:
    UserFactory.create(username="first")
    _person(provider_url, "u3", email="eve@example.org", email_verified=True)
    assert _come_in(client, "u3").status_code == 403
    assert User.objects.count() == 1


def test_roles_follow_the_groups_of_the_directory_and_what_was_open_ends(
    client: Client, provider_url: str, scheduler_ana: User, settings: Settings
) -> None:
    _map(settings, recall_schedulers="scheduler", recall_navigators="navigator")
    _person(provider_url, "u4", email="ana@example.org", email_verified=True, groups=["recall-schedulers", "staff"])
    _come_in(client, "u4")
    assert _roles([Role.SCHEDULER], scheduler_ana)
    _person(provider_url, "u4", email="ana@example.org", email_verified=True, groups=["recall-navigators"])
    later = Client()
    _come_in(later, "u4")
    assert _roles([Role.NAVIGATOR], scheduler_ana)
    assert client.get(reverse("queue")).status_code == 302
    assert later.get(reverse("queue")).status_code == 200


def test_somebody_new_of_a_mapped_group_has_the_role_and_sees_no_patient_before_a_site_is_given(
    client: Client, provider_url: str, settings: Settings, shadyside: Site
) -> None:
    UserFactory.create(username="first")
    _map(settings, recall_schedulers="scheduler")
    _person(provider_url, "u5", email="sol@example.org", preferred_username="sol", groups=["recall-schedulers"])
    assert _come_in(client, "u5").status_code == 302
    sol = User.objects.get(username="sol")
    assert _roles([Role.SCHEDULER], sol)
    assert not sol.sites.exists()


def test_whoever_is_in_no_mapped_group_does_not_come_in(
    client: Client, provider_url: str, scheduler_ana: User, settings: Settings
) -> None:
    _map(settings, recall_schedulers="scheduler")
    _person(provider_url, "u6", email="ana@example.org", email_verified=True, groups=["kitchen"])
    assert _come_in(client, "u6").status_code == 403
    assert _roles([Role.SCHEDULER], scheduler_ana)


def test_an_ended_account_does_not_come_in_either(client: Client, provider_url: str, scheduler_ana: User) -> None:
    User.objects.filter(pk=scheduler_ana.pk).update(is_active=False)
    _person(provider_url, "u7", email="ana@example.org", email_verified=True)
    assert _come_in(client, "u7").status_code == 403
    assert client.get(reverse("queue")).status_code == 302


def test_without_the_settings_the_sign_in_page_offers_no_such_way(client: Client, settings: Settings) -> None:
    settings.SSO_NAME = ""
    UserFactory.create(username="first")
    assert not client.get(reverse("sign_in")).context["sso_url"]
