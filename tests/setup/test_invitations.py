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
from tests.desk.conftest import ClientFor

pytestmark = pytest.mark.django_db
PASSWORD = "eleven slow rivers"


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


def test_the_link_lets_a_colleague_choose_a_password_once(
    client_for: ClientFor, administrator_ada: User, shadyside: Site
) -> None:
    link = _add(client_for(administrator_ada), shadyside).context["link"]
    colleague = User.objects.get(username="sol")
    assert get_roles(colleague) == frozenset({Role.SCHEDULER})
    assert colleague.site_ids == frozenset({shadyside.pk})
    browser = Client()
    assert _choose_password(link, browser).redirect_chain[-1][0] == reverse("queue")
    assert User.objects.get(username="sol").check_password(PASSWORD)
    assert _choose_password(link, Client()) is None


@pytest.mark.parametrize("missing", ["roles", "sites"])
def test_nobody_is_added_without_a_role_and_a_site(
    missing: str, client_for: ClientFor, administrator_ada: User, shadyside: Site
) -> None:
    page = _add(client_for(administrator_ada), shadyside, **{missing: []})
    assert page.context["form"].errors[missing]
    assert not User.objects.filter(username="sol").exists()


def test_the_invitation_goes_by_mail_where_there_is_an_address(
    client_for: ClientFor, administrator_ada: User, shadyside: Site, settings: Settings
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    link = _add(client_for(administrator_ada), shadyside, email="sol@example.org").context["link"]
    assert [message.to for message in mail.outbox] == [["sol@example.org"]]
    assert link in str(mail.outbox[0].body)


def test_nobody_is_put_at_a_site_of_others(
    client_for: ClientFor, administrator_ada: User, shadyside: Site, foothills: Site
) -> None:
    page = _add(client_for(administrator_ada), foothills)
    assert page.context["form"].errors["sites"]


def test_only_who_has_never_signed_in_is_invited_again(
    client_for: ClientFor, administrator_ada: User, shadyside: Site, foothills: Site
) -> None:
    browser = client_for(administrator_ada)
    _add(browser, shadyside)
    again = browser.post(reverse("setup_invite_again", args=[User.objects.get(username="sol").pk]))
    assert again.context["link"]
    working = UserFactory.create(sites=[shadyside], password=PASSWORD)
    Client().force_login(working)
    elsewhere = UserFactory.create(sites=[foothills])
    for colleague in (working, elsewhere):
        assert browser.post(reverse("setup_invite_again", args=[colleague.pk])).status_code == 404
