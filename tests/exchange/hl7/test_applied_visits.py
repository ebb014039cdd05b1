"""Holds what appointment messages do to the visit of a recall."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import time_machine

from clinic.actors import INTAKE
from clinic.models import Site
from exchange.hl7.message_result import MessageResult
from exchange.models import Hl7Message, Hl7Sender
from patients.models import Patient
from recalls import actions
from recalls.enums import AppointmentStatus, State
from recalls.models import Appointment, Recall
from tests.exchange.hl7.conftest import ApplyMessages, the_recall
from tests.exchange.hl7.samples import PID, build_message, build_report

ApplyOne = Callable[..., MessageResult]
APPLIED, PARKED, IGNORED = Hl7Message.State.APPLIED, Hl7Message.State.PARKED, Hl7Message.State.IGNORED
DIAGNOSTIC = "AIS|1||77066^Diagnostic mammogram^CPT||||45|min"
TUESDAY, WEDNESDAY = "20261124140000", "20261125093000"
TUESDAY_UTC = datetime(2026, 11, 24, 19, tzinfo=UTC)  # 2 pm in Pittsburgh


def _visit(
    event: str, start: str = TUESDAY, *, number: str = "F1", pid: str = PID, service: str = DIAGNOSTIC, status: str = ""
) -> bytes:
    sch = f"SCH|P{number}|{number}|||||{status}||||^^^{start}"
    return build_message(f"SIU^{event}", sch, pid, "RGS|1", service)


@pytest.fixture
def recalled(apply_one: ApplyOne) -> Recall:
    """A patient with a 4, recalled by a report of the same system."""
    apply_one(build_report("IMPRESSION: BI-RADS 4."))
    return the_recall()


def test_a_booking_books_the_visit_of_the_patient_s_recall(recalled: Recall, apply_one: ApplyOne) -> None:
    result = apply_one(_visit("S12"))
    visit = Appointment.objects.get()
    assert (result.state, result.recall) == (APPLIED, recalled)
    assert (the_recall().state, visit.starts_at, visit.length_minutes) == (State.SCHEDULED, TUESDAY_UTC, 45)


@pytest.mark.parametrize(
    ("segments", "starts_at"),
    [
        (["SCH|P|F|||||||||^^^20261124140000-0600"], datetime(2026, 11, 24, 20, tzinfo=UTC)),
        (["SCH|P|F|||||||||^^^20261130", "TQ1|1||||||20261124140000"], TUESDAY_UTC),
        (["SCH|P|F", "AIS|1||77066^Diagnostic mammogram|20261124140000"], TUESDAY_UTC),
        (["SCH|P|F|||||||||^^^20270308130000"], datetime(2027, 3, 8, 18, tzinfo=UTC)),
        (["SCH|P|F|||||||||^^^20270315130000"], datetime(2027, 3, 15, 17, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_the_time_is_that_of_tq1_then_sch_11_then_ais_4_by_its_offset_or_the_site_s_clock(
    recalled: Recall, apply_one: ApplyOne, segments: list[str], starts_at: datetime
) -> None:
    assert recalled.state == State.TO_CONTACT
    result = apply_one(build_message("SIU^S12", *segments, PID, DIAGNOSTIC))
    assert result.state == APPLIED, result.reason
    assert Appointment.objects.get().starts_at == starts_at


def test_a_booking_told_twice_is_one_visit(recalled: Recall, apply_all: ApplyMessages) -> None:
    assert [result.state for result in apply_all(_visit("S12"), _visit("S12"))] == [APPLIED, IGNORED]
    assert recalled.appointments.count() == 1


@pytest.mark.parametrize("event", ["S13", "S14"])
def test_a_moved_visit_keeps_its_recall_and_raises_its_sequence(
    recalled: Recall, apply_all: ApplyMessages, event: str
) -> None:
    apply_all(_visit("S12"), _visit(event, WEDNESDAY))
    visit = Appointment.objects.get()
    assert (visit.recall, visit.starts_at, visit.sequence) == (recalled, datetime(2026, 11, 25, 14, 30, tzinfo=UTC), 1)


@pytest.mark.parametrize("event", ["S15", "S16", "S17"])
def test_a_cancelled_visit_puts_the_patient_back_into_the_queue(
    recalled: Recall, apply_all: ApplyMessages, event: str
) -> None:
    assert apply_all(_visit("S12"), _visit(event))[1].state == APPLIED
    assert the_recall().state == State.TO_CONTACT
    assert recalled.appointments.get().status == AppointmentStatus.CANCELLED


@pytest.mark.parametrize(("event", "status"), [("S26", ""), ("S15", "No Show"), ("S14", "NOSHOW")])
def test_a_missed_visit_is_told_by_its_event_or_by_a_reason(
    recalled: Recall, apply_one: ApplyOne, event: str, status: str
) -> None:
    apply_one(_visit("S12"))
    with time_machine.travel("2026-11-24 21:00:00+00:00", tick=False):
        assert apply_one(_visit(event, status=status)).state == APPLIED
    assert (the_recall().state, recalled.appointments.get().status) == (State.TO_CONTACT, AppointmentStatus.MISSED)


def test_a_visit_that_has_not_begun_is_not_missed(recalled: Recall, apply_all: ApplyMessages) -> None:
    assert apply_all(_visit("S12"), _visit("S26"))[1].state == PARKED
    assert recalled.appointments.get().status == AppointmentStatus.BOOKED


def test_the_cancelling_of_an_earlier_appointment_leaves_the_visit_of_now(
    recalled: Recall, apply_all: ApplyMessages
) -> None:
    results = apply_all(
        _visit("S12"), _visit("S15"), _visit("S12", WEDNESDAY, number="F2"), _visit("S15"), _visit("S15", number="F3")
    )
    assert [result.state for result in results] == [APPLIED, APPLIED, APPLIED, IGNORED, PARKED]
    assert the_recall().state == State.SCHEDULED
    assert recalled.appointments.count() == 2


def test_a_visit_booked_here_by_hand_is_cancelled_only_at_its_own_time(
    recalled: Recall, apply_all: ApplyMessages, shadyside: Site
) -> None:
    actions.book_appointment(recalled, actions.Slot(shadyside, TUESDAY_UTC), by=INTAKE)
    assert [result.state for result in apply_all(_visit("S15", WEDNESDAY), _visit("S15"))] == [PARKED, APPLIED]


def test_a_sender_that_swaps_events_says_so_in_its_settings(
    recalled: Recall, apply_all: ApplyMessages, ris: Hl7Sender
) -> None:
    ris.event_meanings = {"S13": "cancelled", "S15": "moved", "S14": "ignored"}
    results = apply_all(_visit("S12"), _visit("S15", WEDNESDAY), _visit("S14"), _visit("S13", WEDNESDAY))
    assert [result.state for result in results] == [APPLIED, APPLIED, IGNORED, APPLIED]
    assert recalled.appointments.get().status == AppointmentStatus.CANCELLED


def test_an_appointment_of_nobody_we_know_is_parked_and_makes_nobody(apply_one: ApplyOne) -> None:
    result = apply_one(_visit("S12"))
    assert (result.state, result.field) == (PARKED, "PID-3")
    assert not Patient.objects.exists()


def test_an_appointment_of_another_person_under_the_number_books_nothing(recalled: Recall, apply_one: ApplyOne) -> None:
    assert apply_one(_visit("S12", pid=PID.replace("19700201", "19710201"))).state == PARKED
    assert not recalled.appointments.exists()


def test_a_patient_with_two_open_recalls_is_left_to_a_person(recalled: Recall, apply_all: ApplyMessages) -> None:
    result = apply_all(build_report("IMPRESSION: BI-RADS 5.", accession="A2"), _visit("S12"))[1]
    assert result.state == PARKED
    assert not recalled.appointments.exists()


def test_a_patient_without_an_open_recall_is_left_to_a_person(apply_all: ApplyMessages) -> None:
    assert apply_all(build_report("IMPRESSION: BI-RADS 1."), _visit("S12"))[1].state == PARKED


@pytest.mark.parametrize(
    "service",
    ["AIS|1", "AIS|1||MX^Mammogram", "AIS|1||BX^Breast biopsy", "AIS|1||SD^Screening or diagnostic mammogram"],
)
def test_an_appointment_that_may_be_for_something_else_leaves_the_recall_to_be_called(
    recalled: Recall, apply_one: ApplyOne, service: str
) -> None:
    assert apply_one(_visit("S12", service=service)).state == PARKED
    assert not recalled.appointments.exists()


@pytest.mark.parametrize("service", ["AIS|1||USB^US Breast Limited Left", "AIS|1||DX^Diagnostic Mammogram"])
def test_an_appointment_is_known_as_diagnostic_by_its_words(
    recalled: Recall, apply_one: ApplyOne, service: str
) -> None:
    assert apply_one(_visit("S12", service=service)).state == APPLIED


@pytest.mark.parametrize("service", ["AIS|1||77067^Screening mammogram", "AIS|1||CTCH^CT Chest"])
def test_an_appointment_for_something_else_books_nothing(recalled: Recall, apply_one: ApplyOne, service: str) -> None:
    assert apply_one(_visit("S12", service=service)).state == IGNORED
    assert not recalled.appointments.exists()


@pytest.mark.parametrize("start", ["20261124", "", "20261119100000", "20261128100000"])
def test_a_time_that_cannot_be_is_parked_with_a_reason(recalled: Recall, apply_one: ApplyOne, start: str) -> None:
    result = apply_one(_visit("S12", start))
    assert result.state == PARKED
    assert result.reason
    assert not recalled.appointments.exists()


def test_a_merged_patient_s_appointment_is_booked_under_the_old_number(
    recalled: Recall, apply_all: ApplyMessages
) -> None:
    merge = build_message("ADT^A40", "EVN|A40", PID.replace("|M1^", "|M2^"), "MRG|M1^^^SHADY^MR")
    assert [result.state for result in apply_all(merge, _visit("S12"))] == [APPLIED, APPLIED]
    assert recalled.appointments.exists()
