"""Fixtures of the status board and its readers."""

import re
from collections.abc import Callable
from html import unescape

import pytest
from django.test import Client

from clinic.models import User

ReadBoard = Callable[[User], str]


def page_text(html: str) -> str:
    """The text of a page as a person reads it, in one line."""
    body = html[html.index("<main") :]
    body = re.sub(r"<script.*?</script>", " ", body, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


@pytest.fixture
def read_board() -> ReadBoard:
    """The words of the admin's first page for that person."""

    def read(user: User) -> str:
        client = Client()
        client.force_login(user)
        return page_text(client.get("/board/").text)

    return read
