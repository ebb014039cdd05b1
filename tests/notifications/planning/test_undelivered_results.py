"""Tests that a written result that does not arrive is told by a person, and only then."""

from datetime import date

import pytest
from django.conf import LazySettings
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from clinic.actors import INTAKE
from clinic.models import User
from notifications import tasks
from notifications.delivery import outbox
from notifications.enums import Channel, NotificationKind, NotificationState
from notifications.inbound.delivery_reports import ReportedOutcome, record_report
from notifications.models import DeliveryReport, Notification
from notifications.planning import manual_actions, undelivered_results
from patients.actions import set_contact_point, update_details
from patients.models import ContactPoint
from recalls import actions
from recalls.actions import DisclosureInput, OutcomeInput, Slot
from recalls.enums import Assessment, ClosureReason, DisclosureMethod, State, WorkItemKind
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from tests.notifications.clock import Clock, at, latest_notification, sent_messages
from tests.support.processes import free_port
from tests.support.smtp_sink import SmtpReply, SmtpSink

pytestmark = pytest.mark.django_db
BENIGN = NotificationKind.OUTCOME_BENIGN


@pytest.fixture
def attended_recall(mail_server: SmtpSink, clock: Clock, recall: Recall, scheduler_ana: User) -> Recall:
    """The patient, whom only email reaches, came on Tuesday, 24 November."""
    update_details(recall.patient, {"address_line": ""}, by=INTAKE)
    actions.book_appointment(recall, Slot(recall.site, at("2026-11-24", "10:30")), by=scheduler_ana)
    clock.run_until("2026-11-24", "12:00")
    actions.mark_attended(recall, by=scheduler_ana)
    return recall


@pytest.fixture
def told_in_writing(attended_recall: Recall, radiologist_rao: User) -> Recall:
    """A benign result counts as told by the message that leaves next."""
    _tell_in_writing(attended_recall, Assessment.BENIGN, radiologist_rao)
    return attended_recall


def _tell_in_writing(recall: Recall, assessment: Assessment, radiologist: User) -> None:
    actions.record_outcome(recall, OutcomeInput(assessment, release_at=timezone.now()), by=radiologist)


def _state_after_sweep(recall: Recall) -> str:
    tasks.bring_back_undelivered()
    recall.refresh_from_db()
    return recall.state


def test_a_refused_message_brings_the_result_back_to_a_person(
    told_in_writing: Recall, mail_server: SmtpSink, clock: Clock
) -> None:
    recall = told_in_writing
    assert (recall.state, recall.closure_reason) == (State.CLOSED, ClosureReason.BENIGN)
    mail_server.reply = SmtpReply.REFUSE
    clock.run_until("2026-11-24", "13:00")
    assert latest_notification(recall, BENIGN).state == NotificationState.FAILED
    assert _state_after_sweep(recall) == State.RESULT_TO_TELL
    event = recall.events.latest("pk")
    assert (event.step, event.note) == ("result_undelivered", "“Result: benign”: The mail server refused it.")
    assert recall.result_since == timezone.now()
    assert not recall.told_in_writing
    assert not recall.work_items.filter(kind=WorkItemKind.CALL_DELIVERY_FAILED, done_at=None).exists()
    version = recall.version
    assert _state_after_sweep(recall) == State.RESULT_TO_TELL
    assert recall.version == version, "a second sweep moves nothing"


def test_a_message_that_comes_back_days_later_brings_the_result_back(told_in_writing: Recall, clock: Clock) -> None:
    clock.run_until("2026-11-24", "13:00")
    row = latest_notification(told_in_writing, BENIGN)
    assert row.state == NotificationState.ACCEPTED
    assert _state_after_sweep(told_in_writing) == State.CLOSED
    clock.run_until("2026-11-30", "09:00")
    record_report(row, ReportedOutcome(DeliveryReport.Result.BOUNCED, "5.1.1", bad_mailbox=True))
    assert _state_after_sweep(told_in_writing) == State.RESULT_TO_TELL
    assert told_in_writing.events.latest("pk").note == "“Result: benign”: The receiving mail system gave it back."


def test_a_result_told_by_a_person_afterwards_is_not_brought_back_by_the_same_message(
    told_in_writing: Recall, mail_server: SmtpSink, clock: Clock, radiologist_rao: User
) -> None:
    mail_server.reply = SmtpReply.REFUSE
    clock.run_until("2026-11-24", "13:00")
    assert _state_after_sweep(told_in_writing) == State.RESULT_TO_TELL
    actions.result_told(told_in_writing, DisclosureInput(DisclosureMethod.PHONE), by=radiologist_rao)
    clock.run_until("2027-01-20")
    assert _state_after_sweep(told_in_writing) == State.CLOSED
    assert told_in_writing.closure_reason == ClosureReason.BENIGN


def test_a_result_told_in_writing_anew_is_sent_anew(
    told_in_writing: Recall, mail_server: SmtpSink, clock: Clock, radiologist_rao: User
) -> None:
    mail_server.reply = SmtpReply.REFUSE
    clock.run_until("2026-11-24", "13:00")
    assert _state_after_sweep(told_in_writing) == State.RESULT_TO_TELL
    set_contact_point(told_in_writing.patient, ContactPoint.Kind.EMAIL, "testa.new@example.org", by=INTAKE)
    mail_server.reply = SmtpReply.ACCEPT
    actions.release_outcome(told_in_writing, timezone.now(), by=radiologist_rao)
    clock.run_until("2026-11-24", "14:00")
    assert mail_server.received[-1].recipients == ("testa.new@example.org",)
    assert sent_messages(told_in_writing)[-1].endswith("outcome_benign")
    assert _state_after_sweep(told_in_writing) == State.CLOSED


def test_another_way_is_tried_before_a_person_and_a_letter_that_nobody_prints_comes_back(
    told_in_writing: Recall, mail_server: SmtpSink, clock: Clock
) -> None:
    """Two business days, as long as any result may wait to be told: Thanksgiving and the day after it do not count."""
    update_details(told_in_writing.patient, {"address_line": "1 Example Street", "city": "Pittsburgh"}, by=INTAKE)
    mail_server.reply = SmtpReply.REFUSE
    clock.run_until("2026-11-24", "13:00")
    row = latest_notification(told_in_writing, BENIGN)
    assert (row.channel, row.state) == (Channel.LETTER, NotificationState.TO_PRINT)
    clock.run_until("2026-11-30", "11:00")
    assert _state_after_sweep(told_in_writing) == State.CLOSED
    clock.run_until("2026-11-30", "18:00")
    assert _state_after_sweep(told_in_writing) == State.RESULT_TO_TELL
    row.refresh_from_db()
    assert row.state == NotificationState.CANCELLED
    assert not told_in_writing.work_items.filter(kind=WorkItemKind.PRINT_LETTER, done_at=None).exists()


def test_an_address_that_was_given_meanwhile_is_tried_before_a_person(
    told_in_writing: Recall, clock: Clock, mail_server: SmtpSink
) -> None:
    patient = told_in_writing.patient
    patient.contact_points.filter(kind=ContactPoint.Kind.EMAIL).update(unusable=ContactPoint.UnusableReason.BOUNCED)
    clock.run_until("2026-11-24", "13:00")
    assert latest_notification(told_in_writing, BENIGN).state == NotificationState.SUPPRESSED
    set_contact_point(patient, ContactPoint.Kind.EMAIL, "testa.new@example.org", by=INTAKE)
    assert _state_after_sweep(told_in_writing) == State.CLOSED
    clock.run_until("2026-11-24", "14:00")
    assert mail_server.received[-1].recipients == ("testa.new@example.org",)


def test_a_result_that_is_held_back_brings_the_result_back(told_in_writing: Recall, clock: Clock) -> None:
    points = told_in_writing.patient.contact_points.filter(kind=ContactPoint.Kind.EMAIL)
    points.update(unusable=ContactPoint.UnusableReason.BOUNCED)
    clock.run_until("2026-11-24", "13:00")
    assert _state_after_sweep(told_in_writing) == State.RESULT_TO_TELL
    reasons = [item.reason for item in told_in_writing.work_items.filter(done_at=None)]
    assert not [reason for reason in reasons if "Result" in reason], "the result stands with whoever tells it"


def test_a_result_that_somebody_stopped_brings_the_result_back(
    attended_recall: Recall, clock: Clock, radiologist_rao: User, scheduler_ana: User
) -> None:
    clock.run_until("2026-11-24", "19:00")  # after the sending hours
    _tell_in_writing(attended_recall, Assessment.BENIGN, radiologist_rao)
    row = latest_notification(attended_recall, BENIGN)
    manual_actions.stop_message(row, by=scheduler_ana, note="The address is wrong.")
    assert _state_after_sweep(attended_recall) == State.RESULT_TO_TELL
    assert "Somebody at the clinic stopped it." in attended_recall.events.latest("pk").note


def test_a_result_that_could_not_leave_in_thirty_days_brings_the_result_back(
    told_in_writing: Recall, clock: Clock, settings: LazySettings
) -> None:
    settings.EMAIL_PORT = free_port()
    clock.move_to("2026-12-28", "09:00")
    outbox.expire_overdue()
    assert latest_notification(told_in_writing, BENIGN).state == NotificationState.EXPIRED
    assert _state_after_sweep(told_in_writing) == State.RESULT_TO_TELL


def test_a_result_that_was_told_at_the_visit_is_told_even_where_its_message_fails(
    attended_recall: Recall, mail_server: SmtpSink, clock: Clock, radiologist_rao: User
) -> None:
    told = DisclosureInput(DisclosureMethod.AT_VISIT)
    actions.record_outcome(attended_recall, OutcomeInput(Assessment.BENIGN, told=told), by=radiologist_rao)
    mail_server.reply = SmtpReply.REFUSE
    clock.run_until("2026-11-24", "13:00")
    assert _state_after_sweep(attended_recall) == State.CLOSED


def test_a_probably_benign_result_is_brought_back_from_a_hold_too(
    attended_recall: Recall, mail_server: SmtpSink, clock: Clock, radiologist_rao: User, scheduler_ana: User
) -> None:
    _tell_in_writing(attended_recall, Assessment.PROBABLY_BENIGN, radiologist_rao)
    clock.run_until("2026-11-24", "13:00")
    actions.hold(attended_recall, date(2026, 12, 4), by=scheduler_ana, note="Is away.")
    row = latest_notification(attended_recall, NotificationKind.OUTCOME_PROBABLY_BENIGN)
    record_report(row, ReportedOutcome(DeliveryReport.Result.BOUNCED, "5.1.1", bad_mailbox=True))
    assert _state_after_sweep(attended_recall) == State.RESULT_TO_TELL
    actions.result_told(attended_recall, DisclosureInput(DisclosureMethod.PHONE), by=radiologist_rao)
    assert attended_recall.state == State.FOLLOW_UP


def test_a_message_of_a_recall_that_was_opened_again_is_needed_no_more(
    told_in_writing: Recall, mail_server: SmtpSink, clock: Clock, radiologist_rao: User
) -> None:
    clock.run_until("2026-11-24", "13:00")
    actions.reopen(told_in_writing, to_contact=True, by=radiologist_rao, note="A second look asks for more images.")
    row = latest_notification(told_in_writing, BENIGN)
    record_report(row, ReportedOutcome(DeliveryReport.Result.BOUNCED, "5.1.1", bad_mailbox=True))
    assert _state_after_sweep(told_in_writing) == State.TO_CONTACT


def test_the_sweep_costs_two_queries_however_many_results_were_told(
    clock: Clock, told_in_writing: Recall, mail_server: SmtpSink, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    mail_server.reply = SmtpReply.REFUSE
    clock.run_until("2026-11-24", "13:00")
    assert _state_after_sweep(told_in_writing) == State.RESULT_TO_TELL
    RecallFactory.create_batch(3, site=told_in_writing.site, closed_normal=True)
    assert Notification.objects.filter(tells_result=True).count() == 3
    with django_assert_num_queries(2):
        counts = undelivered_results.bring_back_undelivered()
    assert not any(counts.values())


@pytest.mark.skipif(connection.vendor != "postgresql", reason="other databases serve a trial only")
def test_the_sweep_reads_the_index_of_lost_results(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    assert "notification_result_lost" in undelivered_results.lost_messages().explain()


def test_an_amendment_of_the_comment_alone_is_no_new_message_and_keeps_the_old_one(
    attended_recall: Recall, clock: Clock, radiologist_rao: User
) -> None:
    clock.run_until("2026-11-24", "19:00")
    _tell_in_writing(attended_recall, Assessment.BENIGN, radiologist_rao)
    same = OutcomeInput(Assessment.BENIGN, text="A typing error mended.")
    actions.amend_outcome(attended_recall, same, reason="A typing error.", by=radiologist_rao)
    clock.run_until("2026-12-20")
    assert [line for line in sent_messages(attended_recall) if "outcome" in line] == [
        "Wed 2026-11-25 08:00 outcome_benign"
    ]
    assert attended_recall.state == State.CLOSED
