"""Holds that a browser is led to https and a program that forgot it is refused, so that it is noticed."""

import pytest
from django.test import Client
from pytest_django import Settings

from config.guards.request_guard import PROGRAM_PATHS
from tests.support.production_environment import run_in_production

READ_EXEMPT = "from django.conf import settings; print(settings.SECURE_REDIRECT_EXEMPT)"


@pytest.fixture
def in_production(settings: Settings) -> Settings:
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_REDIRECT_EXEMPT = [f"^{path.strip('/')}" for path in PROGRAM_PATHS]
    return settings


@pytest.mark.django_db
@pytest.mark.usefixtures("in_production")
def test_a_browser_is_led_to_https() -> None:
    for path in ("/", "/sign-in/", "/admin/", "/my/"):
        answer = Client().get(path)
        assert (answer.status_code, answer.headers["Location"]) == (301, f"https://testserver{path}")


@pytest.mark.django_db
@pytest.mark.usefixtures("in_production")
@pytest.mark.parametrize(
    "path",
    ["/fhir", "/fhir/token", "/fhir/Patient", "/webhooks/postmark/tracking/", "/sms/inbound/", "/calendars/x.ics"],
)
def test_a_program_without_tls_is_refused_and_not_led_on(path: str) -> None:
    for answer in (Client().get(path), Client().post(path, {"client_secret": "in the clear"})):
        assert answer.status_code == 403
        assert "Location" not in answer.headers
    assert Client().get(path, secure=True).content != b"Use https."


def test_production_leads_no_program_on() -> None:
    exempt = run_in_production(["manage.py", "shell", "--no-imports", "--command", READ_EXEMPT]).stdout
    assert [path for path in PROGRAM_PATHS if f"^{path.strip('/')}" not in exempt] == []
