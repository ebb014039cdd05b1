"""Fixtures of entry by hand: what somebody types, and how it is sent."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from clinic.models import User

TYPED = {
    "site": "SHADY",
    "mrn": "H700",
    "family_name": "Sample-Fern",
    "given_name": "Testa",
    "birth_date": "1966-05-09",
    "accession": "HA-1",
    "exam_date": "2026-11-02",
    "assessment": "0-AI",
    "language": "English",
}
Enter = Callable[..., Any]


@pytest.fixture
def enter(client: Client) -> Enter:
    """`enter(user, mrn="...")` sends the page as that person typed it, and follows to what is shown then."""

    def send(user: User, **cells: Any) -> Any:
        client.force_login(user)
        return client.post(reverse("entry"), {**TYPED, **cells}, follow=True)

    return send
