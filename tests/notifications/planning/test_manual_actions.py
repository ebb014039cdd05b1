"""Tests that a person can stop a message, send it again or send one now, and that it stays so."""

import pytest

from clinic.models import User
from notifications.enums import NotificationKind, NotificationState, StatusReason
from notifications.models import Notification
from notifications.planning import daily_reconcile, manual_actions
from notifications.planning.reconcile import reconcile_messages
from notifications.planning.snapshot import load_snapshot
from patients.actions import record_consent, update_details
from patients.models import Consent
from recalls import actions
from recalls.actions import Slot
from recalls.models import Recall
from recalls.permissions import NotPermitted, StaleVersion, StepUnavailable
from recalls.presenters import build_recall_history
from tests.notifications.clock import Clock, at, latest_notification, sent_messages, waiting_messages

pytestmark = pytest.mark.django_db

WHY = "Called: a daughter drives."


@pytest.fixture
def booked(clock: Clock, recall: Recall, scheduler_ana: User) -> Recall:
    """A visit on Tuesday the 24th; the confirmation has left, both reminders wait."""
    actions.book_appointment(recall, Slot(recall.site, at("2026-11-24", "10:30")), by=scheduler_ana)
    clock.run_until("2026-11-10", "09:00")
    return recall


def test_a_stopped_message_is_never_planned_again_and_never_leaves(
    clock: Clock, booked: Recall, scheduler_ana: User
) -> None:
    reminder = Notification.objects.filter(recall=booked, kind=NotificationKind.APPOINTMENT_REMINDER).earliest("due_at")
    manual_actions.stop_message(reminder, by=scheduler_ana, note=WHY)
    reconcile_messages(load_snapshot(booked))
    daily_reconcile.reconcile_chunk(0, {})
    actions.confirm(booked, by=scheduler_ana)
    reminder.refresh_from_db()
    assert (reminder.state, reminder.reason) == (NotificationState.CANCELLED, StatusReason.STOPPED)
    clock.run_until("2026-11-24", "12:00")
    assert sent_messages(booked) == [
        "Tue 2026-11-10 08:15 appointment_confirmation",
        "Mon 2026-11-23 10:30 appointment_reminder",
    ]


def test_a_message_about_a_new_time_is_another_message_and_is_not_stopped(
    clock: Clock, booked: Recall, scheduler_ana: User
) -> None:
    for reminder in Notification.objects.filter(recall=booked, kind=NotificationKind.APPOINTMENT_REMINDER):
        manual_actions.stop_message(reminder, by=scheduler_ana, note=WHY)
    actions.reschedule(booked, Slot(booked.site, at("2026-12-01", "14:00")), by=scheduler_ana)
    assert waiting_messages(booked) == [
        "Tue 2026-11-10 09:00 appointment_changed",
        "Tue 2026-11-24 14:00 appointment_reminder",
        "Mon 2026-11-30 14:00 appointment_reminder",
    ]


def test_what_has_left_cannot_be_stopped(booked: Recall, scheduler_ana: User) -> None:
    sent = latest_notification(booked, NotificationKind.APPOINTMENT_CONFIRMATION)
    with pytest.raises(StepUnavailable, match="still to be sent"):
        manual_actions.stop_message(sent, by=scheduler_ana, note=WHY)
    sent.refresh_from_db()
    assert sent.state == NotificationState.ACCEPTED


def test_a_message_is_sent_again_as_a_message_of_its_own(clock: Clock, booked: Recall, scheduler_ana: User) -> None:
    first = latest_notification(booked, NotificationKind.APPOINTMENT_CONFIRMATION)
    clock.run_until("2026-11-10", "19:00")  # after the sending hours, and tomorrow is Veterans Day
    event = manual_actions.send_again(first, by=scheduler_ana, note="Deleted it.")
    assert booked.events.latest("pk").note == "Deleted it."
    clock.run_until("2026-11-13")
    copy = latest_notification(booked, NotificationKind.APPOINTMENT_CONFIRMATION)
    assert copy.occasion == f"{first.occasion}:again-{event.version}"
    assert copy.message_id != first.message_id
    assert sent_messages(booked) == [
        "Tue 2026-11-10 08:15 appointment_confirmation",
        "Thu 2026-11-12 08:00 appointment_confirmation",
    ]


def test_the_same_form_sent_twice_sends_one_copy_and_a_second_copy_waits_for_the_first(
    clock: Clock, booked: Recall, scheduler_ana: User
) -> None:
    first = latest_notification(booked, NotificationKind.APPOINTMENT_CONFIRMATION)
    for _twice in range(2):
        manual_actions.send_again(first, by=scheduler_ana, key="one-form", note=WHY)
    with pytest.raises(StepUnavailable, match="copy of it is waiting"):
        manual_actions.send_again(first, by=scheduler_ana, note=WHY)
    clock.run_until("2026-11-11")
    assert len(sent_messages(booked)) == 2


def test_a_copy_that_waits_dies_with_the_visit_it_speaks_of(clock: Clock, booked: Recall, scheduler_ana: User) -> None:
    clock.run_until("2026-11-10", "19:00")
    manual_actions.send_again(
        latest_notification(booked, NotificationKind.APPOINTMENT_CONFIRMATION), by=scheduler_ana, note=WHY
    )
    actions.cancel_appointment(booked, by=scheduler_ana)
    clock.run_until("2026-11-13")
    assert sent_messages(booked) == [
        "Tue 2026-11-10 08:15 appointment_confirmation",
        "Thu 2026-11-12 08:00 appointment_cancelled",
    ]


def test_what_is_not_true_any_more_is_not_sent_again(clock: Clock, booked: Recall, scheduler_ana: User) -> None:
    told = latest_notification(booked, NotificationKind.APPOINTMENT_CONFIRMATION)
    actions.reschedule(booked, Slot(booked.site, at("2026-12-01", "14:00")), by=scheduler_ana)
    with pytest.raises(StepUnavailable, match="not true any more"):
        manual_actions.send_again(told, by=scheduler_ana, note=WHY)


def test_a_manual_request_to_call_stays_until_the_recall_moves(
    clock: Clock, booked: Recall, scheduler_ana: User
) -> None:
    clock.run_until("2026-11-12", "11:00")
    manual_actions.send_now(booked, by=scheduler_ana, note="The insurance asks something.")
    clock.run_until("2026-11-12", "19:00")
    manual_actions.send_now(booked, by=scheduler_ana, note="Once more.")
    actions.cancel_appointment(booked, by=scheduler_ana)
    clock.run_until("2026-11-13", "09:00")
    assert sent_messages(booked)[1:] == [
        "Thu 2026-11-12 11:00 please_call",
        "Fri 2026-11-13 08:00 appointment_cancelled",
    ]


def test_nobody_writes_by_hand_to_a_patient_who_is_reached_no_way(booked: Recall, scheduler_ana: User) -> None:
    update_details(booked.patient, {"address_line": ""}, by=scheduler_ana)
    record_consent(booked.patient, Consent.Subject.EMAIL, granted=False, source="phone", by=scheduler_ana)
    with pytest.raises(StepUnavailable, match="does not want email"):
        manual_actions.send_now(booked, by=scheduler_ana, note=WHY)
    with pytest.raises(StepUnavailable, match="does not want email"):
        manual_actions.send_again(
            latest_notification(booked, NotificationKind.APPOINTMENT_CONFIRMATION), by=scheduler_ana, note=WHY
        )


def test_a_radiologist_and_a_stranger_may_not(
    booked: Recall, radiologist_rao: User, other_site_scheduler: User
) -> None:
    for somebody in (radiologist_rao, other_site_scheduler):
        with pytest.raises(NotPermitted):
            manual_actions.send_now(booked, by=somebody, note=WHY)


def test_who_looked_at_an_older_recall_is_told_who_was_first(
    booked: Recall, scheduler_ana: User, scheduler_bea: User
) -> None:
    seen = booked.version
    actions.confirm(booked, by=scheduler_bea)
    with pytest.raises(StaleVersion, match="Confirm visit"):
        manual_actions.stop_message(
            latest_notification(booked, NotificationKind.APPOINTMENT_REMINDER), by=scheduler_ana, seen=seen, note=WHY
        )


def test_the_history_says_who_did_what_and_why(booked: Recall, scheduler_ana: User) -> None:
    manual_actions.stop_message(
        latest_notification(booked, NotificationKind.APPOINTMENT_REMINDER), by=scheduler_ana, note=WHY
    )
    told = build_recall_history(booked, at("2026-11-10", "09:01"))[0].entry
    assert (str(told.title), told.details, told.note) == ("Message by hand", ("Stopped: Visit reminder",), WHY)
