"""Tests that no message holds a fact of another patient."""

import random
from collections.abc import Iterator
from typing import Any, Final

import pytest
import time_machine
from django.conf import LazySettings
from django.core import mail

from clinic.factories import SiteFactory, get_site_staff
from clinic.models import Site
from notifications.delivery import print_queue
from notifications.enums import Channel
from notifications.models import RenderedMessage
from patients.factories import PatientFactory
from patients.models import Consent
from recalls.enums import FindingKind, Side
from recalls.models import Appointment
from recalls.testing.factories import RecallFactory
from recalls.testing.scenarios import SCENARIOS
from tests.notifications.clock import Clock, at
from tests.support.fake_twilio import FakeTwilioServer

pytestmark = pytest.mark.django_db
PATIENTS = 40
LETTERS = "bcdfghjklmnpqrstvwxz"


def name_of(number: int, dice: random.Random) -> str:
    """A name that is part of no other name and of no text."""
    return "Zq" + "".join(dice.choices(LETTERS, k=8)) + "abcdefghij"[number % 10] + "abcdefghij"[number // 10]


CHANNEL_PROFILES: Final[tuple[dict[str, Any], ...]] = (
    {"email": True, "consents": {Consent.Subject.EMAIL: True}},
    {"email": True, "consents": {Consent.Subject.EMAIL: True, Consent.Subject.DETAIL: True}},
    {"email": None, "consents": {Consent.Subject.SMS: True}},
    {"email": None, "consents": {}},
    {"email": None, "consents": {Consent.Subject.DETAIL: True}},
)


@pytest.fixture
def service(settings: LazySettings) -> Iterator[FakeTwilioServer]:
    with FakeTwilioServer() as service:
        settings.SMS_URL = service.url
        yield service


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_message_holds_the_facts_of_the_patient_it_goes_to_and_of_no_other(
    seed: int, db: None, service: FakeTwilioServer
) -> None:
    """By email with and without detail, by text message, and on paper."""
    dice = random.Random(seed)
    with time_machine.travel(at("2026-11-24", "12:00"), tick=False) as traveller:
        marks = _create_patients(dice)
        Clock(traveller).run_until("2026-12-10", "12:00")
        _print_all_letters()
    sent = RenderedMessage.objects.select_related("notification__recall__patient")
    assert {copy.channel for copy in sent} == set(Channel)
    for copy in sent:
        own = marks[copy.notification.patient_id]
        others = set[str]().union(*(names for patient, names in marks.items() if names is not own))
        everything = " ".join((copy.subject, copy.text, copy.html, copy.calendar, copy.address, str(copy.letter)))
        assert {name for name in others if name.lower() in everything.lower()} == set()
        assert copy.channel == Channel.SMS or any(name in copy.text for name in own)
        _assert_own_appointment_only(copy)
    assert all(len(message.to) == 1 and not message.cc and not message.bcc for message in mail.outbox)
    texted = {copy.address for copy in sent if copy.channel == Channel.SMS}
    assert {one.fields["To"] for one in service.requests} == texted


def _create_patients(dice: random.Random) -> dict[int, set[str]]:
    """Each with names of their own, by number; the rest is what life brings."""
    sites = [SiteFactory.create(sends_lay_summaries=True, phone=f"+1412555010{number}") for number in range(3)]
    marks: dict[int, set[str]] = {}
    for number in range(PATIENTS):
        first, family = name_of(number, dice), name_of(number, dice)
        way = CHANNEL_PROFILES[number % len(CHANNEL_PROFILES)]
        patient = PatientFactory.create(
            site=dice.choice(sites),
            given_name=first,
            family_name=family,
            email=f"{first.lower()}@example.org" if way["email"] else None,
            consents=way["consents"],
        )
        story = {dice.choice(sorted(SCENARIOS)): True}
        RecallFactory.create(**story, patient=patient, exam__findings=[(dice.choice(list(FindingKind)), Side.LEFT)])
        marks[patient.pk] = {first, family}
    return marks


def _print_all_letters() -> None:
    for site in Site.objects.all():
        printer = get_site_staff(site).scheduler
        rows = list(print_queue.get_letters_to_print(printer).values_list("pk", flat=True))
        made = print_queue.make_pdf(printer, rows)
        print_queue.mark_printed(printer, [row.pk for row in made.notifications])


def _assert_own_appointment_only(copy: RenderedMessage) -> None:
    """A visit's place is that of the patient's own visit; the clinic's phone is in every message."""
    row = copy.notification
    visit = Appointment.objects.select_related("site").filter(pk=row.appointment_id or 0).first()
    site = visit.site if visit else row.recall.site
    assert site.sender_name in copy.text
    assert visit is None or visit.recall_id == row.recall_id
