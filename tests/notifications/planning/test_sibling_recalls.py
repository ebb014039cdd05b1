"""Tests that a patient with several recalls to be contacted gets one set of messages."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.actors import INTAKE
from clinic.models import Site, User
from notifications.enums import NotificationState
from notifications.models import Notification
from patients.factories import PatientFactory
from patients.models import Patient
from recalls import actions
from recalls.actions import Slot
from recalls.models import Recall
from recalls.testing.factories import ExamFactory, RecallFactory
from tests.notifications.clock import Clock, at, sent_messages, waiting_messages

pytestmark = pytest.mark.django_db


def _asks_to_call(recall: Recall) -> list[str]:
    """The waiting messages that ask for a call; the certified letter belongs to each recall's own ladder."""
    return [line.split()[-1] for line in waiting_messages(recall) if not line.endswith("last_letter")]


@pytest.fixture
def two_recalls(recall: Recall, patient: Patient) -> tuple[Recall, Recall]:
    """Both of one patient and still to be contacted."""
    return recall, RecallFactory.create(patient=patient)


def test_of_two_recalls_one_speaks_for_both(two_recalls: tuple[Recall, Recall], clock: Clock) -> None:
    first, second = two_recalls
    clock.run_until("2026-12-01")
    assert sent_messages(first) == [
        "Tue 2026-11-10 08:15 recall_notice",
        "Mon 2026-11-16 08:00 please_call",
        "Mon 2026-11-23 08:00 please_call",
    ]
    assert sent_messages(second) == []


def test_when_the_first_moves_on_the_next_takes_over(
    two_recalls: tuple[Recall, Recall], clock: Clock, scheduler_ana: User
) -> None:
    first, second = two_recalls
    clock.run_until("2026-11-12", "09:00")
    actions.book_appointment(first, Slot(first.site, at("2026-11-24", "10:30")), by=scheduler_ana)
    assert _asks_to_call(second) == ["recall_notice", "please_call", "please_call"]
    clock.run_until("2026-11-13", "09:00")
    assert sent_messages(second) == ["Thu 2026-11-12 09:00 recall_notice"]
    actions.cancel_appointment(first, by=scheduler_ana, note="Asked for another day.")
    assert _asks_to_call(second) == [], "the first speaks again"


def test_what_a_person_asks_for_is_sent_for_either(
    two_recalls: tuple[Recall, Recall], clock: Clock, scheduler_ana: User
) -> None:
    second = two_recalls[1]
    actions.ask_please_call(second, by=scheduler_ana)
    clock.run_until("2026-11-12")
    assert sent_messages(second) == ["Tue 2026-11-10 08:15 please_call"]


def test_each_site_speaks_for_itself(recall: Recall, patient: Patient, foothills: Site, clock: Clock) -> None:
    exam = ExamFactory.create(patient=patient, site=foothills)
    elsewhere = actions.open_recall(exam, by=INTAKE).recall
    assert _asks_to_call(recall)
    assert _asks_to_call(elsewhere)


def test_after_a_merge_one_of_the_two_speaks_and_after_its_undoing_both_do(recall: Recall, clock: Clock) -> None:
    other = RecallFactory.create(patient=PatientFactory.create(site=recall.site, email="testa.two@example.org"))
    assert _asks_to_call(other)
    actions.merge_patients(other.patient, recall.patient, by=INTAKE)
    assert _asks_to_call(recall)
    assert _asks_to_call(other) == []
    actions.unmerge_patients(Patient.objects.get(pk=other.exam.original_patient_id or other.patient_id), by=INTAKE)
    assert _asks_to_call(recall)
    assert _asks_to_call(other)


def test_after_a_merge_into_the_record_of_the_later_recall_the_earlier_one_speaks(recall: Recall, clock: Clock) -> None:
    other = RecallFactory.create(patient=PatientFactory.create(site=recall.site, email="testa.two@example.org"))
    actions.merge_patients(recall.patient, other.patient, by=INTAKE)
    assert _asks_to_call(recall)
    assert _asks_to_call(other) == []
    assert Notification.objects.filter(recall=other, state=NotificationState.CANCELLED).exists()


def test_a_move_costs_the_same_however_many_recalls_wait(shadyside: Site, clock: Clock, scheduler_ana: User) -> None:
    counts = []
    for siblings in (1, 1, 4):  # the first round reads the site
        patient = PatientFactory.create(site=shadyside)
        RecallFactory.create_batch(siblings, patient=patient)
        last = RecallFactory.create(patient=patient)
        with CaptureQueriesContext(connection) as queries:
            actions.decline(last, by=scheduler_ana, note="Does not want it.")
        counts.append(len(queries))
    assert counts[1] == counts[2]
