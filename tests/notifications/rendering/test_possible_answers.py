"""Tests that a patient knows before the visit what the answer can be, and that being called back is no diagnosis."""

from typing import Any, Final

import pytest

from clinic.factories import get_site_staff
from clinic.models import Site, User
from notifications.content.banned_words import CLINICAL_DETAIL
from notifications.enums import NotificationKind
from recalls import actions
from recalls.actions import Slot
from recalls.enums import Assessment, FindingKind, RecallKind, Side
from recalls.presenters.call_script import CALL_SCRIPTS, build_call_script
from recalls.testing.factories import RecallFactory
from tests.notifications.clock import Clock, at
from tests.notifications.rendering.every_channel import (
    DETAILED,
    DETAILED_LETTER,
    LETTER,
    PLAIN,
    words_on_every_channel,
    words_on_the_page,
)

pytestmark = pytest.mark.django_db

BY_NAME: Final = {
    "en": ("Normal.", "Benign.", "Very likely harmless.", "A biopsy, to be sure."),
    "es": ("Normal.", "Benigno.", "Muy probablemente inofensivo.", "Una biopsia, para saberlo con certeza."),
}
IN_NEUTRAL_WORDS: Final = {
    "en": ("nothing more to do", "something harmless", "look again in some months", "One more test is advised"),
    "es": ("No hay nada más que hacer", "no hace daño", "mirar de nuevo en unos meses", "se aconseja una prueba más"),
}
REASONS: Final[dict[str, dict[str, Any]]] = {
    "finding": {},
    "technical": {"exam__recall_kind": RecallKind.TECHNICAL, "exam__findings": []},
    "symptom": {"exam__recall_kind": RecallKind.CLINICAL, "exam__findings": []},
    "skin": {"exam__findings": [(FindingKind.SKIN, Side.LEFT)]},
}


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_four_possible_answers_are_named_to_whoever_agreed_to_detail_and_on_the_page(
    language: str, clock: Clock, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside)
    notice = words_on_every_channel(recall, NotificationKind.RECALL_NOTICE, language)
    actions.book_appointment(recall, Slot(shadyside, at("2026-11-24", "10:30")), by=get_site_staff(shadyside).scheduler)
    reminder = words_on_every_channel(recall, NotificationKind.APPOINTMENT_REMINDER, language)
    for words in (notice[DETAILED], notice[DETAILED_LETTER], reminder[DETAILED], words_on_the_page(recall, language)):
        assert [answer for answer in BY_NAME[language] if answer not in words] == []


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_other_patient_reads_the_four_answers_in_words_that_tell_a_stranger_nothing(
    language: str, clock: Clock, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside)
    notice = words_on_every_channel(recall, NotificationKind.RECALL_NOTICE, language)
    assert [answer for answer in IN_NEUTRAL_WORDS[language] if answer.lower() not in notice[LETTER].lower()] == []
    actions.book_appointment(recall, Slot(shadyside, at("2026-11-24", "10:30")), by=get_site_staff(shadyside).scheduler)
    reminder = words_on_every_channel(recall, NotificationKind.APPOINTMENT_REMINDER, language)[PLAIN]
    for words in (notice[PLAIN], reminder):
        assert [answer for answer in IN_NEUTRAL_WORDS[language] if answer.lower() not in words.lower()] == []
        assert CLINICAL_DETAIL[language].findall(words) == []


@pytest.mark.parametrize("kind", ["surgical_consult", "clinical_exam", "aspiration", "repeat_view"])
def test_a_visit_that_ends_otherwise_promises_none_of_the_four_answers(
    kind: str, clock: Clock, shadyside: Site, scheduler_ana: User
) -> None:
    recall = RecallFactory.create(site=shadyside)
    actions.book_appointment(recall, Slot(shadyside, at("2026-11-24", "10:30")), by=scheduler_ana)
    recall.appointments.update(kind=kind)
    said = words_on_every_channel(recall, NotificationKind.APPOINTMENT_REMINDER) | {"page": words_on_the_page(recall)}
    for words in said.values():
        assert "What the answer can be" not in words
        assert "look again in some months" not in words


def test_after_a_result_of_4_or_5_a_person_and_no_message_says_what_the_answer_can_be(
    clock: Clock, shadyside: Site, scheduler_ana: User
) -> None:
    recall = RecallFactory.create(site=shadyside, suspicious_screen=True)
    page = words_on_the_page(recall)
    actions.book_appointment(recall, Slot(shadyside, at("2026-11-24", "10:30")), by=scheduler_ana)
    said = words_on_every_channel(recall, NotificationKind.APPOINTMENT_REMINDER)
    for words in (*said.values(), page, words_on_the_page(recall)):
        assert "nothing to do" not in words
        assert "nothing more to do" not in words


@pytest.mark.parametrize("reason", REASONS)
def test_every_notice_says_outright_that_being_called_back_is_no_diagnosis(reason: str, shadyside: Site) -> None:
    recall = RecallFactory.create(site=shadyside, **REASONS[reason])
    said = words_on_every_channel(recall, NotificationKind.RECALL_NOTICE)
    for words in (said[DETAILED], said[LETTER], said[DETAILED_LETTER], words_on_the_page(recall)):
        assert "Being called back is not a diagnosis." in words
    assert "It is not a diagnosis" in said[PLAIN]


@pytest.mark.parametrize("reason", ["technical", "symptom", "skin"])
def test_most_people_have_no_cancer_is_said_neither_of_a_blurred_picture_nor_of_a_lump(
    reason: str, shadyside: Site
) -> None:
    recall = RecallFactory.create(site=shadyside, **REASONS[reason])
    said = words_on_every_channel(recall, NotificationKind.RECALL_NOTICE)
    for words in (said[DETAILED], said[LETTER], words_on_the_page(recall)):
        assert "most people who come back do not have cancer" not in words


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_patient_is_given_questions_to_ask(language: str, clock: Clock, shadyside: Site, scheduler_ana: User) -> None:
    recall = RecallFactory.create(site=shadyside)
    actions.book_appointment(recall, Slot(shadyside, at("2026-11-24", "10:30")), by=scheduler_ana)
    said = words_on_every_channel(recall, NotificationKind.APPOINTMENT_REMINDER, language)
    asks = {"en": "What did you see, and where?", "es": "¿Qué vieron, y dónde?"}[language]
    for words in (said[PLAIN], said[DETAILED], words_on_the_page(recall, language)):
        assert asks in words


@pytest.mark.parametrize("language", ["en", "es"])
def test_after_a_second_0_nothing_comforts_as_for_a_first_recall(
    language: str, shadyside: Site, scheduler_ana: User
) -> None:
    recall = RecallFactory.create(site=shadyside, more_imaging=True, patient__language=language)
    page, script = words_on_the_page(recall, language), " ".join(build_call_script(recall, scheduler_ana).lines)
    for comfort in ("most people", "Most people", "la mayoría de las personas", "La mayoría de las personas", "96"):
        assert comfort not in page
        assert comfort not in script
    assert {"en": "We need one more look.", "es": "Hay que mirar una vez más."}[language] in page
    assert CALL_SCRIPTS[language]["again"] in script


def test_a_screening_3_is_told_one_story_to_come_for_more_pictures(shadyside: Site, scheduler_ana: User) -> None:
    recall = RecallFactory.create(site=shadyside, exam__assessment=Assessment.PROBABLY_BENIGN)
    said = words_on_every_channel(recall, NotificationKind.RECALL_NOTICE)
    said |= {"page": words_on_the_page(recall), "script": " ".join(build_call_script(recall, scheduler_ana).lines)}
    for channel, words in said.items():
        assert "probably benign" not in words, channel
        assert "planned with you" not in words, channel
    assert "come back for more breast pictures" in said[DETAILED]
    assert "would like to take a few more" in said["script"]
