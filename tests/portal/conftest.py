"""Fixtures that open a patient's page by an issued link and the birth date."""

import html
import io
import logging
import re
from collections.abc import Callable, Iterator
from datetime import time, timedelta
from typing import Any

import pytest
from django.core.cache import cache, caches
from django.test import Client
from django.urls import reverse

from clinic import calendar
from clinic.actors import SYSTEM
from clinic.models import Site
from config import logs
from patients import links
from patients.models import Patient
from recalls.actions import Slot
from recalls.enums import VisitKind
from recalls.models import Recall

PageOf = Callable[[Recall], str]


@pytest.fixture(autouse=True)
def _clear_cache() -> None:
    cache.clear()
    caches["shared"].clear()


def slot_in(days: int, site: Site, kind: VisitKind = VisitKind.DIAGNOSTIC) -> Slot:
    """Ten o'clock on the first day from then on which the site is open, whatever day the tests run."""
    day = calendar.next_open_day(site, calendar.today(site) + timedelta(days=days))
    return Slot(site, calendar.instant(site, day, time(10)), kind)


def make_link(patient: Patient) -> str:
    """The path of a fresh link."""
    return reverse("portal:link", args=[links.issue_link(patient, by=SYSTEM)])


def give_birth_date(client: Client, link: str, patient: Patient, *, year: int | None = None) -> Any:
    """Answer the form at the link, with another year to be wrong."""
    born = patient.birth_date
    answer = {"month": born.month, "day": born.day, "year": year or born.year}
    return client.post(link, answer)


@pytest.fixture
def open_page_as(client: Client) -> Callable[[Patient], Client]:
    """A browser in which this patient has just opened the page."""

    def open_page(patient: Patient) -> Client:
        assert give_birth_date(client, make_link(patient), patient).status_code == 302
        return client

    return open_page


@pytest.fixture
def page_of(open_page_as: Callable[[Patient], Client]) -> PageOf:
    """What a patient reads on the page about a recall, in one line."""
    return lambda recall: page_text(open_page_as(recall.patient).get("/my/"))


@pytest.fixture
def log_output() -> Iterator[io.StringIO]:
    """Everything that is logged meanwhile, as it would stand in the log."""
    config = logs.logging_config("DEBUG")["formatters"]["json"]
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(config["()"](foreign_pre_chain=config["foreign_pre_chain"], processors=config["processors"]))
    root = logging.getLogger()
    root.addHandler(handler)
    yield written
    root.removeHandler(handler)


def page_text(response: Any) -> str:
    """What a person reads on the page, in one line."""
    page = re.sub(r"(?s)<(style|svg|head).*?</\1>", " ", response.content.decode())
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())
