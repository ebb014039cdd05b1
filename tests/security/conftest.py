"""Fixtures of a clinic with a recall in each situation and a browser for each role."""

from collections.abc import Callable

import pytest
from django.core.cache import cache
from django.test import Client

from clinic.models import User

ClientFor = Callable[[User], Client]


@pytest.fixture(autouse=True)
def _clear_cache() -> None:
    cache.clear()


@pytest.fixture
def client_for() -> ClientFor:
    """A browser of their own for each person."""

    def sign_in(user: User) -> Client:
        browser = Client(raise_request_exception=False)
        browser.force_login(user)
        return browser

    return sign_in
