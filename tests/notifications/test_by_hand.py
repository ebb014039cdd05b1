"""Can a person stop a message, send it again or send one by hand, and does it then stay as she wanted it?"""

import pytest

from clinic.models import User
from notifications import by_hand, compare
from notifications.kinds import Kind, NotificationState, Reason
from notifications.models import Notification
from notifications.reconcile import reconcile
from notifications.situation import situation_of
from patients.actions import record_consent, update_details
from patients.models import Consent
from recalls import actions
from recalls.actions import Slot
from recalls.models import Recall
from recalls.permissions import NotNow, NotPermitted, Stale
from recalls.presenters import story_of
from tests.notifications.timeline import Clock, at, letters, planned, row_of

pytestmark = pytest.mark.django_db

WHY = "She rang: her daughter brings her."


@pytest.fixture
def booked(clock: Clock, recall: Recall, scheduler_ana: User) -> Recall:
    """A visit on Tuesday the 24th; the confirmation has left, both reminders wait."""
    actions.book_appointment(recall, Slot(recall.site, at("2026-11-24", "10:30")), by=scheduler_ana)
    clock.run("2026-11-10", "09:00")
    return recall


def test_a_stopped_message_is_never_planned_again_and_never_leaves(
    clock: Clock, booked: Recall, scheduler_ana: User
) -> None:
    reminder = Notification.objects.filter(recall=booked, kind=Kind.APPOINTMENT_REMINDER).earliest("due_at")
    by_hand.stop(reminder, by=scheduler_ana, note=WHY)
    reconcile(situation_of(booked))
    compare.compare_after(0, {})
    actions.confirm(booked, by=scheduler_ana)
    reminder.refresh_from_db()
    assert (reminder.state, reminder.reason) == (NotificationState.CANCELLED, Reason.STOPPED)
    clock.run("2026-11-24", "12:00")
    assert letters(booked) == [
        "Tue 2026-11-10 08:15 appointment_confirmation",
        "Mon 2026-11-23 10:30 appointment_reminder",
    ]


def test_a_message_about_a_new_time_is_another_message_and_is_not_stopped(
    clock: Clock, booked: Recall, scheduler_ana: User
) -> None:
    for reminder in Notification.objects.filter(recall=booked, kind=Kind.APPOINTMENT_REMINDER):
        by_hand.stop(reminder, by=scheduler_ana, note=WHY)
    actions.reschedule(booked, Slot(booked.site, at("2026-12-01", "14:00")), by=scheduler_ana)
    assert planned(booked) == [
        "Tue 2026-11-10 09:00 appointment_changed",
        "Tue 2026-11-24 14:00 appointment_reminder",
        "Mon 2026-11-30 14:00 appointment_reminder",
    ]


def test_what_has_left_cannot_be_stopped(booked: Recall, scheduler_ana: User) -> None:
    sent = row_of(booked, Kind.APPOINTMENT_CONFIRMATION)
    with pytest.raises(NotNow, match="still to be sent"):
        by_hand.stop(sent, by=scheduler_ana, note=WHY)
    sent.refresh_from_db()
    assert sent.state == NotificationState.ACCEPTED


def test_a_message_is_sent_again_as_a_message_of_its_own(clock: Clock, booked: Recall, scheduler_ana: User) -> None:
    first = row_of(booked, Kind.APPOINTMENT_CONFIRMATION)
    clock.run("2026-11-10", "19:00")  # after the sending hours, and tomorrow is Veterans Day
    event = by_hand.send_again(first, by=scheduler_ana, note="She deleted it.")
    assert booked.events.latest("pk").note == "She deleted it."
    clock.run("2026-11-13")
    copy = row_of(booked, Kind.APPOINTMENT_CONFIRMATION)
    assert copy.occasion == f"{first.occasion}:again-{event.version}"
    assert copy.message_id != first.message_id
    assert letters(booked) == [
        "Tue 2026-11-10 08:15 appointment_confirmation",
        "Thu 2026-11-12 08:00 appointment_confirmation",
    ]


def test_the_same_form_sent_twice_sends_one_copy_and_a_second_copy_waits_for_the_first(
    clock: Clock, booked: Recall, scheduler_ana: User
) -> None:
    first = row_of(booked, Kind.APPOINTMENT_CONFIRMATION)
    for _twice in range(2):
        by_hand.send_again(first, by=scheduler_ana, key="one-form", note=WHY)
    with pytest.raises(NotNow, match="copy of it is waiting"):
        by_hand.send_again(first, by=scheduler_ana, note=WHY)
    clock.run("2026-11-11")
    assert len(letters(booked)) == 2


def test_a_copy_that_waits_dies_with_the_visit_it_speaks_of(clock: Clock, booked: Recall, scheduler_ana: User) -> None:
    clock.run("2026-11-10", "19:00")
    by_hand.send_again(row_of(booked, Kind.APPOINTMENT_CONFIRMATION), by=scheduler_ana, note=WHY)
    actions.cancel_appointment(booked, by=scheduler_ana)
    clock.run("2026-11-13")
    assert letters(booked) == [
        "Tue 2026-11-10 08:15 appointment_confirmation",
        "Thu 2026-11-12 08:00 appointment_cancelled",
    ]


def test_what_is_not_true_any_more_is_not_sent_again(clock: Clock, booked: Recall, scheduler_ana: User) -> None:
    told = row_of(booked, Kind.APPOINTMENT_CONFIRMATION)
    actions.reschedule(booked, Slot(booked.site, at("2026-12-01", "14:00")), by=scheduler_ana)
    with pytest.raises(NotNow, match="not true any more"):
        by_hand.send_again(told, by=scheduler_ana, note=WHY)


def test_she_is_asked_to_call_by_hand_until_the_recall_moves(clock: Clock, booked: Recall, scheduler_ana: User) -> None:
    clock.run("2026-11-12", "11:00")
    by_hand.send_now(booked, by=scheduler_ana, note="Her insurance asks something.")
    clock.run("2026-11-12", "19:00")
    by_hand.send_now(booked, by=scheduler_ana, note="Once more.")
    actions.cancel_appointment(booked, by=scheduler_ana)
    clock.run("2026-11-13", "09:00")
    assert letters(booked)[1:] == [
        "Thu 2026-11-12 11:00 please_call",
        "Fri 2026-11-13 08:00 appointment_cancelled",
    ]


def test_nobody_writes_by_hand_to_a_patient_who_is_reached_no_way(booked: Recall, scheduler_ana: User) -> None:
    update_details(booked.patient, {"address_line": ""}, by=scheduler_ana)
    record_consent(booked.patient, Consent.Subject.EMAIL, granted=False, source="phone", by=scheduler_ana)
    with pytest.raises(NotNow, match="does not want email"):
        by_hand.send_now(booked, by=scheduler_ana, note=WHY)
    with pytest.raises(NotNow, match="does not want email"):
        by_hand.send_again(row_of(booked, Kind.APPOINTMENT_CONFIRMATION), by=scheduler_ana, note=WHY)


def test_a_radiologist_and_a_stranger_may_not(booked: Recall, radiologist_rao: User, stranger: User) -> None:
    for somebody in (radiologist_rao, stranger):
        with pytest.raises(NotPermitted):
            by_hand.send_now(booked, by=somebody, note=WHY)


def test_who_looked_at_an_older_recall_is_told_who_was_first(
    booked: Recall, scheduler_ana: User, scheduler_bea: User
) -> None:
    seen = booked.version
    actions.confirm(booked, by=scheduler_bea)
    with pytest.raises(Stale, match="Confirm visit"):
        by_hand.stop(row_of(booked, Kind.APPOINTMENT_REMINDER), by=scheduler_ana, seen=seen, note=WHY)


def test_the_story_says_who_did_what_and_why(booked: Recall, scheduler_ana: User) -> None:
    by_hand.stop(row_of(booked, Kind.APPOINTMENT_REMINDER), by=scheduler_ana, note=WHY)
    told = story_of(booked, at("2026-11-10", "09:01"))[0].entry
    assert (str(told.title), told.details, told.note) == ("Message by hand", ("Stopped: Visit reminder",), WHY)
