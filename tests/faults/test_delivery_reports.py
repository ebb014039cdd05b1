"""Tests that what comes back reaches a person once, and that only the provider is believed."""

import base64
import json
import mailbox
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.test import Client

from clinic.actors import INTAKE
from clinic.models import User
from notifications.delivery import outbox
from notifications.delivery.claim_prefetch import ClaimPrefetcher
from notifications.delivery.worker import send_due
from notifications.enums import Channel, NotificationKind, NotificationState, StatusReason
from notifications.inbound import delivery_reports
from notifications.inbound.delivery_reports import ReportedOutcome
from notifications.models import DeliveryReport, Notification
from patients.actions import set_contact_point, update_details
from patients.models import ContactPoint
from recalls.enums import WorkItemKind
from recalls.models import Recall
from tests.notifications.clock import Clock, latest_notification
from tests.support.smtp_sink import SmtpSink

pytestmark = pytest.mark.django_db

Result = DeliveryReport.Result
SECRET = "provider:a-long-enough-secret"
POSTMARK = "/webhooks/postmark/tracking/"
UNUSABLE = ContactPoint.UnusableReason


@pytest.fixture
def sent(recall: Recall, mail_server: SmtpSink, settings: LazySettings) -> Notification:
    """A notice that the mail server took; email is the only channel."""
    update_details(recall.patient, {"address_line": ""}, by=INTAKE)
    settings.ANYMAIL = {"WEBHOOK_SECRET": SECRET}
    settings.WEBHOOK_PROVIDERS = frozenset({"postmark"})
    send_due(5)
    return latest_notification(recall, NotificationKind.RECALL_NOTICE)


def post_postmark_report(row: Notification, kind: str, secret: str = SECRET, **more: object) -> int:
    """Postmark's own form of a report; the status of the answer."""
    body = {"RecordType": kind, "MessageID": "theirs-1", "Metadata": {"notification_id": str(row.public_id)}, **more}
    basic = "Basic " + base64.b64encode(secret.encode()).decode()
    client = Client(raise_request_exception=False)
    return client.post(POSTMARK, json.dumps(body), "application/json", headers={"authorization": basic}).status_code


def email_of(row: Notification) -> ContactPoint:
    return row.patient.contact_points.get(kind=ContactPoint.Kind.EMAIL)


def tasks_of(row: Notification) -> set[str]:
    return set(row.recall.work_items.values_list("kind", flat=True))


def test_a_delivered_message_says_so(sent: Notification) -> None:
    assert (
        post_postmark_report(sent, "Delivery", Recipient="testa.oak@example.org", DeliveredAt="2026-11-10T13:20:00Z")
        == 200
    )
    sent.refresh_from_db()
    assert sent.state == NotificationState.DELIVERED
    assert tasks_of(sent) == set()


def test_a_message_that_came_back_stops_the_address_and_reaches_a_person(sent: Notification) -> None:
    for _turn in range(3):
        assert post_postmark_report(sent, "Bounce", Type="HardBounce", ID=7, Email="testa.oak@example.org") == 200
    sent.refresh_from_db()
    assert (sent.state, sent.reason) == (NotificationState.BOUNCED, StatusReason.BOUNCED)
    assert email_of(sent).unusable == UNUSABLE.BOUNCED
    assert {WorkItemKind.CALL_DELIVERY_FAILED, WorkItemKind.VERIFY_CONTACT} <= tasks_of(sent)
    assert sent.recall.work_items.filter(kind=WorkItemKind.CALL_DELIVERY_FAILED).count() == 1
    later = Notification.objects.filter(recall=sent.recall, kind=NotificationKind.PLEASE_CALL)
    assert set(later.values_list("state", "reason")) == {(NotificationState.SUPPRESSED, StatusReason.ADDRESS_BOUNCED)}


def test_a_message_that_was_blocked_reaches_a_person_and_the_address_stays(sent: Notification) -> None:
    assert post_postmark_report(sent, "Bounce", Type="Blocked", ID=8, Email="testa.oak@example.org") == 200
    sent.refresh_from_db()
    assert sent.state == NotificationState.BOUNCED
    assert email_of(sent).unusable == ""
    assert tasks_of(sent) == {WorkItemKind.CALL_DELIVERY_FAILED}


@pytest.mark.parametrize("fault", ["HardBounce", "Blocked"])
def test_what_came_back_goes_on_as_a_letter_and_somebody_asks_for_an_address_that_works(
    sent: Notification, clock: Clock, fault: str
) -> None:
    update_details(sent.patient, {"address_line": "1 Example Lane"}, by=INTAKE)
    post_postmark_report(sent, "Bounce", Type=fault, ID=7, Email="testa.oak@example.org")
    send_due(5)
    sent.refresh_from_db()
    assert (sent.state, sent.channel, sent.failed_channels) == (
        NotificationState.TO_PRINT,
        Channel.LETTER,
        [Channel.EMAIL],
    )
    assert tasks_of(sent) == {WorkItemKind.VERIFY_CONTACT, WorkItemKind.PRINT_LETTER}
    assert sent.reports.get().result == Result.BOUNCED


def test_a_complaint_stops_mail_to_that_address(sent: Notification) -> None:
    assert post_postmark_report(sent, "SpamComplaint", Type="SpamComplaint", ID=9, Email="testa.oak@example.org") == 200
    assert email_of(sent).unusable == UNUSABLE.COMPLAINED
    assert WorkItemKind.VERIFY_CONTACT in tasks_of(sent)
    sent.refresh_from_db()
    assert sent.state == NotificationState.ACCEPTED


def test_an_address_that_the_patient_gave_since_is_untouched(sent: Notification) -> None:
    set_contact_point(sent.patient, ContactPoint.Kind.EMAIL, "testa.new@example.org", by=INTAKE)
    post_postmark_report(sent, "Bounce", Type="HardBounce", ID=7, Email="testa.oak@example.org")
    assert email_of(sent).unusable == ""
    assert tasks_of(sent) == {WorkItemKind.CALL_DELIVERY_FAILED}


def test_nobody_without_the_secret_is_heard(sent: Notification, settings: LazySettings) -> None:
    assert post_postmark_report(sent, "Bounce", secret="provider:guess", Type="HardBounce", ID=7) == 401
    settings.ANYMAIL = {}
    assert post_postmark_report(sent, "Bounce", Type="HardBounce", ID=7) == 404
    assert not DeliveryReport.objects.exists()


def test_a_report_about_nothing_of_ours_changes_nothing(sent: Notification) -> None:
    stranger = Notification(public_id="00000000-0000-4000-8000-000000000000")
    assert post_postmark_report(stranger, "Bounce", Type="HardBounce", ID=7) == 200
    assert not DeliveryReport.objects.exists()


def test_a_report_that_overtakes_our_own_note_is_asked_for_again(recall: Recall, clock: Clock) -> None:
    claim = outbox.claim_next(ClaimPrefetcher())
    assert isinstance(claim, outbox.Claim)
    with pytest.raises(delivery_reports.StillSending):
        delivery_reports.record_report(claim.row, ReportedOutcome(Result.DELIVERED))
    assert not DeliveryReport.objects.exists()


def test_a_doubtful_message_that_did_arrive_is_not_sent_once_more(
    recall: Recall, clock: Clock, mail_server: SmtpSink
) -> None:
    assert isinstance(outbox.claim_next(ClaimPrefetcher()), outbox.Claim)
    clock.move_to("2026-11-10", "08:30")
    outbox.reclaim_expired_leases()
    delivery_reports.record_report(
        latest_notification(recall, NotificationKind.RECALL_NOTICE), ReportedOutcome(Result.DELIVERED)
    )
    send_due(5)
    assert mail_server.received == []
    assert latest_notification(recall, NotificationKind.RECALL_NOTICE).state == NotificationState.DELIVERED


def dsn(row: Notification, action: str = "failed", status: str = "5.1.1", head: str = "") -> bytes:
    """A delivery report as Postfix writes it."""
    head = head or f"X-Notification-ID: {row.public_id}\nMessage-ID: {row.message_id}\nSubject: Hello"
    return (
        "From: MAILER-DAEMON@mx.example.com\nTo: bounces@example.org\nSubject: Undelivered Mail Returned to Sender\n"
        "MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=B\n\n"
        "--B\nContent-Type: text/plain\n\nI'm sorry.\n"
        "--B\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.com\n\n"
        f"Final-Recipient: rfc822; testa.oak@example.org\nAction: {action}\nStatus: {status}\n"
        f"Diagnostic-Code: smtp; 550 {status} no such user\n\n"
        f"--B\nContent-Type: text/rfc822-headers\n\n{head}\n\n--B--\n"
    ).encode()


@pytest.fixture
def bounce_maildir(tmp_path: Path) -> mailbox.Maildir:
    return mailbox.Maildir(tmp_path / "bounces", create=True)


def run_read_bounces(bounce_maildir: mailbox.Maildir) -> str:
    out = StringIO()
    call_command("read_bounces", maildir=str(bounce_maildir._path), stdout=out)
    return out.getvalue()


def test_undeliverable_mail_in_the_bounce_mailbox_is_taken_once(
    sent: Notification, bounce_maildir: mailbox.Maildir
) -> None:
    bounce_maildir.add(dsn(sent))
    assert "1 reports taken" in run_read_bounces(bounce_maildir)
    assert "0 reports taken, 0 known" in run_read_bounces(bounce_maildir)
    bounce_maildir.add(dsn(sent))
    assert "1 known already" in run_read_bounces(bounce_maildir)
    sent.refresh_from_db()
    assert (sent.state, email_of(sent).unusable) == (NotificationState.BOUNCED, UNUSABLE.BOUNCED)
    assert sent.reports.get().detail == "5.1.1"


@pytest.mark.parametrize(("status", "unusable"), [("5.1.1", "bounced"), ("5.2.2", ""), ("5.7.1", ""), ("4.4.7", "")])
def test_only_a_fault_of_the_address_stops_it(
    status: str, unusable: str, sent: Notification, bounce_maildir: mailbox.Maildir
) -> None:
    bounce_maildir.add(dsn(sent, status=status))
    run_read_bounces(bounce_maildir)
    assert email_of(sent).unusable == unusable
    assert WorkItemKind.CALL_DELIVERY_FAILED in tasks_of(sent)


def test_the_message_id_alone_is_enough(sent: Notification, bounce_maildir: mailbox.Maildir) -> None:
    bounce_maildir.add(dsn(sent, head=f"Message-ID: {sent.message_id}"))
    assert "1 reports taken" in run_read_bounces(bounce_maildir)


def test_what_is_only_late_or_nobody_wrote_is_left_alone(sent: Notification, bounce_maildir: mailbox.Maildir) -> None:
    bounce_maildir.add(dsn(sent, action="delayed", status="4.4.1"))
    bounce_maildir.add(dsn(sent, head="Message-ID: <somebody@example.com>"))
    bounce_maildir.add(b"Subject: I am on holiday\n\nBack on Monday.")
    bounce_maildir.add(b"Content-Type: multipart/report; boundary=\n\n--\xff\xfe")
    assert "0 reports taken, 0 known already, 0 left for later, 4 other mails." in run_read_bounces(bounce_maildir)
    assert not DeliveryReport.objects.exists()


def test_a_complaint_in_the_mailbox_is_understood(sent: Notification, bounce_maildir: mailbox.Maildir) -> None:
    raw = dsn(sent).replace(b"delivery-status; boundary", b"feedback-report; boundary")
    bounce_maildir.add(raw.replace(b"message/delivery-status", b"message/feedback-report"))
    run_read_bounces(bounce_maildir)
    assert email_of(sent).unusable == UNUSABLE.COMPLAINED


def test_a_mail_server_may_pipe_one_message(
    recall: Recall, sent: Notification, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(dsn(sent))))
    call_command("read_bounces", maildir="-", stdout=StringIO())
    assert latest_notification(recall, NotificationKind.RECALL_NOTICE).state == NotificationState.BOUNCED


def test_a_folder_that_is_no_maildir_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no Maildir"):
        call_command("read_bounces", maildir=str(tmp_path))


def test_undeliverable_mail_goes_back_to_the_bounce_address(
    recall: Recall, mail_server: SmtpSink, settings: LazySettings
) -> None:
    settings.BOUNCE_ADDRESS = "bounces@example.org"
    send_due(5)
    (received,) = mail_server.received
    assert received.sender == "bounces@example.org"
    assert received.message["From"].addresses[0].display_name == recall.site.sender_name


def test_a_report_is_never_rewritten_and_stands_in_the_admin(sent: Notification, manager_mo: User) -> None:
    delivery_reports.record_report(sent, ReportedOutcome(Result.BOUNCED, "5.1.1", bad_mailbox=True))
    client = Client()
    client.force_login(manager_mo)
    assert "5.1.1" in client.get(f"/admin/notifications/notification/{sent.pk}/change/").text
