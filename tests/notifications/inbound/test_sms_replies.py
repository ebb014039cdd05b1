"""Tests answers to text messages: STOP stops them, START brings them back, the rest reaches a person."""

import base64
import hashlib
import hmac
from collections.abc import Iterator

import pytest
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse

from clinic.models import Site
from notifications.delivery.worker import send_due
from notifications.enums import NotificationKind, NotificationState
from notifications.inbound.sms_replies import ReplyKind, classify_reply, handle_sms_reply
from patients.channels import get_patient_channels
from patients.factories import PatientFactory
from patients.models import Consent, Patient
from recalls.enums import WorkItemKind
from recalls.models import Recall, WorkItem
from recalls.testing.factories import RecallFactory
from tests.notifications.clock import Clock, latest_notification
from tests.support.fake_twilio import SENDER, TOKEN, FakeTwilioServer

pytestmark = pytest.mark.django_db

MOBILE = "+14125550123"


@pytest.fixture
def sms_service(settings: LazySettings) -> Iterator[FakeTwilioServer]:
    with FakeTwilioServer() as service:
        settings.SMS_URL = service.url
        yield service


@pytest.fixture
def sms_patient_recall(clock: Clock, shadyside: Site) -> Patient:
    """Agreed to text messages, and has no email."""
    return PatientFactory.create(
        site=shadyside, email=None, mobile="412 555 0123", consents={Consent.Subject.SMS: True}
    )


@pytest.mark.parametrize(
    "words",
    [
        "STOP",
        " stop. ",
        "Alto",
        "Unsubscribe please",
        "opt out",
        "Opt-out",
        "CANCEL",
        "por favor parar",
        "Fin",
        "no más",
    ],
)
def test_a_word_that_stops_alone_is_no_task(words: str) -> None:
    assert classify_reply(words) == ReplyKind.STOP


@pytest.mark.parametrize(
    "words",
    [
        "Quit smoking, can I still come?",
        "please cancel the one at 3",
        "END of week suits me",
        "Cancelar mi cita del martes",
        "Basta, ya llamé ayer",
        "STOP 2",
        "opt out and call my daughter",
    ],
)
def test_a_word_that_stops_with_more_words_stops_and_is_read_by_a_person(words: str) -> None:
    assert classify_reply(words) == ReplyKind.STOP_AND_MORE


@pytest.mark.parametrize("words", ["START", "unstop!", "Start please", "iniciar", "Reanudar, gracias"])
def test_these_words_alone_bring_texts_back(words: str) -> None:
    assert classify_reply(words) == ReplyKind.START


@pytest.mark.parametrize(
    "words",
    ["", "I cannot come", "non-stop pain", "call me", "?", "Start at 9 is fine", "Fin de semana es mejor", "YES", "no"],
)
def test_any_other_answer_leaves_the_consent(words: str) -> None:
    assert classify_reply(words) == ReplyKind.OTHER


def _post_reply(client: Client, body: str, settings: LazySettings, *, signed_with: str = TOKEN) -> int:
    fields = {"From": MOBILE, "To": SENDER, "Body": body, "MessageSid": "SM2"}
    said = settings.PUBLIC_URL + reverse("sms_inbound") + "".join(f"{name}{fields[name]}" for name in sorted(fields))
    signature = base64.b64encode(hmac.new(signed_with.encode(), said.encode(), hashlib.sha1).digest()).decode()
    return client.post(reverse("sms_inbound"), fields, headers={"X-Twilio-Signature": signature}).status_code


def test_stop_ends_text_messages_and_the_next_goes_on_paper(
    sms_service: FakeTwilioServer, sms_patient_recall: Patient, client: Client, settings: LazySettings
) -> None:
    recall = RecallFactory.create(patient=sms_patient_recall)
    assert _post_reply(client, "Stop", settings) == 200
    consent = sms_patient_recall.consents.filter(subject=Consent.Subject.SMS).latest("pk")
    assert (consent.granted, consent.source) == (False, "text message: STOP")
    send_due(5)
    assert sms_service.requests == []
    assert latest_notification(recall, NotificationKind.RECALL_NOTICE).state == NotificationState.TO_PRINT
    assert Recall.objects.get(pk=recall.pk).is_open


def test_another_answer_is_a_task_for_a_person_and_is_not_kept(
    sms_service: FakeTwilioServer, sms_patient_recall: Patient, client: Client, settings: LazySettings
) -> None:
    assert _post_reply(client, "My left side hurts", settings) == 200
    item = WorkItem.objects.get(patient=sms_patient_recall, kind=WorkItemKind.PATIENT_REQUEST)
    assert "hurts" not in item.reason
    assert get_patient_channels(sms_patient_recall).sms_allowed


def test_an_answer_without_the_providers_signature_changes_nothing(
    sms_service: FakeTwilioServer, sms_patient_recall: Patient, client: Client, settings: LazySettings
) -> None:
    assert _post_reply(client, "STOP", settings, signed_with="guess") == 403
    assert client.post(reverse("sms_inbound"), {"From": MOBILE, "Body": "STOP"}).status_code == 403
    assert client.get(reverse("sms_inbound")).status_code == 405
    settings.SMS_URL = ""
    assert _post_reply(client, "STOP", settings) == 403
    assert get_patient_channels(sms_patient_recall).sms_allowed


def _tasks(patient: Patient) -> list[str]:
    return list(WorkItem.objects.filter(patient=patient, done_at=None).values_list("reason", flat=True))


def test_what_stands_behind_the_stop_word_is_a_task_in_the_patients_words(sms_patient_recall: Patient) -> None:
    handle_sms_reply(MOBILE, "Quit it.\nI moved, come on   Monday instead")
    assert not get_patient_channels(sms_patient_recall).sms_allowed
    (reason,) = _tasks(sms_patient_recall)
    assert "Quit it. I moved, come on Monday instead" in reason


def test_a_second_answer_joins_the_open_task_of_the_patients_recall(sms_patient_recall: Patient) -> None:
    recall = RecallFactory.create(patient=sms_patient_recall)
    handle_sms_reply(MOBILE, "Parar, ya no vivo aqui")
    handle_sms_reply(MOBILE, "Can somebody call me")
    item = recall.work_items.get(kind=WorkItemKind.PATIENT_REQUEST)
    assert len(item.reasons) == 2
    assert "ya no vivo aqui" in item.reason


def test_start_brings_back_what_was_stopped_with_the_words_as_proof(sms_patient_recall: Patient) -> None:
    handle_sms_reply(MOBILE, "stop")
    handle_sms_reply(MOBILE, "Unstop, thank you")
    consent = sms_patient_recall.consents.filter(subject=Consent.Subject.SMS).latest("pk")
    assert (consent.granted, consent.source, consent.words) == (True, "text message: START", "Unstop, thank you")
    assert get_patient_channels(sms_patient_recall).sms_allowed
    assert _tasks(sms_patient_recall) == []


def test_start_is_no_consent_of_a_patient_who_was_never_asked(clock: Clock, shadyside: Site) -> None:
    patient = PatientFactory.create(site=shadyside, mobile="412 555 0123", consents={})
    handle_sms_reply(MOBILE, "START")
    assert not get_patient_channels(patient).sms_allowed
    assert len(_tasks(patient)) == 1
