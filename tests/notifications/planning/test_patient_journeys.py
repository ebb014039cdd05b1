"""Tests every course of a patient from the first message to the last, with every message and its hour.

The clock starts on Tuesday, 10 November 2026, at a quarter past eight in Pittsburgh, and stands still while people act.
"""

from datetime import date

import pytest

from clinic.contact_ladder import DEFAULT_LADDER
from clinic.models import Site, User
from recalls import actions
from recalls.actions import OutcomeInput
from recalls.enums import Assessment, ConcordanceVerdict, ContactChannel, PathologyClass, State
from recalls.models import Recall
from recalls.testing.factories import RecallFactory
from tests.notifications.clock import Clock, at
from tests.notifications.planning.patient_journey import PatientJourney

pytestmark = pytest.mark.django_db


@pytest.fixture
def path(clock: Clock, recall: Recall, scheduler_ana: User, radiologist_rao: User) -> PatientJourney:
    return PatientJourney(clock, recall, scheduler_ana, radiologist_rao)


def test_normal(path: PatientJourney) -> None:
    path.advance_to("2026-11-12", "10:00")
    path.book_appointment("2026-11-24", "10:30")
    path.advance_to("2026-11-24", "11:30")
    path.attend()
    path.record_outcome(Assessment.NEGATIVE, release=("2026-11-24", "16:00"))
    path.advance_to("2028-01-01")
    assert path.get_sent_messages() == [
        "Tue 2026-11-10 08:15 recall_notice",
        "Thu 2026-11-12 10:00 appointment_confirmation",
        "Tue 2026-11-17 10:30 appointment_reminder",
        "Mon 2026-11-23 10:30 appointment_reminder",
        "Tue 2026-11-24 16:00 outcome_normal",
    ]


def test_benign(path: PatientJourney) -> None:
    path.book_appointment("2026-11-13", "10:30")
    path.advance_to("2026-11-13", "11:30")
    path.attend()
    path.record_outcome(Assessment.BENIGN, release=("2026-11-13", "19:00"))  # a Friday, after the sending hours
    path.advance_to("2028-01-01")
    assert path.get_sent_messages() == [
        "Tue 2026-11-10 08:15 appointment_confirmation",
        "Thu 2026-11-12 10:30 appointment_reminder",
        "Mon 2026-11-16 08:00 outcome_benign",
    ]


THREE_ROUNDS = [
    "Tue 2026-11-10 08:15 appointment_confirmation",
    "Wed 2026-11-11 10:00 appointment_reminder",
    "Thu 2026-11-12 11:00 outcome_probably_benign",
    "Mon 2027-03-29 08:00 follow_up_due",
    "Mon 2027-03-29 09:00 appointment_confirmation",
    "Tue 2027-05-04 10:00 appointment_reminder",
    "Mon 2027-05-10 10:00 appointment_reminder",
    "Tue 2027-05-11 11:00 outcome_probably_benign",
    "Tue 2027-09-28 08:00 follow_up_due",
    "Wed 2027-09-29 09:00 appointment_confirmation",
    "Wed 2027-11-03 10:00 appointment_reminder",
    "Tue 2027-11-09 10:00 appointment_reminder",
    "Wed 2027-11-10 11:00 outcome_probably_benign",
    "Thu 2028-09-28 08:00 follow_up_due",
    "Fri 2028-09-29 09:00 appointment_confirmation",
    "Thu 2028-11-02 10:00 appointment_reminder",
    "Wed 2028-11-08 10:00 appointment_reminder",
    "Thu 2028-11-09 11:00 outcome_benign",
]


def test_probably_benign_with_three_rounds(path: PatientJourney) -> None:
    path.book_appointment("2026-11-12", "10:00")
    path.advance_to("2026-11-12", "11:00")
    path.attend()
    path.record_outcome(Assessment.PROBABLY_BENIGN, release=("2026-11-12", "11:00"))
    benign, still = Assessment.BENIGN, Assessment.PROBABLY_BENIGN
    for near, visit, read in (
        ("2027-03-29", "2027-05-11", still),
        ("2027-09-29", "2027-11-10", still),
        ("2028-09-29", "2028-11-09", benign),
    ):
        path.advance_to(near)
        path.recall.refresh_from_db()
        assert path.recall.state == State.TO_CONTACT
        path.book_appointment(visit, "10:00")
        path.advance_to(visit, "11:00")
        path.attend()
        path.record_outcome(read, release=(visit, "11:00"))
    path.advance_to("2030-01-01")
    assert path.get_sent_messages() == THREE_ROUNDS


# Word for word the same for everybody: what was found is told by a person, and the message leaves where nobody has by
# the next business day. A result that is in and unsigned is no reason to ask for a call.
WITH_A_BIOPSY = [
    "Tue 2026-11-10 08:15 appointment_confirmation",
    "Wed 2026-11-11 10:00 appointment_reminder",
    "Fri 2026-11-13 08:00 please_call_results",
    "Fri 2026-11-13 15:00 biopsy_confirmation",
    "Tue 2026-11-17 08:30 biopsy_reminder",
    "Mon 2026-11-23 08:30 biopsy_reminder",
    "Wed 2026-12-02 08:00 please_call_results",
]


def _to_the_biopsy(path: PatientJourney) -> None:
    path.book_appointment("2026-11-12", "10:00")
    path.advance_to("2026-11-12", "11:00")
    path.attend()
    path.record_outcome(Assessment.SUSPICIOUS_B)
    path.advance_to("2026-11-13", "15:00")
    path.tell_result()
    path.book_biopsy("2026-11-24", "08:30")
    path.advance_to("2026-11-24", "10:00")
    path.complete_biopsy()
    path.advance_to("2026-11-30", "14:00")


def test_biopsy_benign(path: PatientJourney) -> None:
    _to_the_biopsy(path)
    path.record_pathology(PathologyClass.BENIGN)
    path.advance_to("2026-12-01", "09:00")
    path.sign_concordance(ConcordanceVerdict.CONCORDANT_BENIGN)
    path.advance_to("2026-12-02", "10:00")
    path.tell_result()
    path.advance_to("2028-01-01")
    assert path.recall.state == State.CLOSED
    assert path.get_sent_messages() == WITH_A_BIOPSY


def test_biopsy_malignant(path: PatientJourney) -> None:
    _to_the_biopsy(path)
    path.record_pathology(PathologyClass.INVASIVE)
    path.advance_to("2026-12-01", "09:00")
    path.sign_concordance(ConcordanceVerdict.MALIGNANT)
    path.advance_to("2026-12-02", "10:00")
    path.tell_result()
    path.advance_to("2028-01-01")  # the referral to treatment is arranged by people: nothing is written about it
    assert path.recall.state == State.TO_HAND_OVER
    assert path.get_sent_messages() == WITH_A_BIOPSY


def test_no_show_twice(path: PatientJourney) -> None:
    path.book_appointment("2026-11-16", "08:30")
    path.advance_to("2026-11-16", "17:30")
    path.miss()
    path.advance_to("2026-11-17", "10:00")
    path.book_appointment("2026-11-20", "08:30")
    path.advance_to("2026-11-20", "17:30")
    path.miss()
    path.advance_to("2026-11-23", "10:00")
    path.book_appointment("2026-12-01", "14:00")
    path.advance_to("2026-12-01", "15:00")
    path.attend()
    path.record_outcome(Assessment.NEGATIVE, release=("2026-12-01", "15:00"))
    path.advance_to("2028-01-01")
    assert path.get_sent_messages() == [
        "Tue 2026-11-10 08:15 appointment_confirmation",
        "Sun 2026-11-15 08:30 appointment_reminder",
        "Mon 2026-11-16 17:30 missed_appointment",
        "Tue 2026-11-17 10:00 appointment_confirmation",
        "Thu 2026-11-19 08:30 appointment_reminder",
        "Fri 2026-11-20 17:30 missed_appointment",
        "Mon 2026-11-23 10:00 appointment_confirmation",
        "Mon 2026-11-30 14:00 appointment_reminder",
        "Tue 2026-12-01 15:00 outcome_normal",
    ]


def test_unreachable_to_lost(path: PatientJourney, manager_mo: User, navigator_nia: User) -> None:
    path.log_contacts(
        *(rung for rung in DEFAULT_LADDER if rung.channel != ContactChannel.CERTIFIED_LETTER), by=navigator_nia
    )
    path.advance_to("2026-12-11", "14:00")
    path.print_letters()
    path.log_contacts(
        *(rung for rung in DEFAULT_LADDER if rung.channel == ContactChannel.CERTIFIED_LETTER), by=navigator_nia
    )
    path.advance_to("2027-01-15")
    actions.close_lost(path.recall, by=manager_mo, note="Nobody answered for two months.")
    path.advance_to("2028-01-01")
    assert path.get_sent_messages() == [
        "Tue 2026-11-10 08:15 recall_notice",
        "Mon 2026-11-16 08:00 please_call",
        "Mon 2026-11-23 08:00 please_call",
        "Fri 2026-12-11 14:00 last_letter",
    ]


def test_earlier_pictures_resolve_it(clock: Clock, shadyside: Site, scheduler_ana: User, radiologist_rao: User) -> None:
    recall = RecallFactory.create(site=shadyside, awaiting_priors=True)
    path = PatientJourney(clock, recall, scheduler_ana, radiologist_rao)
    actions.request_priors(recall, by=scheduler_ana, note="Asked Hillside Sample Clinic.")
    path.advance_to("2026-11-20", "14:00")
    actions.receive_priors(recall, by=scheduler_ana)
    reading = OutcomeInput(Assessment.BENIGN, release_at=at("2026-11-20", "14:00"))
    actions.resolve_by_priors(recall, reading, by=radiologist_rao)
    path.advance_to("2028-01-01")
    assert path.get_sent_messages() == [
        "Tue 2026-11-10 08:15 priors_wait",
        "Fri 2026-11-20 14:00 no_visit_needed",
    ]


def test_declined_with_a_visit_booked(path: PatientJourney) -> None:
    path.book_appointment("2026-11-24", "10:30")
    path.advance_to("2026-11-18", "10:00")
    actions.decline(path.recall, by=path.scheduler, note="Goes elsewhere.")
    path.advance_to("2028-01-01")
    assert path.get_sent_messages() == [
        "Tue 2026-11-10 08:15 appointment_confirmation",
        "Tue 2026-11-17 10:30 appointment_reminder",
        "Wed 2026-11-18 10:00 appointment_cancelled",  # takes the entry out of the calendar
    ]


def test_moved_twice(path: PatientJourney) -> None:
    path.book_appointment("2026-11-24", "10:30")
    path.advance_to("2026-11-11", "12:00")  # Veterans Day: nobody would answer
    path.reschedule("2026-12-01", "14:00")
    path.advance_to("2026-11-25", "15:00")
    path.reschedule("2026-12-03", "09:00")
    path.advance_to("2026-12-03", "10:00")
    path.attend()
    path.record_outcome(Assessment.NEGATIVE, release=("2026-12-03", "10:00"))
    path.advance_to("2028-01-01")
    assert path.get_sent_messages() == [
        "Tue 2026-11-10 08:15 appointment_confirmation",
        "Thu 2026-11-12 08:00 appointment_changed",
        "Tue 2026-11-24 14:00 appointment_reminder",
        "Wed 2026-11-25 15:00 appointment_changed",
        "Wed 2026-12-02 09:00 appointment_reminder",
        "Thu 2026-12-03 10:00 outcome_normal",
    ]


def test_died(path: PatientJourney) -> None:
    path.book_appointment("2026-11-24", "10:30")
    path.advance_to("2026-11-18", "10:00")
    actions.mark_deceased(path.recall, date(2026, 11, 16), by=path.scheduler, note="The family told us.")
    path.advance_to("2028-01-01")
    assert path.get_sent_messages() == [
        "Tue 2026-11-10 08:15 appointment_confirmation",
        "Tue 2026-11-17 10:30 appointment_reminder",
    ]
