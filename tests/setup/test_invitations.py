"""A new colleague has a role, a site and an invitation that works once."""

from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from clinic.factories import UserFactory
from clinic.models import Site, User
from clinic.roles import Role, get_roles

pytestmark = pytest.mark.django_db
PASSWORD = "eleven slow rivers"


@pytest.fixture
def ada(shadyside: Site) -> Client:
    """An administrator who has just signed in with the password."""
    UserFactory.create(username="ada", role=Role.ADMINISTRATOR, sites=[shadyside], password=PASSWORD)
    browser = Client()
    browser.post(reverse("sign_in"), {"username": "ada", "password": PASSWORD})
    return browser


def _add(browser: Client, site: Site, **typed: Any) -> Any:
    form = {
        "first_name": "Sol", "last_name": "Example-Sage", "email": "", "username": "sol", "roles": ["scheduler"],
        "sites": [site.pk], **typed,
    }  # fmt: skip
    return browser.post(reverse("setup_staff"), form)


def _choose_password(link: str, browser: Client) -> Any:
    path = "/" + link.split("/", 3)[3]
    page: Any = browser.get(path, follow=True)
    if not page.context["validlink"]:
        return None
    typed = {"new_password1": PASSWORD, "new_password2": PASSWORD}
    return browser.post(page.redirect_chain[-1][0], typed, follow=True)


def test_the_link_lets_a_colleague_choose_a_password_once(ada: Client, shadyside: Site) -> None:
    link = _add(ada, shadyside).context["link"]
    colleague = User.objects.get(username="sol")
    assert get_roles(colleague) == frozenset({Role.SCHEDULER})
    assert colleague.site_ids == frozenset({shadyside.pk})
    browser = Client()
    assert _choose_password(link, browser).redirect_chain[-1][0] == reverse("queue")
    assert User.objects.get(username="sol").check_password(PASSWORD)
    assert _choose_password(link, Client()) is None


@pytest.mark.parametrize("missing", ["roles", "sites"])
def test_nobody_is_added_without_a_role_and_a_site(missing: str, ada: Client, shadyside: Site) -> None:
    page = _add(ada, shadyside, **{missing: []})
    assert page.context["form"].errors[missing]
    assert not User.objects.filter(username="sol").exists()


def test_the_invitation_goes_by_mail_where_there_is_an_address(
    ada: Client, shadyside: Site, settings: Settings
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    answer = _add(ada, shadyside, email="sol@example.org")
    assert answer.status_code == 200
    links = [message for message in mail.outbox if "/setup/invitation/" in message.body]
    assert [message.to for message in links] == [["sol@example.org"]]
    assert "/setup/invitation/" not in answer.text  # nobody else is shown it


def test_nobody_is_put_at_a_site_of_others(ada: Client, shadyside: Site, foothills: Site) -> None:
    page = _add(ada, foothills)
    assert page.context["form"].errors["sites"]


def test_only_who_has_never_signed_in_is_invited_again(ada: Client, shadyside: Site, foothills: Site) -> None:
    browser = ada
    _add(browser, shadyside)
    again = browser.post(reverse("setup_invite_again", args=[User.objects.get(username="sol").pk]))
    assert again.context["link"]
    working = UserFactory.create(sites=[shadyside], password=PASSWORD)
    Client().force_login(working)
    elsewhere = UserFactory.create(sites=[foothills])
    for colleague in (working, elsewhere):
        assert browser.post(reverse("setup_invite_again", args=[colleague.pk])).status_code == 404
