"""Holds that neither the link nor anything about the patient leaves the page."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client, RequestFactory
from django.views.debug import ExceptionReporter

from clinic.models import Site
from patients.models import Patient
from portal.session import cookie_name
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from tests.portal.conftest import give_birth_date, make_link

pytestmark = pytest.mark.django_db

OpenPageAs = Callable[[Patient], Client]
CHANGING_PATHS = ("/my/confirm/", "/my/ask/call-me/", "/my/choices/", "/my/not-me/", "/my/leave/")


def _raise_database_error(*_query: Any) -> None:
    raise OperationalError("server closed the connection")


@pytest.fixture
def booked(shadyside: Site) -> Recall:
    return RecallFactory.create(site=shadyside, booked=True)


def test_the_link_is_in_no_log_line_not_even_of_a_request_that_failed(booked: Recall, log_output: io.StringIO) -> None:
    link, patient = make_link(booked.patient), booked.patient
    token = link.strip("/").rpartition("/")[2]
    strict = Client(enforce_csrf_checks=True, raise_request_exception=False)
    strict.get(link)
    assert strict.post(link, {"month": 4}).status_code == 403
    browser = Client(raise_request_exception=False)
    give_birth_date(browser, link, patient, year=1950)
    give_birth_date(browser, link, patient)
    browser.get("/my/")
    with connection.execute_wrapper(_raise_database_error):
        assert browser.get(link).status_code == 500
    assert "/my/[link]/" in log_output.getvalue()
    assert "Forbidden" in log_output.getvalue()
    assert "request_failed" in log_output.getvalue()
    for secret in (token, patient.family_name, f"{patient.birth_date}", patient.mrn):
        assert secret not in log_output.getvalue()


def test_every_answer_is_kept_out_of_caches_searches_frames_and_referers(
    open_page_as: OpenPageAs, booked: Recall
) -> None:
    client = open_page_as(booked.patient)
    paths = [make_link(booked.patient), "/my/no-such-link-of-ours/", "/my/", "/my/choices/", "/my/visit.ics"]
    answers = [client.get(path) for path in paths] + [Client().get("/my/")]
    for answer in answers:
        assert "no-store" in answer.headers["Cache-Control"]
        assert answer.headers["X-Robots-Tag"] == "noindex, nofollow, noarchive"
        assert answer.headers["Referrer-Policy"] == "strict-origin"
        assert answer.headers["X-Frame-Options"] == "DENY"
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "script-src" not in policy


def test_no_page_loads_anything_from_another_host_or_styles_or_scripts_inline(
    open_page_as: OpenPageAs, booked: Recall
) -> None:
    page = open_page_as(booked.patient).get("/my/").content.decode()
    assert page.count("https://") == 1  # the link to a map, followed only when it is pressed
    for forbidden in ("<script", "<style", " style=", "http://", "<img", "<iframe"):
        assert forbidden not in page


@pytest.mark.parametrize("path", CHANGING_PATHS)
def test_a_form_from_another_site_is_refused(path: str, open_page_as: OpenPageAs, booked: Recall) -> None:
    forged = Client(enforce_csrf_checks=True)
    forged.cookies = open_page_as(booked.patient).cookies
    assert forged.post(path, {"note": "x"}).status_code == 403


@pytest.mark.parametrize("path", ["/my/confirm/", "/my/leave/"])
def test_what_changes_something_is_never_a_link(path: str, open_page_as: OpenPageAs, booked: Recall) -> None:
    assert open_page_as(booked.patient).get(path).status_code == 405


def test_no_address_of_the_page_holds_anything_about_the_patient(open_page_as: OpenPageAs, booked: Recall) -> None:
    page = open_page_as(booked.patient).get("/my/").content.decode()
    for secret in (booked.patient.family_name, booked.patient.mrn, f"{booked.patient.birth_date}"):
        assert secret not in page


def test_the_cookie_that_opens_the_patients_page_is_in_no_error_report(
    open_page_as: OpenPageAs, booked: Recall
) -> None:
    secret = open_page_as(booked.patient).cookies[cookie_name()].value
    request = RequestFactory().get("/my/", headers={"cookie": f"{cookie_name()}={secret}"})
    assert request.COOKIES[cookie_name()] == secret
    reporter = ExceptionReporter(request, ValueError, ValueError(), None)
    for report in (reporter.get_traceback_text(), reporter.get_traceback_html()):
        assert secret not in report
