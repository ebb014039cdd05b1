"""Holds that words which look like code are kept as they were typed and shown letter by letter."""

import html
import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from clinic.models import Site, User
from patients.factories import PatientFactory
from recalls.models import Recall, RecallEvent
from recalls.testing.factories import RecallFactory
from tests.desk.conftest import StepFormClient
from tests.portal.conftest import give_birth_date, make_link
from tests.security.conftest import ClientFor

pytestmark = pytest.mark.django_db
MARKUP = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'><b>"
TEMPLATE = "{{7777*7}} {% debug %} ${7777*7} %(x)s {0.__class__} $first_name"
SQL = "'; DROP TABLE patients_patient; --"


@pytest.fixture
def hostile(shadyside: Site) -> Recall:
    patient = PatientFactory.create(site=shadyside, family_name=MARKUP[:60], given_name=TEMPLATE[:60])
    return RecallFactory.create(patient=patient)


def test_a_note_is_decoded_once_kept_as_it_was_typed_and_escaped_once(
    client_for: ClientFor, scheduler_ana: User, shadyside: Site
) -> None:
    recall, typed = RecallFactory.create(site=shadyside), f"%2541na &amp;lt;b&gt; {MARKUP} {TEMPLATE}"
    browser = client_for(scheduler_ana)
    assert StepFormClient(browser, recall, "add_note").send(note=typed).status_code == 302
    assert RecallEvent.objects.filter(recall=recall).latest("pk").note == typed
    page = browser.get(reverse("recall", args=[recall.pk])).content.decode()
    assert html.escape(typed) in page
    assert "<script>alert" not in page


@pytest.mark.parametrize("name", ["queue", "recall", "patient", "messages", "search"])
def test_a_name_that_looks_like_code_is_shown_letter_by_letter(
    client_for: ClientFor, scheduler_ana: User, hostile: Recall, name: str
) -> None:
    args = {"recall": [hostile.pk], "patient": [hostile.patient_id], "messages": [hostile.pk]}.get(name, [])
    browser = client_for(scheduler_ana)
    if name == "search":
        browser.post(reverse("search"), {"q": hostile.patient.mrn})
    page = browser.get(reverse(name, args=args)).content.decode()
    assert html.escape(hostile.patient.family_name) in page
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert str(7777 * 7) not in page


@pytest.mark.parametrize("words", [SQL, "%", "_", "' OR 1=1 --", '"', "*"])
def test_search_words_are_data_and_never_sql(
    client_for: ClientFor, scheduler_ana: User, hostile: Recall, words: str
) -> None:
    browser = client_for(scheduler_ana)
    assert browser.post(reverse("search"), {"q": words}).status_code == 302
    page = browser.get(reverse("search"))
    assert page.status_code == 200
    assert hostile.patient.mrn not in page.content.decode()
    assert Recall.objects.filter(pk=hostile.pk).exists()


def test_a_place_with_odd_letters_is_one_parameter_of_the_map_and_the_map_is_https(shadyside: Site) -> None:
    Site.objects.update(address_line='5 "Sample" & <Road>?x=1#y', city="javascript:alert(1)")
    recall = RecallFactory.create(booked=True)
    browser = Client()
    give_birth_date(browser, make_link(recall.patient), recall.patient)
    page = browser.get("/my/").content.decode()
    (address,) = {html.unescape(found) for found in re.findall(r'href="(https://[^"]+)"', page)}
    assert parse_qs(urlsplit(address).query).keys() == {"query"}
    assert "javascript:" not in address
    assert {urlsplit(html.unescape(one)).scheme for one in re.findall(r'href="([^"]+)"', page)} <= {"", "https", "tel"}


def test_figures_of_the_board_are_json_that_words_cannot_end(
    client_for: ClientFor, manager_mo: User, shadyside: Site
) -> None:
    Site.objects.update(name="</script><script>alert(1)</script>")
    page = client_for(manager_mo).get(reverse("board")).content.decode()
    assert "<script>alert" not in page
    (data,) = re.findall(r'<script id="board-data" type="application/json">(.*?)</script>', page, re.DOTALL)
    assert json.loads(data)
