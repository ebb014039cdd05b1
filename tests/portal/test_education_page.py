"""The patient's page for the series about breast health: asks, shows how it stands, and stops it."""

from collections.abc import Callable

import pytest
from django.conf import LazySettings
from django.test import Client

from clinic.actors import INTAKE
from clinic.models import Site
from notifications.models import EducationSeries, Notification
from notifications.planning.education import series as education
from patients.factories import PatientFactory
from patients.models import Patient
from recalls import actions
from recalls.enums import Assessment
from recalls.testing.factories import ExamFactory, RecallFactory
from tests.portal.conftest import page_text

pytestmark = pytest.mark.django_db
OpenPageAs = Callable[[Patient], Client]
PATH = "/my/texts/"


@pytest.fixture
def patient(shadyside: Site, settings: LazySettings) -> Patient:
    settings.EDUCATION_FROM_EMAIL = "texts@clinic.example.org"
    found = PatientFactory.create(site=shadyside, email="testa.oak@example.org")
    RecallFactory.create(patient=found, closed_normal=True)
    return found


def test_the_patient_asks_once_sees_each_state_and_stops(patient: Patient, open_page_as: OpenPageAs) -> None:
    browser = open_page_as(patient)
    assert PATH in browser.get("/my/").content.decode()
    assert "Yes, send me that email" in page_text(browser.get(PATH))
    assert not EducationSeries.objects.exists()
    for _tap in range(2):
        assert browser.post(PATH, {"do": "ask"}).status_code == 302
    series = EducationSeries.objects.get()
    assert Notification.objects.filter(kind="education_confirm").count() == 1
    assert "We sent an email to testa.oak@example.org" in page_text(browser.get(PATH))
    education.confirm_series(series)
    assert "one a month" in page_text(browser.get(PATH))
    browser.post(PATH, {"do": "stop"})
    assert "The emails are stopped" in page_text(browser.get(PATH))
    series.refresh_from_db()
    assert series.end_reason == EducationSeries.EndReason.STOPPED


def test_the_page_tells_no_result_that_nobody_has_told(patient: Patient, open_page_as: OpenPageAs) -> None:
    browser = open_page_as(patient)
    browser.post(PATH, {"do": "ask"})
    series = EducationSeries.objects.get()
    education.confirm_series(series)
    actions.open_recall(ExamFactory.create(patient=patient), by=INTAKE)
    waiting = page_text(browser.get(PATH))
    assert "The emails wait for now" in waiting
    actions.open_recall(ExamFactory.create(patient=patient, assessment=Assessment.HIGHLY_SUGGESTIVE), by=INTAKE)
    series.refresh_from_db()
    assert series.end_reason == EducationSeries.EndReason.OWN_CARE
    assert page_text(browser.get(PATH)).replace("Stop these emails ", "") == waiting.replace("Stop these emails ", "")


def test_without_a_sender_there_is_no_such_page(
    patient: Patient, open_page_as: OpenPageAs, settings: LazySettings
) -> None:
    settings.EDUCATION_FROM_EMAIL = ""
    browser = open_page_as(patient)
    assert PATH not in browser.get("/my/").content.decode()
    assert browser.get(PATH).url == "/my/"  # type: ignore[attr-defined]
    browser.post(PATH, {"do": "ask"})
    assert not EducationSeries.objects.exists()
