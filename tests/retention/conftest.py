"""Fixtures of old records: a person whose record is full, sealed, and kept for long enough."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from dateutil.relativedelta import relativedelta
from django.db import connection
from django.db.models import Max
from time_machine import TimeMachineFixture

from clinic.factories import UserFactory, get_site_staff
from clinic.models import Site, User
from clinic.roles import Role
from history import ledger
from history.ledger import seal_new_rows
from notifications.delivery import outbox
from notifications.delivery.worker import send_due
from notifications.enums import NotificationState
from notifications.models import Notification
from patients.actions import record_consent, set_contact_point, update_details
from patients.models import Consent, ContactPoint, Patient
from recalls import actions
from recalls.models import Recall, ScreeningExam, WorkItem
from recalls.testing.factories import RecallFactory
from tests.history.test_ledger import KEY, oldest_transaction_here
from tests.rules.step_actions import MONDAY

CANARY = "Zqcanary"
NUMBER = "4125550177"


@pytest.fixture(autouse=True)
def _within_sending_hours(time_machine: TimeMachineFixture) -> None:
    time_machine.move_to(MONDAY, tick=False)


@pytest.fixture(autouse=True)
def _keyed_history(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.HISTORY_KEYS = [KEY]
    settings.HISTORY_HEAD_FILE = tmp_path / "heads.jsonl"
    if connection.vendor == "postgresql":
        monkeypatch.setattr(ledger, "_oldest_transaction", oldest_transaction_here)


def seal_all() -> int:
    return seal_new_rows(60) + seal_new_rows(60)


@pytest.fixture
def second_administrator(shadyside: Site) -> User:
    return UserFactory.create(username="eve", role=Role.ADMINISTRATOR, sites=[shadyside])


@pytest.fixture
def full_record(shadyside: Site) -> Patient:
    """A person with words in every place where the actions put some; the recall is closed, nothing is open."""
    cast = get_site_staff(shadyside)
    recall = RecallFactory.create(
        site=shadyside,
        closed_normal=True,
        patient__family_name=CANARY,
        patient__detailed_email=True,
        patient__mrn=f"{CANARY}1",
        patient__mobility=f"{CANARY} walks with a stick",
        exam__comment=f"{CANARY} said it hurts",
        exam__accession=f"{CANARY}2",
    )
    patient = recall.patient
    set_contact_point(patient, ContactPoint.Kind.MOBILE, NUMBER, by=cast.scheduler)
    update_details(patient, {"address_line": f"{CANARY} Lane 1", "city": CANARY}, by=cast.scheduler)
    record_consent(patient, Consent.Subject.SMS, granted=False, source="call", by=cast.scheduler, words=CANARY)
    actions.add_note(recall, by=cast.manager, note=f"{CANARY} called to thank")
    second = RecallFactory.create(site=shadyside, patient=patient)
    actions.decline(second, by=cast.scheduler, note=f"{CANARY} goes to her sister's clinic")
    settle(patient)
    return patient


def settle(patient: Patient) -> None:
    """What years do: messages leave or are too late, tasks are done."""
    send_due(5)
    Notification.objects.filter(patient=patient, state=NotificationState.PLANNED).update(expires_at="2020-01-01T00:00Z")
    outbox.expire_overdue()
    WorkItem.objects.filter(patient=patient, done_at=None).update(done_at="2030-01-01T00:00Z")


def when_due(patient: Patient, years: int = 10) -> date:
    """The first day on which the last exam of the person need not be kept."""
    last: date = ScreeningExam.objects.filter(patient=patient).aggregate(last=Max("exam_date"))["last"]
    return last + relativedelta(years=years, days=1)


def recall_of(patient: Patient) -> Recall:
    """The one that ended with a result."""
    first: Recall = Recall.objects.filter(patient=patient).earliest("pk")
    return first
