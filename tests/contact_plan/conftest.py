"""Fixtures of the contact plan: a site that asks, a service of text messages, a tablet in a patient's hands."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.core.cache import cache, caches
from django.test import Client

from clinic.models import Site, User
from patients.contact_plan.handover import make_handover
from patients.factories import PatientFactory
from patients.models import ContactPlan, NumberCode, Patient
from tests.support.fake_twilio import FakeTwilioServer

MOBILE = "+14125550123"
Handed = Callable[[Patient], Client]


@pytest.fixture(autouse=True)
def _clear_cache() -> None:
    cache.clear()
    caches["shared"].clear()


@pytest.fixture
def asking_site(shadyside: Site) -> Site:
    shadyside.asks_contact_plan = shadyside.page_link = True
    shadyside.save()
    return shadyside


@pytest.fixture
def ruth(asking_site: Site) -> Patient:
    """Screened today, with no recall."""
    return PatientFactory.create(site=asking_site, given_name="Ruth", mobile="412 555 0123", home=None)


@pytest.fixture
def sms_service(settings: LazySettings) -> Iterator[FakeTwilioServer]:
    with FakeTwilioServer() as service:
        settings.SMS_URL = service.url
        yield service


@pytest.fixture
def hand_to(scheduler_ana: User) -> Handed:
    """A tablet in which nobody is signed in, opened by the number that staff made."""

    def open_tablet(patient: Patient) -> Client:
        tablet = Client()
        answer = tablet.post("/tablet/", {"number": make_handover(patient, by=scheduler_ana)})
        assert answer.headers["Location"] == "/tablet/number/"
        return tablet

    return open_tablet


def give_number(client: Client, number: str = "412 555 0123", kind: str = "mobile", language: str = "en") -> str:
    """Answer the first question; where the tablet goes next."""
    said = {"language": language, "phone": number, "phone_kind": kind}
    return client.post("/tablet/number/", said).headers.get("Location", "")


def code_in(service: FakeTwilioServer) -> str:
    """The code in the last text."""
    found = re.search(r"\b\d{6}\b", service.requests[-1].fields["Body"])
    assert found
    return found[0]


def wrong_code(service: FakeTwilioServer) -> str:
    return f"{(int(code_in(service)) + 1) % 1_000_000:06}"


def plan_of(patient: Patient) -> ContactPlan:
    return ContactPlan.objects.get(patient=patient)


def age_codes(patient: Patient, **delta: int) -> None:
    """As if what was sent had been sent that much earlier."""
    for row in NumberCode.objects.filter(patient=patient):
        row.sent_at -= timedelta(**delta)
        row.expires_at -= timedelta(**delta)
        row.save()
