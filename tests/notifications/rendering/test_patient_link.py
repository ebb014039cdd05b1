"""Tests that the email holds the link to the patient's page and nobody else gets it."""

import re

import pytest
from django.conf import LazySettings
from django.core import mail
from django.test import Client

from clinic.models import User
from notifications.delivery.worker import send_due
from notifications.enums import NotificationKind
from notifications.models import RenderedMessage
from patients import links
from patients.models import PatientLink
from recalls import actions
from recalls.actions import DisclosureInput, Slot
from recalls.enums import DisclosureMethod, VisitKind
from recalls.models import Recall
from tests.notifications.clock import Clock, at, plain_text_part, sent_bodies

pytestmark = pytest.mark.django_db

LINK = r"https://recall\.example\.org/my/([A-Za-z0-9_-]{43})/"


@pytest.fixture(autouse=True)
def _patients_can_open_it(recall: Recall, settings: LazySettings) -> None:
    settings.PUBLIC_URL = "https://recall.example.org"
    recall.site.page_link = True
    recall.site.save()


def _tokens() -> set[str]:
    return {token for body in sent_bodies() for token in re.findall(LINK, body.replace("=\n", ""))}


def test_the_mail_brings_a_link_that_opens_the_patient_page(recall: Recall, client: Client) -> None:
    send_due(5)
    text = plain_text_part(mail.outbox[0].message())
    (token,) = re.findall(LINK, text)
    assert f"Open my page:\nhttps://recall.example.org/my/{token}/" in text
    assert _tokens() == {token}  # the page says the same
    link = links.find_link(token)
    assert link is not None
    assert link.patient == recall.patient
    assert client.get(f"/my/{token}/").status_code == 200


def test_the_copy_that_staff_reads_does_not_open_the_patient_page(recall: Recall) -> None:
    send_due(5)
    (token,) = _tokens()
    copy = RenderedMessage.objects.get(notification__recall=recall)
    assert token not in copy.text + copy.html
    assert "https://recall.example.org/my/********/" in copy.text
    assert "https://recall.example.org/my/********/" in copy.html


def test_each_mail_has_a_link_of_its_own_and_the_earlier_one_goes_on_working(clock: Clock, recall: Recall) -> None:
    clock.run_until("2026-11-17")
    tokens = _tokens()
    assert len(tokens) == len(mail.outbox) == 2
    assert all((link := links.find_link(token)) and link.is_usable_at(at("2026-11-17")) for token in tokens)


def test_a_mail_about_a_biopsy_brings_none(recall: Recall, radiologist_rao: User, scheduler_ana: User) -> None:
    recall.exam.assessment = "5"
    recall.exam.save()
    actions.advise_biopsy(recall, by=radiologist_rao)
    actions.result_told(recall, DisclosureInput(DisclosureMethod.PHONE), by=radiologist_rao)
    slot = Slot(recall.site, at("2026-11-24", "10:30"), VisitKind.BIOPSY)
    actions.book_biopsy(recall, slot, by=scheduler_ana)
    send_due(5)
    assert [row.notification.kind for row in RenderedMessage.objects.all()] == [NotificationKind.BIOPSY_CONFIRMATION]
    assert not PatientLink.objects.exists()
    assert "my page" not in "".join(sent_bodies())


@pytest.mark.parametrize("address", ["http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000"])
def test_an_address_of_this_machine_is_never_sent(recall: Recall, settings: LazySettings, address: str) -> None:
    settings.PUBLIC_URL = address
    send_due(5)
    assert not PatientLink.objects.exists()
    assert "/my/" not in "".join(sent_bodies())


def test_a_site_that_does_not_want_links_sends_none(recall: Recall) -> None:
    recall.site.page_link = False
    recall.site.save()
    send_due(5)
    assert not PatientLink.objects.exists()
    assert "/my/" not in "".join(sent_bodies())
