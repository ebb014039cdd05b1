"""Tests that whoever was told something hears when it does not hold, and that nobody else is frightened by it."""

from typing import Final

import pytest

from clinic.actors import INTAKE
from clinic.models import User
from notifications.enums import NotificationKind
from notifications.planning.correction_rules import MOVE_EXAM_STEP
from notifications.planning.plan import planned_messages
from notifications.planning.snapshot import EventRecord, RecallSnapshot, load_snapshot
from recalls import actions
from recalls.actions import ContactAttemptInput, Slot
from recalls.enums import Assessment, ClosureReason, ContactChannel, ContactResult, RecallKind, State
from recalls.models import Recall
from tests.notifications.clock import Clock, at, sent_messages
from tests.notifications.rendering.every_channel import (
    DETAILED,
    LETTER,
    PLAIN,
    TEXT_MESSAGE,
    words_on_every_channel,
    words_on_the_page,
)

pytestmark = pytest.mark.django_db

WITHDRAWN: Final = NotificationKind.RESULT_WITHDRAWN
IN_ERROR: Final = NotificationKind.SENT_IN_ERROR


def correct(recall: Recall, assessment: Assessment = Assessment.BENIGN) -> None:
    actions.correct_exam(recall.exam, {"assessment": assessment}, None, by=INTAKE)
    recall.refresh_from_db()


def call(recall: Recall, result: ContactResult, by: User) -> None:
    actions.log_contact(recall, ContactAttemptInput(ContactChannel.PHONE, result), by=by)


def planned_kinds(snapshot: RecallSnapshot) -> set[str]:
    return {kind for kind, _occasion in planned_messages(snapshot)}


@pytest.mark.parametrize("assessment", [Assessment.NEGATIVE, Assessment.BENIGN])
def test_a_patient_who_was_asked_to_come_hears_that_the_corrected_result_asks_for_nothing(
    assessment: Assessment, clock: Clock, recall: Recall
) -> None:
    clock.run_until("2026-11-11", "10:00")
    correct(recall, assessment)
    assert recall.closure_reason == ClosureReason.VOID
    clock.run_until("2026-12-20")
    # Corrected on a public holiday.
    assert sent_messages(recall) == ["Tue 2026-11-10 08:15 recall_notice", "Thu 2026-11-12 08:00 result_withdrawn"]


@pytest.mark.parametrize("language", ["en", "es"])
def test_it_is_told_on_every_channel_with_a_word_of_regret_and_no_result_to_a_stranger(
    language: str, clock: Clock, recall: Recall
) -> None:
    clock.run_until("2026-11-11", "10:00")
    correct(recall)
    said = words_on_every_channel(recall, WITHDRAWN, language)
    regrets = {"en": ("We are sorry for the worry.",), "es": ("Sentimos la preocupación.", "Perdone el mal rato.")}
    for words in (*said.values(), words_on_the_page(recall, language)):
        assert any(regret in words for regret in regrets[language])
        assert {"en": "do not need to come back", "es": "o tiene que volver"}[language] in words
    for channel in (PLAIN, TEXT_MESSAGE):
        assert {"en": "mammogram", "es": "mamografía"}[language] not in said[channel]
    for channel in (DETAILED, LETTER):
        assert {"en": "mammogram", "es": "mamografía"}[language] in said[channel]


def test_a_visit_that_was_booked_is_taken_back_without_asking_whether_the_patient_wants_another(
    clock: Clock, recall: Recall, scheduler_ana: User
) -> None:
    actions.book_appointment(recall, Slot(recall.site, at("2026-11-24", "10:30")), by=scheduler_ana)
    clock.run_until("2026-11-12")
    correct(recall)
    clock.run_until("2026-11-13")
    kinds = [line.rsplit(" ", 1)[1] for line in sent_messages(recall)]
    assert kinds == ["appointment_confirmation", "appointment_cancelled", "result_withdrawn"]
    for words in words_on_every_channel(recall, NotificationKind.APPOINTMENT_CANCELLED).values():
        assert "you do not want this visit" not in words
        assert "You do not need" in words


def test_a_patient_who_was_told_nothing_is_not_frightened_by_a_correction(
    clock: Clock, recall: Recall, scheduler_ana: User
) -> None:
    call(recall, ContactResult.NO_ANSWER, scheduler_ana)
    correct(recall)  # before the notice could leave
    clock.run_until("2026-12-20")
    assert sent_messages(recall) == []


@pytest.mark.parametrize("result", [ContactResult.REACHED_CALLS_BACK, ContactResult.LEFT_MESSAGE])
def test_a_patient_who_was_called_hears_of_the_correction_too(
    result: ContactResult, clock: Clock, recall: Recall, scheduler_ana: User
) -> None:
    call(recall, result, scheduler_ana)
    correct(recall)
    clock.run_until("2026-12-20")
    assert [line.rsplit(" ", 1)[1] for line in sent_messages(recall)] == ["result_withdrawn"]


def test_a_void_for_another_reason_says_nothing_of_a_corrected_result(
    clock: Clock, recall: Recall, radiologist_rao: User
) -> None:
    clock.run_until("2026-11-11", "10:00")
    actions.void(recall, note="Opened twice.", by=radiologist_rao)
    clock.run_until("2026-12-20")
    assert sent_messages(recall) == ["Tue 2026-11-10 08:15 recall_notice"]
    assert "We looked again" not in words_on_the_page(recall)


def test_a_symptom_is_not_withdrawn_by_normal_pictures(clock: Clock, recall: Recall) -> None:
    clock.run_until("2026-11-11", "10:00")
    changes = {"assessment": Assessment.NEGATIVE, "recall_kind": RecallKind.CLINICAL}
    actions.correct_exam(recall.exam, changes, None, by=INTAKE)
    recall.refresh_from_db()
    assert recall.state == State.TO_CONTACT
    assert WITHDRAWN not in planned_kinds(load_snapshot(recall))


def test_a_result_that_is_raised_again_takes_the_withdrawal_back(clock: Clock, recall: Recall) -> None:
    clock.run_until("2026-11-11", "19:00")
    correct(recall)
    assert WITHDRAWN in planned_kinds(load_snapshot(recall))
    correct(recall, Assessment.NEED_IMAGING)
    assert recall.state == State.TO_CONTACT
    clock.run_until("2026-11-13", "12:00")
    assert "result_withdrawn" not in " ".join(sent_messages(recall))


def moved_away(recall: Recall) -> RecallSnapshot:
    """The recall as it stands, with the step that gave its exam to another patient."""
    found = load_snapshot(recall)
    move = EventRecord(recall.version + 1, MOVE_EXAM_STEP, recall.state, recall.state, recall.state_since, {})
    events = [*found.events, move]
    return RecallSnapshot(recall, events, found.appointments, found.outcomes, found.pathology, found.notifications)


def test_a_patient_who_was_written_to_about_another_persons_exam_hears_that_it_was_a_mistake(
    clock: Clock, recall: Recall, radiologist_rao: User
) -> None:
    clock.run_until("2026-11-11", "10:00")
    assert IN_ERROR not in planned_kinds(moved_away(recall))  # while the recall is open, it is theirs
    actions.void(recall, note="Read on the wrong patient's record.", by=radiologist_rao)
    assert IN_ERROR in planned_kinds(moved_away(recall))
    assert IN_ERROR not in planned_kinds(load_snapshot(recall))


def test_whoever_was_not_written_to_hears_of_no_mistake_and_nobody_of_two_things_at_once(
    clock: Clock, recall: Recall, radiologist_rao: User, scheduler_ana: User
) -> None:
    call(recall, ContactResult.LEFT_MESSAGE, scheduler_ana)
    correct(recall)
    assert planned_kinds(moved_away(recall)) == set()
    assert planned_kinds(load_snapshot(recall)) == {WITHDRAWN}
