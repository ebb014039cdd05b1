"""Tests that each message arrives once, or a person learns that it did not."""

import smtplib
from datetime import timedelta
from email.utils import parseaddr

import pytest
from celery import Celery, current_app
from django.conf import LazySettings
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from clinic.actors import INTAKE
from clinic.models import Heartbeat, Site, User
from notifications import tasks
from notifications.delivery import outbox
from notifications.delivery.claim_prefetch import ClaimPrefetcher
from notifications.delivery.failures import classify_delivery_error
from notifications.delivery.wakeup import WorkerWakeup, wake_worker
from notifications.delivery.worker import send_due
from notifications.enums import AttemptResult, NotificationKind, NotificationState, StatusReason
from notifications.models import DeliveryAttempt, MessageText, Notification
from notifications.rendering.email import build_email
from patients.actions import update_details
from patients.factories import PatientFactory
from patients.models import ContactPoint, Patient
from recalls import actions
from recalls.actions import Slot
from recalls.enums import WorkItemKind
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from tests.notifications.clock import Clock, at, latest_notification, plain_text_part, sent_messages
from tests.support.processes import free_port
from tests.support.smtp_sink import SmtpReply, SmtpSink

pytestmark = pytest.mark.django_db

NO_POST = {"address_line": ""}  # and no text messages: email is the only channel


def test_a_due_message_is_handed_over_once_with_its_number_and_message_id(
    mail_server: SmtpSink, recall: Recall
) -> None:
    send_due(5)
    send_due(5)
    row = latest_notification(recall, NotificationKind.RECALL_NOTICE)
    (received,) = mail_server.received
    assert received.recipients == ("testa.oak@example.org",)
    assert received.message["X-Notification-ID"] == str(row.public_id)
    assert received.message["Message-ID"] == row.message_id
    assert received.message["Auto-Submitted"] == "auto-generated"
    assert parseaddr(received.message["From"])[0] == recall.site.sender_name
    assert (row.state, row.attempt_count) == (NotificationState.ACCEPTED, 1)
    assert row.attempts.get().result == AttemptResult.ACCEPTED
    assert row.rendered.text.split() == plain_text_part(received.message).split()


def test_many_messages_go_over_one_connection_oldest_first(
    mail_server: SmtpSink, clock: Clock, shadyside: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[smtplib.SMTP] = []

    class Counted(smtplib.SMTP):
        def __init__(self, *args: object, **kwargs: object) -> None:
            opened.append(self)
            super().__init__(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(smtplib, "SMTP", Counted)
    for number in range(5):
        clock.move_to("2026-11-10", f"08:{20 + number}")
        RecallFactory.create(patient=PatientFactory.create(site=shadyside, email=f"no{number}@example.org"))
    assert send_due(20)[AttemptResult.ACCEPTED] == 5
    assert [received.recipients[0] for received in mail_server.received] == [f"no{n}@example.org" for n in range(5)]
    assert len(opened) == 1


def test_a_busy_server_is_asked_again_later_and_then_takes_it(
    mail_server: SmtpSink, clock: Clock, recall: Recall
) -> None:
    mail_server.reply = SmtpReply.BUSY
    assert send_due(5) == {AttemptResult.TRANSIENT: 1}
    row = latest_notification(recall, NotificationKind.RECALL_NOTICE)
    assert (row.state, row.attempt_count) == (NotificationState.PLANNED, 1)
    assert timedelta(minutes=3) < row.not_before - timezone.now() < timedelta(minutes=7)
    assert send_due(5) == {}
    mail_server.reply = SmtpReply.ACCEPT
    clock.run_until("2026-11-10", "08:30")
    assert [attempt.result for attempt in row.attempts.all()] == [AttemptResult.TRANSIENT, AttemptResult.ACCEPTED]
    assert row.attempts.all()[0].smtp_code == 451


def test_a_refused_message_ends_in_a_call_task_and_the_next_one_goes_out(
    mail_server: SmtpSink, clock: Clock, recall: Recall, shadyside: Site
) -> None:
    update_details(recall.patient, NO_POST, by=INTAKE)
    other = RecallFactory.create(patient=PatientFactory.create(site=shadyside, email="other@example.org"))
    mail_server.reply = lambda address: SmtpReply.ACCEPT if address == "other@example.org" else SmtpReply.REFUSE
    send_due(5)
    row = latest_notification(recall, NotificationKind.RECALL_NOTICE)
    assert (row.state, row.reason, row.attempts.get().smtp_code) == (
        NotificationState.FAILED,
        StatusReason.REFUSED,
        550,
    )
    assert recall.work_items.get().kind == WorkItemKind.CALL_DELIVERY_FAILED
    assert latest_notification(other, NotificationKind.RECALL_NOTICE).state == NotificationState.ACCEPTED


def test_a_mailbox_that_does_not_exist_is_not_written_to_again(recall: Recall) -> None:
    update_details(recall.patient, NO_POST, by=INTAKE)
    claim = outbox.claim_next(ClaimPrefetcher())
    assert isinstance(claim, outbox.Claim)
    words = b"5.1.1 <testa.oak@example.org>: no such user"
    failure = classify_delivery_error(smtplib.SMTPRecipientsRefused({"testa.oak@example.org": (550, words)}))
    outbox.record_failure(claim, failure, build_email(claim.row, claim.snapshot, claim.channels)[1])
    assert (
        recall.patient.contact_points.get(kind=ContactPoint.Kind.EMAIL).unusable == ContactPoint.UnusableReason.BOUNCED
    )
    assert set(Notification.objects.filter(kind=NotificationKind.PLEASE_CALL).values_list("state", "reason")) == {
        (NotificationState.SUPPRESSED, StatusReason.ADDRESS_BOUNCED)
    }
    assert "@" not in DeliveryAttempt.objects.get().detail


def test_while_the_mail_server_is_down_nothing_is_tried_and_everything_true_leaves_afterwards(
    mail_server: SmtpSink, clock: Clock, recall: Recall, scheduler_ana: User, settings: LazySettings
) -> None:
    settings.EMAIL_PORT = free_port()
    actions.book_appointment(recall, Slot(recall.site, at("2026-11-12", "10:00")), by=scheduler_ana)
    for hour in ("08:20", "12:00", "17:00"):
        clock.move_to("2026-11-10", hour)
        assert send_due(5) == {}
    assert not DeliveryAttempt.objects.exists()
    assert Heartbeat.objects.get(pk="mail").started_at == at("2026-11-10", "08:20")
    settings.EMAIL_PORT = mail_server.port
    clock.move_to("2026-11-12", "09:00")  # the reminder for the visit is of no use any more
    tasks.sweep()
    assert sent_messages(recall) == ["Thu 2026-11-12 09:00 appointment_confirmation"]
    assert latest_notification(recall, NotificationKind.APPOINTMENT_REMINDER).state == NotificationState.EXPIRED
    assert Heartbeat.objects.get(pk="mail").started_at is None


def test_what_waited_over_night_does_not_leave_at_night(mail_server: SmtpSink, clock: Clock, recall: Recall) -> None:
    clock.move_to("2026-11-13", "23:00")  # the workers were down for days, and are back on a Friday night
    send_due(5)
    clock.run_until("2026-11-16", "07:59")
    assert mail_server.received == []
    clock.run_until("2026-11-16", "08:05")
    assert sent_messages(recall) == ["Mon 2026-11-16 08:00 recall_notice", "Mon 2026-11-16 08:00 please_call"]


def test_a_server_that_hangs_up_before_taking_anything_burns_no_try(recall: Recall) -> None:
    claim = outbox.claim_next(ClaimPrefetcher())
    assert isinstance(claim, outbox.Claim)
    outbox.record_failure(
        claim, classify_delivery_error(smtplib.SMTPSenderRefused(421, b"4.7.0 closing", "clinic@example.org"))
    )
    row = latest_notification(recall, NotificationKind.RECALL_NOTICE)
    assert (row.state, row.attempt_count, row.attempts.get().result) == (
        NotificationState.PLANNED,
        0,
        AttemptResult.CONNECTION_FAILED,
    )


def test_a_lost_answer_is_sent_once_more_under_the_same_message_id(
    mail_server: SmtpSink, clock: Clock, recall: Recall
) -> None:
    mail_server.reply = SmtpReply.ACCEPT_WITHOUT_REPLY
    send_due(5)
    row = latest_notification(recall, NotificationKind.RECALL_NOTICE)
    assert (row.state, row.may_have_arrived_twice) == (NotificationState.PLANNED, True)
    mail_server.reply = SmtpReply.ACCEPT
    clock.run_until("2026-11-10", "08:40")
    assert [received.message["Message-ID"] for received in mail_server.received] == [row.message_id] * 2
    assert latest_notification(recall, NotificationKind.RECALL_NOTICE).may_have_arrived_twice


def test_after_three_lost_connections_in_a_row_the_server_is_left_alone(
    mail_server: SmtpSink, clock: Clock, shadyside: Site
) -> None:
    for number in range(5):
        RecallFactory.create(patient=PatientFactory.create(site=shadyside, email=f"no{number}@example.org"))
    mail_server.reply = SmtpReply.DROP_CONNECTION
    send_due(10)
    assert DeliveryAttempt.objects.count() == 3
    assert send_due(5) == {}
    assert Heartbeat.objects.get(pk="mail").started_at is not None


def test_a_server_that_goes_away_in_the_middle_is_remembered_as_away(
    mail_server: SmtpSink, clock: Clock, shadyside: Site
) -> None:
    for number in range(5):
        RecallFactory.create(patient=PatientFactory.create(site=shadyside, email=f"no{number}@example.org"))
    mail_server.reply = lambda address: SmtpReply.ACCEPT if address == "no0@example.org" else SmtpReply.DROP_CONNECTION
    send_due(10)
    mark = Heartbeat.objects.get(pk="mail")
    assert (mark.started_at, mark.finished_at) == (timezone.now(), timezone.now())


def test_a_server_that_answers_again_is_up_even_when_nothing_is_due(
    mail_server: SmtpSink, clock: Clock, recall: Recall, settings: LazySettings, scheduler_ana: User
) -> None:
    settings.EMAIL_PORT = free_port()
    send_due(5)
    actions.decline(recall, by=scheduler_ana, note="Wants no additional imaging.")
    settings.EMAIL_PORT = mail_server.port
    clock.move_to("2026-11-10", "08:20")
    assert send_due(5) == {}
    assert Heartbeat.objects.get(pk="mail").started_at is None


def test_a_killed_workers_message_is_taken_back_after_its_lease_and_sent_under_the_same_message_id(
    mail_server: SmtpSink, clock: Clock, recall: Recall
) -> None:
    dead = outbox.claim_next(ClaimPrefetcher())
    assert isinstance(dead, outbox.Claim)
    assert tasks.sweep()["reclaimed"] == 0
    clock.move_to("2026-11-10", "08:20")
    assert tasks.sweep()["reclaimed"] == 1
    row = latest_notification(recall, NotificationKind.RECALL_NOTICE)
    assert [attempt.result for attempt in row.attempts.all()] == [AttemptResult.UNCERTAIN, AttemptResult.ACCEPTED]
    assert (row.state, row.may_have_arrived_twice) == (NotificationState.ACCEPTED, True)
    assert mail_server.received[0].message["Message-ID"] == row.message_id


def test_a_worker_that_slept_through_its_lease_cannot_write_its_result(clock: Clock, recall: Recall) -> None:
    sleeper = outbox.claim_next(ClaimPrefetcher())
    assert isinstance(sleeper, outbox.Claim)
    clock.move_to("2026-11-10", "08:20")
    outbox.reclaim_expired_leases()
    successor = outbox.claim_next(ClaimPrefetcher())
    assert isinstance(successor, outbox.Claim)
    outbox.record_failure(sleeper, classify_delivery_error(smtplib.SMTPDataError(550, b"no")))
    assert latest_notification(recall, NotificationKind.RECALL_NOTICE).state == NotificationState.SENDING
    assert not recall.work_items.exists()


def test_the_lease_outlasts_every_answer_a_mail_server_may_take_its_time_for(settings: LazySettings) -> None:
    assert timedelta(seconds=2 * settings.EMAIL_TIMEOUT) <= outbox.LEASE_TIME


def test_after_three_days_of_not_now_a_person_is_asked_to_ring(
    mail_server: SmtpSink, clock: Clock, recall: Recall
) -> None:
    update_details(recall.patient, NO_POST, by=INTAKE)
    mail_server.reply = SmtpReply.BUSY
    clock.run_until("2026-11-14")
    row = latest_notification(recall, NotificationKind.RECALL_NOTICE)
    assert (row.state, row.reason) == (NotificationState.FAILED, StatusReason.RETRIES_EXHAUSTED)
    assert row.attempts.latest("pk").at - row.attempts.earliest("pk").at >= outbox.RETRY_PERIOD
    assert recall.work_items.get().kind == WorkItemKind.CALL_DELIVERY_FAILED


def test_a_message_that_cannot_be_written_fails_alone(
    mail_server: SmtpSink, clock: Clock, recall: Recall, foothills: Site, administrator_ada: User
) -> None:
    other = RecallFactory.create(patient=PatientFactory.create(site=foothills, email="other@example.org"))
    MessageText.objects.create(
        name="recall_notice",
        language="en",
        site=recall.site,
        version=1,
        body="$nobody_knows",
        edited_by=administrator_ada,
    )
    clock.move_to("2026-11-10", "12:00")
    send_due(5)
    row = latest_notification(recall, NotificationKind.RECALL_NOTICE)
    assert (row.state, row.reason) == (NotificationState.FAILED, StatusReason.NOT_RENDERED)
    assert recall.work_items.get().kind == WorkItemKind.CALL_DELIVERY_FAILED
    assert latest_notification(other, NotificationKind.RECALL_NOTICE).state == NotificationState.ACCEPTED


def test_a_try_is_never_rewritten(recall: Recall, mail_server: SmtpSink) -> None:
    send_due(5)
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        DeliveryAttempt.objects.update(result=AttemptResult.PERMANENT)


def test_a_broker_that_is_away_stops_nobody_and_is_not_asked_again_at_once(caplog: pytest.LogCaptureFixture) -> None:
    ours = current_app.tasks["notifications.tasks.deliver"].app
    nobody = Celery("nobody", broker=f"redis://127.0.0.1:{free_port()}/0", set_as_current=False)
    nobody.conf.update(task_publish_retry=False, broker_transport_options={"max_retries": 0})
    nobody.set_current()
    try:
        nudge = WorkerWakeup()
        nudge()
        nudge()
    finally:
        ours.set_current()
    assert [record.getMessage() for record in caplog.records] == ["no worker could be woken: OperationalError"]


def test_one_worker_wakeup_for_a_transaction_that_moves_many(clock: Clock, shadyside: Site) -> None:
    RecallFactory.create_batch(3, site=shadyside)
    assert [entry[1] for entry in connection.run_on_commit].count(wake_worker) == 1


def test_the_sweep_writes_its_heartbeats(clock: Clock, patient: Patient) -> None:
    tasks.sweep()
    alive = {row.name for row in Heartbeat.objects.filter(finished_at=timezone.now())}
    assert alive >= {"beat", "worker", "sweep"}
