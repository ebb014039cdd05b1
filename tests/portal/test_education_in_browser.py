"""Plays the series about breast health in a browser: asked for, confirmed from the mail, ended with one click."""

import re
from collections.abc import Iterator

import pytest
from django.conf import LazySettings
from django.core import mail
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from clinic.models import Site
from notifications.delivery.worker import send_due
from notifications.models import EducationSeries, Notification
from notifications.planning.education import schedule
from patients.channels import get_patient_channels
from patients.factories import PatientFactory
from patients.models import Patient
from recalls.testing.factories import RecallFactory
from tests.portal.conftest import make_link

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 360, "height": 740}, has_touch=True)
    yield context.new_page()
    context.close()


def _leave_now() -> None:
    """Whatever waits leaves, whatever hour the tests run."""
    Site.objects.update(send_from="00:00", send_until="23:59:59")
    Notification.objects.filter(state="planned").update(not_before=timezone.now())
    send_due(10)


def test_a_patient_asks_confirms_and_stops_the_texts_and_nothing_else(
    phone: Page, live_server: LiveServer, shadyside: Site, settings: LazySettings
) -> None:
    settings.EDUCATION_FROM_EMAIL, settings.PUBLIC_URL = "texts@clinic.example.org", live_server.url
    Site.objects.update(send_from="00:00", send_until="23:59:59")
    patient = PatientFactory.create(site=shadyside, email="testa.oak@example.org")
    RecallFactory.create(patient=patient, closed_normal=True)
    Notification.objects.all().update(state="cancelled", reason="stopped")
    phone.goto(live_server.url + make_link(patient))
    for label, number in zip(("Month", "Day", "Year"), _born(patient), strict=True):
        phone.get_by_label(label, exact=True).fill(str(number))
    phone.get_by_role("button", name="Show my page").click()
    phone.get_by_role("link", name="Short emails about breast health").click()
    phone.get_by_role("button", name="Yes, send me that email").click()
    expect(phone.get_by_text("We sent an email to testa.oak@example.org")).to_be_visible()
    assert phone.evaluate("document.documentElement.scrollWidth") <= 360
    _leave_now()
    link = re.search(rf"{live_server.url}/texts/confirm/\S+", str(mail.outbox[-1].body))
    assert link
    phone.goto(link[0])
    phone.get_by_role("button", name="Yes, send me the emails").click()
    expect(phone.get_by_role("heading", name="Thank you")).to_be_visible()
    schedule.plan_due_texts()
    _leave_now()
    text = mail.outbox[-1]
    assert "texts@clinic.example.org" in text.from_email
    program = Client(enforce_csrf_checks=True)
    path = str(text.extra_headers["List-Unsubscribe"]).strip("<>").removeprefix(live_server.url)
    assert program.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    phone.goto(f"{live_server.url}/my/texts/")
    expect(phone.get_by_text("The emails are stopped.")).to_be_visible()
    assert EducationSeries.objects.get().end_reason == EducationSeries.EndReason.STOPPED
    assert get_patient_channels(Patient.objects.get(pk=patient.pk)).email == "testa.oak@example.org"


def _born(patient: Patient) -> tuple[int, int, int]:
    return patient.birth_date.month, patient.birth_date.day, patient.birth_date.year
