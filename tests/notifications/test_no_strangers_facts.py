"""Does a message ever hold a fact of another patient? Many invented patients live at once, each with her own."""

import random

import pytest
import time_machine
from django.core import mail

from clinic.factories import SiteFactory
from notifications.models import RenderedMessage
from patients.factories import PatientFactory
from patients.models import Consent
from recalls.factories import RecallFactory
from recalls.models import Appointment
from recalls.states import FindingKind, Side
from recalls.stories import STORIES
from tests.notifications.timeline import Clock, at

pytestmark = pytest.mark.django_db
PATIENTS = 40
LETTERS = "bcdfghjklmnpqrstvwxz"


def name_of(number: int, dice: random.Random) -> str:
    """A name that is part of no other name and of no text."""
    return "Zq" + "".join(dice.choices(LETTERS, k=8)) + "abcdefghij"[number % 10] + "abcdefghij"[number // 10]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_message_holds_the_facts_of_the_patient_it_goes_to_and_of_no_other(seed: int, db: None) -> None:
    dice = random.Random(seed)
    with time_machine.travel(at("2026-11-24", "12:00"), tick=False) as traveller:
        sites = [SiteFactory.create(sends_lay_summaries=True, phone=f"+1412555010{number}") for number in range(3)]
        marks: dict[int, set[str]] = {}
        for number in range(PATIENTS):
            first, family = name_of(number, dice), name_of(number, dice)
            patient = PatientFactory.create(
                site=dice.choice(sites),
                given_name=first,
                family_name=family,
                email=f"{first.lower()}@example.org",
                consents={Consent.Subject.EMAIL: True, Consent.Subject.DETAIL: dice.random() < 0.5},
            )
            story = {dice.choice(sorted(STORIES)): True}
            RecallFactory.create(**story, patient=patient, exam__findings=[(dice.choice(list(FindingKind)), Side.LEFT)])
            marks[patient.pk] = {first, family}
        Clock(traveller).run("2026-12-10", "12:00")
    sent = RenderedMessage.objects.select_related("notification__recall__patient")
    assert sent.count() > PATIENTS
    for copy in sent:
        own = marks[copy.notification.patient_id]
        everything = " ".join((copy.subject, copy.text, copy.html, copy.calendar, copy.address.title()))
        others = set[str]().union(
            *(names for patient, names in marks.items() if patient != copy.notification.patient_id)
        )
        assert {name for name in others if name in everything or name.lower() in copy.address} == set()
        assert next(name for name in own if name in copy.text)
        _tells_only_its_own_visit(copy)
    assert all(len(message.to) == 1 and not message.cc and not message.bcc for message in mail.outbox)


def _tells_only_its_own_visit(copy: RenderedMessage) -> None:
    """A visit's place is that of the patient's own visit; her clinic's phone is in every message."""
    row = copy.notification
    visit = Appointment.objects.select_related("site").filter(pk=row.appointment_id or 0).first()
    site = visit.site if visit else row.recall.site
    assert site.sender_name in copy.text
    assert visit is None or visit.recall_id == row.recall_id
