"""Tests text messages: the provider's interface, and that STOP stops them and nothing else."""

from collections.abc import Iterator

import pytest
from django.conf import LazySettings

from clinic.actors import INTAKE
from clinic.factories import get_site_staff
from clinic.models import Site
from notifications.backends import maildir
from notifications.delivery.worker import send_due
from notifications.enums import Channel, NotificationKind, NotificationState, StatusReason
from notifications.rendering import sms
from patients.actions import set_contact_point
from patients.channels import get_patient_channels
from patients.factories import PatientFactory
from patients.models import Consent, ContactPoint, Patient
from recalls import actions
from recalls.actions import Slot
from recalls.testing.factories import RecallFactory
from tests.notifications.clock import Clock, at, latest_notification
from tests.support.fake_twilio import ACCOUNT, SENDER, TOKEN, FakeTwilioServer
from tests.support.smtp_sink import SmtpReply, SmtpSink

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


def test_a_patient_without_email_who_agreed_gets_a_text_message(
    sms_service: FakeTwilioServer, sms_patient_recall: Patient
) -> None:
    recall = RecallFactory.create(patient=sms_patient_recall)
    send_due(5)
    (asked,) = sms_service.requests
    assert asked.path == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    assert asked.credentials == f"{ACCOUNT}:{TOKEN}"
    assert (asked.fields["To"], asked.fields["From"]) == (MOBILE, SENDER)
    assert asked.fields["Body"].endswith("Reply STOP to end texts.")
    assert len(asked.fields["Body"]) <= sms.MAX_SMS_LENGTH
    row = latest_notification(recall, NotificationKind.RECALL_NOTICE)
    assert (row.state, row.channel, row.rendered.text) == (
        NotificationState.ACCEPTED,
        Channel.SMS,
        asked.fields["Body"],
    )
    assert row.attempts.get().channel == Channel.SMS
    assert not recall.work_items.exists()


def test_without_a_recorded_yes_no_text_message_is_sent(
    sms_service: FakeTwilioServer, clock: Clock, shadyside: Site
) -> None:
    recall = RecallFactory.create(patient=PatientFactory.create(site=shadyside, no_email=True))
    send_due(5)
    assert sms_service.requests == []
    assert latest_notification(recall, NotificationKind.RECALL_NOTICE).channel == Channel.LETTER


def test_email_goes_before_a_text_message(sms_service: FakeTwilioServer, clock: Clock, shadyside: Site) -> None:
    recall = RecallFactory.create(patient=PatientFactory.create(site=shadyside, text_messages=True))
    send_due(5)
    assert sms_service.requests == []
    assert latest_notification(recall, NotificationKind.RECALL_NOTICE).state == NotificationState.ACCEPTED


def test_an_email_refused_for_good_goes_on_as_a_text_message(
    sms_service: FakeTwilioServer, clock: Clock, shadyside: Site, mail_server: SmtpSink
) -> None:
    mail_server.reply = SmtpReply.REFUSE
    recall = RecallFactory.create(patient=PatientFactory.create(site=shadyside, text_messages=True))
    send_due(5)
    row = latest_notification(recall, NotificationKind.RECALL_NOTICE)
    assert (row.state, row.channel, row.failed_channels) == (NotificationState.ACCEPTED, Channel.SMS, [Channel.EMAIL])
    assert [(a.channel, a.result) for a in row.attempts.all()] == [("email", "permanent"), ("sms", "accepted")]
    assert len(sms_service.requests) == 1
    assert not recall.work_items.exists()


@pytest.mark.parametrize(
    ("answer", "state", "channel"),
    [
        ((400, 21211), NotificationState.TO_PRINT, Channel.LETTER),  # the number is no number: paper takes over
        ((400, 21610), NotificationState.TO_PRINT, Channel.LETTER),  # the patient told the provider to stop
        ((503, 20503), NotificationState.PLANNED, Channel.SMS),  # not now
        ((429, 20429), NotificationState.PLANNED, Channel.SMS),  # we are too fast
        ((401, 20003), NotificationState.PLANNED, Channel.SMS),  # our account: nothing of the patient's is at fault
    ],
)
def test_an_answer_of_the_service_is_judged(
    answer: tuple[int, int], state: str, channel: str, sms_service: FakeTwilioServer, sms_patient_recall: Patient
) -> None:
    sms_service.reply = answer
    recall = RecallFactory.create(patient=sms_patient_recall)
    send_due(5)
    row = latest_notification(recall, NotificationKind.RECALL_NOTICE)
    assert (row.state, row.channel) == (state, channel)
    attempt = row.attempts.get()
    assert str(answer[1]) in attempt.detail
    assert MOBILE not in attempt.detail
    assert get_patient_channels(Patient.objects.get(pk=sms_patient_recall.pk)).sms_allowed == (answer[1] != 21610)


def test_an_answer_that_never_came_leaves_open_whether_it_arrived(
    sms_service: FakeTwilioServer, sms_patient_recall: Patient
) -> None:
    sms_service.drops_connection = True
    recall = RecallFactory.create(patient=sms_patient_recall)
    send_due(5)
    row = latest_notification(recall, NotificationKind.RECALL_NOTICE)
    assert (row.state, row.reason, row.may_have_arrived_twice) == (
        NotificationState.PLANNED,
        StatusReason.UNCERTAIN,
        True,
    )


def test_while_the_service_is_away_nothing_is_tried_and_mail_goes_out(
    sms_service: FakeTwilioServer, sms_patient_recall: Patient, shadyside: Site
) -> None:
    sms_service.reply = (401, 20003)
    RecallFactory.create(patient=sms_patient_recall)
    send_due(5)
    mailed = RecallFactory.create(patient=PatientFactory.create(site=shadyside))
    send_due(5)
    assert len(sms_service.requests) == 1
    assert latest_notification(mailed, NotificationKind.RECALL_NOTICE).state == NotificationState.ACCEPTED


def test_a_visit_is_told_with_its_day_in_letters_that_every_phone_has(
    sms_service: FakeTwilioServer, clock: Clock, sms_patient_recall: Patient, shadyside: Site
) -> None:
    shadyside.sender_name = "Clínica “Niño” — Sample Imaging Center of Pittsburgh"
    shadyside.save()
    recall = RecallFactory.create(patient=sms_patient_recall)
    recall.site = shadyside
    actions.book_appointment(recall, Slot(shadyside, at("2026-11-24", "10:00")), by=get_site_staff(shadyside).scheduler)
    send_due(5)
    said = sms_service.requests[-1].fields["Body"]
    assert said.startswith('Clinica "Niño" - Sample: your visit is booked for Tue, Nov 24, 10:00 am.')
    assert set(said) <= sms.GSM_ALPHABET


def test_without_a_service_the_demo_inbox_gets_the_text(
    clock: Clock, sms_patient_recall: Patient, settings: LazySettings, tmp_path: object
) -> None:
    settings.SMS_URL, settings.MAIL_INBOX_DIR = "file://", f"{tmp_path}/mail"
    RecallFactory.create(patient=sms_patient_recall)
    send_due(5)
    (key,) = maildir.list_keys_newest_first()
    kept = maildir.read_mail(key)
    assert kept is not None
    assert kept.message["To"] == MOBILE
    assert "Please call" in kept.get_text_part("plain")


def test_an_email_address_given_later_takes_the_message_back_to_email(
    sms_service: FakeTwilioServer, sms_patient_recall: Patient
) -> None:
    recall = RecallFactory.create(patient=sms_patient_recall)
    set_contact_point(sms_patient_recall, ContactPoint.Kind.EMAIL, "testa.new@example.org", by=INTAKE)
    send_due(5)
    send_due(5)
    assert sms_service.requests == []
    row = latest_notification(recall, NotificationKind.RECALL_NOTICE)
    assert (row.state, row.channel) == (NotificationState.ACCEPTED, Channel.EMAIL)
