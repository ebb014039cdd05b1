"""Holds that a request out of the ordinary is answered with a sentence, never with a fault or a foreign page."""

from urllib.parse import urlsplit

import pytest
from django.core import signing
from django.test import Client
from django.urls import reverse

from clinic.models import Site, User
from patients.models import Patient
from portal.session import cookie_name
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from tests.desk.conftest import StepFormClient
from tests.portal.conftest import give_birth_date, make_link
from tests.security.conftest import ClientFor

pytestmark = pytest.mark.django_db
ELSEWHERE = ("https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "https:evil.example")
FAR_DAYS = ("9999-12-31", "0001-01-01", "2026-13-45", "x", "\u0000", "99999-01-01")
HUGE = 10**30


@pytest.fixture
def recall(shadyside: Site) -> Recall:
    return RecallFactory.create(site=shadyside)


@pytest.mark.parametrize("day", FAR_DAYS)
def test_a_day_that_cannot_be_is_no_fault_of_the_server(
    client_for: ClientFor, manager_mo: User, scheduler_ana: User, recall: Recall, day: str
) -> None:
    booking, schedule = reverse("step", args=[recall.pk, "book_appointment"]), client_for(scheduler_ana)
    for view in ("week", "day", ""):
        assert schedule.get(booking, {"from": day, "view": view}).status_code < 500
    for name in ("appointments", "appointments_tomorrow", "arrivals", "messages_coming"):
        assert schedule.get(reverse(name), {"day": day}).status_code < 500
    for site in (recall.site_id, HUGE, "\u0000"):
        assert schedule.get(reverse("close_day"), {"site": site, "day": day}).status_code < 500
    assert client_for(manager_mo).get(reverse("staff_work"), {"day": day}).status_code < 500


@pytest.mark.parametrize("value", ["\u0000", str(HUGE), "-1", "' OR 1=1", "\ud7ff\uffff"])
def test_a_filter_that_cannot_be_is_no_fault_of_the_server(
    client_for: ClientFor, manager_mo: User, scheduler_ana: User, recall: Recall, value: str
) -> None:
    browser = client_for(scheduler_ana)
    for name in ("language", "site", "state", "after", "owner", "kind", "sort", "page", "q"):
        for page in ("queue", "work_items", "supplemental", "letters", "messages_coming", "report_requests"):
            assert browser.get(reverse(page), {name: value}).status_code < 500, (page, name)
        assert client_for(manager_mo).get(reverse("recall_list", args=["late"]), {name: value}).status_code < 500


@pytest.mark.parametrize("value", ["\u0000", str(HUGE), "' OR 1=1"])
def test_a_search_of_the_administration_that_cannot_be_is_no_fault_of_the_server(
    client_for: ClientFor, administrator_ada: User, recall: Recall, value: str
) -> None:
    browser = client_for(administrator_ada)
    for name in ("recalls_recall", "patients_patient", "clinic_user", "notifications_notification"):
        address = reverse(f"admin:{name}_changelist")
        assert browser.post(address, {"q": value}, follow=True).status_code < 500, name
        for parameter in ("state", "language", "site__id__exact", "p", "o", "q"):
            assert browser.get(address, {parameter: value}).status_code < 500, (name, parameter)


def test_a_number_that_no_row_can_have_finds_nothing(client_for: ClientFor, scheduler_ana: User) -> None:
    browser = client_for(scheduler_ana)
    for name in ("recall", "patient", "exam", "messages", "message", "work_item_done", "undo"):
        address = reverse(name, args=[HUGE])
        assert {browser.get(address).status_code, browser.post(address).status_code} <= {404, 405}, name


@pytest.mark.parametrize("year", [1, 99999, HUGE, -1])
def test_a_birth_date_that_cannot_be_is_explained(recall: Recall, year: int) -> None:
    link, browser = make_link(recall.patient), Client(raise_request_exception=False)
    assert give_birth_date(browser, link, recall.patient, year=year).status_code == 200
    assert browser.post(link, {"month": HUGE, "day": "\u0000", "year": 1961}).status_code == 200


@pytest.mark.parametrize("target", ELSEWHERE)
def test_nobody_is_sent_on_to_another_host(
    client: Client, client_for: ClientFor, scheduler_ana: User, recall: Recall, target: str
) -> None:
    scheduler_ana.set_password("willow-sample-41-lane")
    scheduler_ana.save()
    browser = client_for(scheduler_ana)
    step = reverse("step", args=[recall.pk, "add_note"])
    answers = [
        client.post(f"{reverse('sign_in')}?next={target}", {"username": "ana", "password": "willow-sample-41-lane"}),
        client.post(reverse("sign_in"), {"username": "ana", "password": "willow-sample-41-lane", "next": target}),
        Client().get("/admin/login/", {"next": target}),
        browser.post(reverse("set_language"), {"language": "es", "next": target}),
        browser.post(step, {"note": "x", "next": target, "list": target, "version": recall.version}),
        browser.post(reverse("work_item_done", args=[1]), {"next": target}),
        browser.post(reverse("undo", args=[recall.pk]), {"next": target, "version": 0}),
        browser.get(reverse("recall", args=[recall.pk]), {"list": target, "next": target}),
    ]
    for answer in answers:
        host = urlsplit(answer.headers.get("Location", "")).netloc
        assert host in ("", "testserver")
        assert "evil.example" not in answer.headers.get("Location", "").partition("?")[0]
        assert 'href="https://evil' not in answer.content.decode()


def test_a_value_in_the_address_never_takes_the_place_of_one_in_the_form(
    client_for: ClientFor, scheduler_ana: User, recall: Recall
) -> None:
    browser = client_for(scheduler_ana)
    step = reverse("step", args=[recall.pk, "add_note"])
    version = browser.get(step).context["form"]["version"].value()
    answer = browser.post(f"{step}?note=from+the+address&version={version}", {"version": version})
    assert answer.status_code == 200
    assert not recall.events.filter(note="from the address").exists()
    browser.post(f"{reverse('search')}?q=Sample", {})
    assert browser.session["search"] == ""


def test_of_a_field_sent_twice_the_last_counts_and_nothing_is_joined(
    client_for: ClientFor, scheduler_ana: User, recall: Recall
) -> None:
    StepFormClient(client_for(scheduler_ana), recall, "add_note").send(note=["first", "last"])
    assert recall.events.filter(note="last").exists()
    assert not recall.events.filter(note__contains="first").exists()


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "PROPFIND"])
@pytest.mark.parametrize("path", ["/", "/sign-in/", "/health/", "/my/", "/fhir/metadata", "/language/", "/admin/"])
def test_no_page_answers_a_method_that_it_does_not_know(client: Client, method: str, path: str) -> None:
    answer = client.generic(method, path, headers={"X-Secret": "echo-me"})
    assert answer.status_code == 405
    assert "echo-me" not in answer.content.decode()


@pytest.mark.parametrize(
    "path",
    [
        "/static/", "/static/css/", "/static/js/", "/media/", "/static/../manage.py", "/static/..%2f..%2fmanage.py",
        "/static/%2e%2e/%2e%2e/.git/config", "/.git/config", "/.env", "/manage.py", "/config/settings.py",
        "/requirements.txt", "/var/recalldesk.sqlite3", "/server-status", "/static/js/desk.js.map", "/backup.sql",
    ],
)  # fmt: skip
def test_no_list_of_a_folder_and_no_file_outside_the_static_ones_is_served(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code in (302, 404)
    if answer.status_code == 302:
        assert answer.headers["Location"].startswith("/sign-in/")


def test_a_signed_value_opens_only_the_door_it_was_made_for(recall: Recall) -> None:
    """The portal's cookie, the typist of a form and the number in a stop link are signed with the same key."""
    forged = signing.dumps({"link": 1, "since": 9e12}, salt="another.purpose")
    browser = Client()
    browser.cookies[cookie_name()] = forged
    assert browser.get("/my/").status_code == 403
    patient_link = make_link(recall.patient)
    give_birth_date(browser, patient_link, recall.patient)
    real = browser.cookies[cookie_name()].value
    assert Client().get(reverse("unsubscribe", args=[real])).status_code == 404
    for number in range(len(real)):
        changed = f"{real[:number]}{'A' if real[number] != 'A' else 'B'}{real[number + 1 :]}"
        browser.cookies[cookie_name()] = changed
        if number % 9 == 0:
            assert browser.get("/my/").status_code == 403
    assert Patient.objects.exists()
