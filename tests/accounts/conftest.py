"""Fixtures of the account tests: administrators who sign in by the page, and a clinic that has a patient."""

import time
from collections.abc import Callable, Iterator

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from clinic.factories import UserFactory
from clinic.models import Site, User
from clinic.roles import Role
from patients.factories import PatientFactory
from patients.models import Patient
from tests.accounts.house_sign_in import house, provider_url

__all__ = ["house", "provider_url"]

PASSWORD = "eleven slow rivers"
SignIn = Callable[[User], Client]


@pytest.fixture(autouse=True)
def _no_rate_is_used_up() -> None:
    cache.clear()


@pytest.fixture
def half_minute() -> Iterator[int]:
    """The clock stands still at the begin of one, so that no code ends before it is typed; its number."""
    number = int(time.time()) // 30 + 1
    with time_machine.travel(number * 30 + 0.5, tick=False):
        yield number


@pytest.fixture
def sign_in() -> SignIn:
    """By the sign-in page, with the password: what a session may do can hang on how it began."""

    def through_the_page(user: User) -> Client:
        browser = Client()
        answer = browser.post(reverse("sign_in"), {"username": user.username, "password": PASSWORD})
        assert answer.status_code == 302
        return browser

    return through_the_page


@pytest.fixture
def patient(shadyside: Site) -> Patient:
    """With the first patient there is something to guard."""
    return PatientFactory.create(site=shadyside)


@pytest.fixture
def administrator_ida(shadyside: Site) -> User:
    return UserFactory.create(username="ida", role=Role.ADMINISTRATOR, sites=[shadyside], password=PASSWORD)


@pytest.fixture
def administrator_bo(shadyside: Site) -> User:
    """The second administrator."""
    return UserFactory.create(username="bo", role=Role.ADMINISTRATOR, sites=[shadyside], password=PASSWORD)


@pytest.fixture
def scheduler_ana(shadyside: Site) -> User:
    """Who has chosen a password already."""
    return UserFactory.create(username="ana", role=Role.SCHEDULER, sites=[shadyside], password=PASSWORD)
