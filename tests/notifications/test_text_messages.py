"""Do text messages leave as the provider documents it, and does STOP stop them and nothing else?"""

import base64
import hashlib
import hmac
from collections.abc import Iterator

import pytest
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse

from clinic.actors import INTAKE
from clinic.factories import cast_of
from clinic.models import Site
from notifications import maildir, sms_text
from notifications.delivery import drain
from notifications.kinds import Channel, Kind, NotificationState, Reason
from notifications.phone_views import is_stop
from patients.actions import set_contact_point
from patients.channels import channels_of
from patients.factories import PatientFactory
from patients.models import Consent, ContactPoint, Patient
from recalls import actions
from recalls.actions import Slot
from recalls.factories import RecallFactory
from recalls.models import Recall, WorkItem
from recalls.states import WorkItemKind
from tests.notifications.timeline import Clock, at, row_of
from tests.support.smtp import Answer, SmtpSink
from tests.support.twilio import ACCOUNT, SENDER, TOKEN, SmsService

pytestmark = pytest.mark.django_db

S = NotificationState
MOBILE = "+14125550123"


@pytest.fixture
def service(settings: LazySettings) -> Iterator[SmsService]:
    with SmsService() as service:
        settings.SMS_URL = service.url
        yield service


@pytest.fixture
def texted(clock: Clock, shadyside: Site) -> Patient:
    """Agreed to text messages, and has no email."""
    return PatientFactory.create(
        site=shadyside, email=None, mobile="412 555 0123", consents={Consent.Subject.SMS: True}
    )


def test_a_patient_without_email_who_agreed_gets_a_text_message(service: SmsService, texted: Patient) -> None:
    recall = RecallFactory.create(patient=texted)
    drain(5)
    (asked,) = service.asked
    assert asked.path == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    assert asked.keys == f"{ACCOUNT}:{TOKEN}"
    assert (asked.fields["To"], asked.fields["From"]) == (MOBILE, SENDER)
    assert asked.fields["Body"].endswith("Reply STOP to end texts.")
    assert len(asked.fields["Body"]) <= sms_text.ROOM
    row = row_of(recall, Kind.RECALL_NOTICE)
    assert (row.state, row.channel, row.rendered.text) == (S.ACCEPTED, Channel.SMS, asked.fields["Body"])
    assert row.attempts.get().channel == Channel.SMS
    assert not recall.work_items.exists()


def test_without_a_recorded_yes_no_text_message_is_sent(service: SmsService, clock: Clock, shadyside: Site) -> None:
    recall = RecallFactory.create(patient=PatientFactory.create(site=shadyside, no_email=True))
    drain(5)
    assert service.asked == []
    assert row_of(recall, Kind.RECALL_NOTICE).channel == Channel.LETTER


def test_email_goes_before_a_text_message(service: SmsService, clock: Clock, shadyside: Site) -> None:
    recall = RecallFactory.create(patient=PatientFactory.create(site=shadyside, text_messages=True))
    drain(5)
    assert service.asked == []
    assert row_of(recall, Kind.RECALL_NOTICE).state == S.ACCEPTED


def test_an_email_refused_for_good_goes_on_as_a_text_message(
    service: SmsService, clock: Clock, shadyside: Site, mail_server: SmtpSink
) -> None:
    mail_server.answer = Answer.REFUSE
    recall = RecallFactory.create(patient=PatientFactory.create(site=shadyside, text_messages=True))
    drain(5)
    row = row_of(recall, Kind.RECALL_NOTICE)
    assert (row.state, row.channel, row.given_up) == (S.ACCEPTED, Channel.SMS, [Channel.EMAIL])
    assert [(a.channel, a.result) for a in row.attempts.all()] == [("email", "permanent"), ("sms", "accepted")]
    assert len(service.asked) == 1
    assert not recall.work_items.exists()


@pytest.mark.parametrize(
    ("answer", "state", "channel"),
    [
        ((400, 21211), S.TO_PRINT, Channel.LETTER),  # her number is no number: paper takes over
        ((400, 21610), S.TO_PRINT, Channel.LETTER),  # she told the provider to stop
        ((503, 20503), S.PLANNED, Channel.SMS),  # not now
        ((429, 20429), S.PLANNED, Channel.SMS),  # we are too fast
        ((401, 20003), S.PLANNED, Channel.SMS),  # our account: nothing of hers is at fault
    ],
)
def test_an_answer_of_the_service_is_judged(
    answer: tuple[int, int], state: str, channel: str, service: SmsService, texted: Patient
) -> None:
    service.answer = answer
    recall = RecallFactory.create(patient=texted)
    drain(5)
    row = row_of(recall, Kind.RECALL_NOTICE)
    assert (row.state, row.channel) == (state, channel)
    attempt = row.attempts.get()
    assert str(answer[1]) in attempt.detail
    assert MOBILE not in attempt.detail
    assert channels_of(Patient.objects.get(pk=texted.pk)).sms_allowed == (answer[1] != 21610)


def test_an_answer_that_never_came_leaves_open_whether_it_arrived(service: SmsService, texted: Patient) -> None:
    service.hangs_up = True
    recall = RecallFactory.create(patient=texted)
    drain(5)
    row = row_of(recall, Kind.RECALL_NOTICE)
    assert (row.state, row.reason, row.may_have_arrived_twice) == (S.PLANNED, Reason.UNCERTAIN, True)


def test_while_the_service_is_away_nothing_is_tried_and_mail_goes_out(
    service: SmsService, texted: Patient, shadyside: Site
) -> None:
    service.answer = (401, 20003)
    RecallFactory.create(patient=texted)
    drain(5)
    mailed = RecallFactory.create(patient=PatientFactory.create(site=shadyside))
    drain(5)
    assert len(service.asked) == 1
    assert row_of(mailed, Kind.RECALL_NOTICE).state == S.ACCEPTED


def test_a_visit_is_told_with_its_day_in_letters_that_every_phone_has(
    service: SmsService, clock: Clock, texted: Patient, shadyside: Site
) -> None:
    shadyside.sender_name = "Clínica “Niño” — Sample Imaging Center of Pittsburgh"
    shadyside.save()
    recall = RecallFactory.create(patient=texted)
    recall.site = shadyside
    actions.book_appointment(recall, Slot(shadyside, at("2026-11-24", "10:00")), by=cast_of(shadyside).scheduler)
    drain(5)
    said = service.asked[-1].fields["Body"]
    assert said.startswith('Clinica "Niño" - Sample: your visit is booked for Tue, Nov 24, 10:00 am.')
    assert set(said) <= sms_text.ALPHABET


def test_without_a_service_the_demo_inbox_gets_the_text(
    clock: Clock, texted: Patient, settings: LazySettings, tmp_path: object
) -> None:
    settings.SMS_URL, settings.MAIL_INBOX_DIR = "file://", f"{tmp_path}/mail"
    RecallFactory.create(patient=texted)
    drain(5)
    (key,) = maildir.keys_newest_first()
    kept = maildir.read(key)
    assert kept is not None
    assert kept.message["To"] == MOBILE
    assert "Please call" in kept.part("plain")


@pytest.mark.parametrize("words", ["STOP", " stop. ", "Alto", "Unsubscribe please", "opt out", "Opt-out", "CANCEL"])
def test_these_answers_stop_text_messages(words: str) -> None:
    assert is_stop(words)


@pytest.mark.parametrize("words", ["", "I cannot come", "non-stop pain", "call me", "?"])
def test_these_answers_do_not(words: str) -> None:
    assert not is_stop(words)


def _answer(client: Client, body: str, settings: LazySettings, *, signed_with: str = TOKEN) -> int:
    fields = {"From": MOBILE, "To": SENDER, "Body": body, "MessageSid": "SM2"}
    said = settings.PUBLIC_URL + reverse("sms_inbound") + "".join(f"{name}{fields[name]}" for name in sorted(fields))
    signature = base64.b64encode(hmac.new(signed_with.encode(), said.encode(), hashlib.sha1).digest()).decode()
    return client.post(reverse("sms_inbound"), fields, headers={"X-Twilio-Signature": signature}).status_code


def test_stop_ends_text_messages_and_the_next_goes_on_paper(
    service: SmsService, texted: Patient, client: Client, settings: LazySettings
) -> None:
    recall = RecallFactory.create(patient=texted)
    assert _answer(client, "Stop", settings) == 200
    consent = texted.consents.filter(subject=Consent.Subject.SMS).latest("pk")
    assert (consent.granted, consent.source) == (False, "text message: STOP")
    drain(5)
    assert service.asked == []
    assert row_of(recall, Kind.RECALL_NOTICE).state == S.TO_PRINT
    assert Recall.objects.get(pk=recall.pk).is_open


def test_another_answer_is_a_task_for_a_person_and_is_not_kept(
    service: SmsService, texted: Patient, client: Client, settings: LazySettings
) -> None:
    assert _answer(client, "My left side hurts", settings) == 200
    item = WorkItem.objects.get(patient=texted, kind=WorkItemKind.PATIENT_ASKED)
    assert "hurts" not in item.reason
    assert channels_of(texted).sms_allowed


def test_an_answer_without_the_providers_signature_changes_nothing(
    service: SmsService, texted: Patient, client: Client, settings: LazySettings
) -> None:
    assert _answer(client, "STOP", settings, signed_with="guess") == 403
    assert client.post(reverse("sms_inbound"), {"From": MOBILE, "Body": "STOP"}).status_code == 403
    assert client.get(reverse("sms_inbound")).status_code == 405
    settings.SMS_URL = ""
    assert _answer(client, "STOP", settings) == 403
    assert channels_of(texted).sms_allowed


def test_an_email_address_given_later_takes_the_message_back_to_email(service: SmsService, texted: Patient) -> None:
    recall = RecallFactory.create(patient=texted)
    set_contact_point(texted, ContactPoint.Kind.EMAIL, "testa.new@example.org", by=INTAKE)
    drain(5)
    drain(5)
    assert service.asked == []
    row = row_of(recall, Kind.RECALL_NOTICE)
    assert (row.state, row.channel) == (S.ACCEPTED, Channel.EMAIL)
