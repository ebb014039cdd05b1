"""Signing in, and the pages for those who may not."""

import pytest
from django.test import Client
from django.urls import reverse

from clinic.models import User

PASSWORD = "correct-horse-battery"
pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> User:
    return User.objects.create_user("ana", password=PASSWORD, first_name="Ana")


def _try(client: Client, password: str) -> int:
    return client.post(reverse("sign_in"), {"username": "ana", "password": password}).status_code


def test_a_stranger_is_led_to_the_sign_in_page(client: Client) -> None:
    assert client.get("/").headers["Location"] == "/sign-in/?next=/"


def test_a_wrong_password_says_so_and_keeps_the_name(client: Client, ana: User) -> None:
    page = client.post(reverse("sign_in"), {"username": "ana", "password": "wrong"}).content.decode()
    assert "correct username and password" in page
    assert 'value="ana"' in page


def test_after_five_wrong_passwords_the_page_says_how_long_to_wait(client: Client, ana: User) -> None:
    assert [_try(client, "wrong") for _ in range(5)] == [200] * 4 + [429]
    page = client.post(reverse("sign_in"), {"username": "ana", "password": PASSWORD})
    assert page.status_code == 429
    assert "paused for 15 minutes" in page.content.decode()


def test_signing_out_is_a_button_not_a_link(client: Client, ana: User) -> None:
    client.force_login(ana)
    assert client.get(reverse("sign_out")).status_code == 405
    assert client.post(reverse("sign_out")).headers["Location"] == "/sign-in/"


def test_an_account_without_a_role_is_told_whom_to_ask(client: Client, ana: User) -> None:
    client.force_login(ana)
    assert "Ask your administrator" in client.get("/").content.decode()


def test_a_page_that_is_not_there_leads_home(client: Client, ana: User) -> None:
    client.force_login(ana)
    page = client.get("/no-such-page/")
    assert page.status_code == 404
    assert "Go to your desk" in page.content.decode()
