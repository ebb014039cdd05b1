"""The first account of an empty installation needs the code from the terminal, and only the first."""

import io
import re
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from clinic.models import User
from clinic.roles import Role, get_roles
from site_setup.access_code import MAX_WRONG_TRIES
from site_setup.models import SetupCode

pytestmark = pytest.mark.django_db
URL = "/setup/first/"
PASSWORD = "seven quiet lanterns"


def _printed_code() -> str:
    out = io.StringIO()
    call_command("setup_code", stdout=out)
    found = re.search(r"Set-up code: (\S+)", out.getvalue())
    assert found
    return found[1]


def _form(code: str, **typed: str) -> dict[str, str]:
    return {
        "code": code, "first_name": "Inez", "last_name": "Example-Birch", "email": "inez@example.org",
        "username": "inez", "password1": PASSWORD, "password2": PASSWORD, **typed,
    }  # fmt: skip


def test_whoever_comes_first_is_led_to_the_first_account(client: Client) -> None:
    assert client.get("/", follow=True).redirect_chain[-1][0] == URL


def test_the_code_makes_an_administrator_who_is_signed_in(client: Client) -> None:
    answer: Any = client.post(URL, _form(_printed_code()), follow=True)
    assert answer.redirect_chain[-1][0] == reverse("setup")
    assert get_roles(User.objects.get()) == {Role.ADMINISTRATOR}
    assert client.get("/admin/").status_code == 200


@pytest.mark.parametrize("code", ["", "ab2cd-ef3gh-jk4mn"])
def test_without_the_code_nobody_makes_an_account_and_what_was_typed_stays(client: Client, code: str) -> None:
    _printed_code()
    page = client.post(URL, _form(code))
    assert "Example-Birch" in page.text
    assert not User.objects.exists()


def test_no_code_works_where_none_was_printed(client: Client) -> None:
    client.post(URL, _form("ab2cd-ef3gh-jk4mn"))
    assert not User.objects.exists()


def test_a_code_that_was_guessed_at_too_often_is_worth_nothing(client: Client) -> None:
    code = _printed_code()
    SetupCode.objects.update(wrong_tries=MAX_WRONG_TRIES - 1)
    client.post(URL, _form("zz9zz-zz9zz-zz9zz"))
    client.post(URL, _form(code))
    assert not User.objects.exists()
    client.post(URL, _form(_printed_code()))
    assert User.objects.exists()


def test_an_earlier_code_ends_with_the_next_one(client: Client) -> None:
    code = _printed_code()
    _printed_code()
    client.post(URL, _form(code))
    assert not User.objects.exists()


def test_with_an_account_the_door_is_shut(client: Client, scheduler_ana: User) -> None:
    SetupCode.objects.create(code_hash="")
    for answer in (client.get(URL), client.post(URL, _form("ab2cd-ef3gh-jk4mn"))):
        assert answer.status_code == 302
    assert list(User.objects.all()) == [scheduler_ana]
    with pytest.raises(CommandError, match="accounts already"):
        call_command("setup_code")


def test_a_weak_password_is_refused_and_the_code_still_works(client: Client) -> None:
    code = _printed_code()
    client.post(URL, _form(code, password1="password", password2="password"))
    assert not User.objects.exists()
    client.post(URL, _form(code))
    assert User.objects.exists()


def test_on_the_command_line_the_daily_account_is_not_the_superuser() -> None:
    out = io.StringIO()
    call_command("setup_clinic", username="ada", email="ada@example.org", stdout=out)
    ada, root = User.objects.get(username="ada"), User.objects.get(username="maintenance")
    assert (ada.is_superuser, set(get_roles(ada))) == (False, {Role.ADMINISTRATOR})
    assert (root.is_superuser, set(get_roles(root))) == (True, set())
    assert out.getvalue().count("/setup/invitation/") == 2
    assert not ada.has_usable_password()
    assert not root.has_usable_password()
    with pytest.raises(CommandError, match="accounts already"):
        call_command("setup_clinic", username="eve", email="eve@example.org")
