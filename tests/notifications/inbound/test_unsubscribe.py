"""Tests that one click stops emails, and that the patient is still cared for."""

import re
from urllib.parse import urlsplit

import pytest
from django.conf import LazySettings
from django.core import mail
from django.test import Client

from clinic.actors import INTAKE
from clinic.models import User
from notifications.delivery.worker import send_due
from notifications.enums import Channel, NotificationKind, NotificationState, StatusReason
from notifications.rendering.email import unsubscribe_url
from patients.actions import update_details
from patients.factories import PatientFactory, ReferringProviderFactory
from patients.models import Consent, Patient
from recalls import actions
from recalls.actions import Slot
from recalls.enums import State, WorkItemKind
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from tests.notifications.clock import Clock, at, latest_notification

pytestmark = pytest.mark.django_db
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def address(clock: Clock, recall: Recall, settings: LazySettings) -> str:
    """The path that the header of the first message names."""
    settings.PUBLIC_URL = "https://recalls.example.org"
    send_due(5)
    header = str(mail.outbox[-1].extra_headers["List-Unsubscribe"])
    assert header.startswith("<https://recalls.example.org/stop-emails/")
    return header.strip("<>").removeprefix("https://recalls.example.org")


def consent(recall: Recall) -> bool:
    return recall.patient.consents.filter(subject=Consent.Subject.EMAIL).latest("pk").granted


def test_every_email_names_the_way_to_stop_in_the_headers_that_mail_programs_know(address: str) -> None:
    headers = mail.outbox[-1].extra_headers
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["Auto-Submitted"] == "auto-generated"


def test_the_address_says_nothing_about_the_patient(address: str, recall: Recall) -> None:
    token = address.rstrip("/").rpartition("/")[2]
    assert re.fullmatch(r"[0-9a-f]{32}\.[\w-]+", token)


def test_opening_the_address_changes_nothing_however_often_a_scanner_does_it(
    address: str, recall: Recall, client: Client
) -> None:
    for _time in range(50):
        assert client.get(address).status_code == 200
        assert client.head(address).status_code == 200
    assert consent(recall)


def test_one_click_stops_emails_and_not_the_recall(
    address: str, clock: Clock, recall: Recall, scheduler_ana: User
) -> None:
    actions.book_appointment(recall, Slot(recall.site, at("2026-11-24", "10:30")), by=scheduler_ana)
    program = Client(enforce_csrf_checks=True)  # a mail program has no cookie
    assert program.post(address, ONE_CLICK).status_code == 200
    assert not consent(recall)
    clock.run_until("2026-12-01")
    assert len(mail.outbox) == 1
    row = latest_notification(recall, NotificationKind.APPOINTMENT_REMINDER)
    assert (row.state, row.reason) == (NotificationState.SUPPRESSED, StatusReason.OPTED_OUT)
    recall.refresh_from_db()
    assert recall.state == State.SCHEDULED


def test_news_that_can_no_longer_be_mailed_goes_by_post(address: str, recall: Recall, client: Client) -> None:
    client.post(address, ONE_CLICK)
    row = latest_notification(recall, NotificationKind.PLEASE_CALL)
    assert (row.state, row.channel) == (NotificationState.PLANNED, Channel.LETTER)


def test_news_that_goes_no_way_at_all_becomes_a_task_at_once(address: str, recall: Recall, client: Client) -> None:
    update_details(recall.patient, {"address_line": ""}, by=INTAKE)
    client.post(address, ONE_CLICK)
    assert latest_notification(recall, NotificationKind.PLEASE_CALL).reason == StatusReason.OPTED_OUT
    assert recall.work_items.get().kind == WorkItemKind.UNDELIVERABLE_MESSAGE


def test_a_second_click_says_the_same_and_writes_nothing_more(address: str, recall: Recall, client: Client) -> None:
    for _time in range(3):
        assert client.post(address, ONE_CLICK).status_code == 200
    assert recall.patient.consents.filter(subject=Consent.Subject.EMAIL, granted=False).count() == 1


def test_the_page_is_in_the_patients_language(address: str, recall: Recall, client: Client) -> None:
    recall.patient.language = "es"
    recall.patient.save(update_fields=["language"])
    assert "No recibir más correos" in client.get(address).content.decode()


@pytest.mark.parametrize("token", ["x", "0" * 32, "0" * 32 + ".made-up"])
def test_an_invented_address_opens_nothing(token: str, db: None, client: Client) -> None:
    for response in (client.get(f"/stop-emails/{token}/"), client.post(f"/stop-emails/{token}/")):
        assert response.status_code == 404


def test_messages_about_one_recall_stand_together_and_those_of_another_apart(
    clock: Clock, recall: Recall, scheduler_ana: User
) -> None:
    other = RecallFactory.create(patient__email="other.sample@example.org")
    clock.run_until("2026-11-20")
    threads: dict[str, set[str]] = {}
    for one in mail.outbox:
        assert one.extra_headers["In-Reply-To"] == one.extra_headers["References"]
        assert one.extra_headers["References"] != one.extra_headers["Message-ID"]
        threads.setdefault(one.to[0], set()).add(one.extra_headers["References"])
    assert [len(names) for names in threads.values()] == [1, 1]
    assert len(set.union(*threads.values())) == 2
    assert other.patient_id != recall.patient_id


def test_a_patient_whose_records_were_merged_can_still_stop_emails_from_an_older_one(
    address: str, recall: Recall, client: Client, manager_mo: User
) -> None:
    kept = PatientFactory.create(site=recall.site, email="testa.kept@example.org")
    actions.merge_patients(recall.patient, kept, by=manager_mo)
    assert client.post(address, ONE_CLICK).status_code == 200
    assert not kept.consents.filter(subject=Consent.Subject.EMAIL).latest("pk").granted


def test_a_doctors_click_never_stops_the_patients_emails(clock: Clock, patient: Patient) -> None:
    doctor = ReferringProviderFactory.create(name="Dr. Referra Example", email="referrer@example.com")
    recall = RecallFactory.create(patient=patient, exam__referrer=doctor)
    send_due(5)
    (notice,) = [message for message in mail.outbox if message.to == ["referrer@example.com"]]
    assert not [name for name in notice.extra_headers if name.startswith("List-Unsubscribe")]
    forged = urlsplit(unsubscribe_url(latest_notification(recall, NotificationKind.REFERRER_NOTICE).public_id)).path
    assert Client().post(forged, ONE_CLICK).status_code == 404
    assert not recall.patient.consents.filter(subject=Consent.Subject.EMAIL, granted=False).exists()
