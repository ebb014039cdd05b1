"""Holds what a password may be, and what a session is made of."""

import re
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from clinic.factories import UserFactory
from clinic.models import User
from clinic.roles import Role
from tests.accounts.conftest import PASSWORD
from tests.security.conftest import ClientFor

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> User:
    return UserFactory.create(username="ana", role=Role.SCHEDULER, password=PASSWORD)


@pytest.mark.parametrize(
    "password",
    [
        "long enough of small letters",
        "  spaces before and after  ",
        "742913650284",
        "女性健康檢查中心的密碼很長很長",
        "four unrelated words of a garden, " * 3 + "and one lantern that nobody lit",
    ],
)
def test_a_password_of_any_letters_is_taken_and_counts_exactly_as_typed(
    client_for: ClientFor, person: User, password: str
) -> None:
    form = {"old_password": PASSWORD, "new_password1": password, "new_password2": password}
    assert client_for(person).post(reverse("password_change"), form).status_code == 302
    person.refresh_from_db()
    assert person.check_password(password)
    for other in (password.strip(), password.upper(), password[:-1]):
        assert other == password or not person.check_password(other)


@pytest.mark.parametrize("password", ["short1!", "elevenchar1", "password1234", "qwertyuiop12"])
def test_a_short_or_well_known_password_is_refused(person: User, password: str) -> None:
    with pytest.raises(ValidationError):
        validate_password(password, person)


def test_password_fields_hide_what_is_typed_and_let_password_managers_help(
    client: Client, client_for: ClientFor, person: User
) -> None:
    for page in (client.get(reverse("sign_in")), client_for(person).get(reverse("password_change"))):
        fields = re.findall(r"<input[^>]*password[^>]*>", page.content.decode())
        assert fields
        for field in fields:
            assert 'type="password"' in field
            assert re.search(r'autocomplete="(current|new)-password"', field)
            assert "onpaste" not in field
            assert "maxlength" not in field


def test_no_password_ends_by_itself() -> None:
    fields = {field.name for field in User._meta.get_fields()}
    assert not {name for name in fields if "expire" in name or "password_changed" in name}


def test_a_session_is_a_random_key_whose_data_lies_on_the_server(client_for: ClientFor, person: User) -> None:
    keys = {client_for(person).cookies[settings.SESSION_COOKIE_NAME].value for _ in range(5)}
    assert len(keys) == 5
    assert all(re.fullmatch("[a-z0-9]{32}", key) for key in keys)  # 165 bits
    assert Session.objects.filter(pk__in=keys).count() == 5


def test_a_key_that_the_server_did_not_make_opens_nothing(person: User) -> None:
    browser = Client()
    browser.cookies[settings.SESSION_COOKIE_NAME] = "a" * 32
    assert browser.get(reverse("queue")).status_code == 302


def test_signing_in_makes_a_new_key_and_the_one_before_opens_nothing(person: User) -> None:
    browser = Client()
    session = browser.session  # a key that somebody else may have put into this browser
    session["search"] = "x"
    session.save()
    before = str(session.session_key)
    browser.cookies[settings.SESSION_COOKIE_NAME] = before
    assert browser.post(reverse("sign_in"), {"username": "ana", "password": PASSWORD}).status_code == 302
    after = browser.cookies[settings.SESSION_COOKIE_NAME].value
    assert after != before
    assert not Session.objects.filter(pk=before).exists()


def test_a_session_that_was_signed_out_cannot_be_taken_up_again(client_for: ClientFor, person: User) -> None:
    browser = client_for(person)
    key = browser.cookies[settings.SESSION_COOKIE_NAME].value
    assert browser.get(reverse("queue")).status_code == 200
    browser.post(reverse("sign_out"))
    again = Client()
    again.cookies[settings.SESSION_COOKIE_NAME] = key
    assert again.get(reverse("queue")).status_code == 302
    assert not Session.objects.filter(pk=key).exists()


def test_every_page_of_staff_has_a_button_to_sign_out(
    client_for: ClientFor, person: User, administrator_ada: User
) -> None:
    pages: list[Any] = [client_for(person).get(reverse(name)) for name in ("queue", "search", "work_items", "letters")]
    pages += [client_for(administrator_ada).get(path) for path in (reverse("board"), reverse("setup"), "/admin/")]
    for page in pages:
        assert reverse("sign_out") in page.content.decode() or "/admin/logout/" in page.content.decode()
