"""Tests that staff see what became of a message: reports, channels used, each copy."""

from io import BytesIO

import pytest
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader

from clinic.actors import INTAKE
from clinic.models import Site, User
from notifications.delivery import print_queue
from notifications.delivery.worker import send_due
from notifications.enums import Channel, NotificationKind, NotificationState
from notifications.inbound import delivery_reports
from notifications.inbound.delivery_reports import ReportedOutcome
from notifications.models import DeliveryReport, Notification
from patients.actions import update_details
from patients.factories import PatientFactory
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from tests.notifications.clock import Clock, latest_notification
from tests.portal.conftest import page_text

pytestmark = pytest.mark.django_db

Result = DeliveryReport.Result


@pytest.fixture
def ana(client: Client, scheduler_ana: User) -> Client:
    client.force_login(scheduler_ana)
    return client


@pytest.fixture
def sent(clock: Clock, shadyside: Site) -> Notification:
    """A notice that the mail server took."""
    patient = PatientFactory.create(site=shadyside, email="testa.oak@example.org")
    recall: Recall = RecallFactory.create(patient=patient)
    send_due(5)
    row = latest_notification(recall, NotificationKind.RECALL_NOTICE)
    assert row.state == NotificationState.ACCEPTED
    return row


def page_of(ana: Client, row: Notification) -> str:
    return page_text(ana.get(reverse("message", args=[row.pk])))


def history_of(ana: Client, row: Notification) -> str:
    return page_text(ana.get(reverse("recall", args=[row.recall_id])))


def test_a_delivered_message_says_who_said_so(ana: Client, sent: Notification) -> None:
    delivery_reports.record_report(sent, ReportedOutcome(Result.DELIVERED, "2.0.0"))
    page = page_of(ana, sent)
    assert "Try 1, Email: Accepted by the mail server" in page
    assert "The other side says: Delivered 2.0.0" in page
    assert "Delivered" in history_of(ana, sent)


def test_a_complaint_is_shown_on_the_page_and_in_the_history(ana: Client, sent: Notification) -> None:
    delivery_reports.record_report(sent, ReportedOutcome(Result.COMPLAINED, "abuse report"))
    assert "The other side says: Reported as unwanted abuse report" in page_of(ana, sent)
    assert "Reported as unwanted" in history_of(ana, sent)


def test_what_came_back_and_goes_on_as_a_letter_shows_both_copies(
    ana: Client, sent: Notification, scheduler_ana: User
) -> None:
    update_details(sent.patient, {"address_line": "1 Example Lane"}, by=INTAKE)
    delivery_reports.record_report(sent, ReportedOutcome(Result.BOUNCED, "5.1.1", bad_mailbox=True))
    send_due(5)
    page = page_of(ana, sent)
    assert "The other side says: Came back 5.1.1" in page
    assert "Email did not reach the patient. Delivery now by Letter." in page
    assert "As it would look now" in page
    assert "Earlier delivery: Email To testa.oak@example.org" in page
    assert "Email did not reach the patient." in history_of(ana, sent)
    print_queue.make_pdf(scheduler_ana, [sent.pk])
    assert print_queue.mark_printed(scheduler_ana, [sent.pk]) == 1
    page = page_of(ana, sent)
    assert "Try 2, Letter: Printed" in page
    assert "As it was sent" in page
    assert "Reply or call to stop emails." in page, "the email as it was"


def test_a_letter_is_shown_as_the_pdf_that_was_printed(
    ana: Client, clock: Clock, shadyside: Site, scheduler_ana: User
) -> None:
    patient = PatientFactory.create(site=shadyside, no_email=True, given_name="Testa")
    row = latest_notification(RecallFactory.create(patient=patient), NotificationKind.RECALL_NOTICE)
    send_due(5)
    row.refresh_from_db()
    assert row.channel == Channel.LETTER
    address = reverse("message_pdf", args=[row.pk])
    assert address in ana.get(reverse("message", args=[row.pk])).content.decode()
    print_queue.make_pdf(scheduler_ana, [row.pk])
    print_queue.mark_printed(scheduler_ana, [row.pk])
    update_details(patient, {"given_name": "Changed"}, by=INTAKE)
    response = ana.get(address)
    page = page_of(ana, row)
    assert "Please come back: Printed" in page
    assert "mail server" not in page
    assert response["Content-Type"] == "application/pdf"
    assert "Hello Testa," in PdfReader(BytesIO(response.content)).pages[0].extract_text()


def test_a_message_that_is_no_letter_has_no_pdf(ana: Client, sent: Notification) -> None:
    assert ana.get(reverse("message_pdf", args=[sent.pk])).status_code == 404
