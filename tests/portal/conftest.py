"""How does a test get to a patient's page? By a link that was issued, and her birth date."""

import html
import re
from collections.abc import Callable

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from clinic.actors import SYSTEM
from patients import links
from patients.models import Patient


@pytest.fixture(autouse=True)
def _no_wrong_dates_from_here_yet() -> None:
    cache.clear()


def new_link(patient: Patient) -> str:
    """The path of a fresh link."""
    return reverse("portal:link", args=[links.issue(patient, by=SYSTEM)])


def give_birth_date(client: Client, link: str, patient: Patient, *, year: int | None = None) -> HttpResponse:
    """Answer the form at the link, with another year to be wrong."""
    born = patient.birth_date
    answer = {"month": born.month, "day": born.day, "year": year or born.year}
    response = client.post(link, answer)
    assert isinstance(response, HttpResponse)
    return response


@pytest.fixture
def visit_as(client: Client) -> Callable[[Patient], Client]:
    """A browser in which this patient has just opened her page."""

    def open_page(patient: Patient) -> Client:
        assert give_birth_date(client, new_link(patient), patient).status_code == 302
        return client

    return open_page


def words_of(response: HttpResponse) -> str:
    """What a person reads on the page, in one line."""
    page = re.sub(r"(?s)<(style|svg|head).*?</\1>", " ", response.content.decode())
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())
