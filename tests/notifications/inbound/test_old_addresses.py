"""Tests that whoever reads an old address of the patient decides nothing about the present one."""

import re

import pytest
from django.conf import LazySettings
from django.core import mail
from django.test import Client

from clinic.actors import INTAKE
from notifications.delivery.worker import send_due
from notifications.enums import NotificationKind
from notifications.inbound import delivery_reports
from notifications.inbound.delivery_reports import ReportedOutcome
from notifications.models import DeliveryReport
from patients import links
from patients.actions import set_contact_point
from patients.addresses import mark_address_unusable
from patients.channels import get_patient_channels
from patients.models import ContactPoint, Patient
from recalls.enums import WorkItemKind
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from tests.notifications.clock import Clock, latest_notification, plain_text_part

pytestmark = pytest.mark.django_db

EMAIL = ContactPoint.Kind.EMAIL
OLD, NEW = "testa.oak@example.org", "ana.nueva@example.net"


@pytest.fixture
def message(clock: Clock, recall: Recall, settings: LazySettings) -> tuple[str, str]:
    """The link to the patient's page and the one that stops emails, as they went to the first address."""
    settings.PUBLIC_URL = "https://recalls.example.org"
    recall.site.page_link = True
    recall.site.save()
    send_due(5)
    sent = mail.outbox[-1]
    assert sent.to == [OLD]
    page = re.search(r"https://recalls\.example\.org(/my/[\w-]+/)", plain_text_part(sent.message()))
    assert page is not None
    stop = str(sent.extra_headers["List-Unsubscribe"]).strip("<>").removeprefix("https://recalls.example.org")
    return page[1], stop


def present(patient: Patient) -> tuple[str, str]:
    point = patient.contact_points.get(kind=EMAIL)
    return point.value, point.unusable


def test_the_link_ends_when_the_patient_has_another_address(
    message: tuple[str, str], recall: Recall, client: Client
) -> None:
    page, _stop = message
    assert client.get(page).status_code == 200
    set_contact_point(recall.patient, EMAIL, NEW, by=INTAKE)
    assert client.get(page).status_code == 410
    assert client.post(f"{page}not-me/").status_code == 410
    assert present(recall.patient) == (NEW, "")


def test_an_open_page_closes_with_its_address(message: tuple[str, str], recall: Recall, client: Client) -> None:
    page, _stop = message
    born = recall.patient.birth_date
    client.post(page, {"month": born.month, "day": born.day, "year": born.year})
    assert client.get("/my/").status_code == 200
    set_contact_point(recall.patient, EMAIL, NEW, by=INTAKE)
    assert client.get("/my/").status_code == 403


def test_another_spelling_of_the_same_address_keeps_the_link(
    message: tuple[str, str], recall: Recall, client: Client
) -> None:
    set_contact_point(recall.patient, EMAIL, OLD.upper(), by=INTAKE)
    assert client.get(message[0]).status_code == 200


def test_not_me_marks_the_address_that_was_written_to_and_no_other_patient(
    message: tuple[str, str], recall: Recall, client: Client
) -> None:
    neighbour = RecallFactory.create(site=recall.site, patient__email=OLD)
    assert client.post(f"{message[0]}not-me/").status_code == 200
    assert present(recall.patient) == (OLD, "wrong")
    assert present(neighbour.patient) == (OLD, "")
    assert recall.work_items.filter(kind=WorkItemKind.VERIFY_CONTACT).exists()
    set_contact_point(recall.patient, EMAIL, NEW, by=INTAKE)
    set_contact_point(recall.patient, EMAIL, OLD, by=INTAKE)
    assert present(recall.patient) == (OLD, "wrong")


def test_a_link_to_an_address_marked_wrong_opens_nothing(
    message: tuple[str, str], recall: Recall, client: Client
) -> None:
    mark_address_unusable(OLD, ContactPoint.UnusableReason.WRONG, by=INTAKE, patient=recall.patient)
    assert client.get(message[0]).status_code == 410


def test_a_link_to_a_mailbox_that_died_since_is_closed_since_another_person_may_get_the_address(
    message: tuple[str, str], recall: Recall, client: Client
) -> None:
    mark_address_unusable(OLD, ContactPoint.UnusableReason.BOUNCED, by=INTAKE)
    assert client.get(message[0]).status_code == 410


def test_a_link_that_staff_handed_over_goes_on_with_a_new_address(recall: Recall, client: Client) -> None:
    token = links.issue_link(recall.patient, by=INTAKE)
    set_contact_point(recall.patient, EMAIL, NEW, by=INTAKE)
    assert client.get(f"/my/{token}/").status_code == 200


def test_the_stop_link_of_an_old_message_stops_the_old_address_alone(
    message: tuple[str, str], recall: Recall, client: Client
) -> None:
    set_contact_point(recall.patient, EMAIL, NEW, by=INTAKE)
    assert client.post(message[1]).status_code == 200
    patient = Patient.objects.get(pk=recall.patient_id)
    assert get_patient_channels(patient).email == NEW
    set_contact_point(patient, EMAIL, OLD, by=INTAKE)
    assert get_patient_channels(Patient.objects.get(pk=patient.pk)).email == ""


def test_the_stop_link_of_a_message_to_the_present_address_is_the_patients_no(
    message: tuple[str, str], recall: Recall, client: Client
) -> None:
    client.post(message[1])
    assert get_patient_channels(Patient.objects.get(pk=recall.patient_id)).email_blocked_reason == "opted_out"


@pytest.mark.parametrize("result", [DeliveryReport.Result.BOUNCED, DeliveryReport.Result.COMPLAINED])
def test_news_of_a_message_to_an_old_address_marks_whoever_still_has_it(
    message: tuple[str, str], recall: Recall, result: DeliveryReport.Result
) -> None:
    shares = RecallFactory.create(site=recall.site, patient__email=OLD.capitalize())
    set_contact_point(recall.patient, EMAIL, NEW, by=INTAKE)
    row = latest_notification(recall, NotificationKind.RECALL_NOTICE)
    delivery_reports.record_report(row, ReportedOutcome(result, "5.1.1", bad_mailbox=True))
    assert present(recall.patient) == (NEW, "")
    assert present(shares.patient)[1] == result.value
    assert shares.work_items.filter(kind=WorkItemKind.VERIFY_CONTACT).exists()
