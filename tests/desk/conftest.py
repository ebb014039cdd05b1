"""What do the tests of the desks share? A way to sign in, and a way to send a form as a browser would."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from clinic.models import User
from recalls.models import Recall

ClientFor = Callable[[User], Client]


@pytest.fixture(autouse=True)
def _clear_cache() -> Iterator[None]:
    """A large clinic's counts are kept for seconds, longer than a test lasts."""
    yield
    cache.clear()


@pytest.fixture
def client_for() -> ClientFor:
    """A browser of their own for each person."""

    def sign_in(user: User) -> Client:
        browser = Client()
        browser.force_login(user)
        return browser

    return sign_in


class StepFormClient:
    """A step's form as one person opened it: sending it twice sends the same version and key twice."""

    def __init__(self, browser: Client, recall: Recall, step: str) -> None:
        self.browser, self.url = browser, reverse("step", args=[recall.pk, step])
        page = browser.get(self.url)
        fields = page.context["form"]
        self.initial = {field.name: field.value() for field in fields if field.value() not in (None, "", False)}

    def send(self, **typed: Any) -> HttpResponse:
        answer = self.browser.post(self.url, {**self.initial, **typed})
        assert isinstance(answer, HttpResponse)
        return answer


def page_text(page: Any) -> str:
    """What the page says, without what escaping does to quotes."""
    return str(page.content.decode()).replace("&#x27;", "'").replace("&quot;", '"')
