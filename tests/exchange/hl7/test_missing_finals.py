"""Holds that a preliminary 4 or 5 whose final report never comes is warned of, and that it opens nothing itself."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from clinic.models import Site, User
from exchange.hl7.processing import process_received
from exchange.hl7.store import Arrival, store_arrivals
from exchange.mending.parked_messages import dismiss_message, replay_message
from exchange.models import Hl7AwaitedFinal, Hl7Message, Hl7Sender
from exchange.tasks import apply_hl7_messages
from patients.models import Patient
from recalls.models import Recall, ScreeningExam
from recalls.testing.factories import ExamFactory
from tests.exchange.hl7.samples import PID, build_report

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ris")]

FRIDAY = datetime(2026, 11, 20, 15, tzinfo=UTC)
SUNDAY, MONDAY_NIGHT = datetime(2026, 11, 22, 15, tzinfo=UTC), datetime(2026, 11, 24, 4, tzinfo=UTC)
SUSPICIOUS, BENIGN = "IMPRESSION: Suspicious mass. BI-RADS 4B.", "IMPRESSION: Benign. BI-RADS 2."
IGNORED, PARKED = Hl7Message.State.IGNORED, Hl7Message.State.PARKED


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(FRIDAY, tick=False) as traveller:
        yield traveller


def receive(*bodies: bytes) -> Hl7Message:
    """Store and apply these; the last of them as it stands."""
    receipts = store_arrivals([Arrival(body, len(body), Hl7Message.Source.MLLP) for body in bodies])
    process_received(5)
    return Hl7Message.objects.get(pk=receipts[-1].message_id)


def preliminary(text: str = SUSPICIOUS, status: str = "P", number: str = "P1", **given: str) -> bytes:
    return build_report(text, status=status, control_id=number, **given)


def final(text: str = SUSPICIOUS, number: str = "F1", **given: str) -> bytes:
    return build_report(text, control_id=number, **{"reported": "20261119120000", **given})


@pytest.mark.parametrize("status", ["P", "Wet Read", "Prelim"])
def test_a_preliminary_5_without_a_final_waits_for_a_person_after_the_next_open_day(
    clock: time_machine.Traveller, status: str
) -> None:
    message = receive(preliminary("IMPRESSION: BI-RADS 5.", status))
    assert message.state == IGNORED
    for moment, state in ((SUNDAY, IGNORED), (MONDAY_NIGHT, PARKED)):
        clock.move_to(moment)
        apply_hl7_messages()
        message.refresh_from_db()
        assert message.state == state
    assert "its final report did not" in message.reason
    assert not Recall.objects.exists()
    assert not Patient.objects.exists()


def test_the_radiologists_of_the_site_read_it_on_their_worklist(
    client: Client, clock: time_machine.Traveller, radiologist_rao: User
) -> None:
    receive(preliminary())
    client.force_login(radiologist_rao)
    assert "without a final report" not in client.get(reverse("worklist")).text
    clock.move_to(MONDAY_NIGHT)
    apply_hl7_messages()
    client.force_login(radiologist_rao)
    page = client.get(reverse("worklist")).text
    assert "4B: Suspicious, moderate suspicion without a final report: exam A1" in page


@pytest.mark.parametrize("came_late", [False, True])
@pytest.mark.parametrize("text", [SUSPICIOUS, BENIGN, "IMPRESSION: no category at all."])
def test_the_final_report_clears_it_whatever_it_says(clock: time_machine.Traveller, text: str, came_late: bool) -> None:
    message = receive(preliminary())
    if came_late:
        clock.move_to(MONDAY_NIGHT)
        apply_hl7_messages()
    receive(final(text))
    clock.move_to(MONDAY_NIGHT)
    apply_hl7_messages()
    message.refresh_from_db()
    assert message.state == IGNORED
    assert Hl7AwaitedFinal.objects.get().cleared_at


def test_the_final_of_another_exam_and_an_older_one_sent_again_clear_nothing(clock: time_machine.Traveller) -> None:
    older = final(BENIGN, reported="20261119080000")
    message = receive(older, preliminary(), final(accession="A2", number="F2", pid=PID.replace("M1^", "M2^")))
    receive(older.replace(b"|F1|", b"|F3|"))
    clock.move_to(MONDAY_NIGHT)
    apply_hl7_messages()
    assert message.state != PARKED
    assert Hl7Message.objects.get(control_id="P1").state == PARKED


def test_a_result_that_came_by_another_way_clears_it(clock: time_machine.Traveller, shadyside: Site) -> None:
    receive(preliminary())
    clock.move_to(SUNDAY)
    ExamFactory.create(site=shadyside, accession="A1", assessment="2", reported_at=SUNDAY)
    clock.move_to(MONDAY_NIGHT)
    apply_hl7_messages()
    assert not Hl7Message.objects.filter(state=PARKED).exists()


def test_what_a_final_has_answered_before_is_awaited_no_more() -> None:
    receive(final(), preliminary())
    assert not Hl7AwaitedFinal.objects.exists()


def test_a_preliminary_1_or_0_is_waited_for_in_silence(clock: time_machine.Traveller) -> None:
    receive(preliminary(BENIGN), preliminary("IMPRESSION: BI-RADS 0.", number="P2", accession="A2"))
    assert not Hl7AwaitedFinal.objects.exists()


def test_an_unsure_4_is_watched_as_a_sure_one(clock: time_machine.Traveller) -> None:
    coded = "OBX|2|CWE|BIRADS^BI-RADS category||4^Suspicious||||||P"
    receive(build_report(BENIGN, coded, status="P", control_id="P1"))
    assert Hl7AwaitedFinal.objects.get().assessment == "4"
    assert not ScreeningExam.objects.exists()


def test_two_preliminary_reports_of_an_exam_are_one_warning_on_the_first_ones_day(
    clock: time_machine.Traveller,
) -> None:
    receive(preliminary())
    clock.move_to(SUNDAY)
    receive(preliminary("IMPRESSION: BI-RADS 5.", number="P2"))
    assert Hl7AwaitedFinal.objects.get().message.control_id == "P1"


def test_it_stays_until_a_person_dismisses_it_and_then_is_over(
    clock: time_machine.Traveller, manager_mo: User, ris: Hl7Sender
) -> None:
    Hl7Sender.objects.filter(pk=ris.pk).update(final_after_days=1)
    message = receive(preliminary())
    clock.move_to(MONDAY_NIGHT)
    apply_hl7_messages()
    replay_message(message, by=manager_mo)
    apply_hl7_messages()
    message.refresh_from_db()
    assert message.state == PARKED
    dismiss_message(message, "Read on paper, patient called", by=manager_mo)
    apply_hl7_messages()
    message.refresh_from_db()
    assert message.state == Hl7Message.State.DISMISSED
    assert Hl7AwaitedFinal.objects.get().cleared_at
