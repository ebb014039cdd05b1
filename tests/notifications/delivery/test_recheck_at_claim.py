"""Tests that a message is checked again at its claim, whatever happened since it was planned."""

from datetime import date

import pytest
from django.utils import timezone

from clinic.actors import INTAKE
from clinic.models import Site, User
from notifications import tasks
from notifications.delivery import outbox
from notifications.delivery.claim_prefetch import ClaimPrefetcher
from notifications.delivery.worker import send_due
from notifications.enums import NotificationKind, NotificationState, StatusReason
from notifications.models import Notification
from notifications.rendering.email import build_email
from patients.actions import record_consent, record_death, set_contact_point, update_details
from patients.models import Consent, ContactPoint
from recalls import actions
from recalls.actions import Slot
from recalls.enums import WorkItemKind
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from tests.notifications.clock import Clock, at, latest_notification, sent_messages, waiting_messages
from tests.support.smtp_sink import SmtpSink

pytestmark = pytest.mark.django_db


def test_a_cancelled_visit_sends_no_reminder_and_takes_the_entry_back(
    mail_server: SmtpSink, clock: Clock, recall: Recall, scheduler_ana: User
) -> None:
    actions.book_appointment(recall, Slot(recall.site, at("2026-11-24", "10:30")), by=scheduler_ana)
    clock.run_until("2026-11-12")
    actions.cancel_appointment(recall, by=scheduler_ana)
    clock.run_until("2026-11-13")
    assert [line.split()[-1] for line in sent_messages(recall)] == ["appointment_confirmation", "appointment_cancelled"]
    clock.run_until("2026-12-30")
    assert "appointment_reminder" not in " ".join(sent_messages(recall))


def test_a_visit_cancelled_before_the_patient_knew_of_it_is_not_mentioned(
    clock: Clock, recall: Recall, scheduler_ana: User
) -> None:
    actions.book_appointment(recall, Slot(recall.site, at("2026-11-24", "10:30")), by=scheduler_ana)
    actions.cancel_appointment(recall, by=scheduler_ana)
    clock.run_until("2026-11-30")
    assert {line.split()[-1] for line in sent_messages(recall)} == {"please_call"}


def test_what_stopped_being_true_without_any_event_is_found_when_its_turn_comes(
    mail_server: SmtpSink, clock: Clock, recall: Recall
) -> None:
    record_death(recall.patient, date(2026, 11, 9), by=INTAKE)
    assert send_due(5) == {NotificationState.CANCELLED: 1}
    assert mail_server.received == []
    assert set(Notification.objects.values_list("state", flat=True)) == {NotificationState.CANCELLED}


def test_consent_withdrawn_meanwhile_holds_the_message_back_and_opens_a_task(
    mail_server: SmtpSink, clock: Clock, recall: Recall
) -> None:
    update_details(recall.patient, {"address_line": ""}, by=INTAKE)
    record_consent(recall.patient, Consent.Subject.EMAIL, granted=False, source="phone", by=INTAKE)
    send_due(5)
    row = latest_notification(recall, NotificationKind.RECALL_NOTICE)
    assert (row.state, row.reason) == (NotificationState.SUPPRESSED, StatusReason.OPTED_OUT)
    assert mail_server.received == []
    assert recall.work_items.get().kind == WorkItemKind.UNDELIVERABLE_MESSAGE


def test_a_new_address_is_used_at_once(mail_server: SmtpSink, clock: Clock, recall: Recall) -> None:
    set_contact_point(recall.patient, ContactPoint.Kind.EMAIL, "testa.new@example.org", by=INTAKE)
    send_due(5)
    assert mail_server.received[0].recipients == ("testa.new@example.org",)
    assert latest_notification(recall, NotificationKind.RECALL_NOTICE).rendered.address == "testa.new@example.org"


def test_a_recall_that_moves_while_its_message_is_on_the_way_says_so(
    clock: Clock, recall: Recall, scheduler_ana: User
) -> None:
    claim = outbox.claim_next(ClaimPrefetcher())
    assert isinstance(claim, outbox.Claim)
    actions.decline(recall, by=scheduler_ana, note="Wants no additional imaging.")
    _mail, copy = build_email(claim.row, claim.snapshot, claim.channels)
    outbox.record_acceptance(claim, copy, timezone.now())
    row = latest_notification(recall, NotificationKind.RECALL_NOTICE)
    assert (row.state, row.reason) == (NotificationState.ACCEPTED, StatusReason.IN_FLIGHT)


def test_a_message_whose_turn_comes_too_late_is_shown_as_expired(
    mail_server: SmtpSink, clock: Clock, recall: Recall, scheduler_ana: User
) -> None:
    actions.book_appointment(recall, Slot(recall.site, at("2026-11-24", "10:30")), by=scheduler_ana)
    clock.move_to("2026-11-24", "10:00")
    counts = tasks.sweep()
    assert counts["expired"] == 2  # both reminders: from two hours before the patient is on the way
    assert sent_messages(recall) == ["Tue 2026-11-24 10:00 appointment_confirmation"]


def test_a_patient_who_was_transferred_to_another_clinic_gets_no_more_of_our_mail(
    clock: Clock, shadyside: Site, scheduler_ana: User
) -> None:
    recall = RecallFactory.create(site=shadyside, booked=True)
    assert waiting_messages(recall)
    clinic = "Hillside Sample Clinic"
    actions.transfer(recall, facility=clinic, by=scheduler_ana, note="The patient told us on the phone.")
    assert waiting_messages(recall) == []
