"""Tests which messages a patient gets on each course, and exactly when."""

from datetime import date, timedelta

import pytest

from clinic.actors import SYSTEM
from clinic.models import User
from notifications.models import RenderedMessage
from recalls import actions
from recalls.actions import DisclosureInput, OutcomeInput, PathologyInput, Slot
from recalls.enums import Assessment, ConcordanceVerdict, DisclosureMethod, PathologyClass, State, VisitKind
from recalls.models import Recall
from recalls.tasks import apply_due_steps
from recalls.testing.factories import RecallFactory
from tests.notifications.clock import Clock, at, sent_messages, waiting_messages

pytestmark = pytest.mark.django_db


def test_from_the_notice_to_a_normal_result(
    clock: Clock, recall: Recall, scheduler_ana: User, radiologist_rao: User
) -> None:
    clock.run_until("2026-11-12", "10:00")
    actions.book_appointment(recall, Slot(recall.site, at("2026-11-24", "10:30")), by=scheduler_ana)
    clock.run_until("2026-11-24", "12:00")
    actions.mark_attended(recall, by=scheduler_ana)
    actions.record_outcome(
        recall, OutcomeInput(Assessment.NEGATIVE, release_at=at("2026-11-24", "16:00")), by=radiologist_rao
    )
    clock.run_until("2027-06-01")
    assert sent_messages(recall) == [
        "Tue 2026-11-10 08:15 recall_notice",
        "Thu 2026-11-12 10:00 appointment_confirmation",
        "Tue 2026-11-17 10:30 appointment_reminder",
        "Mon 2026-11-23 10:30 appointment_reminder",
        "Tue 2026-11-24 16:00 outcome_normal",
    ]


def test_nobody_answers_and_the_visit_is_missed(clock: Clock, recall: Recall, scheduler_ana: User) -> None:
    clock.run_until("2026-11-20", "12:00")  # two please-calls have left by then
    actions.book_appointment(recall, Slot(recall.site, at("2026-11-24", "08:30")), by=scheduler_ana)
    clock.run_until("2026-11-24", "17:30")
    actions.mark_missed(recall, by=scheduler_ana)
    clock.run_until("2026-12-20")
    assert sent_messages(recall) == [
        "Tue 2026-11-10 08:15 recall_notice",
        "Mon 2026-11-16 08:00 please_call",
        "Fri 2026-11-20 12:00 appointment_confirmation",
        "Mon 2026-11-23 08:30 appointment_reminder",
        "Tue 2026-11-24 17:30 missed_appointment",
        "Tue 2026-12-01 08:00 please_call",  # Thanksgiving and the day after it do not count
        "Tue 2026-12-08 08:00 please_call",
    ]


def test_a_visit_that_the_patient_confirmed_is_not_announced_again_as_moved(
    clock: Clock, recall: Recall, scheduler_ana: User
) -> None:
    actions.book_appointment(recall, Slot(recall.site, at("2026-11-24", "10:30")), by=scheduler_ana)
    clock.run_until("2026-11-12")
    actions.confirm(recall, by=scheduler_ana)
    clock.run_until("2026-11-16")
    assert sent_messages(recall) == ["Tue 2026-11-10 08:15 appointment_confirmation"]


def test_a_moved_visit_sends_only_what_is_true_of_the_new_time(
    clock: Clock, recall: Recall, scheduler_ana: User
) -> None:
    actions.book_appointment(recall, Slot(recall.site, at("2026-11-24", "10:30")), by=scheduler_ana)
    clock.run_until("2026-11-18", "09:00")
    actions.reschedule(recall, Slot(recall.site, at("2026-12-01", "14:00")), by=scheduler_ana)
    clock.run_until("2026-12-02")
    assert sent_messages(recall) == [
        "Tue 2026-11-10 08:15 appointment_confirmation",
        "Tue 2026-11-17 10:30 appointment_reminder",
        "Wed 2026-11-18 09:00 appointment_changed",
        "Tue 2026-11-24 14:00 appointment_reminder",
        "Mon 2026-11-30 14:00 appointment_reminder",
    ]


def test_a_probably_benign_outcome_is_followed_to_its_next_round(
    clock: Clock, recall: Recall, scheduler_ana: User, radiologist_rao: User
) -> None:
    actions.book_appointment(recall, Slot(recall.site, at("2026-11-12", "10:00")), by=scheduler_ana)
    clock.run_until("2026-11-12", "11:00")
    actions.mark_attended(recall, by=scheduler_ana)
    actions.record_outcome(
        recall, OutcomeInput(Assessment.PROBABLY_BENIGN, release_at=at("2026-11-12", "11:00")), by=radiologist_rao
    )
    clock.run_until("2027-03-29")
    recall.refresh_from_db()
    assert recall.state == State.TO_CONTACT
    clock.run_until("2027-06-30")
    assert sent_messages(recall) == [
        "Tue 2026-11-10 08:15 appointment_confirmation",
        "Wed 2026-11-11 10:00 appointment_reminder",
        "Thu 2026-11-12 11:00 outcome_probably_benign",
        "Mon 2027-03-29 08:00 follow_up_due",
        "Wed 2027-04-28 08:00 follow_up_due",
        "Wed 2027-05-26 08:00 follow_up_due",
    ]


def test_the_next_round_once_booked_asks_no_more(clock: Clock, scheduler_ana: User) -> None:
    recall = RecallFactory.create(next_round=True)
    assert [line.split()[-1] for line in waiting_messages(recall)].count("follow_up_due") == 3
    actions.book_appointment(recall, Slot(recall.site, at("2026-12-01", "10:00")), by=scheduler_ana)
    assert "follow_up_due" not in " ".join(waiting_messages(recall))


def test_a_biopsy_is_never_named_in_a_result_and_the_pathology_is_told_by_phone(
    clock: Clock, recall: Recall, scheduler_ana: User, radiologist_rao: User
) -> None:
    actions.book_appointment(recall, Slot(recall.site, at("2026-11-12", "10:00")), by=scheduler_ana)
    clock.run_until("2026-11-12", "11:00")
    actions.mark_attended(recall, by=scheduler_ana)
    actions.record_outcome(recall, OutcomeInput(Assessment.SUSPICIOUS_B), by=radiologist_rao)
    clock.run_until("2026-11-13", "15:00")
    actions.result_told(recall, DisclosureInput(DisclosureMethod.PHONE), by=radiologist_rao)
    slot = Slot(recall.site, at("2026-11-19", "08:30"), VisitKind.BIOPSY)
    actions.book_biopsy(recall, slot, by=scheduler_ana)
    clock.run_until("2026-11-19", "10:00")
    actions.biopsy_done(recall, by=scheduler_ana)
    clock.run_until("2026-11-24", "18:30")
    actions.record_pathology(recall, PathologyInput(PathologyClass.BENIGN), by=radiologist_rao)
    clock.run_until("2026-11-30", "15:00")
    actions.sign_concordance(recall, ConcordanceVerdict.CONCORDANT_BENIGN, by=radiologist_rao)
    clock.run_until("2026-12-30")
    assert sent_messages(recall) == [
        "Tue 2026-11-10 08:15 appointment_confirmation",
        "Wed 2026-11-11 10:00 appointment_reminder",
        "Fri 2026-11-13 08:00 please_call_results",
        "Fri 2026-11-13 15:00 biopsy_confirmation",
        "Wed 2026-11-18 08:30 biopsy_reminder",
        "Tue 2026-12-01 08:00 please_call_results",  # not before pathology is signed
    ]


def test_a_result_that_nobody_could_tell_goes_up_the_urgent_ladder(
    clock: Clock, recall: Recall, scheduler_ana: User, radiologist_rao: User
) -> None:
    actions.book_appointment(recall, Slot(recall.site, at("2026-11-12", "10:00")), by=scheduler_ana)
    clock.run_until("2026-11-12", "11:00")
    actions.mark_attended(recall, by=scheduler_ana)
    actions.record_outcome(recall, OutcomeInput(Assessment.SUSPICIOUS_B), by=radiologist_rao)
    assert "Mon 2026-11-23 08:00 last_letter" in waiting_messages(recall)  # day 10 is a Sunday
    actions.result_told(recall, DisclosureInput(DisclosureMethod.PHONE), by=radiologist_rao)
    assert [line.split()[-1] for line in waiting_messages(recall)] == ["please_call", "last_letter", "please_call"]


def test_a_symptom_before_the_follow_up_is_a_reason_to_ask_for_a_call_now(clock: Clock, scheduler_ana: User) -> None:
    recall = RecallFactory.create(probably_benign=True)
    assert "follow_up_due" in " ".join(waiting_messages(recall))
    actions.symptom_reported(recall, by=scheduler_ana, note="Noticed a change.")
    waiting = " ".join(waiting_messages(recall))
    assert "please_call" in waiting
    assert "follow_up_due" not in waiting


def test_earlier_pictures_explain_it(clock: Clock, scheduler_ana: User, radiologist_rao: User) -> None:
    recall = RecallFactory.create(awaiting_priors=True)
    clock.run_until("2026-11-11", "11:00")  # Veterans Day: nobody would answer
    actions.request_priors(recall, by=scheduler_ana, note="Asked Hillside Sample Clinic.")
    clock.run_until("2026-11-18", "09:00")
    actions.receive_priors(recall, by=scheduler_ana)
    clock.run_until("2026-11-18", "10:00")
    reading = OutcomeInput(Assessment.NEGATIVE, release_at=at("2026-11-18", "10:00"))
    actions.resolve_by_priors(recall, reading, by=radiologist_rao)
    clock.run_until("2027-02-01")
    assert sent_messages(recall) == [
        "Thu 2026-11-12 08:00 priors_wait",
        "Wed 2026-11-18 10:00 no_visit_needed",
    ]


def test_a_held_recall_rests_and_goes_on_where_it_was(clock: Clock, recall: Recall, scheduler_ana: User) -> None:
    clock.run_until("2026-11-11", "09:00")
    actions.hold(recall, date(2026, 11, 30), by=scheduler_ana, note="Is away.")
    clock.run_until("2026-11-30", "08:10")
    recall.refresh_from_db()
    assert recall.state == State.TO_CONTACT
    clock.run_until("2026-12-20")
    assert sent_messages(recall) == [
        "Tue 2026-11-10 08:15 recall_notice",
        "Thu 2026-12-03 08:00 please_call",
        "Thu 2026-12-10 08:00 please_call",
    ]


def test_after_the_patient_declined_nothing_more_is_sent(clock: Clock, recall: Recall, scheduler_ana: User) -> None:
    clock.run_until("2026-11-11")
    actions.decline(recall, by=scheduler_ana, note="Wants no additional imaging.")
    clock.run_until("2027-02-01")
    assert sent_messages(recall) == ["Tue 2026-11-10 08:15 recall_notice"]


def test_after_a_death_nothing_leaves_not_even_that_the_visit_is_off(
    clock: Clock, recall: Recall, scheduler_ana: User
) -> None:
    actions.book_appointment(recall, Slot(recall.site, at("2026-11-24", "10:30")), by=scheduler_ana)
    clock.run_until("2026-11-13")
    actions.mark_deceased(recall, date(2026, 11, 11), by=scheduler_ana, note="The family told us.")
    clock.run_until("2027-02-01")
    assert sent_messages(recall) == ["Tue 2026-11-10 08:15 appointment_confirmation"]


def test_when_a_recall_is_void_the_patient_learns_only_that_the_visit_is_off(
    clock: Clock, recall: Recall, scheduler_ana: User, radiologist_rao: User
) -> None:
    actions.book_appointment(recall, Slot(recall.site, at("2026-11-24", "10:30")), by=scheduler_ana)
    clock.run_until("2026-11-13", "19:30")
    actions.void(recall, by=radiologist_rao, note="Read on the wrong record.")
    clock.run_until("2027-02-01")
    assert sent_messages(recall) == [
        "Tue 2026-11-10 08:15 appointment_confirmation",
        "Mon 2026-11-16 08:00 appointment_cancelled",
    ]


def test_a_screening_result_of_four_is_followed_by_a_request_to_call_and_no_comfort(clock: Clock) -> None:
    recall = RecallFactory.create(suspicious_screen=True)
    clock.run_until("2026-11-24")
    assert [line.split()[-1] for line in sent_messages(recall)] == ["recall_notice", "please_call", "please_call"]
    copies = RenderedMessage.objects.filter(notification__recall=recall)
    assert copies.count() == 3
    assert not copies.filter(text__icontains="are fine").exists()
    other = RecallFactory.create()
    clock.run_until("2026-12-05")
    assert RenderedMessage.objects.filter(notification__recall=other, text__icontains="are fine").exists()


def test_two_ticks_move_a_recall_once(clock: Clock) -> None:
    recall = RecallFactory.create(probably_benign=True)
    clock.move_to("2027-06-01")
    first, second = apply_due_steps(), apply_due_steps()
    assert (first["follow_up_due"], second["follow_up_due"]) == (1, 0)
    recall.refresh_from_db()
    assert recall.round == 1
    assert recall.events.filter(step="follow_up_due", by=SYSTEM.name).count() == 1
    assert timedelta(0) < recall.state_since - at("2027-05-31")
