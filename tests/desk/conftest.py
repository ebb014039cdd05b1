"""Fixtures and helpers of the tests of staff pages: sign-in, step forms, links."""

import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from clinic.models import User
from desk.return_list import add_return_list
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

    def __init__(self, browser: Client, recall: Recall, step: str, came_from: str = "") -> None:
        """`came_from`: the list from which the recall was opened."""
        self.browser, self.url = browser, add_return_list(reverse("step", args=[recall.pk, step]), came_from)
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


def linked_url(page: Any, path: str) -> str:
    """The address, with its query, of the link or form of a page that leads to this path."""
    found = re.search(rf'(?:href|action)="({re.escape(path)}(?:\?[^"]*)?)"', page.content.decode())
    assert found, path
    return unescape(found[1])


def redirect_path(answer: Any) -> str:
    """Where a redirect leads, without its query."""
    return str(urlsplit(answer.headers["Location"]).path)
