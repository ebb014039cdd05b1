"""Asks one address as one person by each method in a savepoint that is taken back; one word says what came of it."""

from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from django.urls import reverse

from tests.access.matrix.people import Person

OPEN, REFUSED, HIDDEN, NO_METHOD, SIGN_IN, TOKEN, FAULT = (
    "open", "refused", "hidden", "no such method", "sign in", "token", "fault",
)  # fmt: skip
METHODS = ("GET", "POST")
_BY_STATUS = {401: TOKEN, 403: REFUSED, 404: HIDDEN, 405: NO_METHOD}


@dataclass(frozen=True, slots=True)
class Answer:
    outcome: str
    status: int
    words: str


def ask(person: Person, address: str) -> dict[str, Answer]:
    """What GET and then POST bring, and how that is to be read; nothing of it stays."""
    cookies = person.browser.cookies.output(header="", sep=";")
    with transaction.atomic():
        answers = {method: _answer(person.browser.generic(method, address, content_type=_FORM)) for method in METHODS}
        transaction.set_rollback(True)
    person.browser.cookies = SimpleCookie(cookies)
    return answers


def _answer(response: Any) -> Answer:
    content = b"".join(response.streaming_content) if response.streaming else response.content
    words = content.decode("utf-8", "replace") + str(response.headers)
    return Answer(_outcome(response), response.status_code, words)


_FORM = "application/x-www-form-urlencoded"


def _outcome(response: Any) -> str:
    target = urlsplit(response.headers.get("Location", "")).path
    if response.status_code == 302 and target in (reverse("sign_in"), reverse("admin:login")):
        return SIGN_IN
    if response.status_code == 302 and target == reverse("admin:index"):
        return HIDDEN  # where the administration leads whoever asks for a row that is not theirs
    if response.status_code >= 500:
        return FAULT
    return _BY_STATUS.get(response.status_code, OPEN)
